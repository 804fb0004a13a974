/** The network's exchanges in the database: what is in flight, what was answered, what is late. */
import {
  bucketOf,
  fieldsOf,
  fieldsOrNull,
  instantOf,
  jsonArray,
  jsonTexts,
  textOf,
  textOrNull,
  toInstant,
  wordOf,
  type Row,
  type Sql,
} from "@tillway/database";
import type { MessageFields } from "@tillway/iso8583";
import { transactionNames } from "@tillway/transactions";
import type { Ending, Exchange } from "../exchange.ts";

const STATES = ["forwarded", "answered", "refused", "timed-out"] as const;

const COLUMNS = `key, digest, type, from_institution, to_institution, state, response_code, rrn,
  pan_token, pan_cipher, owner, lease_until, request, reply, received_at`;

function read(found: Row): Exchange {
  return {
    key: textOf(found, "key"),
    digest: textOf(found, "digest"),
    type: wordOf(found, "type", transactionNames),
    from: textOf(found, "from_institution"),
    to: textOrNull(found, "to_institution") ?? undefined,
    state: wordOf(found, "state", STATES),
    responseCode: textOrNull(found, "response_code") ?? undefined,
    rrn: textOrNull(found, "rrn") ?? undefined,
    panToken: textOf(found, "pan_token"),
    panCipher: textOf(found, "pan_cipher"),
    owner: textOf(found, "owner"),
    leaseUntil: instantOf(found, "lease_until"),
    request: fieldsOf(found, "request"),
    reply: fieldsOrNull(found, "reply") ?? undefined,
    receivedAt: instantOf(found, "received_at"),
  };
}

/** What became of an exchange that was to be written down. */
export type Written = "new" | "reversed" | "known";

/**
 * Writes exchanges down, those whose keys are free; one whose reversal is there is refused with 22.
 * What became of each, by its key.
 */
export async function openExchanges(
  sql: Sql,
  exchanges: readonly Exchange[],
): Promise<Map<string, Written>> {
  const { rows } = await sql.query(
    `with given as (
       select u.*, exists (select from issuer.network_advice a
                            where a.original_key = u.key and a.mti = '0420') as reversed
         from unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                     $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[],
                     $13::timestamptz[], ${jsonArray(14)}, $15::timestamptz[])
           as u (bucket, key, digest, type, from_institution, to_institution, state, response_code,
                 rrn, pan_token, pan_cipher, owner, lease_until, request, received_at)
     )
     insert into issuer.network_exchange
       (bucket, key, digest, type, from_institution, to_institution, state, response_code, rrn,
        pan_token, pan_cipher, owner, lease_until, request, received_at, answered_at)
     select bucket, key, digest, type, from_institution, to_institution,
            case when reversed then 'refused' else state end,
            case when reversed then '22' else response_code end,
            rrn, pan_token, pan_cipher, owner, lease_until, request, received_at,
            case when reversed or state <> 'forwarded' then received_at end
       from given order by bucket, key
     on conflict (bucket, key) do nothing
     returning key, state = 'refused' and response_code = '22' as reversed`,
    [
      exchanges.map((one) => bucketOf(one.key)),
      exchanges.map((one) => one.key),
      exchanges.map((one) => one.digest),
      exchanges.map((one) => one.type),
      exchanges.map((one) => one.from),
      exchanges.map((one) => one.to ?? null),
      exchanges.map((one) => one.state),
      exchanges.map((one) => one.responseCode ?? null),
      exchanges.map((one) => one.rrn ?? null),
      exchanges.map((one) => one.panToken),
      exchanges.map((one) => one.panCipher),
      exchanges.map((one) => one.owner),
      exchanges.map((one) => toInstant(one.leaseUntil)),
      jsonTexts(exchanges.map((one) => JSON.stringify(one.request))),
      exchanges.map((one) => toInstant(one.receivedAt)),
    ],
  );
  const written = new Map<string, Written>();
  for (const row of rows) {
    written.set(textOf(row, "key"), row["reversed"] === true ? "reversed" : "new");
  }
  return written;
}

export async function findExchange(sql: Sql, key: string): Promise<Exchange | undefined> {
  const { rows } = await sql.query(
    `select ${COLUMNS} from issuer.network_exchange where bucket = $1 and key = $2`,
    [bucketOf(key), key],
  );
  return rows[0] && read(rows[0]);
}

/** Ends exchanges of their owners; the keys of those that were still in flight there. */
export async function endExchanges(sql: Sql, endings: readonly Ending[]): Promise<Set<string>> {
  const { rows } = await sql.query(
    `update issuer.network_exchange x
        set state = u.state, response_code = u.code, reply = u.reply, answered_at = u.at
       from unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::text[], ${jsonArray(6)},
                   $7::timestamptz[]) as u (bucket, key, owner, state, code, reply, at)
      where x.bucket = u.bucket and x.key = u.key and x.owner = u.owner and x.state = 'forwarded'
     returning x.key`,
    [
      endings.map((one) => bucketOf(one.key)),
      endings.map((one) => one.key),
      endings.map((one) => one.owner),
      endings.map((one) => one.state),
      endings.map((one) => one.responseCode),
      jsonTexts(endings.map((one) => (one.reply === undefined ? null : JSON.stringify(one.reply)))),
      endings.map((one) => toInstant(one.at)),
    ],
  );
  return new Set(rows.map((row) => textOf(row, "key")));
}

/** Takes up again what timed out; false where it is in another state. */
export async function reopenExchange(sql: Sql, exchange: Exchange): Promise<boolean> {
  const { rowCount } = await sql.query(
    `update issuer.network_exchange
        set state = 'forwarded', owner = $3, lease_until = $4, response_code = null,
            answered_at = null
      where bucket = $1 and key = $2 and state = 'timed-out'`,
    [bucketOf(exchange.key), exchange.key, exchange.owner, toInstant(exchange.leaseUntil)],
  );
  return rowCount === 1;
}

/** Keeps an answer that came when nobody waited any more. */
export async function recordLate(sql: Sql, key: string, reply: MessageFields): Promise<boolean> {
  const { rowCount } = await sql.query(
    `update issuer.network_exchange set late_reply = $3
     where bucket = $1 and key = $2 and late_reply is null`,
    [bucketOf(key), key, JSON.stringify(reply)],
  );
  return rowCount === 1;
}

/** Exchanges whose owner is gone: in flight after their lease. */
export async function expiredExchanges(sql: Sql, now: number, limit: number): Promise<Exchange[]> {
  const { rows } = await sql.query(
    `select ${COLUMNS} from issuer.network_exchange
     where state = 'forwarded' and lease_until < $1 order by lease_until limit $2`,
    [toInstant(now), limit],
  );
  return rows.map(read);
}
