import assert from "node:assert/strict";
import { test } from "node:test";
import { balanced } from "@tillway/ledger";
import { catalogue, transactionNames } from "@tillway/transactions";
import fc from "fast-check";
import { feeOf, journalFor, movedBy, receivableSign, systemAccounts } from "./postings.ts";
import { undoJournalFor, type Booked } from "./postings.ts";

const when = {
  id: "0190a1b2-0000-7000-8000-000000000001",
  businessDate: "2026-11-22",
  occurredAt: 0,
};
const booked = (name: Booked["name"], amount: bigint, fee: bigint): Booked => ({
  transaction: "0190a1b2-0000-7000-8000-0000000000aa",
  bucket: 7,
  merchant: "898290058120001",
  name,
  amount,
  fee,
});
const lines = (name: Booked["name"], amount: bigint, fee: bigint): string[] | undefined =>
  journalFor(booked(name, amount, fee), when)?.legs.map((leg) => `${leg.account} ${leg.amount}`);

test("a sale of 25.80 at 0.60 % reads like a ledger, and its void like its mirror", () => {
  assert.deepEqual(lines("sale", 2580n, 15n), [
    "network:receivable -2580",
    "merchant:898290058120001:payable 2565",
    "fee:income 15",
  ]);
  assert.deepEqual(lines("sale void", 2580n, 15n), [
    "network:receivable 2580",
    "merchant:898290058120001:payable -2565",
    "fee:income -15",
  ]);
});

test("cash goes through the books without a fee: out is owed to the merchant, in by him", () => {
  assert.deepEqual(lines("withdrawal", 10_000n, 0n)?.slice(0, 2), [
    "network:receivable -10000",
    "merchant:898290058120001:payable 10000",
  ]);
  assert.deepEqual(lines("deposit confirmation", 10_000n, 0n)?.slice(0, 2), [
    "network:receivable 10000",
    "merchant:898290058120001:payable -10000",
  ]);
});

test("each type posts by the catalogue: balanced, with its own sign, and undone without a rest", () => {
  for (const name of transactionNames) {
    const journal = journalFor(booked(name, 2580n, 15n), when);
    const undo = undoJournalFor(booked(name, 2580n, 15n), when);
    assert.equal(journal === null, catalogue[name].posting === "none", name);
    if (!journal || !undo) continue;
    assert.ok(balanced(journal) && balanced(undo));
    assert.notEqual(journal.idempotencyKey, undo.idempotencyKey);
    const receivable = journal.legs.find(({ account }) => account === "network:receivable");
    assert.equal(-(receivable?.amount ?? 0n), receivableSign(name) * 2580n, name);
    const both = [...journal.legs, ...undo.legs];
    for (const { account } of journal.legs) {
      const own = both.filter((leg) => leg.account === account);
      assert.equal(
        own.reduce((sum, leg) => sum + leg.amount, 0n),
        0n,
      );
    }
  }
});

test("many refunds of one sale give back its fee exactly, whatever their amounts", () => {
  const parts = fc.array(fc.bigInt({ min: 1n, max: 99_999n }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(parts, fc.bigInt({ min: 0n, max: 1_000_000n }), (amounts, feePpm) => {
      const whole = amounts.reduce((sum, amount) => sum + amount, 0n);
      let left = whole;
      let back = 0n;
      for (const amount of amounts) {
        back += movedBy("refund", { amount, tip: 0n, feePpm }, left).fee;
        left -= amount;
      }
      assert.equal(back, feeOf(whole, feePpm));
    }),
  );
});

test("a sale, its tip and the void of both leave nothing", () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 1n, max: 999_999_999n }),
      fc.bigInt({ min: 1n, max: 99_999n }),
      fc.bigInt({ min: 0n, max: 1_000_000n }),
      (amount, tip, feePpm) => {
        const sale = movedBy("sale", { amount, tip: 0n, feePpm }, amount);
        const adjusted = { amount: amount + tip, tip, feePpm };
        const more = movedBy("tip adjustment", adjusted, amount);
        const back = movedBy("sale void", { amount: amount + tip, tip: 0n, feePpm }, amount + tip);
        assert.equal(sale.amount + more.amount, back.amount);
        assert.equal(sale.fee + more.fee, back.fee);
      },
    ),
  );
});

test("the fee is rounded half up to a whole fen", () => {
  assert.equal(feeOf(2580n, 6000n), 15n, "15.48 fen");
  assert.equal(feeOf(2583n, 6000n), 15n, "15.498 fen");
  assert.equal(feeOf(25n, 20_000n), 1n, "0.5 fen");
  assert.equal(feeOf(1n, 6000n), 0n);
});

test("the house's accounts stand in every bucket once", () => {
  const keys = systemAccounts("CNY").map(({ bucket, code }) => `${bucket} ${code}`);
  assert.equal(new Set(keys).size, 128);
});
