/** The bank proves its books: the ledger's own invariants, and that they tell of its decisions. */
import { bigintOf, textOf, textOrNull, wordOf, type Sql } from "@tillway/database";
import { auditLedger } from "@tillway/ledger";

export type Check = { readonly name: string; readonly ok: boolean; readonly checked: number };

/** A transaction as the bank knows it; amount in minor units as decimal digits. */
export type AuditedTransaction = {
  readonly rrn: string | null;
  readonly state: "approved" | "declined" | "reversed";
  readonly amount: string | null;
  readonly currency: string;
  readonly responseCode: string;
  readonly stan: string;
  readonly terminal: string | null;
  readonly merchant: string | null;
};

export type Audit = {
  readonly ok: boolean;
  readonly checks: readonly Check[];
  readonly transactions: readonly AuditedTransaction[];
};

/** Counts what a check looks at (`checked`) and what breaks it (`broken`). */
const COUNTS: readonly { readonly name: string; readonly sql: string }[] = [
  {
    name: "every approved sale is posted once, with its amount",
    sql: `select count(*) as checked, count(*) filter (where posted is distinct from amount) as broken
          from (select a.amount, sum(e.amount) as posted
                from issuer.authorisation a
                left join issuer.ledger_key k
                  on k.bucket = a.bucket and k.idempotency_key = 'sale:' || a.id
                left join issuer.ledger_entry e
                  on e.bucket = k.bucket and e.journal_id = k.journal_id
                 and e.business_date = k.business_date and e.amount > 0
                where a.state in ('approved', 'reversed')
                group by a.bucket, a.id) t`,
  },
  {
    name: "every reversed sale is given back once, and no other",
    sql: `select count(*) as checked,
                 count(*) filter (where (a.state = 'reversed') <> (k.journal_id is not null)) as broken
          from issuer.authorisation a
          left join issuer.ledger_key k
            on k.bucket = a.bucket and k.idempotency_key = 'sale-reversal:' || a.id`,
  },
  {
    name: "no declined request is posted",
    sql: `select count(*) as checked, count(k.journal_id) as broken
          from issuer.authorisation a
          left join issuer.ledger_key k
            on k.bucket = a.bucket and k.idempotency_key = 'sale:' || a.id
          where a.state = 'declined'`,
  },
  {
    name: "every decision is found under its key",
    sql: `select count(*) as checked, count(*) filter (where k.key is null) as broken
          from issuer.authorisation a
          left join issuer.request_key k on k.authorisation = a.id and k.key = a.key`,
  },
  {
    name: "every decision has its event",
    sql: `select count(*) as checked,
                 count(*) filter (where events <> case state when 'reversed' then 2 else 1 end) as broken
          from (select a.state, count(o.seq) as events
                from issuer.authorisation a
                left join issuer.outbox o
                  on o.bucket = a.bucket and o.payload ->> 'authorisation' = a.id::text
                group by a.bucket, a.id, a.state) t`,
  },
  {
    name: "every reversal advice of the network is delivered",
    sql: `select count(*) as checked, count(*) filter (where state = 'pending') as broken
          from issuer.network_advice`,
  },
  {
    name: "no request of the network is without an outcome",
    sql: `select count(*) as checked, count(*) filter (where state = 'forwarded') as broken
          from issuer.network_exchange`,
  },
];

/** All checks and all transactions, as of one moment where `sql` is in a repeatable read. */
export async function audit(sql: Sql): Promise<Audit> {
  const checks: Check[] = (await auditLedger(sql, "issuer")).map(({ name, ok, checked }) => ({
    name,
    ok,
    checked,
  }));
  for (const { name, sql: text } of COUNTS) {
    const { rows } = await sql.query(text);
    const counted = rows[0] ?? {};
    const checked = Number.parseInt(bigintOf(counted, "checked").toString(), 10);
    checks.push({ name, ok: bigintOf(counted, "broken") === 0n, checked });
  }
  const { rows } = await sql.query(
    `select rrn, state, amount::text as amount, currency, response_code, stan, terminal, merchant
     from issuer.authorisation order by occurred_at, id`,
  );
  const transactions = rows.map((found) => ({
    rrn: textOrNull(found, "rrn"),
    state: wordOf(found, "state", ["approved", "declined", "reversed"]),
    amount: textOrNull(found, "amount"),
    currency: textOf(found, "currency"),
    responseCode: textOf(found, "response_code"),
    stan: textOf(found, "stan"),
    terminal: textOrNull(found, "terminal"),
    merchant: textOrNull(found, "merchant"),
  }));
  return { ok: checks.every((check) => check.ok), checks, transactions };
}
