/** Advices that wait for the network. */
import {
  bigintOf,
  fieldsOf,
  integerOf,
  textOf,
  textOrNull,
  toInstant,
  type Sql,
} from "@tillway/database";
import type { Due, DueAdvice } from "../port.ts";
import type { Place } from "../transaction.ts";

// What is told about one message (DE 90) goes out in its order: a refund must not overtake the tip
// before it. Being claimed moves the due time on: that is the lease, and the pause before the next attempt.
const CLAIM = `
update advice a
   set attempts = a.attempts + 1,
       due_at = $1::timestamptz + make_interval(secs =>
         ($3::double precision + least($4::double precision * power(2, least(a.attempts, 10)), 60000)) / 1000)
  from (select d.bucket, d.id from advice d
         where d.state = 'pending' and d.due_at <= $1
           and not exists (select from advice e
                            where e.state = 'pending' and e.bucket = d.bucket
                              and e.message->>'90' = d.message->>'90'
                              and (e.created_at, e.id) < (d.created_at, d.id))
         order by d.due_at limit $2 for update skip locked) due, transaction t
 where a.bucket = due.bucket and a.id = due.id
   and t.bucket = a.bucket and t.id = a.transaction and t.business_date = a.business_date
returning a.bucket, a.id::text as id, a.transaction::text as transaction, a.mti,
          a.business_date::text as day, a.message, a.attempts, t.pan_cipher, t.receiver_cipher`;

/** Claims up to `limit` due advices; unacknowledged ones come again after reply time and pause. */
export async function claimAdvices(sql: Sql, when: Due): Promise<DueAdvice[]> {
  const { now, limit, replyMs, pauseMs } = when;
  const found = await sql.query(CLAIM, [toInstant(now), limit, replyMs, pauseMs]);
  return found.rows.map((row) => ({
    bucket: integerOf(row, "bucket"),
    id: textOf(row, "id"),
    mti: textOf(row, "mti"),
    transaction: textOf(row, "transaction"),
    businessDate: textOf(row, "day"),
    fields: fieldsOf(row, "message"),
    panCipher: textOf(row, "pan_cipher"),
    receiverCipher: textOrNull(row, "receiver_cipher"),
    repeats: integerOf(row, "attempts") - 1,
  }));
}

/** How many advices the network has not acknowledged. */
export async function pendingAdvices(sql: Sql): Promise<number> {
  const found = await sql.query(
    "select count(*)::text as pending from advice where state = 'pending'",
  );
  return Number.parseInt(bigintOf(found.rows[0] ?? {}, "pending").toString(), 10);
}

/** The transaction whose network request had this key, where an advice undoes it. */
export async function findOriginalOf(
  sql: Sql,
  bucket: number,
  originalKey: string,
): Promise<Place | undefined> {
  const found = await sql.query(
    `select transaction::text as transaction, business_date::text as day
       from advice where bucket = $1 and original_key = $2 limit 1`,
    [bucket, originalKey],
  );
  const row = found.rows[0];
  if (!row) return undefined;
  return { bucket, transaction: textOf(row, "transaction"), businessDate: textOf(row, "day") };
}
