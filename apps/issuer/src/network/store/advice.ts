/** Reversal advices in the database: stored before they are acknowledged, kept until delivered. */
import {
  bigintOf,
  bucketOf,
  fieldsOf,
  instantOf,
  integerOf,
  textOf,
  textOrNull,
  toInstant,
  type Row,
  type Sql,
} from "@tillway/database";
import type { MessageFields } from "@tillway/iso8583";

export type Advice = {
  readonly key: string;
  readonly digest: string;
  readonly originalKey: string;
  readonly from: string;
  readonly to: string | undefined;
  /** How often it was sent already. */
  readonly attempts: number;
  readonly dueAt: number;
  readonly panCipher: string;
  /** The fields of the 0420 but the card number and the MAC. */
  readonly message: MessageFields;
  readonly receivedAt: number;
};

const COLUMNS = `key, digest, original_key, from_institution, to_institution, attempts, due_at,
  pan_cipher, message, received_at`;

function read(found: Row): Advice {
  return {
    key: textOf(found, "key"),
    digest: textOf(found, "digest"),
    originalKey: textOf(found, "original_key"),
    from: textOf(found, "from_institution"),
    to: textOrNull(found, "to_institution") ?? undefined,
    attempts: integerOf(found, "attempts"),
    dueAt: instantOf(found, "due_at"),
    panCipher: textOf(found, "pan_cipher"),
    message: fieldsOf(found, "message"),
    receivedAt: instantOf(found, "received_at"),
  };
}

/**
 * Stores an advice; false where its key is there already. One without a receiver is stored as
 * undeliverable: nothing can have been debited for it.
 */
export async function storeAdvice(sql: Sql, advice: Advice): Promise<boolean> {
  const { rowCount } = await sql.query(
    `insert into issuer.network_advice
       (bucket, key, digest, original_key, from_institution, to_institution, state, due_at,
        pan_cipher, message, received_at)
     values ($1, $2, $3, $4, $5, $6, case when $6::text is null then 'undeliverable' else 'pending' end,
             $7, $8, $9, $10)
     on conflict (bucket, key) do nothing`,
    [
      bucketOf(advice.key),
      advice.key,
      advice.digest,
      advice.originalKey,
      advice.from,
      advice.to ?? null,
      toInstant(advice.dueAt),
      advice.panCipher,
      JSON.stringify(advice.message),
      toInstant(advice.receivedAt),
    ],
  );
  return rowCount === 1;
}

export async function adviceDigest(sql: Sql, key: string): Promise<string | undefined> {
  const { rows } = await sql.query(
    "select digest from issuer.network_advice where bucket = $1 and key = $2",
    [bucketOf(key), key],
  );
  return rows[0] && textOf(rows[0], "digest");
}

/** Whether a request with this key was reversed before it came. */
export async function isReversed(sql: Sql, originalKey: string): Promise<boolean> {
  const { rows } = await sql.query(
    "select 1 from issuer.network_advice where original_key = $1 limit 1",
    [originalKey],
  );
  return rows.length > 0;
}

/** Advices that should be sent now, the oldest first. */
export async function dueAdvices(sql: Sql, now: number, limit: number): Promise<Advice[]> {
  const { rows } = await sql.query(
    `select ${COLUMNS} from issuer.network_advice
     where state = 'pending' and due_at <= $1 order by due_at, key limit $2`,
    [toInstant(now), limit],
  );
  return rows.map(read);
}

/** Notes, before it is sent, that an advice is sent once more and when to try again. */
export async function countAttempt(sql: Sql, key: string, nextDue: number): Promise<void> {
  await sql.query(
    `update issuer.network_advice set attempts = attempts + 1, due_at = $3
     where bucket = $1 and key = $2`,
    [bucketOf(key), key, toInstant(nextDue)],
  );
}

/** Notes that the issuer took an advice over, with the response code that it gave. */
export async function acknowledge(sql: Sql, key: string, code: string, at: number): Promise<void> {
  await sql.query(
    `update issuer.network_advice
     set state = 'acknowledged', response_code = $3, acknowledged_at = $4
     where bucket = $1 and key = $2 and state = 'pending'`,
    [bucketOf(key), key, code, toInstant(at)],
  );
}

/** Makes all waiting advices for an institution due: it can be reached again. */
export async function wakeAdvices(sql: Sql, institution: string, now: number): Promise<void> {
  await sql.query(
    `update issuer.network_advice set due_at = $2
     where state = 'pending' and to_institution = $1 and due_at > $2`,
    [institution, toInstant(now)],
  );
}

export async function pendingAdvices(sql: Sql): Promise<bigint> {
  const { rows } = await sql.query(
    "select count(*) as waiting from issuer.network_advice where state = 'pending'",
  );
  return rows[0] ? bigintOf(rows[0], "waiting") : 0n;
}

/** The next trace number of the network's own messages: six digits, never 000000. */
export async function nextTrace(sql: Sql): Promise<string> {
  const { rows } = await sql.query("select nextval('issuer.network_trace') as trace");
  const count = rows[0] ? bigintOf(rows[0], "trace") : 1n;
  return String(((count - 1n) % 999_999n) + 1n).padStart(6, "0");
}
