/** The stores of payments, of the network and of the bank on PostgreSQL, for a whole simulation. */
import { bigintOf, integerOf, textOf, textOrNull, wordOf, type Sql } from "@tillway/database";
import { openAccounts, openDays, postJournals } from "@tillway/ledger";
import { addDays } from "@tillway/money";
import { transactionNames } from "@tillway/transactions";
import { migrateSchema, openDayKeeper, openPool } from "../../apps/acquirer/src/db/index.ts";
import { merchantAccounts, open, systemAccounts } from "../../apps/acquirer/src/ledger/index.ts";
import { openPostgresStore, stands, states } from "../../apps/acquirer/src/payments/index.ts";
import type { BatchKey, BatchLine, Counted } from "../../apps/acquirer/src/settlement/index.ts";
import { bankStore } from "../../apps/issuer/src/bank/index.ts";
import {
  migrateIssuer,
  openPool as openIssuerPool,
  withClient,
} from "../../apps/issuer/src/db/index.ts";
import { networkStore, saveMember, saveRoute } from "../../apps/issuer/src/network/index.ts";
import { BANK_INSTITUTION } from "../../apps/issuer/src/bank/index.ts";
import type { Ceremony } from "../parties/ceremony.ts";
import type { Issued } from "../parties/issue.ts";
import type { AcquirerBooks, BankBooks, NetworkBooks } from "../watch/books.ts";
import type { BookedJournal } from "./ledger.ts";
import { registryMemory } from "./registry.ts";
import { membersOf, merchants, prefixes, terminalsOf, type Stores } from "./stores.ts";

/** When rows say that they were written: nothing that is compared depends on it. */
const WRITTEN = Date.parse("2026-11-30T00:00:00Z");
const clock = { now: () => WRITTEN, after: () => () => undefined };

/** Opens a fresh database for one simulation. `url`: of an empty, prepared database. */
export async function postgresStores(
  url: string,
  ceremony: Ceremony,
  issued: Issued,
): Promise<Stores> {
  const acquirer = openPool(url, () => undefined);
  const issuer = openIssuerPool(url, () => undefined);
  await migrateSchema(acquirer, WRITTEN);
  await migrateIssuer(issuer, WRITTEN);
  await acquirer.transaction((sql) =>
    open(sql, [
      ...systemAccounts("CNY"),
      ...merchants.flatMap((merchant) => merchantAccounts(merchant)),
    ]).then(() => undefined),
  );
  await withClient(issuer, (sql) => fillIssuer(sql, ceremony, issued));
  const payments = openPostgresStore({
    database: acquirer,
    days: openDayKeeper(acquirer),
    lanes: 2,
    batchMost: 256,
    onLost: () => undefined,
    knownMs: 1,
    now: clock.now,
  });
  const { registry, batches } = registryMemory(terminalsOf(ceremony), (key) =>
    acquirer.use((sql) => linesOf(sql, key)),
  );
  return {
    payments,
    registry,
    batches,
    network: networkStore(issuer),
    bank: bankStore(issuer, clock),
    books: async () => ({
      acquirer: await acquirer.use((sql) => acquirerBooks(sql)),
      network: await withClient(issuer, networkBooks),
      bank: await withClient(issuer, bankBooks),
    }),
    memory: undefined,
    close: async () => {
      await payments.end();
      await acquirer.close();
      await issuer.close();
    },
  };
}

/** Members, routes, cards and their accounts, as the issuer's provisioning leaves them. */
async function fillIssuer(sql: Sql, ceremony: Ceremony, issued: Issued): Promise<void> {
  for (const { institution, role, zmk } of membersOf(ceremony)) {
    await saveMember(sql, { institution, role, zmk, name: role, kcv: "00000000", at: WRITTEN });
  }
  for (const prefix of prefixes()) await saveRoute(sql, prefix, BANK_INSTITUTION);
  const first = issued.funding[0]?.businessDate ?? "2026-11-30";
  await openDays(
    sql,
    "issuer",
    [0, 1, 2, 3].map((days) => addDays(first, days)),
  );
  for (const { id, bucket, currency, creditLimit } of issued.holders) {
    await sql.query("insert into issuer.cardholder (id, name, created_at) values ($1, $1, $2)", [
      id,
      new Date(WRITTEN),
    ]);
    await sql.query(
      `insert into issuer.account
         (id, bucket, cardholder, kind, currency, credit_limit, opening_minor, opened_at)
       values ($1, $2, $1, $3, $4, $5, 0, $6)`,
      [
        id,
        bucket,
        creditLimit > 0n ? "credit" : "deposit",
        currency,
        creditLimit,
        new Date(WRITTEN),
      ],
    );
  }
  await openAccounts(sql, "issuer", issued.accounts);
  await sql.query("begin");
  await postJournals(sql, "issuer", issued.funding);
  await sql.query("commit");
  for (const card of issued.cards) {
    const row = {
      token: card.token,
      name: card.name,
      account: card.account,
      scheme: card.scheme,
      cryptogram_version: card.cryptogramVersion,
      pan_cipher: card.panCipher,
      masked_pan: card.maskedPan,
      psn: card.psn,
      expiry: card.expiry,
      status: card.status,
      pvki: card.pvki,
      pvv: card.pvv,
      pin_required: card.pinRequired,
      pin_limit: card.pinLimit,
      service_code: card.serviceCode,
      partial: card.partial,
      transaction_limit: card.transactionLimit.toString(),
      day_limit: card.dayLimit.toString(),
      day_count_limit: card.dayCountLimit,
      issued_at: new Date(WRITTEN),
    };
    const names = Object.keys(row);
    const marks = names.map((_, at) => `$${at + 1}`);
    await sql.query(
      `insert into issuer.card (${names.join(", ")}) values (${marks.join(", ")})`,
      Object.values(row),
    );
  }
}

const TRANSACTIONS = `
select t.id::text as id, t.kind, t.terminal, t.batch, t.stan, t.rrn, t.tip::text as tip,
       t.masked_pan, coalesce(told.part_of, t.amount)::text as amount, last.state
  from transaction t
  join lateral (select e.state from transaction_event e
                 where e.bucket = t.bucket and e.transaction = t.id
                 order by e.seq desc limit 1) last on true
  left join lateral (select e.part_of from transaction_event e
                 where e.bucket = t.bucket and e.transaction = t.id and e.type = 'approved'
                 limit 1) told on true
 order by t.id`;

async function transactionsOf(sql: Sql) {
  const { rows } = await sql.query(TRANSACTIONS);
  return rows.map((row) => ({
    id: textOf(row, "id"),
    name: wordOf(row, "kind", transactionNames),
    terminal: textOf(row, "terminal"),
    batch: textOf(row, "batch"),
    stan: textOf(row, "stan"),
    rrn: textOf(row, "rrn"),
    state: wordOf(row, "state", states),
    amount: bigintOf(row, "amount"),
    tip: bigintOf(row, "tip"),
    maskedPan: textOf(row, "masked_pan"),
  }));
}

async function linesOf(sql: Sql, key: BatchKey): Promise<(BatchLine & Counted)[]> {
  const mine = (await transactionsOf(sql)).filter(
    ({ terminal, batch, state }) =>
      terminal === key.terminal && batch === key.batch && stands(state),
  );
  return mine.map(({ name, tip, amount, stan, maskedPan }) => {
    const moved = name === "tip adjustment" ? tip : amount;
    return { name, moved, count: 1, trace: stan, maskedPan, amount: moved };
  });
}

async function count(sql: Sql, text: string): Promise<number> {
  const { rows } = await sql.query(text);
  return integerOf(rows[0] ?? {}, "found");
}

async function acquirerBooks(sql: Sql): Promise<AcquirerBooks> {
  return {
    transactions: await transactionsOf(sql),
    journals: await journalsOf(sql, "acquirer"),
    inFlight: await count(sql, "select count(*)::integer as found from in_flight"),
    pendingAdvices: await count(
      sql,
      "select count(*)::integer as found from advice where state = 'pending'",
    ),
  };
}

async function networkBooks(sql: Sql): Promise<NetworkBooks> {
  const { rows } = await sql.query("select key, state from issuer.network_exchange order by key");
  return {
    exchanges: rows.map((row) => ({ key: textOf(row, "key"), state: textOf(row, "state") })),
    inFlight: rows.filter((row) => row["state"] === "forwarded").length,
    pendingAdvices: await count(
      sql,
      "select count(*)::integer as found from issuer.network_advice where state = 'pending'",
    ),
  };
}

async function bankBooks(sql: Sql): Promise<BankBooks> {
  const { rows } = await sql.query(
    `select id::text as id, type, rrn, state, coalesce(amount, 0)::text as amount
       from issuer.authorisation order by id`,
  );
  return {
    entries: rows.map((row) => ({
      id: textOf(row, "id"),
      name: textOf(row, "type"),
      rrn: textOrNull(row, "rrn") ?? "",
      state: textOf(row, "state"),
      amount: bigintOf(row, "amount"),
    })),
    journals: await journalsOf(sql, "issuer"),
  };
}

async function journalsOf(sql: Sql, schema: "acquirer" | "issuer"): Promise<BookedJournal[]> {
  const { rows } = await sql.query(
    `select k.bucket || '/' || k.idempotency_key as key, j.kind, j.business_date::text as day,
            string_agg(a.code || ' ' || e.amount, '|' order by e.leg) as legs
       from ${schema}.ledger_key k
       join ${schema}.ledger_journal j on j.bucket = k.bucket and j.id = k.journal_id
       join ${schema}.ledger_entry e on e.bucket = j.bucket and e.journal_id = j.id
       join ${schema}.ledger_account a on a.bucket = e.bucket and a.id = e.account_id
      group by k.bucket, k.idempotency_key, j.kind, j.business_date order by 1`,
  );
  return rows.map((row) => ({
    key: textOf(row, "key"),
    kind: textOf(row, "kind"),
    businessDate: textOf(row, "day"),
    legs: textOf(row, "legs").split("|"),
  }));
}
