import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { balanced } from "@tillway/ledger";
import { accountsFor, cardholderAccount, fundingJournal } from "./chart.ts";
import { reversalJournal, saleJournal } from "./chart.ts";

const holder = { id: "account-1", bucket: 7, currency: "156", creditLimit: 0n };
const occasion = {
  id: "018f0000-0000-7000-8000-000000000000",
  businessDate: "2026-11-23",
  occurredAt: 0,
};

test("every journal balances, and a reversal is the sale backwards", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 10n ** 12n }), (amount) => {
      const posting = { holder, amount, authorisation: "a", occasion };
      const sale = saleJournal(posting);
      const undo = reversalJournal(posting);
      const funding = fundingJournal(holder, -amount, "k", occasion);
      assert.ok(balanced(sale) && balanced(undo) && balanced(funding));
      const effect = new Map<string, bigint>();
      for (const leg of [...sale.legs, ...undo.legs]) {
        effect.set(leg.account, (effect.get(leg.account) ?? 0n) + leg.amount);
      }
      assert.deepEqual([...effect.values()], [0n, 0n]);
    }),
  );
});

test("a sale is taken from the cardholder and owed to the network", () => {
  const { legs } = saleJournal({ holder, amount: 2580n, authorisation: "a", occasion });
  assert.deepEqual(legs, [
    { account: "cardholder:account-1", amount: -2580n },
    { account: "network:payable:CNY", amount: 2580n },
  ]);
});

test("a deposit account may not go below zero, a credit account as far as its limit", () => {
  const credit = { ...holder, id: "account-2", creditLimit: 500n };
  const opened = accountsFor([holder, credit]);
  const floorOf = (id: string) =>
    opened.find((account) => account.code === cardholderAccount(id))?.floor;
  assert.deepEqual([floorOf("account-1"), floorOf("account-2")], [0n, -500n]);
  assert.ok(opened.filter((account) => account.code === "network:payable:CNY").length === 64);
});
