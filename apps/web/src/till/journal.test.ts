import assert from "node:assert/strict";
import { test } from "node:test";
import { found, type Search } from "./journal.ts";
import type { Entry } from "./terminal.ts";

const day = 86_400_000;
const entry = (id: string, more: Partial<Entry>): Entry => ({
  id,
  batch: "000002",
  stan: `00000${id}`,
  type: "sale",
  text: { en: "Sale", zh: "消费" },
  state: "approved",
  amount: "2580",
  currency: "CNY",
  maskedPan: "",
  at: 10 * day,
  rrn: `26000000000${id}`,
  originalRrn: null,
  authorizationCode: null,
  responseCode: "00",
  following: [],
  ...more,
});

const entries = [
  entry("3", { amount: "100", following: [{ type: "refund", most: "100" }] }),
  entry("2", { batch: "000001" }),
  entry("1", { batch: "000001", at: 9 * day }),
];
const now = { batch: "000002", at: 10 * day + 5, day: (at: number) => `${at - (at % day)}` };
const ids = (search: Partial<Search>) =>
  found(entries, { period: "all", words: "", wanted: [], ...search }, now).map(({ id }) => id);

test("the journal is seen by batch, by day or whole", () => {
  assert.deepEqual(ids({ period: "batch" }), ["3"]);
  assert.deepEqual(ids({ period: "today" }), ["3", "2"]);
  assert.deepEqual(ids({}), ["3", "2", "1"]);
});

test("it is searched by reference, trace number and amount", () => {
  assert.deepEqual(ids({ words: " 0000002" }), ["2"]);
  assert.deepEqual(ids({ words: "260000000001" }), ["1"]);
  assert.deepEqual(ids({ words: "25.80" }), ["2", "1"]);
  assert.deepEqual(ids({ words: "25" }), ["2", "1"]);
  assert.deepEqual(ids({ words: "99" }), []);
});

test("for a type to follow, only what it may follow is seen", () => {
  assert.deepEqual(ids({ wanted: ["refund"] }), ["3"]);
  assert.deepEqual(ids({ wanted: ["sale void"] }), []);
});
