/** A terminal's reversal: found, decided and written in one commit, with the undo of its postings. */
import {
  bigintOf,
  integerOf,
  textOf,
  textOrNull,
  toInstant,
  type Row,
  type Sql,
} from "@tillway/database";
import { post } from "../../ledger/index.ts";
import { adviceFields, networkKeyOf, type Advice } from "../advice.ts";
import { decide, stateOf, type Decision, type State } from "../state.ts";
import type { ReverseResult, ReverseStep } from "../step.ts";
import type { ReversalAnswer } from "../transaction.ts";
import type { Appended } from "./append.ts";
import { journalOf } from "./close.ts";
import { keyArrays, keyText } from "./known.ts";
import { keptOf } from "./kept.ts";

/** Locks the keys in their order, so that two nodes cannot decide about one at the same time. */
const LOCK_KEYS = `
select k.bucket, k.merchant, k.terminal, k.batch, k.stan, k.class, k.digest,
       k.transaction::text as transaction, k.business_date::text as day
  from unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::text[])
         as s (bucket, merchant, terminal, batch, stan)
  join request_key k on k.bucket = s.bucket and k.merchant = s.merchant and k.terminal = s.terminal
   and k.batch = s.batch and k.stan = s.stan
 order by k.bucket, k.merchant, k.terminal, k.batch, k.stan, k.class
   for update of k`;

/** Whoever waits for the network is held off here; what it decided before is visible afterwards. */
const LOCK_FLIGHTS = `
select f.bucket
  from unnest($1::smallint[], $2::uuid[]) as s (bucket, transaction)
  join in_flight f on f.bucket = s.bucket and f.transaction = s.transaction
 order by f.bucket, f.transaction
   for update of f`;

const ORIGINALS = `
select t.bucket, t.id::text as id, t.business_date::text as day, t.rrn, t.amount::text as amount,
       t.fee::text as fee, t.merchant, t.network_key, last.state, told.authorisation_code, sent.message
  from unnest($1::smallint[], $2::uuid[], $3::date[]) as s (bucket, id, day)
  join transaction t on t.bucket = s.bucket and t.id = s.id and t.business_date = s.day
  join lateral (select e.state from transaction_event e
                 where e.bucket = t.bucket and e.transaction = t.id and e.business_date = t.business_date
                 order by e.seq desc limit 1) last on true
  left join lateral (select e.authorisation_code from transaction_event e
                 where e.bucket = t.bucket and e.transaction = t.id and e.business_date = t.business_date
                   and e.authorisation_code is not null limit 1) told on true
  join lateral (select m.message from kept_message m
                 where m.bucket = t.bucket and m.transaction = t.id and m.business_date = t.business_date
                   and m.hop = 'network-request' limit 1) sent on true`;

const WRITE = `
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

type Key = {
  readonly digest: string | null;
  readonly transaction: string | null;
  readonly day: string | null;
};
type Original = {
  readonly id: string;
  readonly day: string;
  readonly rrn: string;
  readonly amount: bigint;
  readonly fee: bigint;
  readonly merchant: string;
  readonly networkKey: string;
  readonly state: State;
  readonly authorisationCode: string | null;
  readonly sent: ReturnType<typeof keptOf>;
};

function originalOf(row: Row): Original {
  return {
    id: textOf(row, "id"),
    day: textOf(row, "day"),
    rrn: textOf(row, "rrn"),
    amount: bigintOf(row, "amount"),
    fee: bigintOf(row, "fee"),
    merchant: textOf(row, "merchant"),
    networkKey: textOf(row, "network_key"),
    state: stateOf(textOf(row, "state")),
    authorisationCode: textOrNull(row, "authorisation_code"),
    sent: keptOf(row, "message"),
  };
}

type Found = {
  readonly reversals: Map<string, Key>;
  readonly requests: Map<string, Key>;
  readonly originals: Map<string, Original>;
};

async function find(sql: Sql, steps: readonly ReverseStep[]): Promise<Found> {
  const keys = await sql.query(LOCK_KEYS, keyArrays(steps.map(({ key }) => key)));
  const reversals = new Map<string, Key>();
  const requests = new Map<string, Key>();
  const places: { bucket: number; id: string; day: string }[] = [];
  for (const row of keys.rows) {
    const bucket = integerOf(row, "bucket");
    const [merchant, terminal] = [textOf(row, "merchant"), textOf(row, "terminal")];
    const [batch, stan] = [textOf(row, "batch"), textOf(row, "stan")];
    const name = keyText({ bucket, merchant, terminal, batch, stan });
    const transaction = textOrNull(row, "transaction");
    const day = textOrNull(row, "day");
    const key = { digest: textOrNull(row, "digest"), transaction, day };
    if (textOf(row, "class") === "reversal") reversals.set(name, key);
    else {
      requests.set(name, key);
      if (transaction !== null && day !== null) places.push({ bucket, id: transaction, day });
    }
  }
  const originals = new Map<string, Original>();
  if (places.length > 0) {
    const buckets = places.map(({ bucket }) => bucket);
    const ids = places.map(({ id }) => id);
    await sql.query(LOCK_FLIGHTS, [buckets, ids]);
    const rows = await sql.query(ORIGINALS, [buckets, ids, places.map(({ day }) => day)]);
    for (const row of rows.rows) originals.set(textOf(row, "id"), originalOf(row));
  }
  return { reversals, requests, originals };
}

type Row11 = readonly (string | number | null)[];

/** What a batch writes besides what it appends. */
type Writing = {
  readonly keys: Row11[];
  readonly flights: { readonly bucket: number; readonly id: string }[];
  readonly journals: ReturnType<typeof journalOf>[];
};

function keyRow(step: ReverseStep, kind: "request" | "reversal", original?: Original): Row11 {
  const { bucket, merchant, terminal, batch, stan } = step.key;
  const own = kind === "reversal" ? step.digest : null;
  const code = kind === "reversal" ? "00" : null;
  const [id, day] = [original?.id ?? null, original?.day ?? null];
  return [bucket, merchant, terminal, batch, stan, kind, own, id, day, code, toInstant(step.at)];
}

function adviceOf(step: ReverseStep, original: Original): Advice {
  const fields = adviceFields(original.sent, step.spare, original.authorisationCode);
  return {
    id: step.spare.adviceId,
    bucket: step.key.bucket,
    transaction: original.id,
    businessDate: original.day,
    originalKey: original.networkKey,
    networkKey: networkKeyOf(fields),
    reason: step.reason,
    fields,
    createdAt: step.at,
  };
}

/** Carries a decision about a known original out. */
function carryOut(
  step: ReverseStep,
  original: Original,
  decision: Decision,
  writing: Writing,
  appended: Appended,
): void {
  const { bucket } = step.key;
  const place = { bucket, transaction: original.id, businessDate: original.day };
  const happening = {
    type: "reversal",
    state: decision.state,
    responseCode: "00",
    authorisationCode: null,
    reason: step.reason,
    settlementDate: null,
    reply: null,
    at: step.at,
  } as const;
  appended.events.push({ place, happening });
  for (const message of step.messages) appended.messages.push({ place, message, at: step.at });
  if (original.state === "in-flight") writing.flights.push({ bucket, id: original.id });
  if (decision.effects.includes("advise")) appended.advices.push(adviceOf(step, original));
  if (decision.effects.includes("undo")) {
    const { amount, fee, merchant } = original;
    const sale = { transaction: original.id, bucket, merchant, amount, fee };
    const { journalId: id } = step.spare;
    writing.journals.push(
      journalOf({ kind: "sale-reversal", sale, id, businessDate: step.businessDate }, step.at),
    );
  }
  if (decision.state !== original.state) {
    const payload = { transaction: original.id, rrn: original.rrn, merchant: original.merchant };
    appended.outbox.push({ bucket, event: { type: "transaction-reversed", payload }, at: step.at });
  }
}

type Answered = { readonly answer: ReversalAnswer; readonly advised: boolean };

/** Reverses in the order of the steps; a repeat in the same batch is answered as one. */
export async function reverse(
  sql: Sql,
  steps: readonly ReverseStep[],
  appended: Appended,
): Promise<ReverseResult[]> {
  if (steps.length === 0) return [];
  const found = await find(sql, steps);
  const writing: Writing = { keys: [], flights: [], journals: [] };
  const results = steps.map((step): Answered => {
    const name = keyText(step.key);
    const request = found.requests.get(name);
    const original = request?.transaction ? found.originals.get(request.transaction) : undefined;
    const accepted: Answered = {
      answer: { kind: "accepted", rrn: original?.rrn ?? null },
      advised: false,
    };
    const earlier = found.reversals.get(name);
    if (earlier) {
      if (earlier.digest === step.digest) return accepted;
      return { answer: { kind: "refused", reason: "other-content" }, advised: false };
    }
    if (original && original.amount !== step.amount) {
      return { answer: { kind: "refused", reason: "amount-differs" }, advised: false };
    }
    const state = original?.state ?? (request ? "tombstone" : "none");
    const decision = decide(state, "reversal");
    writing.keys.push(keyRow(step, "reversal", original));
    if (decision.effects.includes("bury")) writing.keys.push(keyRow(step, "request"));
    if (original) carryOut(step, original, decision, writing, appended);
    found.reversals.set(name, { digest: step.digest, transaction: null, day: null });
    return { ...accepted, advised: decision.effects.includes("advise") };
  });
  await write(sql, writing);
  return results;
}

async function write(sql: Sql, { keys, flights, journals }: Writing): Promise<void> {
  if (keys.length === 0) return;
  const written = await sql.query(WRITE, [
    ...Array.from({ length: 11 }, (_, column) => keys.map((row) => row[column] ?? null)),
    flights.map(({ bucket }) => bucket),
    flights.map(({ id }) => id),
  ]);
  // A key that was free a moment ago was taken by another node: decide again on what it wrote.
  if (integerOf(written.rows[0] ?? {}, "written") !== keys.length) {
    throw Object.assign(new Error("a key was taken meanwhile"), { code: "40001" });
  }
  await post(sql, journals);
}
