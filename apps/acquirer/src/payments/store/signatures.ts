/** Signatures of cardholders. */
import { bytesOf, instantOf, textOf, toInstant, type Sql } from "@tillway/database";
import type { Signature } from "../port.ts";
import type { Place } from "../transaction.ts";

/** Keeps the first signature of a payment. */
export async function keepSignature(
  sql: Sql,
  { bucket, transaction, businessDate, digest, code, sealed, at }: Signature,
): Promise<"kept" | "other-content"> {
  await sql.query(
    `insert into signature (bucket, transaction, business_date, digest, code, sealed, at)
     values ($1, $2, $3, $4, $5, $6, $7) on conflict (bucket, transaction) do nothing`,
    [bucket, transaction, businessDate, digest, code, Buffer.from(sealed), toInstant(at)],
  );
  const kept = await readSignature(sql, { bucket, transaction, businessDate });
  return kept?.digest === digest ? "kept" : "other-content";
}

export async function readSignature(sql: Sql, place: Place): Promise<Signature | undefined> {
  const found = await sql.query(
    "select digest, code, sealed, at from signature where bucket = $1 and transaction = $2",
    [place.bucket, place.transaction],
  );
  const row = found.rows[0];
  if (!row) return undefined;
  return {
    ...place,
    digest: textOf(row, "digest"),
    code: textOf(row, "code"),
    sealed: bytesOf(row, "sealed"),
    at: instantOf(row, "at"),
  };
}
