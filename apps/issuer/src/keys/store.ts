/** Key blocks that a party keeps: the network and the bank each have a table of their own. */
import { textOf, toInstant, type Sql } from "@tillway/database";
import type { KeyBlock } from "@tillway/keys";

export type KeyTable = "network_key" | "bank_key";

/** All key blocks of a party by name. */
export async function loadKeys(sql: Sql, table: KeyTable): Promise<Map<string, KeyBlock>> {
  const { rows } = await sql.query(`select name, block from issuer.${table}`);
  return new Map(rows.map((found) => [textOf(found, "name"), textOf(found, "block")]));
}

/** Keeps a key under a name. An earlier one of that name stays, unless it may be replaced. */
export async function saveKey(
  sql: Sql,
  table: KeyTable,
  key: { readonly name: string; readonly block: KeyBlock; readonly kcv: string },
  now: number,
  replace = false,
): Promise<void> {
  await sql.query(
    `insert into issuer.${table} (name, block, kcv, created_at) values ($1, $2, $3, $4)
     on conflict (name) do ${
       replace
         ? `update set block = excluded.block, kcv = excluded.kcv, created_at = excluded.created_at
            where ${table}.kcv <> excluded.kcv`
         : "nothing"
     }`,
    [key.name, key.block, key.kcv, toInstant(now)],
  );
}
