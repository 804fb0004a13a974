import { integerOf, sqlName, textOf, type Sql } from "@tillway/database";

/** One invariant: over how many things it was checked, and how many break it. */
export type LedgerCheck = {
  readonly name: string;
  readonly ok: boolean;
  readonly checked: number;
  readonly broken: number;
};

/**
 * Checks the books over all that is stored. One statement, so that all checks see one moment even
 * while others post. Reads everything: minutes, not milliseconds, once there are millions.
 */
export async function auditLedger(sql: Sql, schema: string): Promise<LedgerCheck[]> {
  const found = await sql.query(auditStatement(sqlName(schema)));
  return found.rows.map((row) => {
    const broken = integerOf(row, "broken");
    return {
      name: textOf(row, "name"),
      ok: broken === 0,
      checked: integerOf(row, "checked"),
      broken,
    };
  });
}

const part = (name: string, broken: string, from: string): string => `
  select '${name}' as name, count(*)::double precision as checked,
         (count(*) filter (where ${broken}))::double precision as broken
    from ${from}`;

function auditStatement(s: string): string {
  const sums = `(
    select sum(e.amount) as total from ${s}.ledger_entry e
      left join ${s}.ledger_account a on a.bucket = e.bucket and a.id = e.account_id`;
  return [
    part(
      "every journal sums to zero",
      "total <> 0",
      `${sums} group by e.bucket, e.journal_id, a.currency) j`,
    ),
    part("the whole ledger sums to zero", "total <> 0", `${sums} group by a.currency) c`),
    part(
      "no journal without entries",
      `not exists (select from ${s}.ledger_entry e where e.bucket = j.bucket
         and e.journal_id = j.id and e.business_date = j.business_date)`,
      `${s}.ledger_journal j`,
    ),
    part(
      "no entry without its journal and account",
      "j.id is null or a.id is null",
      entryOwners(s),
    ),
    part(
      "every idempotency key names a journal",
      "j.id is null",
      `${s}.ledger_key k left join ${s}.ledger_journal j
         on j.bucket = k.bucket and j.id = k.journal_id and j.business_date = k.business_date`,
    ),
    part("every floor balance is the sum of its entries", "balance <> total", floorSums(s)),
    part("every floor balance is that of its last entry", "balance <> last", floorLasts(s)),
    part("every floor entry begins where the one before ended", chainBroken, chain(s)),
    part("no floor is broken", "balance < floor", `${s}.ledger_balance b`),
  ].join(" union all ");
}

function entryOwners(s: string): string {
  return `${s}.ledger_entry e
    left join ${s}.ledger_journal j
      on j.bucket = e.bucket and j.id = e.journal_id and j.business_date = e.business_date
    left join ${s}.ledger_account a on a.bucket = e.bucket and a.id = e.account_id`;
}

function floorSums(s: string): string {
  return `(
    select b.balance, coalesce(sum(e.amount), 0) as total
      from ${s}.ledger_balance b
      left join ${s}.ledger_entry e on e.bucket = b.bucket and e.account_id = b.account_id
     group by b.bucket, b.account_id) f`;
}

function floorLasts(s: string): string {
  return `(
    select b.balance, coalesce((
        select e.balance_after from ${s}.ledger_entry e
         where e.bucket = b.bucket and e.account_id = b.account_id
         order by e.account_version desc limit 1), 0) as last
      from ${s}.ledger_balance b) f`;
}

/** Versions run from 1 without gaps up to the row's own, each balance from the one before. */
const chainBroken = `version is null or version <> expected
  or balance_before is distinct from previous or version > newest`;

function chain(s: string): string {
  return `(
    select e.account_version as version, e.balance_before, b.version as newest,
           row_number() over before as expected,
           coalesce(lag(e.balance_after) over before, 0) as previous
      from ${s}.ledger_entry e
      join ${s}.ledger_balance b on b.bucket = e.bucket and b.account_id = e.account_id
    window before as (partition by e.bucket, e.account_id order by e.account_version)) c`;
}
