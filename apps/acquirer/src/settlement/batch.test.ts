import assert from "node:assert/strict";
import { test } from "node:test";
import { transactionNames } from "@tillway/transactions";
import {
  differencesOf,
  nextBatch,
  noTotals,
  readTotals,
  readUpload,
  sameTotals,
  totalsOf,
  withResult,
} from "./batch.ts";

const DE48 = "00000000258000100000000100000200000000001000010000000000000000";

test("DE 48 of a settlement is read as both blocks together, and answered with the result", () => {
  assert.deepEqual(readTotals(DE48), {
    debitAmount: 2680n,
    debitCount: 2,
    creditAmount: 1000n,
    creditCount: 2,
  });
  assert.equal(withResult(DE48, 2).charAt(30), "2");
  assert.equal(withResult(DE48, 2).charAt(61), "2");
  assert.equal(withResult(DE48, 1).length, 62);
  assert.equal(readTotals(DE48.slice(1)), undefined);
  assert.equal(readTotals(DE48.replace("2", "F")), undefined);
});

test("each type counts on its side of the totals, and what the catalogue leaves out on none", () => {
  const counted = transactionNames.map((name) => ({ name, moved: 100n, count: 1 }));
  const totals = totalsOf(counted);
  assert.equal(totals.debitAmount, BigInt(totals.debitCount) * 100n);
  assert.equal(totals.creditAmount, BigInt(totals.creditCount) * 100n);
  assert.equal(totals.debitCount, 7);
  assert.equal(totals.creditCount, 5);
  assert.ok(sameTotals(totalsOf([{ name: "transfer", moved: 5n, count: 1 }]), noTotals));
  assert.ok(!sameTotals(totals, { ...totals, creditCount: 4 }));
});

test("an upload has as many records as it says", () => {
  const record = `00000042${"6200001234567892".padStart(20, "0")}000000002580`;
  assert.deepEqual(readUpload(`02${record}${record.replace("42", "43")}`), [
    { trace: "000042", pan: "6200001234567892", amount: 2580n },
    { trace: "000043", pan: "6200001234567892", amount: 2580n },
  ]);
  assert.equal(readUpload(`02${record}`), undefined);
  assert.equal(readUpload(`01${record}0`), undefined);
});

test("every way in which the two sides can differ is told by its trace number", () => {
  const line = (trace: string, amount = 1n, maskedPan = "620000******7892") => ({
    trace,
    amount,
    maskedPan,
  });
  assert.deepEqual(differencesOf([line("1"), line("2")], [line("2"), line("1")]), []);
  const found = differencesOf(
    [line("1"), line("3", 5n), line("4", 1n, "620000******0000"), line("5")],
    [line("2"), line("3", 6n), line("4"), line("5")],
  );
  assert.deepEqual(
    found.map(({ trace, what }) => `${trace} ${what}`),
    ["1 only-terminal", "2 only-acquirer", "3 amount", "4 card"],
  );
});

test("after batch 999999 comes batch 1", () => {
  assert.equal(nextBatch("000001"), "000002");
  assert.equal(nextBatch("999999"), "000001");
});
