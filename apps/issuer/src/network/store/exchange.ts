/** The network's exchanges in the database: what is in flight, what was answered, what is late. */
import {
  bucketOf,
  fieldsOf,
  fieldsOrNull,
  instantOf,
  textOf,
  textOrNull,
  toInstant,
  wordOf,
  type Row,
  type Sql,
} from "@tillway/database";
import type { MessageFields } from "@tillway/iso8583";

export type ExchangeState = "forwarded" | "answered" | "refused" | "timed-out";
const STATES = ["forwarded", "answered", "refused", "timed-out"] as const;

/** One request of a member. `request` and `reply` hold only what a journal may keep. */
export type Exchange = {
  readonly key: string;
  readonly digest: string;
  readonly from: string;
  readonly to: string | undefined;
  readonly state: ExchangeState;
  readonly responseCode: string | undefined;
  readonly rrn: string | undefined;
  readonly panToken: string;
  readonly panCipher: string;
  /** The process that waits for the issuer, and until when it alone may decide the outcome. */
  readonly owner: string;
  readonly leaseUntil: number;
  readonly request: MessageFields;
  readonly reply: MessageFields | undefined;
  readonly receivedAt: number;
};

const COLUMNS = `key, digest, from_institution, to_institution, state, response_code, rrn, pan_token,
  pan_cipher, owner, lease_until, request, reply, received_at`;

function read(found: Row): Exchange {
  return {
    key: textOf(found, "key"),
    digest: textOf(found, "digest"),
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

/** Writes a new exchange down; false where its key is there already. */
export async function openExchange(sql: Sql, exchange: Exchange): Promise<boolean> {
  const { rowCount } = await sql.query(
    `insert into issuer.network_exchange
       (bucket, key, digest, from_institution, to_institution, state, response_code, rrn, pan_token,
        pan_cipher, owner, lease_until, request, reply, received_at, answered_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
             case when $6 = 'forwarded' then null else $15::timestamptz end)
     on conflict (bucket, key) do nothing`,
    [
      bucketOf(exchange.key),
      exchange.key,
      exchange.digest,
      exchange.from,
      exchange.to ?? null,
      exchange.state,
      exchange.responseCode ?? null,
      exchange.rrn ?? null,
      exchange.panToken,
      exchange.panCipher,
      exchange.owner,
      toInstant(exchange.leaseUntil),
      JSON.stringify(exchange.request),
      exchange.reply === undefined ? null : JSON.stringify(exchange.reply),
      toInstant(exchange.receivedAt),
    ],
  );
  return rowCount === 1;
}

export async function findExchange(sql: Sql, key: string): Promise<Exchange | undefined> {
  const { rows } = await sql.query(
    `select ${COLUMNS} from issuer.network_exchange where bucket = $1 and key = $2`,
    [bucketOf(key), key],
  );
  return rows[0] && read(rows[0]);
}

/** What ends an exchange. */
export type Ending = {
  readonly key: string;
  readonly state: Exclude<ExchangeState, "forwarded">;
  readonly responseCode: string;
  readonly reply: MessageFields | undefined;
  readonly at: number;
};

/** Ends an exchange that this owner has in flight; false where it has ended already. */
export async function endExchange(sql: Sql, owner: string, ending: Ending): Promise<boolean> {
  const { rowCount } = await sql.query(
    `update issuer.network_exchange
     set state = $4, response_code = $5, reply = $6, answered_at = $7
     where bucket = $1 and key = $2 and owner = $3 and state = 'forwarded'`,
    [
      bucketOf(ending.key),
      ending.key,
      owner,
      ending.state,
      ending.responseCode,
      ending.reply === undefined ? null : JSON.stringify(ending.reply),
      toInstant(ending.at),
    ],
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

/** Exchanges whose owner is gone: in flight after their lease. They are locked until the commit. */
export async function lockExpired(sql: Sql, now: number, limit: number): Promise<Exchange[]> {
  const { rows } = await sql.query(
    `select ${COLUMNS} from issuer.network_exchange
     where state = 'forwarded' and lease_until < $1
     order by lease_until limit $2 for update skip locked`,
    [toInstant(now), limit],
  );
  return rows.map(read);
}
