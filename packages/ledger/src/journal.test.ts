import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { balanced, credit, debit, undone, type Journal, type Leg } from "./index.ts";

const journal = (legs: readonly Leg[]): Journal => ({
  id: "019ab000-0000-7000-8000-000000000001",
  bucket: 0,
  idempotencyKey: "k",
  kind: "sale",
  businessDate: "2026-11-23",
  occurredAt: 0,
  legs,
});

test("a sale of 25.80 with a fee of 0.15 balances", () => {
  const sale = [debit("network", 2580n), credit("merchant", 2565n), credit("fees", 15n)];
  assert.ok(balanced(journal(sale)));
  assert.ok(balanced(journal(undone(sale))));
  assert.deepEqual(undone(sale)[0], { account: "network", amount: 2580n });
});

test("one cent too many, no legs, and legs of zero only do not balance", () => {
  assert.ok(!balanced(journal([debit("a", 2580n), credit("b", 2581n)])));
  assert.ok(!balanced(journal([])));
  assert.ok(!balanced(journal([credit("a", 0n), debit("b", 0n)])));
});

test("an amount that the database could not hold does not balance", () => {
  assert.ok(!balanced(journal([debit("a", 2n ** 63n), credit("b", 2n ** 63n)])));
  assert.ok(balanced(journal([debit("a", 2n ** 63n - 1n), credit("b", 2n ** 63n - 1n)])));
});

test("legs and what undoes them sum to zero account by account", () => {
  const legs = fc.array(fc.record({ account: fc.constantFrom("a", "b"), amount: fc.bigInt() }));
  fc.assert(
    fc.property(legs, (some) => {
      const all = [...some, ...undone(some)];
      return ["a", "b"].every(
        (name) =>
          all.reduce((sum, leg) => (leg.account === name ? sum + leg.amount : sum), 0n) === 0n,
      );
    }),
  );
});

test("a side with a sign of its own is refused", () => {
  assert.throws(() => credit("a", -1n), RangeError);
  assert.throws(() => debit("a", -1n), RangeError);
});
