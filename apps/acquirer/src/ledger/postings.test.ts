import assert from "node:assert/strict";
import { test } from "node:test";
import { balanced } from "@tillway/ledger";
import fc from "fast-check";
import { feeOf, saleJournal, saleReversalJournal, systemAccounts } from "./postings.ts";

const when = {
  id: "0190a1b2-0000-7000-8000-000000000001",
  businessDate: "2026-11-22",
  occurredAt: 0,
};
const sale = {
  transaction: "0190a1b2-0000-7000-8000-0000000000aa",
  bucket: 7,
  merchant: "898290058120001",
  amount: 2580n,
  fee: feeOf(2580n, 6000n),
};

test("a sale of 25.80 at 0.60 % reads like a ledger", () => {
  const lines = saleJournal(sale, when).legs.map(({ account, amount }) => `${account} ${amount}`);
  assert.deepEqual(lines, [
    "network:receivable -2580",
    "merchant:898290058120001:payable 2565",
    "fee:income 15",
  ]);
});

test("its reversal is the same with the other sign, under a key of its own", () => {
  const journal = saleReversalJournal(sale, when);
  assert.deepEqual(
    journal.legs.map(({ amount }) => amount),
    [2580n, -2565n, -15n],
  );
  assert.notEqual(journal.idempotencyKey, saleJournal(sale, when).idempotencyKey);
});

test("the fee is rounded half up to a whole fen", () => {
  assert.equal(feeOf(2580n, 6000n), 15n, "15.48 fen");
  assert.equal(feeOf(2583n, 6000n), 15n, "15.498 fen");
  assert.equal(feeOf(25n, 20_000n), 1n, "0.5 fen");
  assert.equal(feeOf(1n, 6000n), 0n);
});

test("every sale and its reversal are balanced and leave nothing together", () => {
  const amount = fc.bigInt({ min: 1n, max: 999_999_999_999n });
  fc.assert(
    fc.property(amount, fc.bigInt({ min: 0n, max: 1_000_000n }), (minor, ppm) => {
      const any = { ...sale, amount: minor, fee: feeOf(minor, ppm) };
      const there = saleJournal(any, when);
      const back = saleReversalJournal(any, when);
      assert.ok(balanced(there) && balanced(back));
      const sums = new Map<string, bigint>();
      for (const leg of [...there.legs, ...back.legs]) {
        sums.set(leg.account, (sums.get(leg.account) ?? 0n) + leg.amount);
      }
      assert.ok([...sums.values()].every((sum) => sum === 0n));
    }),
  );
});

test("the house's accounts stand in every bucket once", () => {
  const keys = systemAccounts("CNY").map(({ bucket, code }) => `${bucket} ${code}`);
  assert.equal(new Set(keys).size, 128);
});
