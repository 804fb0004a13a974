import assert from "node:assert/strict";
import { test } from "node:test";
import { catalogue, transactionNames, type TransactionName } from "@tillway/transactions";
import fc from "fast-check";
import {
  followRefusal,
  followRefusals,
  free,
  isFollowed,
  remaining,
  take,
  takes,
  unmarked,
  type Asked,
  type Marks,
  type Original,
} from "./follow.ts";

const rules = { refundDays: 180, holdDays: 30, completionPercent: 115 };
const sale: Original = {
  name: "sale",
  state: "approved",
  merchant: "898290058120001",
  terminal: "10000001",
  batch: "000001",
  panToken: "token",
  authorisationCode: "A12345",
  amount: 1000n,
  businessDate: "2026-11-26",
};
const ask = (name: TransactionName, change: Partial<Asked> = {}): Asked => ({
  name,
  merchant: sale.merchant,
  terminal: sale.terminal,
  batch: sale.batch,
  panToken: "token",
  authorisationCode: "A12345",
  amount: 1000n,
  tip: 0n,
  businessDate: "2026-11-26",
  ...change,
});
const held: Original = { ...sale, name: "pre-authorisation" };

test("each reason against a follow-up, in the order in which they are looked at", () => {
  const refused: Partial<Record<(typeof followRefusals)[number], unknown>> = {};
  const say = (asked: Asked, original: Original | undefined, marks: Marks = unmarked): void => {
    const reason = followRefusal(asked, original, marks, rules);
    if (reason) refused[reason] = true;
  };
  say(ask("refund"), undefined);
  say(ask("refund", { panToken: "another" }), sale);
  say(ask("refund"), held);
  say(ask("refund"), { ...sale, state: "reversed" });
  say(ask("sale void"), sale, { ...unmarked, refunded: 1n });
  say(ask("sale void", { batch: "000002" }), sale);
  say(ask("refund", { businessDate: "2027-05-26" }), sale);
  say(ask("completion", { amount: 1151n }), held);
  say(ask("sale void", { amount: 999n }), sale);
  say(ask("refund", { amount: 1001n }), sale);
  assert.deepEqual(Object.keys(refused), [...followRefusals]);
});

test("another merchant's original is unknown, and a card that was not shown is not compared", () => {
  const stranger = { ...sale, merchant: "898290058120002" };
  assert.equal(followRefusal(ask("refund"), stranger, unmarked, rules), "unknown-original");
  assert.equal(followRefusal(ask("refund", { panToken: null }), sale, unmarked, rules), undefined);
});

test("a void needs its terminal's open batch; a refund comes from any terminal, for 180 days", () => {
  const elsewhere = { terminal: "10000002", batch: "000009" };
  assert.equal(followRefusal(ask("sale void", elsewhere), sale, unmarked, rules), "batch-closed");
  const late = { ...elsewhere, businessDate: "2027-05-25" };
  assert.equal(followRefusal(ask("refund", late), sale, unmarked, rules), undefined);
});

test("a hold is completed up to 115 %, once; a completion of 15 % more is the last that fits", () => {
  assert.equal(
    followRefusal(ask("completion", { amount: 1150n }), held, unmarked, rules),
    undefined,
  );
  const taken = take(unmarked, "one", takes(ask("completion")));
  for (const name of ["completion", "completion advice", "pre-authorisation void"] as const) {
    assert.equal(followRefusal(ask(name), held, taken, rules), "original-taken", name);
  }
});

test("a tip is added once, and the void of a tipped sale is of both amounts", () => {
  const tip = ask("tip adjustment", { amount: 1100n, tip: 100n });
  assert.equal(followRefusal(tip, sale, unmarked, rules), undefined);
  assert.equal(followRefusal({ ...tip, amount: 1101n }, sale, unmarked, rules), "not-its-amount");
  const tipped = take(unmarked, "tip", takes(tip));
  assert.equal(followRefusal(tip, sale, tipped, rules), "original-taken");
  assert.equal(followRefusal(ask("sale void"), sale, tipped, rules), "not-its-amount");
  assert.equal(followRefusal(ask("sale void", { amount: 1100n }), sale, tipped, rules), undefined);
  assert.equal(remaining(sale.amount, tipped), 1100n);
});

test("whatever comes in whatever order, never more is refunded than was paid", () => {
  const step = fc.record({
    name: fc.constantFrom<TransactionName>("refund", "sale void", "tip adjustment"),
    amount: fc.bigInt({ min: 1n, max: 1200n }),
    tip: fc.bigInt({ min: 0n, max: 200n }),
    undone: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (story) => {
      let marks = unmarked;
      for (const [at, { name, amount, tip, undone }] of story.entries()) {
        const asked = ask(name, { amount, tip: name === "tip adjustment" ? tip : 0n });
        if (followRefusal(asked, sale, marks, rules)) continue;
        const before = marks;
        marks = take(marks, `${at}`, takes(asked));
        if (undone) {
          marks = free(marks, `${at}`, takes(asked));
          assert.deepEqual(marks, before, "what is given back leaves no trace");
        }
        assert.ok(marks.refunded <= sale.amount + marks.tip);
        assert.ok(marks.heldBy === null || marks.refunded === 0n, "voided and refunded");
        assert.ok(remaining(sale.amount, marks) >= 0n);
      }
    }),
  );
});

test("what follows a type takes something of it, so that it is not reversed behind its back", () => {
  for (const name of transactionNames) {
    if (catalogue[name].follows.length === 0) continue;
    const taken = take(unmarked, "by", takes(ask(name, { tip: 1n })));
    assert.ok(isFollowed(taken), name);
  }
});
