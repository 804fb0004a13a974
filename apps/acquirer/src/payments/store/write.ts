/** The second half of a commit: what was decided, one statement for each kind of row. */
import { integerOf, toInstant, type Sql } from "@tillway/database";
import { post } from "../../ledger/index.ts";
import { settle } from "../commit.ts";
import { placeText, type MarkChange, type UseChange, type Writes } from "../found.ts";
import { counterOf } from "../limits.ts";
import type { Result, Step } from "../step.ts";
import { append } from "./append.ts";
import { find } from "./find.ts";
import { keyArrays } from "./known.ts";

const KEYS = `
with keys as (
  insert into request_key (bucket, merchant, terminal, batch, stan, class, digest, transaction,
    business_date, response_code, created_at)
  select * from unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
    $7::text[], $8::uuid[], $9::date[], $10::text[], $11::timestamptz[])
  on conflict (bucket, merchant, terminal, batch, stan, class) do nothing
  returning 1
), flights as (
  delete from in_flight f
   using unnest($12::smallint[], $13::uuid[]) as s (bucket, transaction)
   where f.bucket = s.bucket and f.transaction = s.transaction
)
select count(*)::integer as written from keys`;

const MARKS = `
update original o
   set refunded = o.refunded + s.refunded,
       tip = o.tip + s.tip,
       held_by = coalesce(s.taken_by, case when o.held_by = any(string_to_array(s.freed_by, ',')::uuid[])
                                           then null else o.held_by end)
  from unnest($1::smallint[], $2::uuid[], $3::bigint[], $4::bigint[], $5::uuid[], $6::text[])
    as s (bucket, transaction, refunded, tip, taken_by, freed_by)
 where o.bucket = s.bucket and o.transaction = s.transaction`;

const USES = `
update limit_use l
   set amount = l.amount + s.amount, count = l.count + s.count
  from unnest($1::smallint[], $2::text[], $3::text[], $4::bigint[], $5::integer[])
    as s (bucket, subject, period, amount, count)
 where l.bucket = s.bucket and l.subject = s.subject and l.period = s.period`;

async function writeKeys(sql: Sql, { keys, landings }: Writes): Promise<void> {
  if (keys.length + landings.length === 0) return;
  const written = await sql.query(KEYS, [
    ...keyArrays(keys.map(({ key }) => key)).slice(0, 5),
    keys.map((row) => row.class),
    keys.map(({ digest }) => digest),
    keys.map(({ of }) => of?.transaction ?? null),
    keys.map(({ of }) => of?.businessDate ?? null),
    keys.map(({ responseCode }) => responseCode),
    keys.map(({ at }) => toInstant(at)),
    landings.map(({ bucket }) => bucket),
    landings.map(({ transaction }) => transaction),
  ]);
  // A key that was free a moment ago was taken by another node: decide again on what it wrote.
  if (integerOf(written.rows[0] ?? {}, "written") !== keys.length) {
    throw Object.assign(new Error("a key was taken meanwhile"), { code: "40001" });
  }
}

type Sum = {
  readonly bucket: number;
  readonly transaction: string;
  refunded: bigint;
  tip: bigint;
  takenBy: string | null;
  readonly freedBy: string[];
};

/** The changes of one original together: an update sees each row once. */
async function writeMarks(sql: Sql, changes: readonly MarkChange[]): Promise<void> {
  if (changes.length === 0) return;
  const sums = new Map<string, Sum>();
  for (const { place, by, taken, sign } of changes) {
    const { bucket, transaction } = place;
    const sum = sums.get(placeText(place)) ?? {
      bucket,
      transaction,
      refunded: 0n,
      tip: 0n,
      takenBy: null,
      freedBy: [],
    };
    sums.set(placeText(place), sum);
    sum.refunded += sign * taken.refund;
    sum.tip += sign * taken.tip;
    if (taken.holds && sign > 0n) sum.takenBy = by;
    if (taken.holds && sign < 0n) {
      if (sum.takenBy === by) sum.takenBy = null;
      sum.freedBy.push(by);
    }
  }
  const rows = [...sums.values()];
  await sql.query(MARKS, [
    rows.map(({ bucket }) => bucket),
    rows.map(({ transaction }) => transaction),
    rows.map(({ refunded }) => refunded.toString()),
    rows.map(({ tip }) => tip.toString()),
    rows.map(({ takenBy }) => takenBy),
    rows.map(({ freedBy }) => freedBy.join(",")),
  ]);
}

async function writeUses(sql: Sql, changes: readonly UseChange[]): Promise<void> {
  if (changes.length === 0) return;
  const sums = new Map<string, UseChange>();
  for (const change of changes) {
    const name = `${change.bucket}/${counterOf(change)}`;
    const before = sums.get(name);
    const amount = change.amount + (before?.amount ?? 0n);
    sums.set(name, { ...change, amount, count: change.count + (before?.count ?? 0) });
  }
  const rows = [...sums.values()];
  await sql.query(USES, [
    rows.map(({ bucket }) => bucket),
    rows.map(({ subject }) => subject),
    rows.map(({ period }) => period),
    rows.map(({ amount }) => amount.toString()),
    rows.map(({ count }) => count),
  ]);
}

/** Writes a batch inside the caller's transaction and gives each step its result. */
export async function writeSteps(sql: Sql, steps: readonly Step[]): Promise<Result[]> {
  const { results, writes } = settle(steps, await find(sql, steps));
  await writeKeys(sql, writes);
  await append(sql, writes);
  await writeMarks(sql, writes.marks);
  await writeUses(sql, writes.uses);
  await post(sql, writes.journals);
  return results;
}
