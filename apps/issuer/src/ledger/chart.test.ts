import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { balanced } from "@tillway/ledger";
import { accountsFor, cardholderAccount, fundingJournal } from "./chart.ts";
import { movement, transferArrival } from "./chart.ts";

const holder = { id: "account-1", bucket: 7, currency: "156", creditLimit: 0n };
const occasion = {
  id: "018f0000-0000-7000-8000-000000000000",
  businessDate: "2026-11-23",
  occurredAt: 0,
};
const posting = { ...occasion, holder, authorisation: "a", kind: "sale", what: "move" } as const;

test("every journal balances, whichever way the money goes", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 10n ** 12n }), fc.boolean(), (amount, back) => {
      const moved = back ? -amount : amount;
      const half = moved / 2n;
      for (const overdraft of [0n, half, moved]) {
        for (const counter of ["network", "transfer"] as const) {
          assert.ok(balanced(movement({ ...posting, moved, overdraft, counter })));
        }
      }
      assert.ok(balanced(transferArrival({ ...posting, amount })));
      assert.ok(balanced(fundingJournal(holder, -amount, "k", occasion)));
    }),
  );
});

test("a sale is taken from the cardholder and owed to the network", () => {
  const { legs } = movement({ ...posting, moved: 2580n, overdraft: 0n, counter: "network" });
  assert.deepEqual(
    legs.filter(({ amount }) => amount !== 0n),
    [
      { account: "cardholder:account-1", amount: -2580n },
      { account: "network:payable:CNY", amount: 2580n },
    ],
  );
});

test("what the account does not have is owed as an overdraft", () => {
  const { legs } = movement({ ...posting, moved: 2580n, overdraft: 580n, counter: "network" });
  assert.deepEqual(legs, [
    { account: "cardholder:account-1", amount: -2000n },
    { account: "overdraft:CNY", amount: -580n },
    { account: "network:payable:CNY", amount: 2580n },
  ]);
});

test("a transfer leaves one account for the other, through what is under way", () => {
  const left = movement({ ...posting, moved: 2580n, overdraft: 0n, counter: "transfer" });
  const reached = transferArrival({ ...posting, holder: { ...holder, id: "two" }, amount: 2580n });
  const underWay = [...left.legs, ...reached.legs].filter(({ account }) =>
    account.startsWith("transfer:"),
  );
  assert.deepEqual(
    underWay.map(({ amount }) => amount),
    [2580n, -2580n],
  );
  assert.notEqual(left.idempotencyKey, reached.idempotencyKey);
});

test("a deposit account may not go below zero, a credit account as far as its limit", () => {
  const credit = { ...holder, id: "account-2", creditLimit: 500n };
  const opened = accountsFor([holder, credit]);
  const floorOf = (id: string) =>
    opened.find((account) => account.code === cardholderAccount(id))?.floor;
  assert.deepEqual([floorOf("account-1"), floorOf("account-2")], [0n, -500n]);
  assert.ok(opened.filter((account) => account.code === "network:payable:CNY").length === 64);
});
