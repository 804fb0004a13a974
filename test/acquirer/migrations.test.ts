/** A data folder of the first landed version is brought up to date, and its payments live on. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { migrate, SIDES } from "@tillway/database";
import { migrations } from "../../apps/acquirer/src/db/schema.ts";
import {
  migrateSchema,
  openDayKeeper,
  openPool,
  type Database,
} from "../../apps/acquirer/src/db/index.ts";
import { merchantAccounts, open, systemAccounts } from "../../apps/acquirer/src/ledger/index.ts";
import { openPostgresStore, type Store } from "../../apps/acquirer/src/payments/index.ts";
import { startTestDatabase, type TestDatabase } from "../../apps/database/src/testing.ts";
import { opening, suiteMerchant } from "./payment-store-suite.ts";

let server: TestDatabase;
let database: Database;
let store: Store;
const ID = "01940000-0000-7000-8000-000000000001";
const DAY = "2026-11-26";
const { bucket, mid } = suiteMerchant;

before(async () => {
  server = await startTestDatabase();
  database = openPool(server.url, () => undefined);
});
after(async () => {
  await store?.end();
  await database?.close();
  await server?.stop();
});

test("each migration has its number in its name, and the landed three keep theirs", () => {
  const all = migrations();
  assert.deepEqual(
    all.map(({ number }) => number),
    all.map((_, at) => at + 1),
  );
  assert.deepEqual(
    all.slice(0, 3).map(({ name }) => name),
    ["001-registry", "002-payments", "ledger"],
  );
});

test("the landed schema with a payment in it becomes the present one", async () => {
  const landed = migrations().slice(0, 3);
  const { schema, role } = SIDES.acquirer;
  await database.use((sql) => migrate(sql, { schema, role, migrations: landed, now: 0 }));
  await openDayKeeper(database).ensure(DAY);
  await database.use(async (sql) => {
    await open(sql, [...systemAccounts("CNY"), ...merchantAccounts(suiteMerchant)]);
    await sql.query(
      `insert into merchant values ($1, $2, 'A', 'B', '5812', 'CNY', 6000, 'active', '2026-11-26')`,
      [mid, bucket],
    );
    await sql.query(
      `insert into transaction (bucket, id, business_date, kind, merchant, terminal, batch, stan, rrn,
         amount, currency, fee, entry_mode, masked_pan, pan_token, pan_cipher, network_key, occurred_at)
       values ($1, $2, $3, 'sale', $4, '10000001', '000001', '000042', '633000000042', 2580, 'CNY', 15,
         '051', '620000******7892', 'token', 'cipher', $5, '2026-11-26')`,
      [bucket, ID, DAY, mid, "11260400000000420004802100000048021000"],
    );
    for (const [type, state, auth] of [
      ["sale", "in-flight", null],
      ["approved", "approved", "A12345"],
    ]) {
      await sql.query(
        `insert into transaction_event (bucket, transaction, business_date, type, state,
           authorisation_code, at) values ($1, $2, $3, $4, $5, $6, '2026-11-26')`,
        [bucket, ID, DAY, type, state, auth],
      );
    }
  });
  assert.ok((await migrateSchema(database, 0)) >= 3);
  assert.equal(await migrateSchema(database, 0), 0);
  const days = openDayKeeper(database);
  const times = { knownMs: 1000, now: () => 0 };
  const writing = { lanes: 1, batchMost: 256, onLost: () => undefined };
  store = openPostgresStore({ database, days, ...writing, ...times });
  const query = { bucket, merchant: mid, rrn: "633000000042", dates: [DAY], terminal: "" };
  const found = await store.original({ ...query, batch: "", stan: "" });
  assert.equal(found?.standing.state, "approved");
  assert.equal(found.feePpm, 6000n);
  const follows = { bucket, transaction: ID, businessDate: DAY };
  const result = await store.open(opening({ name: "refund", amount: 2580n, follows }));
  assert.ok(result.kind === "decided");
  assert.equal(result.reply["39"], "00", "and it can be refunded");
});
