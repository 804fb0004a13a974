/** A batch costs as many statements as a single step of each kind, however many steps it has. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Rows, Sql } from "@tillway/database";
import {
  migrateSchema,
  openDayKeeper,
  openPool,
  type Database,
} from "../../apps/acquirer/src/db/index.ts";
import { merchantAccounts, open, systemAccounts } from "../../apps/acquirer/src/ledger/index.ts";
import { openPostgresStore } from "../../apps/acquirer/src/payments/index.ts";
import type { OpenStep, Step } from "../../apps/acquirer/src/payments/step.ts";
import { writeSteps } from "../../apps/acquirer/src/payments/store/write.ts";
import { startTestDatabase, type TestDatabase } from "../../apps/database/src/testing.ts";
import { closingOf, opening, suiteMerchant } from "./payment-store-suite.ts";

let server: TestDatabase;
let database: Database;

before(async () => {
  server = await startTestDatabase();
  database = openPool(server.url, () => undefined);
  await migrateSchema(database, 0);
  await openDayKeeper(database).ensure("2026-11-26");
  await database.use((sql) =>
    open(sql, [...systemAccounts("CNY"), ...merchantAccounts(suiteMerchant)]),
  );
});
after(async () => {
  await database?.close();
  await server?.stop();
});

async function statements(steps: readonly Step[]): Promise<number> {
  let count = 0;
  await database.transaction(async (sql) => {
    count = 0;
    const counting: Sql = {
      query: (text: string, values?: unknown[]): Promise<Rows> => {
        count += 1;
        return sql.query(text, values);
      },
    };
    return writeSteps(counting, steps);
  });
  return count;
}

const many = (count: number, make: () => OpenStep): OpenStep[] =>
  Array.from({ length: count }, make);
const placeOf = ({ bucket, transaction, businessDate }: OpenStep) => ({
  bucket,
  transaction,
  businessDate,
});

test("opening is two statements, whether one payment or forty; closing no more than one does", async () => {
  const forty = many(40, () => opening());
  assert.equal(await statements([opening()]), 2);
  assert.equal(await statements(forty), 2);
  const one = opening();
  await statements([one]);
  const single = await statements([closingOf(one, "00")]);
  assert.equal(await statements(forty.map((step) => closingOf(step, "00"))), single);
});

test("follow-ups, limits, acknowledgements and notes are set-based as well", async () => {
  const sales = many(20, () => opening());
  await statements(sales);
  await statements(sales.map((step) => closingOf(step, "00")));
  const draw = { subject: "any/any/card/day/token", period: "2026-11-26", amount: 1n };
  const refund = (sale: OpenStep): OpenStep =>
    opening({ name: "refund", follows: placeOf(sale), draws: [] });
  const [first, ...rest] = sales;
  assert.ok(first);
  const single = await statements([refund(first)]);
  assert.equal(await statements(rest.map(refund)), single);
  const limited = (): OpenStep =>
    opening({ draws: [{ ...draw, mostAmount: 1000n, mostCount: null }] });
  assert.equal(await statements(many(20, limited)), await statements([limited()]));
  const note = (sale: OpenStep): Step => ({
    do: "note",
    type: "late-answer",
    key: null,
    ...placeOf(sale),
    responseCode: "00",
    reason: "late",
    at: 0,
    messages: [],
    advice: null,
  });
  assert.equal(await statements(sales.map(note)), await statements([note(first)]));
});

test("two nodes on one database refund at one time, and never more than was paid", async () => {
  const node = () =>
    openPostgresStore({
      database,
      days: openDayKeeper(database),
      lanes: 2,
      batchMost: 256,
      onLost: () => undefined,
      knownMs: 1000,
      now: () => 0,
    });
  const [left, right] = [node(), node()];
  const sale = opening({ amount: 1000n });
  await left.open(sale);
  await right.close(closingOf(sale, "00"));
  const follows = placeOf(sale);
  const refunds = many(12, () => opening({ name: "refund", amount: 300n, follows }));
  const results = await Promise.all(
    refunds.map((step, at) => (at % 2 === 0 ? left : right).open(step)),
  );
  const codes = results.map((one) => (one.kind === "decided" ? one.reply["39"] : one.kind));
  assert.equal(codes.filter((code) => code === "00").length, 3);
  const found = await left.original({ ...sale.key, rrn: sale.rrn, dates: ["2026-11-26"] });
  assert.equal(found?.standing.marks.refunded, 900n);
  await Promise.all([left.end(), right.end()]);
});
