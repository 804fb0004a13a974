import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { connectionUrl, inTransaction, migrate, SIDES, type Sql } from "@tillway/database";
import {
  auditLedger,
  balances,
  credit,
  debit,
  ledgerTables,
  openAccounts,
  openDays,
  postJournals,
  striped,
  undone,
  type Journal,
  type Leg,
  type PostingResult,
} from "@tillway/ledger";
import { startTestDatabase, type TestDatabase } from "../../apps/database/src/testing.ts";
import { withClient } from "../../apps/database/src/server.ts";

const DAY = "2026-11-23";
const NEXT = "2026-11-24";
let database: TestDatabase;
before(async () => {
  database = await startTestDatabase();
});
after(() => database.stop());

let counter = 0;
function journal(legs: readonly Leg[], more: Partial<Journal> = {}): Journal {
  counter += 1;
  const id = `019ab000-0000-7000-8000-${counter.toString(16).padStart(12, "0")}`;
  const key = { idempotencyKey: `key ${counter}`, kind: "sale", businessDate: DAY };
  return { id, bucket: 3, ...key, occurredAt: 1_795_435_200_123, legs, ...more };
}

const post = (sql: Sql, journals: readonly Journal[]): Promise<readonly PostingResult[]> =>
  inTransaction(sql, () => postJournals(sql, "issuer", journals));
const codes = (results: readonly PostingResult[]): string[] => results.map((one) => one.code);

/** A new ledger: system accounts in every bucket, two accounts with a floor in bucket 3. */
async function book(name: string): Promise<string> {
  const plain = await database.fresh(name);
  const url = connectionUrl(plain, SIDES.issuer);
  await withClient(plain, (client) =>
    migrate(client, {
      ...SIDES.issuer,
      migrations: [{ number: 1, name: "ledger", sql: ledgerTables("issuer") }],
      now: 0,
    }),
  );
  await withClient(url, async (client) => {
    await openDays(client, "issuer", [DAY, NEXT]);
    const system = { code: "system:network", kind: "system", currency: "CNY" };
    const card = { bucket: 3, kind: "cardholder", currency: "CNY" };
    const accounts = [
      ...striped(system),
      { ...card, code: "card:1", floor: 0n },
      { ...card, code: "card:2", floor: -1000n },
      { ...card, code: "shut" },
      { ...card, code: "dollars", currency: "USD" },
    ];
    assert.equal(await openAccounts(client, "issuer", accounts), 68);
    assert.equal(await openAccounts(client, "issuer", accounts), 0);
    await client.query("update ledger_account set closed = true where code = 'shut'");
  });
  return url;
}

const pay = (account: string, amount: bigint, more: Partial<Journal> = {}): Journal =>
  journal([debit(account, amount), credit("system:network", amount)], more);
const load = (account: string, amount: bigint, more: Partial<Journal> = {}): Journal =>
  journal([credit(account, amount), debit("system:network", amount)], more);

async function soundBooks(sql: Sql): Promise<void> {
  const checks = await auditLedger(sql, "issuer");
  assert.deepEqual(
    checks.filter((check) => !check.ok),
    [],
  );
  assert.equal(checks.length, 9);
}

test("a batch with every kind of bad journal: each gets its code, the good ones are posted", async () => {
  const url = await book("codes");
  await withClient(url, async (client) => {
    const good = load("card:1", 2580n);
    const batch = [
      good,
      journal([debit("card:1", 5n), credit("system:network", 4n)]),
      pay("card:1", 2581n),
      pay("card:9", 1n),
      pay("shut", 1n),
      load("card:1", 1n, { businessDate: "2026-11-25" }),
      load("card:1", 1n, { businessDate: "1999-01-01" }),
      load("dollars", 1n),
      load("card:1", 1n, { bucket: 4 }),
      { ...load("card:1", 2580n), idempotencyKey: good.idempotencyKey },
      pay("card:1", 2580n),
      pay("card:2", 1000n),
      load("card:1", 1n, { businessDate: NEXT }),
    ];
    const results = await post(client, batch);
    assert.deepEqual(codes(results), [
      "posted",
      "unbalanced",
      "floor",
      "unknown-account",
      "closed",
      "closed",
      "closed",
      "unbalanced",
      "unknown-account",
      "repeated",
      "posted",
      "posted",
      "posted",
    ]);
    assert.deepEqual(results[9], { code: "repeated", journal: good.id });
    const found = await balances(client, "issuer", ["card:1", "card:2", "system:network", "none"]);
    assert.deepEqual(
      [...found],
      [
        ["card:1", 1n],
        ["card:2", -1000n],
        ["system:network", 999n],
      ],
    );
    await soundBooks(client);
  });
});

test("what was refused leaves no key: it may be posted later, what was posted is repeated", async () => {
  const url = await book("again");
  await withClient(url, async (client) => {
    const early = pay("card:1", 100n);
    assert.deepEqual(codes(await post(client, [early])), ["floor"]);
    const topUp = load("card:1", 100n);
    assert.deepEqual(codes(await post(client, [topUp, early])), ["posted", "posted"]);
    const again = await post(
      client,
      [early, topUp].map((one) => ({ ...one, id: journal([]).id })),
    );
    assert.deepEqual(again, [
      { code: "repeated", journal: early.id },
      { code: "repeated", journal: topUp.id },
    ]);
    const renamed = pay("card:1", 5n);
    const late = { ...load("card:1", 5n), idempotencyKey: renamed.idempotencyKey };
    assert.deepEqual(codes(await post(client, [renamed, late])), ["floor", "posted"]);
    assert.deepEqual(await post(client, [renamed]), [{ code: "repeated", journal: late.id }]);
    await soundBooks(client);
  });
});

test("the key holds across midnight", async () => {
  const url = await book("midnight");
  await withClient(url, async (client) => {
    const sale = load("card:1", 100n);
    await post(client, [sale]);
    const later = { ...sale, id: journal([]).id, businessDate: NEXT };
    assert.deepEqual(await post(client, [later]), [{ code: "repeated", journal: sale.id }]);
  });
});

test("a payment and its undo leave every balance as before", async () => {
  const url = await book("undo");
  await withClient(url, async (client) => {
    await post(client, [load("card:1", 5000n)]);
    const untouched = await balances(client, "issuer", ["card:1", "system:network"]);
    const sale = pay("card:1", 2580n);
    await post(client, [sale, journal(undone(sale.legs), { kind: "sale-reversal" })]);
    assert.deepEqual(await balances(client, "issuer", ["card:1", "system:network"]), untouched);
    await soundBooks(client);
  });
});

test("two connections that spend from one account never break its floor nor lose a payment", async () => {
  const url = await book("two");
  await withClient(url, (client) => post(client, [load("card:1", 10_000n)]));
  const spend = (): Promise<string[]> =>
    withClient(url, async (client) => {
      const all: string[] = [];
      for (let round = 0; round < 20; round += 1) {
        const batch = [130n, 70n, 90n].flatMap((amount) => [
          pay("card:1", amount),
          load("card:2", 1n),
        ]);
        all.push(...codes(await post(client, batch.reverse())));
      }
      return all;
    });
  const [left, right] = await Promise.all([spend(), spend()]);
  const refused = [...left, ...right].filter((code) => code === "floor").length;
  assert.ok(refused > 0 && left.includes("posted") && right.includes("posted"));
  await withClient(url, async (client) => {
    const found = await balances(client, "issuer", ["card:1", "card:2"]);
    assert.equal(found.get("card:2"), 120n);
    const spent = await client.query(
      `select coalesce(sum(-amount), 0)::text as spent from ledger_entry e
         join ledger_account a on a.bucket = e.bucket and a.id = e.account_id
        where a.code = 'card:1' and amount < 0`,
    );
    assert.equal(found.get("card:1"), 10_000n - BigInt(spent.rows[0].spent));
    assert.ok((found.get("card:1") ?? -1n) < 70n);
    await soundBooks(client);
  });
});

test("the same journals from four connections at once are posted once each", async () => {
  const url = await book("once");
  const batch = Array.from({ length: 50 }, () => load("card:1", 10n));
  const all = await Promise.all(
    [1, 2, 3, 4].map((by) =>
      withClient(url, (client) => {
        const own = batch.map((one) => ({ ...one, id: one.id.replace("8000", `800${by}`) }));
        return post(client, by % 2 === 0 ? own.reverse() : own);
      }),
    ),
  );
  const posted = all.flat().filter((result) => result.code === "posted");
  assert.equal(posted.length, 50);
  assert.equal(all.flat().filter((result) => result.code === "repeated").length, 150);
  assert.equal(new Set(all.flat().map((one) => ("journal" in one ? one.journal : ""))).size, 50);
  await withClient(url, async (client) => {
    assert.equal((await balances(client, "issuer", ["card:1"])).get("card:1"), 500n);
    await soundBooks(client);
  });
});

test("a rollback of the caller takes the journals with it", async () => {
  const url = await book("rollback");
  await withClient(url, async (client) => {
    const one = load("card:1", 5n);
    const failing = inTransaction(client, async () => {
      await postJournals(client, "issuer", [one]);
      throw new Error("the caller changed its mind");
    });
    await assert.rejects(failing, /changed its mind/);
    assert.deepEqual(codes(await post(client, [one])), ["posted"]);
  });
});

test("no journals, and none that balances, take no statement to answer", async () => {
  const silent: Sql = { query: () => Promise.reject(new Error("asked")) };
  assert.deepEqual(await postJournals(silent, "issuer", []), []);
  assert.deepEqual(codes(await postJournals(silent, "issuer", [journal([])])), ["unbalanced"]);
});

test("the other side cannot read this side's ledger", async () => {
  const url = await book("walls");
  const other = url.replace("tillway_issuer", "tillway_acquirer");
  await withClient(other, (client) =>
    assert.rejects(client.query("select from issuer.ledger_entry"), { code: "42501" }),
  );
});

test("the audit finds each kind of damage, by name", async () => {
  const url = await book("audit");
  await withClient(url, async (client) => {
    await post(client, [load("card:1", 100n), load("card:2", 50n), pay("card:1", 30n)]);
    await soundBooks(client);
    const damages: [string, string[]][] = [
      [
        "update ledger_entry set amount = amount - 1 where leg = 2 and account_version is null",
        ["every journal sums to zero", "the whole ledger sums to zero"],
      ],
      [
        "update ledger_balance set balance = balance + 7 where floor = 0",
        [
          "every floor balance is the sum of its entries",
          "every floor balance is that of its last entry",
        ],
      ],
      ["delete from ledger_entry", ["no journal without entries"]],
      [
        "delete from ledger_journal",
        ["no entry without its journal and account", "every idempotency key names a journal"],
      ],
      [
        `update ledger_entry set balance_before = balance_before + 1,
                balance_after = balance_after + 1 where account_version = 2`,
        [
          "every floor balance is that of its last entry",
          "every floor entry begins where the one before ended",
        ],
      ],
      [
        `alter table ledger_balance drop constraint ledger_balance_check;
         update ledger_balance set floor = 1000`,
        ["no floor is broken"],
      ],
    ];
    for (const [damage, names] of damages) {
      await client.query(`begin; ${damage}`);
      const broken = (await auditLedger(client, "issuer")).filter((check) => !check.ok);
      await client.query("rollback");
      for (const name of names)
        assert.ok(
          broken.some((check) => check.name === name),
          name,
        );
    }
    await soundBooks(client);
  });
});
