/** Advices in the database: stored before they are acknowledged, kept until delivered. */
import {
  bigintOf,
  bucketOf,
  fieldsOf,
  instantOf,
  integerOf,
  textOf,
  textOrNull,
  toInstant,
  wordOf,
  type Row,
  type Sql,
} from "@tillway/database";
import type { Advice } from "../exchange.ts";

const MTIS = ["0220", "0420", "0620"] as const;

const COLUMNS = `key, mti, digest, original_key, from_institution, to_institution, attempts, due_at,
  pan_cipher, receiver_cipher, message, received_at`;

function read(found: Row): Advice {
  return {
    key: textOf(found, "key"),
    mti: wordOf(found, "mti", MTIS),
    digest: textOf(found, "digest"),
    originalKey: textOf(found, "original_key") || undefined,
    from: textOf(found, "from_institution"),
    to: textOrNull(found, "to_institution") ?? undefined,
    attempts: integerOf(found, "attempts"),
    dueAt: instantOf(found, "due_at"),
    panCipher: textOf(found, "pan_cipher"),
    receiverCipher: textOrNull(found, "receiver_cipher") ?? undefined,
    message: fieldsOf(found, "message"),
    receivedAt: instantOf(found, "received_at"),
  };
}

/**
 * Stores advices; the keys of those that are new. One without a receiver is stored as
 * undeliverable: nothing can have been done for it.
 */
export async function storeAdvices(sql: Sql, advices: readonly Advice[]): Promise<Set<string>> {
  const { rows } = await sql.query(
    `insert into issuer.network_advice
       (bucket, key, mti, digest, original_key, from_institution, to_institution, state, due_at,
        pan_cipher, receiver_cipher, message, received_at)
     select bucket, key, mti, digest, original, source, target,
            case when target is null then 'undeliverable' else 'pending' end, due, pan, receiver,
            message, received
       from unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                   $7::text[], $8::timestamptz[], $9::text[], $10::text[], $11::jsonb[],
                   $12::timestamptz[])
         as u (bucket, key, mti, digest, original, source, target, due, pan, receiver, message,
               received)
      order by bucket, key
     on conflict (bucket, key) do nothing
     returning key`,
    [
      advices.map((one) => bucketOf(one.key)),
      advices.map((one) => one.key),
      advices.map((one) => one.mti),
      advices.map((one) => one.digest),
      advices.map((one) => one.originalKey ?? ""),
      advices.map((one) => one.from),
      advices.map((one) => one.to ?? null),
      advices.map((one) => toInstant(one.dueAt)),
      advices.map((one) => one.panCipher),
      advices.map((one) => one.receiverCipher ?? null),
      advices.map((one) => JSON.stringify(one.message)),
      advices.map((one) => toInstant(one.receivedAt)),
    ],
  );
  return new Set(rows.map((row) => textOf(row, "key")));
}

export async function adviceDigest(sql: Sql, key: string): Promise<string | undefined> {
  const { rows } = await sql.query(
    "select digest from issuer.network_advice where bucket = $1 and key = $2",
    [bucketOf(key), key],
  );
  return rows[0] && textOf(rows[0], "digest");
}

/** Advices that should be sent now, the oldest first; of those about one message the first alone. */
export async function dueAdvices(sql: Sql, now: number, limit: number): Promise<Advice[]> {
  const { rows } = await sql.query(
    `select ${COLUMNS} from issuer.network_advice a
     where state = 'pending' and due_at <= $1
       and not exists (select from issuer.network_advice b
                        where b.state = 'pending' and b.original_key = a.original_key
                          and b.original_key <> ''
                          and (b.received_at, b.key) < (a.received_at, a.key))
     order by due_at, key limit $2`,
    [toInstant(now), limit],
  );
  return rows.map(read);
}

/** Notes, before they are sent, that advices are sent once more and when to try again. */
export async function countAttempts(
  sql: Sql,
  keys: readonly string[],
  nextDue: readonly number[],
): Promise<void> {
  await sql.query(
    `update issuer.network_advice a set attempts = a.attempts + 1, due_at = u.due
       from unnest($1::smallint[], $2::text[], $3::timestamptz[]) as u (bucket, key, due)
      where a.bucket = u.bucket and a.key = u.key`,
    [keys.map(bucketOf), keys, nextDue.map(toInstant)],
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
