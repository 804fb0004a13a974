import { toInstant, type Sql } from "@tillway/database";

/** Whether a key with this hash is there and not revoked. */
export async function isKnown(sql: Sql, hash: string): Promise<boolean> {
  const found = await sql.query(
    "select 1 as known from api_key where hash = $1 and revoked_at is null",
    [hash],
  );
  return found.rows.length > 0;
}

export async function insertKey(
  sql: Sql,
  key: { readonly id: string; readonly name: string; readonly hash: string },
  at: number,
): Promise<void> {
  await sql.query("insert into api_key (id, name, hash, created_at) values ($1, $2, $3, $4)", [
    key.id,
    key.name,
    key.hash,
    toInstant(at),
  ]);
}
