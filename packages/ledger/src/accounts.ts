import { bigintOf, BUCKETS, sqlName, textOf, type Sql } from "@tillway/database";

export type Account = {
  readonly bucket: number;
  /** Unique in its bucket, fit to be read by people: "merchant:898290058120001:payable". */
  readonly code: string;
  readonly kind: string;
  /** ISO 4217 letters. */
  readonly currency: string;
  /** The lowest balance it may have (0n, or minus a credit limit). Never above zero. */
  readonly floor?: bigint;
};

/** A system account once in every bucket: each transaction posts to its own stripe. */
export function striped(account: Omit<Account, "bucket" | "floor">): Account[] {
  return Array.from({ length: BUCKETS }, (_, bucket) => ({ ...account, bucket }));
}

/**
 * Opens accounts that do not exist yet, all with a balance of zero; one that exists stays as it is.
 * Returns how many were opened. Works inside and outside a transaction.
 */
export async function openAccounts(
  sql: Sql,
  schema: string,
  accounts: readonly Account[],
): Promise<number> {
  const s = sqlName(schema);
  const made = await sql.query(
    `with given as (
       select distinct on (bucket, code) * from unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::bigint[])
         as u (bucket, code, kind, currency, floor)
     ), made as (
       insert into ${s}.ledger_account (bucket, code, kind, currency)
       select bucket, code, kind, currency from given order by bucket, code
       on conflict (bucket, code) do nothing
       returning bucket, code, id
     ), floors as (
       insert into ${s}.ledger_balance (bucket, account_id, floor)
       select m.bucket, m.id, g.floor from made m join given g using (bucket, code)
        where g.floor is not null
     )
     select bucket from made`,
    [
      accounts.map((one) => one.bucket),
      accounts.map((one) => one.code),
      accounts.map((one) => one.kind),
      accounts.map((one) => one.currency),
      accounts.map((one) => one.floor?.toString() ?? null),
    ],
  );
  return made.rows.length;
}

/**
 * The balances of accounts by their code, each summed over its buckets. A code that does not exist
 * is left out of the map. Minor units, positive = credit.
 */
export async function balances(
  sql: Sql,
  schema: string,
  codes: readonly string[],
): Promise<Map<string, bigint>> {
  const s = sqlName(schema);
  const found = await sql.query(
    `select a.code,
            sum(coalesce(b.balance,
              (select sum(e.amount) from ${s}.ledger_entry e
                where e.bucket = a.bucket and e.account_id = a.id), 0))::text as balance
       from ${s}.ledger_account a
       left join ${s}.ledger_balance b on b.bucket = a.bucket and b.account_id = a.id
      where a.code = any($1::text[])
      group by a.code order by a.code`,
    [[...codes]],
  );
  return new Map(found.rows.map((row) => [textOf(row, "code"), bigintOf(row, "balance")]));
}
