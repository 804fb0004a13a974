import { bigintOf, textOf, type Sql } from "@tillway/database";
import { openAccounts, postJournals, type Account, type Journal } from "@tillway/ledger";
import { transactionNames } from "@tillway/transactions";
import { SCHEMA } from "../db/index.ts";
import { NETWORK_RECEIVABLE } from "./postings.ts";

/** Posts journals in the caller's transaction. Throws RangeError where the books refuse one. */
export async function post(sql: Sql, journals: readonly Journal[]): Promise<void> {
  if (journals.length === 0) return;
  const results = await postJournals(sql, SCHEMA, journals);
  const refused = results.find(({ code }) => code !== "posted" && code !== "repeated");
  // Nothing of the batch may stand: the caller's transaction is undone by this.
  if (refused) throw new RangeError(`the ledger refused a journal: ${refused.code}`);
}

export function open(sql: Sql, accounts: readonly Account[]): Promise<number> {
  return openAccounts(sql, SCHEMA, accounts);
}

/** One proof about the books and how many things it looked at. */
export type Check = {
  readonly name: string;
  readonly ok: boolean;
  readonly checked: number;
  readonly why?: string;
};

function check(name: string, checked: bigint, wrong: bigint, why: string): Check {
  const ok = wrong === 0n;
  return { name, ok, checked: Number.parseInt(checked.toString(), 10), ...(ok ? {} : { why }) };
}

/** Whether every journal is balanced in its currency, and all of them together. */
export async function checkBooks(sql: Sql): Promise<Check[]> {
  const journals = await sql.query(
    `select count(*)::text as checked, count(*) filter (where total <> 0)::text as wrong
       from (select sum(e.amount) as total
               from ledger_entry e
               join ledger_account a on a.bucket = e.bucket and a.id = e.account_id
              group by e.bucket, e.journal_id, a.currency) as journals`,
  );
  const trial = await sql.query(
    `select count(*)::text as checked, count(*) filter (where total <> 0)::text as wrong
       from (select sum(e.amount) as total
               from ledger_entry e
               join ledger_account a on a.bucket = e.bucket and a.id = e.account_id
              group by a.currency) as currencies`,
  );
  const without = await sql.query(
    `select count(*)::text as checked,
            count(*) filter (where e.journal_id is null)::text as wrong
       from ledger_key k
       left join lateral (select journal_id from ledger_entry e
                           where e.bucket = k.bucket and e.journal_id = k.journal_id limit 1) e on true`,
  );
  const of = (rows: { rows: Record<string, unknown>[] }, name: string, what: string): Check => {
    const row = rows.rows[0] ?? { checked: "0", wrong: "0" };
    const wrong = bigintOf(row, "wrong");
    return check(name, bigintOf(row, "checked"), wrong, `${wrong} ${what}`);
  };
  return [
    of(journals, "every journal is balanced", "journals are not"),
    of(trial, "all entries of a currency sum to zero", "currencies do not"),
    of(without, "every claimed journal has its entries", "journals have none"),
  ];
}

/** What each transaction has on the network receivable, in minor units: its amount, or zero. */
export async function receivables(sql: Sql): Promise<Map<string, bigint>> {
  const found = await sql.query(
    `select split_part(k.idempotency_key, '/', 1) as transaction, sum(-e.amount)::text as amount
       from ledger_key k
       join ledger_entry e on e.bucket = k.bucket and e.journal_id = k.journal_id
       join ledger_account a on a.bucket = e.bucket and a.id = e.account_id
      where a.code = $1
      group by 1`,
    [NETWORK_RECEIVABLE],
  );
  return new Map(found.rows.map((row) => [textOf(row, "transaction"), bigintOf(row, "amount")]));
}

/** The entries of one transaction, oldest first; amounts in minor units, positive = credit. */
export async function entriesOf(
  sql: Sql,
  bucket: number,
  transaction: string,
): Promise<{ kind: string; businessDate: string; account: string; amount: bigint }[]> {
  const found = await sql.query(
    `select j.kind, j.business_date::text as business_date, a.code, e.amount::text as amount
       from ledger_key k
       join ledger_journal j on j.bucket = k.bucket and j.id = k.journal_id
       join ledger_entry e on e.bucket = k.bucket and e.journal_id = k.journal_id
       join ledger_account a on a.bucket = e.bucket and a.id = e.account_id
      where k.bucket = $1 and k.idempotency_key = any($2::text[])
      order by j.id, e.leg`,
    [
      bucket,
      transactionNames.flatMap((name) => [
        `${transaction}/${name}`,
        `${transaction}/${name}-reversal`,
      ]),
    ],
  );
  return found.rows.map((row) => ({
    kind: textOf(row, "kind"),
    businessDate: textOf(row, "business_date"),
    account: textOf(row, "code"),
    amount: bigintOf(row, "amount"),
  }));
}
