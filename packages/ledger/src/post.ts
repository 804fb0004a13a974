import {
  bigintOf,
  bigintOrNull,
  booleanOf,
  integerOf,
  sqlName,
  textOf,
  textOrNull,
  type Sql,
} from "@tillway/database";
import { claimKeys, keepClaims, type Claim } from "./claims.ts";
import { decide, keyOf, type Book, type Decision, type KnownAccount } from "./decide.ts";
import { balanced, movingLegs, type Journal, type PostingResult } from "./journal.ts";

/**
 * Posts journals inside the caller's transaction and answers each, in order. Three statements,
 * however many journals (and up to two more where keys repeat): claim the keys, lock and read the
 * accounts, write. Keys, then rows, are locked in key order.
 *
 * A refused journal leaves nothing behind and fails no other. What throws is a defect (an id that
 * is no UUID, a bucket out of range, the same id twice) or the connection.
 */
export async function postJournals(
  sql: Sql,
  schema: string,
  journals: readonly Journal[],
): Promise<readonly PostingResult[]> {
  const s = sqlName(schema);
  const sound = journals.filter(balanced);
  const claims = await claimKeys(sql, s, sound);
  const fresh = sound.filter((one) => !claims.stored.has(keyOf(one.bucket, one.idempotencyKey)));
  const decision = decide(sound, await readBook(sql, s, fresh, claims.stored));
  const dropped = await keepClaims(sql, s, claims.ours, decision.posted);
  if (fresh.length > 0) await write(sql, s, decision, dropped);
  const results = decision.results.values();
  return journals.map((journal) => {
    if (!balanced(journal)) return { code: "unbalanced" };
    const next = results.next();
    if (next.done === true) throw new Error("fewer results than journals");
    return next.value;
  });
}

/** Accounts and days of the journals; the rows of accounts with a floor are locked. */
async function readBook(
  sql: Sql,
  s: string,
  journals: readonly Journal[],
  stored: ReadonlyMap<string, string>,
): Promise<Book> {
  const wanted = new Map<string, { bucket: number; code: string }>();
  for (const journal of journals) {
    for (const { account } of movingLegs(journal)) {
      const { bucket } = journal;
      wanted.set(keyOf(bucket, account), { bucket, code: account });
    }
  }
  const accounts = new Map<string, KnownAccount>();
  let open = new Set<string>();
  if (wanted.size > 0) {
    const found = await sql.query(readAccounts(s), [
      [...wanted.values()].map((one) => one.bucket),
      [...wanted.values()].map((one) => one.code),
      [...new Set(journals.map((one) => one.businessDate))],
    ]);
    for (const row of found.rows) {
      const floor = bigintOrNull(row, "floor");
      accounts.set(keyOf(integerOf(row, "bucket"), textOf(row, "code")), {
        id: bigintOf(row, "id"),
        currency: textOf(row, "currency"),
        closed: booleanOf(row, "closed"),
        floored:
          floor === null
            ? undefined
            : { floor, balance: bigintOf(row, "balance"), version: bigintOf(row, "version") },
      });
      open = new Set(textOrNull(row, "open_days")?.split(","));
    }
  }
  return {
    account: (bucket, code) => accounts.get(keyOf(bucket, code)),
    isOpen: (date) => open.has(date),
    stored: (bucket, key) => stored.get(keyOf(bucket, key)),
  };
}

function readAccounts(s: string): string {
  return `
    with wanted as materialized (
      select a.bucket, a.code, a.id, a.currency, a.closed
        from unnest($1::smallint[], $2::text[]) as u (bucket, code)
        join ${s}.ledger_account a on a.bucket = u.bucket and a.code = u.code
    ), locked as materialized (
      select b.bucket, b.account_id, b.floor, b.balance, b.version
        from wanted w
        join ${s}.ledger_balance b on b.bucket = w.bucket and b.account_id = w.id
       order by b.bucket, b.account_id
         for update of b
    )
    select w.bucket, w.code, w.id, w.currency, w.closed, l.floor, l.balance, l.version,
           (select string_agg(d.business_date::text, ',') from ${s}.ledger_day d
             where d.business_date = any($3::date[]) and not d.closed) as open_days
      from wanted w
      left join locked l on l.bucket = w.bucket and l.account_id = w.id`;
}

async function write(
  sql: Sql,
  s: string,
  decision: Decision,
  dropped: readonly Claim[],
): Promise<void> {
  const { posted, entries, balances } = decision;
  const written = await sql.query(writeAll(s), [
    posted.map((one) => one.bucket),
    posted.map((one) => one.id),
    posted.map((one) => one.businessDate),
    posted.map((one) => one.kind),
    posted.map((one) => one.occurredAt),
    entries.map((one) => one.journal.bucket),
    entries.map((one) => one.journal.id),
    entries.map((one) => one.leg),
    entries.map((one) => one.journal.businessDate),
    entries.map((one) => one.accountId.toString()),
    entries.map((one) => one.amount.toString()),
    entries.map((one) => one.version?.toString() ?? null),
    entries.map((one) => one.before?.toString() ?? null),
    entries.map((one) => one.after?.toString() ?? null),
    balances.map((one) => one.bucket),
    balances.map((one) => one.accountId.toString()),
    balances.map((one) => one.from.toString()),
    balances.map((one) => one.version.toString()),
    balances.map((one) => one.balance.toString()),
    dropped.map((one) => one.bucket),
    dropped.map((one) => one.idempotencyKey),
  ]);
  const [row] = written.rows;
  if (row === undefined || integerOf(row, "moved") !== balances.length) {
    throw new Error("a balance changed while its row was locked");
  }
}

function writeAll(s: string): string {
  return `
    with journals as (
      insert into ${s}.ledger_journal (bucket, id, business_date, kind, occurred_at)
      select bucket, id, business_date, kind, to_timestamp(occurred_ms / 1000)
        from unnest($1::smallint[], $2::uuid[], $3::date[], $4::text[], $5::double precision[])
          as u (bucket, id, business_date, kind, occurred_ms)
    ), entries as (
      insert into ${s}.ledger_entry (bucket, journal_id, leg, business_date, account_id, amount,
                                     account_version, balance_before, balance_after)
      select * from unnest($6::smallint[], $7::uuid[], $8::smallint[], $9::date[], $10::bigint[],
                           $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[])
    ), moved as (
      update ${s}.ledger_balance b set balance = u.balance, version = u.version
        from unnest($15::smallint[], $16::bigint[], $17::bigint[], $18::bigint[], $19::bigint[])
          as u (bucket, account_id, was, version, balance)
       where b.bucket = u.bucket and b.account_id = u.account_id and b.version = u.was
      returning 1
    ), dropped as (
      delete from ${s}.ledger_key k
       using unnest($20::smallint[], $21::text[]) as u (bucket, key)
       where k.bucket = u.bucket and k.idempotency_key = u.key
    )
    select count(*)::integer as moved from moved`;
}
