/** The first half of a commit: keys claimed, flights taken, originals and counters locked and read. */
import {
  bigintOf,
  integerOf,
  textOf,
  textOrNull,
  toInstant,
  wordOf,
  type Sql,
} from "@tillway/database";
import { catalogue } from "@tillway/transactions";
import { fullKeyText, keyText, placeText, type Found, type Standing } from "../found.ts";
import { counterOf, type Use } from "../limits.ts";
import type { AcknowledgeStep, CloseStep, NoteStep, OpenStep, ReverseStep, Step } from "../step.ts";
import { keyClasses, type Known, type NaturalKey, type Place } from "../transaction.ts";
import { keyArrays, readKnown } from "./known.ts";
import { readStandings } from "./standing.ts";

const CLAIM = `
insert into request_key (bucket, merchant, terminal, batch, stan, class, digest, transaction,
  business_date, created_at)
select * from unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
    $7::text[], $8::uuid[], $9::date[], $10::timestamptz[])
    as u (bucket, merchant, terminal, batch, stan, class, digest, id, day, at)
 order by bucket, merchant, terminal, batch, stan, class
on conflict (bucket, merchant, terminal, batch, stan, class) do nothing
returning transaction::text as id`;

/** Locks the keys in their order, so that two nodes cannot decide about one at the same time. */
const LOCK_KEYS = `
select k.bucket, k.merchant, k.terminal, k.batch, k.stan, k.class, k.digest,
       k.transaction::text as transaction, k.business_date::text as day
  from unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::text[])
         as s (bucket, merchant, terminal, batch, stan)
  join request_key k on k.bucket = s.bucket and k.merchant = s.merchant and k.terminal = s.terminal
   and k.batch = s.batch and k.stan = s.stan and k.class <> 'script'
 order by k.bucket, k.merchant, k.terminal, k.batch, k.stan, k.class
   for update of k`;

const LAND = `
delete from in_flight f
 using (select * from unnest($1::smallint[], $2::uuid[], $3::text[], $4::bigint[])
          as u (bucket, transaction, owner, epoch)) s
 where f.bucket = s.bucket and f.transaction = s.transaction
   and f.owner = s.owner and f.epoch = s.epoch
returning f.bucket, f.transaction::text as transaction`;

/** Whoever waits for the network is held off here; what it decided before is visible afterwards. */
const LOCK_FLIGHTS = `
select f.bucket
  from unnest($1::smallint[], $2::uuid[]) as s (bucket, transaction)
  join in_flight f on f.bucket = s.bucket and f.transaction = s.transaction
 order by f.bucket, f.transaction
   for update of f`;

const SETTLE_ADVICES = `
update advice a
   set state = s.outcome, response_code = s.code, acknowledged_at = s.at
  from unnest($1::smallint[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[])
    as s (bucket, id, outcome, code, at)
 where a.bucket = s.bucket and a.id = s.id and a.state = 'pending'
returning a.id::text as id`;

/** A row of marks is made when it is first asked for, so that there is something to lock. */
const LOCK_MARKS = `
insert into original (bucket, transaction, business_date)
select bucket, id, day from (
  select distinct bucket, id, day from unnest($1::smallint[], $2::uuid[], $3::date[])
    as u (bucket, id, day)) s
 order by bucket, id
on conflict (bucket, transaction) do update set refunded = original.refunded`;

const LOCK_USES = `
insert into limit_use (bucket, subject, period)
select bucket, subject, period from (
  select distinct bucket, subject, period from unnest($1::smallint[], $2::text[], $3::text[])
    as u (bucket, subject, period)) s
 order by bucket, subject, period
on conflict (bucket, subject, period) do update set amount = limit_use.amount
returning subject, period, amount::text as amount, count`;

const stepsOf = <K extends Step["do"]>(steps: readonly Step[], kind: K) =>
  steps.filter((step): step is Extract<Step, { readonly do: K }> => step.do === kind);

async function claim(sql: Sql, steps: readonly OpenStep[]): Promise<Set<string>> {
  if (steps.length === 0) return new Set();
  const found = await sql.query(CLAIM, [
    ...keyArrays(steps.map(({ key }) => key)),
    steps.map(({ digest }) => digest),
    steps.map(({ transaction }) => transaction),
    steps.map(({ businessDate }) => businessDate),
    steps.map(({ at }) => toInstant(at)),
  ]);
  return new Set(found.rows.map((row) => textOf(row, "id")));
}

/** Keys of script results that are new. */
async function claimScripts(sql: Sql, steps: readonly NoteStep[]): Promise<Set<string>> {
  const noted = steps.flatMap(({ key, transaction, businessDate, at }) =>
    key ? [{ key, transaction, businessDate, at }] : [],
  );
  if (noted.length === 0) return new Set();
  const found = await sql.query(`${CLAIM}, bucket, merchant, terminal, batch, stan, class`, [
    ...keyArrays(noted.map(({ key }) => key)),
    noted.map(() => null),
    noted.map(({ transaction }) => transaction),
    noted.map(({ businessDate }) => businessDate),
    noted.map(({ at }) => toInstant(at)),
  ]);
  return new Set(
    found.rows.map((row) =>
      fullKeyText({
        bucket: integerOf(row, "bucket"),
        merchant: textOf(row, "merchant"),
        terminal: textOf(row, "terminal"),
        batch: textOf(row, "batch"),
        stan: textOf(row, "stan"),
        class: wordOf(row, "class", keyClasses),
      }),
    ),
  );
}

async function land(sql: Sql, steps: readonly CloseStep[]): Promise<Set<string>> {
  if (steps.length === 0) return new Set();
  const found = await sql.query(LAND, [
    steps.map(({ bucket }) => bucket),
    steps.map(({ transaction }) => transaction),
    steps.map(({ lease }) => lease.owner),
    steps.map(({ lease }) => lease.epoch),
  ]);
  return new Set(
    found.rows.map((row) =>
      placeText({ bucket: integerOf(row, "bucket"), transaction: textOf(row, "transaction") }),
    ),
  );
}

async function settleAdvices(sql: Sql, steps: readonly AcknowledgeStep[]): Promise<Set<string>> {
  if (steps.length === 0) return new Set();
  const found = await sql.query(SETTLE_ADVICES, [
    steps.map(({ bucket }) => bucket),
    steps.map(({ advice }) => advice),
    steps.map(({ outcome }) => outcome),
    steps.map(({ responseCode }) => responseCode),
    steps.map(({ at }) => toInstant(at)),
  ]);
  return new Set(found.rows.map((row) => textOf(row, "id")));
}

type Locked = {
  readonly reversals: Map<string, string>;
  readonly requests: Map<string, string | null>;
  readonly places: Place[];
};

async function lockKeys(sql: Sql, keys: readonly NaturalKey[]): Promise<Locked> {
  const locked: Locked = { reversals: new Map(), requests: new Map(), places: [] };
  if (keys.length === 0) return locked;
  const found = await sql.query(LOCK_KEYS, keyArrays(keys).slice(0, 5));
  for (const row of found.rows) {
    const bucket = integerOf(row, "bucket");
    const [merchant, terminal] = [textOf(row, "merchant"), textOf(row, "terminal")];
    const [batch, stan] = [textOf(row, "batch"), textOf(row, "stan")];
    const name = keyText({ bucket, merchant, terminal, batch, stan, class: keyClasses[0] });
    if (textOf(row, "class") === "reversal") {
      locked.reversals.set(name, textOrNull(row, "digest") ?? "");
      continue;
    }
    const transaction = textOrNull(row, "transaction");
    const day = textOrNull(row, "day");
    locked.requests.set(name, transaction);
    if (transaction !== null && day !== null) {
      locked.places.push({ bucket, transaction, businessDate: day });
    }
  }
  return locked;
}

const placeArrays = (places: readonly Place[]): unknown[] => [
  places.map(({ bucket }) => bucket),
  places.map(({ transaction }) => transaction),
  places.map(({ businessDate }) => businessDate),
];

async function lockUses(sql: Sql, opens: readonly OpenStep[]): Promise<Map<string, Use>> {
  const draws = opens.flatMap(({ bucket, draws: own }) => own.map((draw) => ({ bucket, ...draw })));
  if (draws.length === 0) return new Map();
  const found = await sql.query(LOCK_USES, [
    draws.map(({ bucket }) => bucket),
    draws.map(({ subject }) => subject),
    draws.map(({ period }) => period),
  ]);
  return new Map(
    found.rows.map((row) => [
      counterOf({ subject: textOf(row, "subject"), period: textOf(row, "period") }),
      { amount: bigintOf(row, "amount"), count: integerOf(row, "count") },
    ]),
  );
}

async function knownOfAll(sql: Sql, steps: readonly OpenStep[]): Promise<Map<string, Known>> {
  const keys = steps.map(({ key }) => key);
  const read = await readKnown(sql, keys);
  const known = new Map<string, Known>();
  for (const [at, key] of keys.entries()) {
    const one = read[at];
    if (one) known.set(fullKeyText(key), one);
  }
  return known;
}

/**
 * With the completion and, under lock, the hold of each void of a completion that may be reversed.
 * Rare, and so asked for apart.
 */
async function withHolds(
  sql: Sql,
  found: Map<string, Standing>,
  reverses: boolean,
): Promise<Map<string, Standing>> {
  if (!reverses) return found;
  const voids = [...found.values()].filter(({ name }) => catalogue[name].issuing === "uncapture");
  const completions = voids.map(({ claims }) => claims.follows).filter(isPlace);
  if (completions.length === 0) return found;
  const completed = await readStandings(sql, completions);
  const holds = [...completed.values()].map(({ claims }) => claims.follows).filter(isPlace);
  if (holds.length > 0) await sql.query(LOCK_MARKS, placeArrays(holds));
  const held = await readStandings(sql, holds);
  return new Map([...completed, ...held, ...found]);
}

const isPlace = (place: Place | null): place is Place => place !== null;

/** Everything that a batch needs to be decided, under locks where it may change it. */
export async function find(sql: Sql, steps: readonly Step[]): Promise<Found> {
  const opens = stepsOf(steps, "open");
  const [again, anew] = [opens.filter((one) => one.again), opens.filter((one) => !one.again)];
  const fresh = await claim(sql, anew);
  const landed = await land(sql, stepsOf(steps, "close"));
  const acknowledged = stepsOf(steps, "acknowledge");
  const pending = await settleAdvices(sql, acknowledged);
  const reverses: readonly ReverseStep[] = stepsOf(steps, "reverse");
  const locked = await lockKeys(
    sql,
    [...reverses, ...again].map(({ key }) => key),
  );
  if (locked.places.length > 0) {
    await sql.query(LOCK_FLIGHTS, placeArrays(locked.places).slice(0, 2));
  }
  const others = opens.filter(({ transaction }) => !fresh.has(transaction));
  const known = await knownOfAll(sql, others);
  const originals = opens.map(({ follows }) => follows).filter(isPlace);
  const marked = [...originals, ...(reverses.length > 0 ? locked.places : [])];
  if (marked.length > 0) await sql.query(LOCK_MARKS, placeArrays(marked));
  const places = [...marked, ...acknowledged, ...stepsOf(steps, "note")];
  return {
    fresh,
    scripts: await claimScripts(sql, stepsOf(steps, "note")),
    known,
    landed,
    reversals: locked.reversals,
    requests: locked.requests,
    standings: await withHolds(sql, await readStandings(sql, places), reverses.length > 0),
    pending,
    uses: await lockUses(sql, anew),
  };
}
