/** Rows that a batch appends: events, messages, advices, the outbox. One statement for all. */
import { toInstant, type Sql } from "@tillway/database";
import type { Advice } from "../advice.ts";
import type { Happening, OutboxEvent, Place } from "../step.ts";
import type { HopMessage } from "../transaction.ts";

export type Appended = {
  readonly events: { place: Place; happening: Happening }[];
  readonly messages: { place: Place; message: HopMessage; at: number }[];
  readonly advices: Advice[];
  readonly outbox: { bucket: number; event: OutboxEvent; at: number }[];
};

export function nothing(): Appended {
  return { events: [], messages: [], advices: [], outbox: [] };
}

const STATEMENT = `
with events as (
  insert into transaction_event (bucket, transaction, business_date, type, state, response_code,
    authorisation_code, reason, settlement_date, reply, at)
  select bucket, transaction, day, type, state, code, auth, reason, settled, reply::jsonb, at
    from unnest($1::smallint[], $2::uuid[], $3::date[], $4::text[], $5::text[], $6::text[],
                $7::text[], $8::text[], $9::date[], $10::text[], $11::timestamptz[])
      with ordinality as u (bucket, transaction, day, type, state, code, auth, reason, settled, reply, at, n)
   order by n
), messages as (
  insert into kept_message (bucket, transaction, business_date, hop, message, at)
  select bucket, transaction, day, hop, message::jsonb, at
    from unnest($12::smallint[], $13::uuid[], $14::date[], $15::text[], $16::text[], $17::timestamptz[])
      with ordinality as u (bucket, transaction, day, hop, message, at, n)
   order by n
), advices as (
  insert into advice (bucket, id, transaction, business_date, original_key, network_key, reason,
    message, state, due_at, created_at)
  select bucket, id, transaction, day, original, own, reason, message::jsonb, 'pending', at, at
    from unnest($18::smallint[], $19::uuid[], $20::uuid[], $21::date[], $22::text[], $23::text[],
                $24::text[], $25::text[], $26::timestamptz[])
      as u (bucket, id, transaction, day, original, own, reason, message, at)
)
insert into outbox (bucket, type, version, payload, occurred_at)
select bucket, type, 1, payload::jsonb, at
  from unnest($27::smallint[], $28::text[], $29::text[], $30::timestamptz[])
    with ordinality as u (bucket, type, payload, at, n)
 order by n`;

/** Appends everything in one statement; nothing at all costs nothing. */
export async function append(sql: Sql, rows: Appended): Promise<void> {
  const { events, messages, advices, outbox } = rows;
  if (events.length + messages.length + advices.length + outbox.length === 0) return;
  await sql.query(STATEMENT, [
    events.map(({ place }) => place.bucket),
    events.map(({ place }) => place.transaction),
    events.map(({ place }) => place.businessDate),
    events.map(({ happening }) => happening.type),
    events.map(({ happening }) => happening.state),
    events.map(({ happening }) => happening.responseCode),
    events.map(({ happening }) => happening.authorisationCode),
    events.map(({ happening }) => happening.reason),
    events.map(({ happening }) => happening.settlementDate),
    events.map(({ happening: { reply } }) => (reply ? JSON.stringify(reply) : null)),
    events.map(({ happening }) => toInstant(happening.at)),
    messages.map(({ place }) => place.bucket),
    messages.map(({ place }) => place.transaction),
    messages.map(({ place }) => place.businessDate),
    messages.map(({ message }) => message.hop),
    messages.map(({ message }) => JSON.stringify(message.message)),
    messages.map(({ at }) => toInstant(at)),
    advices.map(({ bucket }) => bucket),
    advices.map(({ id }) => id),
    advices.map(({ transaction }) => transaction),
    advices.map(({ businessDate }) => businessDate),
    advices.map(({ originalKey }) => originalKey),
    advices.map(({ networkKey }) => networkKey),
    advices.map(({ reason }) => reason),
    advices.map(({ fields }) => JSON.stringify(fields)),
    advices.map(({ createdAt }) => toInstant(createdAt)),
    outbox.map(({ bucket }) => bucket),
    outbox.map(({ event }) => event.type),
    outbox.map(({ event }) => JSON.stringify(event.payload)),
    outbox.map(({ at }) => toInstant(at)),
  ]);
}
