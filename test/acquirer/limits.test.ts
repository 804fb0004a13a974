/** Limits, back-pressure, and days that leave the tables: through the real acquirer and database. */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { ensureDays } from "@tillway/database";
import { Client } from "pg";
import { startTestDatabase, type TestDatabase } from "../../apps/database/src/testing.ts";
import { detachDays, openPool } from "../../apps/acquirer/src/db/index.ts";
import { startHouse, until, type House } from "./house.ts";
import { TID, type Terminal } from "./terminal.ts";

let database: TestDatabase;
let house: House;
let terminal: Terminal;

before(async () => {
  database = await startTestDatabase();
  house = await startHouse(database.url, { TILLWAY_MOST_WAITING: "1", TILLWAY_LANES: "1" });
  terminal = await house.signedIn();
});
after(async () => {
  terminal?.close();
  await house?.stop();
  await database?.stop();
});
beforeEach(() => {
  house.network.rule = () => ({ kind: "code", code: "00" });
  house.network.seen.length = 0;
});
afterEach(() => house.audit());

const amount = (minor: number): string => String(minor).padStart(12, "0");
const keyed = (minor: number) =>
  terminal.request("sale", {
    "4": amount(minor),
    "22": "012",
    "35": undefined,
    "26": undefined,
    "52": undefined,
    "53": undefined,
    "55": undefined,
    "23": undefined,
  });
const codeOf = async (message: Awaited<ReturnType<typeof keyed>>): Promise<string | undefined> =>
  (await terminal.ask(message)).fields["39"];

test("without a PIN a contactless card pays up to 1,000.00; over it 61, the same again", async () => {
  const contactless = (minor: number, mode: string) =>
    terminal.sale(
      mode === "072"
        ? { "4": amount(minor), "22": mode, "26": undefined, "52": undefined }
        : { "4": amount(minor), "22": mode },
    );
  assert.equal(await codeOf(await contactless(100_000, "072")), "00");
  const over = await contactless(100_001, "072");
  assert.equal(await codeOf(over), "61");
  assert.equal(await codeOf(over), "61");
  assert.equal(house.network.of("0200").length, 1, "nothing was sent");
  assert.equal(await codeOf(await contactless(100_001, "071")), "00", "with a PIN");
});

test("a card that is keyed in pays up to its day's limit; what is declined gives it back", async () => {
  assert.equal(await codeOf(await keyed(500_001)), "61");
  assert.equal(await codeOf(await keyed(400_000)), "00");
  house.network.rule = () => ({ kind: "code", code: "51" });
  assert.equal(await codeOf(await keyed(500_000)), "51");
  house.network.rule = () => ({ kind: "code", code: "00" });
  const second = await keyed(500_000);
  assert.equal(await codeOf(second), "00");
  assert.equal(await codeOf(await keyed(100_001)), "61");
  assert.equal((await terminal.ask(terminal.reversal(second))).fields["39"], "00");
  await until("given back", async () => {
    const rows = await house.query("select sum(amount)::text as used from limit_use");
    return rows[0]?.["used"] === "400000";
  });
  assert.equal(await codeOf(await keyed(500_000)), "00");
});

test("a terminal's own limit holds before the institution's, and a count is 65", async () => {
  await house.query(
    `insert into limit_rule (level, owner, type, entry, subject, span, count, valid_from, created_at)
     values ('terminal', $1, 'withdrawal', 'any', 'card', 'day', 1, '2020-01-01', '2020-01-01')`,
    [TID],
  );
  await new Promise((resolve) => setTimeout(resolve, 2100));
  const cash = () => terminal.request("withdrawal", { "4": amount(10_000) });
  assert.equal(await codeOf(await cash()), "00");
  assert.equal(await codeOf(await cash()), "65");
});

test("while the database stands still new requests are refused at once, and nothing is late", async () => {
  const metrics = async (): Promise<string> => (await fetch(`${house.http}/metrics`)).text();
  const held = new Client({ connectionString: database.url });
  await held.connect();
  await held.query("set search_path to acquirer");
  await held.query("begin");
  await held.query("lock table request_key in exclusive mode");
  const sales = await Promise.all([1, 2, 3].map(() => terminal.sale()));
  const refused = await terminal.sale();
  const replies: ReturnType<typeof terminal.ask>[] = [];
  try {
    for (const [at, sale] of sales.entries()) {
      replies.push(terminal.ask(sale));
      // One is in a commit that stands still; the others wait for it.
      await until("it waits", async () =>
        new RegExp(`tillway_acquirer_steps_waiting ${at}\\b`).test(await metrics()),
      );
    }
    replies.push(terminal.ask(refused));
    await until("refused", async () => /reason="overloaded"\} 1/.test(await metrics()));
  } finally {
    await held.query("commit");
    await held.end();
  }
  const codes = (await Promise.all(replies)).map(({ fields }) => fields["39"]);
  assert.equal(codes.filter((code) => code === "00").length, 3);
  assert.equal(codes.filter((code) => code === "96").length, 1);
  assert.equal(await codeOf(refused), "00", "and it may be asked again");
});

test("days that are over are detached with what happened on them, and no later one", async () => {
  const old = "2001-02-03";
  const pool = openPool(database.url, () => undefined);
  const tables = ["transaction", "transaction_event", "kept_message", "refused_message"];
  await pool.use((sql) => ensureDays(sql, "acquirer", tables, [old]));
  await house.query(
    `insert into refused_message (business_date, at, reason, peer) values ($1, '2001-02-03', 'test', 'x')`,
    [old],
  );
  const gone = await detachDays(pool, "2001-02-04");
  assert.deepEqual(
    gone.toSorted((a, b) => a.localeCompare(b)),
    tables.map((name) => `${name}_20010203`).toSorted((a, b) => a.localeCompare(b)),
  );
  const left = await house.query("select * from refused_message where business_date = $1", [old]);
  assert.equal(left.length, 0);
  const apart = await house.query("select * from refused_message_20010203");
  assert.equal(apart.length, 1, "kept apart, to be archived");
  assert.deepEqual(await detachDays(pool, "2001-02-04"), []);
  await assert.rejects(() => detachDays(pool, "2999-01-01"), /a batch is not settled/);
  await pool.close();
  assert.equal((await terminal.ask(await terminal.sale())).fields["39"], "00");
});
