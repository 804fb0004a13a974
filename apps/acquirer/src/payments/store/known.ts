/** What is stored under natural keys: keys, states and what terminals were told. */
import { fieldsOrNull, integerOf, textOf, textOrNull, type Row, type Sql } from "@tillway/database";
import { stateOf } from "../state.ts";
import type { Known, NaturalKey } from "../transaction.ts";

/** The arrays of natural keys, for unnest: five columns, and the class. */
export function keyArrays(keys: readonly NaturalKey[]): unknown[] {
  return [
    keys.map((key) => key.bucket),
    keys.map((key) => key.merchant),
    keys.map((key) => key.terminal),
    keys.map((key) => key.batch),
    keys.map((key) => key.stan),
    keys.map((key) => key.class),
  ];
}

const STATEMENT = `
select s.n::integer as n, k.bucket, k.digest, k.transaction::text as id,
       k.business_date::text as day, t.rrn, t.network_key, last.state, told.reply
  from unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
         with ordinality as s (bucket, merchant, terminal, batch, stan, class, n)
  join request_key k on k.bucket = s.bucket and k.merchant = s.merchant and k.terminal = s.terminal
   and k.batch = s.batch and k.stan = s.stan and k.class = s.class
  left join transaction t on t.bucket = k.bucket and t.id = k.transaction
   and t.business_date = k.business_date
  left join lateral (
    select e.state from transaction_event e
     where e.bucket = k.bucket and e.transaction = k.transaction and e.business_date = k.business_date
     order by e.seq desc limit 1) last on true
  left join lateral (
    select e.reply from transaction_event e
     where e.bucket = k.bucket and e.transaction = k.transaction and e.business_date = k.business_date
       and e.reply is not null
     order by e.seq desc limit 1) told on true`;

function knownOf(row: Row): Known {
  const digest = textOrNull(row, "digest");
  if (digest === null) return { kind: "tombstone" };
  return {
    kind: "transaction",
    digest,
    place: {
      bucket: integerOf(row, "bucket"),
      transaction: textOf(row, "id"),
      businessDate: textOf(row, "day"),
    },
    state: stateOf(textOf(row, "state")),
    rrn: textOf(row, "rrn"),
    networkKey: textOf(row, "network_key"),
    reply: fieldsOrNull(row, "reply"),
  };
}

/** What is known of each key, in their order; undefined where nothing is. */
export async function readKnown(
  sql: Sql,
  keys: readonly NaturalKey[],
): Promise<(Known | undefined)[]> {
  const known: (Known | undefined)[] = keys.map(() => undefined);
  if (keys.length === 0) return known;
  const found = await sql.query(STATEMENT, keyArrays(keys));
  for (const row of found.rows) known[integerOf(row, "n") - 1] = knownOf(row);
  return known;
}
