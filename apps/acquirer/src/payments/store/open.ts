/** Step 1: a request is written down, with its lease, before anything is sent to the network. */
import { textOf, toInstant, type Sql } from "@tillway/database";
import type { OpenResult, OpenStep } from "../step.ts";
import type { Appended } from "./append.ts";
import { keyArrays, readKnown } from "./known.ts";

const STATEMENT = `
with step as (
  select * from unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
    $7::uuid[], $8::date[], $9::text[], $10::bigint[], $11::text[], $12::bigint[], $13::text[],
    $14::text[], $15::text[], $16::text[], $17::text[], $18::text[], $19::bigint[],
    $20::timestamptz[], $21::timestamptz[])
    as u (bucket, merchant, terminal, batch, stan, digest, id, day, rrn, amount, currency, fee,
          entry_mode, masked_pan, pan_token, pan_cipher, network_key, owner, epoch, lease_until, at)
), fresh as (
  insert into request_key (bucket, merchant, terminal, batch, stan, class, digest, transaction,
    business_date, created_at)
  select bucket, merchant, terminal, batch, stan, 'request', digest, id, day, at from step
   order by bucket, merchant, terminal, batch, stan
  on conflict (bucket, merchant, terminal, batch, stan, class) do nothing
  returning bucket, transaction as id
), flights as (
  insert into in_flight (bucket, transaction, business_date, owner, epoch, lease_until)
  select s.bucket, s.id, s.day, s.owner, s.epoch, s.lease_until from step s join fresh using (bucket, id)
), transactions as (
  insert into transaction (bucket, id, business_date, kind, merchant, terminal, batch, stan, rrn,
    amount, currency, fee, entry_mode, masked_pan, pan_token, pan_cipher, network_key, occurred_at)
  select s.bucket, s.id, s.day, 'sale', s.merchant, s.terminal, s.batch, s.stan, s.rrn, s.amount,
         s.currency, s.fee, s.entry_mode, s.masked_pan, s.pan_token, s.pan_cipher, s.network_key, s.at
    from step s join fresh using (bucket, id)
)
select id::text as id from fresh`;

/** Opens the steps whose key is new; the others are told what is known of it. */
export async function open(
  sql: Sql,
  steps: readonly OpenStep[],
  appended: Appended,
): Promise<OpenResult[]> {
  if (steps.length === 0) return [];
  const found = await sql.query(STATEMENT, [
    ...keyArrays(steps.map(({ key }) => key)),
    steps.map(({ digest }) => digest),
    steps.map(({ transaction }) => transaction),
    steps.map(({ businessDate }) => businessDate),
    steps.map(({ rrn }) => rrn),
    steps.map(({ amount }) => amount.toString()),
    steps.map(({ currency }) => currency),
    steps.map(({ fee }) => fee.toString()),
    steps.map(({ entryMode }) => entryMode),
    steps.map(({ maskedPan }) => maskedPan),
    steps.map(({ panToken }) => panToken),
    steps.map(({ panCipher }) => panCipher),
    steps.map(({ networkKey }) => networkKey),
    steps.map(({ lease }) => lease.owner),
    steps.map(({ lease }) => lease.epoch),
    steps.map(({ leaseUntil }) => toInstant(leaseUntil)),
    steps.map(({ at }) => toInstant(at)),
  ]);
  const opened = new Set(found.rows.map((row) => textOf(row, "id")));
  for (const step of steps) {
    if (!opened.has(step.transaction)) continue;
    appended.events.push({
      place: step,
      happening: {
        type: "sale",
        state: "in-flight",
        responseCode: null,
        authorisationCode: null,
        reason: null,
        settlementDate: null,
        reply: null,
        at: step.at,
      },
    });
    for (const message of step.messages)
      appended.messages.push({ place: step, message, at: step.at });
  }
  const others = steps.filter(({ transaction }) => !opened.has(transaction));
  return resolve(sql, steps, others, opened);
}

/** Results in order. What another step of the same batch opened is in flight, not yet appended. */
async function resolve(
  sql: Sql,
  steps: readonly OpenStep[],
  others: readonly OpenStep[],
  opened: ReadonlySet<string>,
): Promise<OpenResult[]> {
  const own = new Map(
    steps
      .filter(({ transaction }) => opened.has(transaction))
      .map((step) => [JSON.stringify(step.key), step]),
  );
  const earlier = others.filter(({ key }) => !own.has(JSON.stringify(key)));
  const read = await readKnown(
    sql,
    earlier.map(({ key }) => key),
  );
  const known = new Map(earlier.map((step, at) => [step.transaction, read[at]]));
  return steps.map((step) => {
    if (opened.has(step.transaction)) return { kind: "opened" };
    const twin = own.get(JSON.stringify(step.key));
    if (twin) {
      const { digest, transaction: id, businessDate } = twin;
      const inFlight = { kind: "transaction", state: "in-flight", reply: null } as const;
      return { kind: "known", known: { ...inFlight, digest, id, businessDate } };
    }
    const found = known.get(step.transaction);
    if (!found) throw new Error("a key was taken and cannot be found");
    return { kind: "known", known: found };
  });
}
