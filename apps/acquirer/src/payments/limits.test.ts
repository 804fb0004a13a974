import assert from "node:assert/strict";
import { test } from "node:test";
import {
  drawsOf,
  limitRefusal,
  limitsFor,
  overSingle,
  type Limit,
  type LimitedRequest,
} from "./limits.ts";

const limit = (change: Partial<Limit>): Limit => ({
  level: "institution",
  owner: "",
  type: null,
  entry: "any",
  subject: "card",
  span: "transaction",
  amount: 100_000n,
  count: null,
  validFrom: "2020-01-01",
  ...change,
});
const request: LimitedRequest = {
  name: "sale",
  merchant: "898290058120001",
  terminal: "10000001",
  panToken: "token",
  entryMode: "072",
  verifiedOnDevice: false,
  amount: 100_001n,
  businessDate: "2026-11-26",
};

test("of one kind the nearest level holds: terminal before merchant before institution", () => {
  const all = [
    limit({ amount: 1n }),
    limit({ level: "merchant", owner: request.merchant, amount: 2n }),
    limit({ level: "terminal", owner: request.terminal, amount: 3n }),
    limit({ level: "terminal", owner: "10000002", amount: 4n }),
  ];
  assert.deepEqual(
    limitsFor(all, request).map(({ amount }) => amount),
    [3n],
  );
  assert.deepEqual(
    limitsFor(all, { ...request, terminal: "10000009" }).map(({ amount }) => amount),
    [2n],
  );
});

test("rules change on a day: the newest that has begun holds", () => {
  const all = [
    limit({ amount: 30_000n, validFrom: "2015-01-01" }),
    limit({ amount: 100_000n, validFrom: "2018-06-01" }),
    limit({ amount: 5n, validFrom: "2030-01-01" }),
  ];
  assert.ok(overSingle(all, request));
  assert.ok(!overSingle(all, { ...request, amount: 100_000n }));
  assert.ok(overSingle(all, { ...request, amount: 30_001n, businessDate: "2018-05-31" }));
});

test("without a PIN 1,000.00 is the most of a contactless card; with one, or a chip, it is not", () => {
  const all = [limit({ entry: "no-pin" })];
  assert.ok(overSingle(all, request));
  assert.ok(!overSingle(all, { ...request, entryMode: "071" }));
  assert.ok(!overSingle(all, { ...request, entryMode: "052" }));
});

test("what follows an original, and what gives money, is not limited", () => {
  const all = [limit({ amount: 1n })];
  for (const name of ["refund", "completion", "balance inquiry", "tip adjustment"] as const) {
    assert.deepEqual(limitsFor(all, { ...request, name }), [], name);
  }
  assert.equal(limitsFor(all, { ...request, name: "withdrawal" }).length, 1);
});

test("a draw counts against its day or its month, for the merchant, the terminal or the card", () => {
  const all = [
    limit({ span: "day", amount: 500_000n }),
    limit({ span: "month", subject: "merchant", amount: null, count: 3 }),
  ];
  const draws = drawsOf(all, request);
  assert.deepEqual(
    draws.map(({ subject, period }) => `${subject} ${period}`),
    ["any/any/card/day/token 2026-11-26", "any/any/merchant/month/898290058120001 2026-11"],
  );
  const used = (amount: bigint, count: number) => () => ({ amount, count });
  assert.equal(limitRefusal(draws, used(399_999n, 2)), undefined);
  assert.equal(limitRefusal(draws, used(400_000n, 2)), "over-limit");
  assert.equal(limitRefusal(draws, used(0n, 3)), "over-count");
  assert.equal(limitRefusal(draws, used(400_000n, 3)), "over-limit", "the amount comes first");
});
