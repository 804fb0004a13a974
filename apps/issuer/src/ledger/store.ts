/** The bank proves its books: the ledger's own invariants, and that they tell of its decisions. */
import { bigintOf, textOf, textOrNull, wordOf, type Sql } from "@tillway/database";
import { auditLedger } from "@tillway/ledger";

const STATES = [
  "approved",
  "declined",
  "reversed",
  "voided",
  "completed",
  "kept",
  "expired",
] as const;

export type Check = { readonly name: string; readonly ok: boolean; readonly checked: number };

/** A transaction as the bank knows it; amount in minor units as decimal digits. */
export type AuditedTransaction = {
  readonly rrn: string | null;
  readonly state: (typeof STATES)[number];
  readonly type: string;
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
    name: "every decision is posted once, with what it moved",
    sql: `select count(*) as checked,
                 count(*) filter (where posted is distinct from nullif(moved, 0)) as broken
          from (select a.moved, -sum(e.amount) as posted
                from issuer.authorisation a
                left join issuer.ledger_key k
                  on k.bucket = a.bucket and k.idempotency_key = 'move:' || a.id
                left join issuer.ledger_entry e
                  on e.bucket = k.bucket and e.journal_id = k.journal_id
                 and e.business_date = k.business_date
                 and exists (select from issuer.ledger_account l
                              where l.bucket = e.bucket and l.id = e.account_id
                                and l.kind in ('cardholder', 'overdraft'))
                group by a.bucket, a.id) t`,
  },
  {
    name: "what was reversed is posted back once, and nothing else",
    sql: `select count(*) as checked,
                 count(*) filter (where (a.state = 'reversed' and a.moved <> 0)
                                        <> (k.journal_id is not null)) as broken
          from issuer.authorisation a
          left join issuer.ledger_key k
            on k.bucket = a.bucket and k.idempotency_key = 'undo:' || a.id`,
  },
  {
    name: "no declined request moved anything",
    sql: `select count(*) as checked, count(*) filter (where moved <> 0) as broken
          from issuer.authorisation where state = 'declined'`,
  },
  {
    name: "every transfer that left an account reached the other",
    sql: `select count(*) as checked, count(*) filter (where total <> 0) as broken
          from (select l.currency, coalesce(sum(e.amount), 0) as total
                from issuer.ledger_account l
                left join issuer.ledger_entry e on e.bucket = l.bucket and e.account_id = l.id
                where l.kind = 'transfer' group by l.currency) t`,
  },
  {
    name: "money is set apart for live pre-authorisations and transfers only",
    sql: `select count(*) as checked,
                 count(*) filter (where a.id is null or a.state <> 'approved'
                   or a.account <> h.account or a.amount <> h.amount) as broken
          from issuer.hold h
          left join issuer.authorisation a on a.bucket = h.bucket and a.id = h.id
          where h.state = 'active'`,
  },
  {
    name: "a hold that was captured has its completion, and a completion its hold",
    sql: `select count(*) as checked,
                 count(*) filter (where (h.state = 'captured')
                                        <> (a.state in ('completed', 'kept'))) as broken
          from issuer.hold h
          join issuer.authorisation a on a.bucket = h.bucket and a.id = h.id`,
  },
  {
    name: "every promise that was kept has one confirmation, and no other has",
    sql: `select count(*) as checked,
                 count(*) filter (where kept <> case state when 'kept' then 1 else 0 end) as broken
          from (select p.state, count(c.id) as kept
                from issuer.authorisation p
                left join issuer.authorisation c
                  on c.bucket = p.bucket and c.original_id = p.id and c.state = 'approved'
                 and c.type in ('deposit confirmation', 'transfer confirmation')
                where p.type in ('deposit', 'transfer')
                group by p.bucket, p.id, p.state) t`,
  },
  {
    name: "what was refunded of a payment is what its refunds gave back, and not more than it took",
    sql: `select count(*) as checked,
                 count(*) filter (where refunded <> given or refunded > amount) as broken
          from (select o.refunded, o.amount, coalesce(-sum(r.moved), 0) as given
                from issuer.authorisation o
                left join issuer.authorisation r
                  on r.bucket = o.bucket and r.original_id = o.id and r.type = 'refund'
                 and r.state = 'approved'
                where o.moved > 0 group by o.bucket, o.id, o.refunded, o.amount) t`,
  },
  {
    name: "the instalments of a plan sum to its sale, and a plan is live while its sale is",
    sql: `select count(*) as checked,
                 count(*) filter (where total <> amount or live <> (state = 'active')) as broken
          from (select p.amount, p.state, sum(i.amount) as total,
                       bool_and(a.state = 'approved') as live
                from issuer.instalment_plan p
                join issuer.instalment i on i.bucket = p.bucket and i.plan = p.id
                join issuer.authorisation a on a.bucket = p.bucket and a.id = p.id
                group by p.bucket, p.id, p.amount, p.state) t`,
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
    name: "every advice of the network is delivered",
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
    `select rrn, state, type, amount::text as amount, currency, response_code, stan, terminal, merchant
     from issuer.authorisation order by occurred_at, id`,
  );
  const transactions = rows.map((found) => ({
    rrn: textOrNull(found, "rrn"),
    state: wordOf(found, "state", STATES),
    type: textOf(found, "type"),
    amount: textOrNull(found, "amount"),
    currency: textOf(found, "currency"),
    responseCode: textOf(found, "response_code"),
    stan: textOf(found, "stan"),
    terminal: textOrNull(found, "terminal"),
    merchant: textOrNull(found, "merchant"),
  }));
  return { ok: checks.every((check) => check.ok), checks, transactions };
}
