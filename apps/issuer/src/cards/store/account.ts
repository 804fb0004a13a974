/** Cardholders and their accounts. Balances are the ledger's. */
import {
  bigintOf,
  integerOf,
  textOf,
  toInstant,
  wordOf,
  type Row,
  type Sql,
} from "@tillway/database";

export type Account = {
  readonly id: string;
  readonly bucket: number;
  readonly kind: "deposit" | "credit";
  readonly currency: string;
  /** Minor units that the balance may go below zero. */
  readonly creditLimit: bigint;
  /** What the account is opened with, and set back to (minor units). */
  readonly opening: bigint;
};

function read(found: Row): Account {
  return {
    id: textOf(found, "id"),
    bucket: integerOf(found, "bucket"),
    kind: wordOf(found, "kind", ["deposit", "credit"]),
    currency: textOf(found, "currency"),
    creditLimit: bigintOf(found, "credit_limit"),
    opening: bigintOf(found, "opening_minor"),
  };
}

export async function allAccounts(sql: Sql): Promise<Account[]> {
  const { rows } = await sql.query(
    `select id, bucket, kind, currency, credit_limit, opening_minor
     from issuer.account order by id`,
  );
  return rows.map(read);
}

/** Opens an account for a cardholder of this name; one that exists stays as it is. */
export async function openAccount(
  sql: Sql,
  account: Account,
  cardholder: { readonly id: string; readonly name: string },
  now: number,
): Promise<void> {
  await sql.query(
    `insert into issuer.cardholder (id, name, created_at) values ($1, $2, $3)
     on conflict (id) do nothing`,
    [cardholder.id, cardholder.name, toInstant(now)],
  );
  await sql.query(
    `insert into issuer.account
       (id, bucket, cardholder, kind, currency, credit_limit, opening_minor, opened_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (id) do nothing`,
    [
      account.id,
      account.bucket,
      cardholder.id,
      account.kind,
      account.currency,
      account.creditLimit,
      account.opening,
      toInstant(now),
    ],
  );
}

/** Frees everything that is set apart on an account. */
export async function freeHolds(sql: Sql, { id, bucket }: Account): Promise<void> {
  await sql.query(
    `update issuer.hold set state = 'released'
     where bucket = $1 and account = $2 and state = 'active'`,
    [bucket, id],
  );
}
