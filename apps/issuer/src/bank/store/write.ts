/** Writes what decisions changed, as one statement a kind, in the commit that they belong to. */
import { bucketOf, toInstant, type Sql } from "@tillway/database";
import { postJournals } from "@tillway/ledger";
import { saveCounters } from "../../cards/index.ts";
import type { Authorisation, Event, Notice, Plan } from "../authorisation.ts";
import type { Changes, ScriptChange } from "../book.ts";
import { arraysOf, namesOf, unnested, type Column } from "./columns.ts";
import { AUTHORISATION, CHANGED, HOLD } from "./rows.ts";

type Claim = readonly [key: string, one: Authorisation | undefined];

const CLAIM: readonly Column<Claim>[] = [
  ["bucket", "smallint", ([key]) => bucketOf(key)],
  ["key", "text", ([key]) => key],
  ["kind", "text", ([, one]) => (one ? "authorisation" : "tombstone")],
  ["digest", "text", ([, one]) => one?.digest ?? null],
  ["authorisation", "uuid", ([, one]) => one?.id ?? null],
  ["account_bucket", "smallint", ([, one]) => one?.bucket ?? null],
];

const EVENT: readonly Column<Event>[] = [
  ["bucket", "smallint", (one) => one.bucket],
  ["type", "text", (one) => one.type],
  ["payload", "jsonb", (one) => JSON.stringify(one.payload)],
  ["occurred_at", "timestamptz", (one) => toInstant(one.at)],
];

const NOTICE: readonly Column<Notice>[] = [
  ["bucket", "smallint", (one) => bucketOf(one.key)],
  ["mti", "text", (one) => one.mti],
  ["key", "text", (one) => one.key],
  ["original_key", "text", (one) => one.originalKey],
  ["response_code", "text", (one) => one.code],
  ["message", "jsonb", (one) => JSON.stringify(one.message)],
  ["occurred_at", "timestamptz", (one) => toInstant(one.at)],
];

const PLAN: readonly Column<Plan>[] = [
  ["bucket", "smallint", (one) => one.bucket],
  ["id", "uuid", (one) => one.id],
  ["account", "text", (one) => one.account],
  ["code", "text", (one) => one.code],
  ["fee_payer", "text", (one) => one.feePayer],
  ["amount", "bigint", (one) => one.amount.toString()],
  ["state", "text", (one) => one.state],
];

type Due = { readonly plan: Plan; readonly at: number };
const dueOf = ({ plan, at }: Due) => plan.instalments[at];

const INSTALMENT: readonly Column<Due>[] = [
  ["bucket", "smallint", ({ plan }) => plan.bucket],
  ["plan", "uuid", ({ plan }) => plan.id],
  ["number", "smallint", (one) => dueOf(one)?.number],
  ["due_on", "date", (one) => dueOf(one)?.dueOn],
  ["amount", "bigint", (one) => dueOf(one)?.amount.toString()],
];

/** Whoever else took a key meanwhile: the decisions are made again on what it left. */
class Taken extends Error {
  readonly code = "40001";
}

/** Makes the changes of a book part of the transaction. */
export async function write(sql: Sql, changes: Changes, now: number): Promise<void> {
  await claim(sql, [...changes.claimed], now);
  const records = [...changes.authorisations.values()];
  const added = records.filter(({ id }) => changes.added.has(id));
  await insert(sql, "issuer.authorisation", AUTHORISATION, added);
  await change(
    sql,
    records.filter(({ id }) => !changes.added.has(id)),
  );
  await insert(sql, "issuer.outbox", [...EVENT, VERSION], changes.events);
  if (changes.counters.size > 0) await saveCounters(sql, changes.counters);
  await insert(
    sql,
    "issuer.hold",
    HOLD,
    [...changes.holds.values()],
    "on conflict (bucket, id) do update set state = excluded.state",
  );
  await insert(
    sql,
    "issuer.notice",
    NOTICE,
    changes.notices,
    "on conflict (bucket, key) do nothing",
  );
  await writePlans(sql, changes);
  await writeScripts(sql, changes.scripts);
  if (changes.journals.length === 0) return;
  const results = await postJournals(sql, "issuer", changes.journals);
  const failed = results.find(({ code }) => code !== "posted");
  if (failed) throw new Error(`what was decided could not be posted: ${failed.code}`);
}

const VERSION: Column<Event> = ["version", "smallint", () => 1];

async function insert<R>(
  sql: Sql,
  table: string,
  columns: readonly Column<R>[],
  rows: readonly R[],
  conflict = "",
): Promise<void> {
  if (rows.length === 0) return;
  await sql.query(
    `insert into ${table} (${namesOf(columns)}) select * from ${unnested(columns)} ${conflict}`,
    arraysOf(columns, rows),
  );
}

async function claim(sql: Sql, claims: readonly Claim[], now: number): Promise<void> {
  if (claims.length === 0) return;
  const at: Column<Claim> = ["created_at", "timestamptz", () => toInstant(now)];
  const columns = [...CLAIM, at];
  const { rowCount } = await sql.query(
    `insert into issuer.request_key (${namesOf(columns)})
     select * from ${unnested(columns)} order by bucket, key on conflict (bucket, key) do nothing`,
    arraysOf(columns, claims),
  );
  if (rowCount !== claims.length) throw new Taken("a key was taken by somebody else");
}

async function change(sql: Sql, records: readonly Authorisation[]): Promise<void> {
  if (records.length === 0) return;
  const sets = namesOf(CHANGED)
    .split(", ")
    .filter((name) => name !== "bucket" && name !== "id")
    .map((name) => `${name} = u.${name}`);
  await sql.query(
    `update issuer.authorisation a set ${sets.join(", ")} from ${unnested(CHANGED)}
      where a.bucket = u.bucket and a.id = u.id`,
    arraysOf(CHANGED, records),
  );
}

async function writePlans(sql: Sql, changes: Changes): Promise<void> {
  const plans = [...changes.plans.values()];
  await insert(sql, "issuer.instalment_plan", PLAN, plans);
  const dues = plans.flatMap((plan) => plan.instalments.map((_one, at) => ({ plan, at })));
  await insert(sql, "issuer.instalment", INSTALMENT, dues);
  for (const [id, { bucket, state }] of changes.planStates) {
    await sql.query("update issuer.instalment_plan set state = $3 where bucket = $1 and id = $2", [
      bucket,
      id,
      state,
    ]);
  }
}

async function writeScripts(sql: Sql, scripts: ReadonlyMap<number, ScriptChange>): Promise<void> {
  for (const [id, change] of scripts) {
    const sent = change.state === "sent";
    await sql.query(
      `update issuer.script set state = $2, authorisation = coalesce($3, authorisation),
              reported_at = $4 where id = $1`,
      [id, change.state, sent ? change.authorisation : null, sent ? null : toInstant(change.at)],
    );
  }
}
