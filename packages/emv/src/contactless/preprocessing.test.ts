import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_COMBINATIONS } from "./defaults.ts";
import { preprocess } from "./preprocessing.ts";
import type { CombinationConfiguration } from "./configuration.ts";
import { TRANSACTION, readerOf } from "./testing/field.ts";
import { startTap } from "./machine.ts";

function combination(
  aid: string,
  change: Partial<CombinationConfiguration>,
): CombinationConfiguration {
  const found = DEFAULT_COMBINATIONS.find((entry) => entry.aid === aid);
  assert.ok(found);
  return { ...found, ...change };
}

const VISA = "A0000000031010";
const UNIONPAY = "A000000333010101";

function offer(change: Partial<CombinationConfiguration>, amount: string, more = {}, aid = VISA) {
  const row = combination(aid, change);
  return preprocess([row], { ...TRANSACTION, amount, ...more })[0];
}

const LIMITS = { transaction: "100000", cvm: "30000", floor: "5000" };

for (const [amount, ttq, cvm] of [
  ["1", "36004000", false],
  ["5000", "36004000", false],
  ["5001", "36804000", false],
  ["29999", "36804000", false],
  ["30000", "36C04000", true],
  ["99999", "36C04000", true],
] as const) {
  test(`amount ${amount}: qualifiers ${ttq}`, () => {
    const made = offer({ limits: LIMITS }, amount);
    assert.equal(made?.ttq, ttq);
    assert.equal(made?.cvmRequired, cvm);
  });
}

test("from the transaction limit on the combination takes no part", () => {
  assert.ok(offer({ limits: LIMITS }, "99999"));
  assert.equal(offer({ limits: LIMITS }, "100000"), undefined);
});

test("without limits nothing is asked for", () => {
  assert.equal(offer({ limits: {} }, "999999999999")?.ttq, "36004000");
});

test("zero goes online where it is allowed, and nowhere else", () => {
  assert.equal(offer({ limits: {} }, "0")?.ttq, "36804000");
  assert.equal(offer({ limits: {}, zeroAmountAllowed: false }, "0"), undefined);
  assert.equal(offer({ limits: {}, ttq: "3E004000" }, "0"), undefined);
});

test("one unit of the currency asks for the card's status, in the currency's own decimals", () => {
  assert.equal(offer({ limits: {}, statusCheck: true }, "100")?.ttq, "36804000");
  assert.equal(offer({ limits: {}, statusCheck: true }, "101")?.ttq, "36004000");
  assert.equal(offer({ limits: {}, statusCheck: false }, "100")?.ttq, "36004000");
  const yen = { currency: "392", currencyExponent: 0 };
  assert.equal(offer({ limits: {}, statusCheck: true }, "1", yen)?.ttq, "36804000");
});

test("configured dynamic bits do not survive", () => {
  assert.equal(offer({ limits: {}, ttq: "36C04000" }, "100")?.ttq, "36004000");
});

test("a merchant may force the transaction online", () => {
  assert.equal(offer({ limits: {} }, "100", { forceOnline: true })?.ttq, "36804000");
});

for (const [amount, currency, type, waived] of [
  ["100000", "156", "00", true],
  ["100001", "156", "00", false],
  ["100000", "840", "00", false],
  ["100000", "156", "01", false],
] as const) {
  test(`small amount: ${amount} in ${currency}, type ${type}: ${waived ? "waived" : "not waived"}`, () => {
    const made = offer({}, amount, { currency, type }, UNIONPAY);
    assert.equal(made?.waived, waived);
    assert.equal(made?.cvmRequired, !waived);
  });
}

test("without the programme the CVM limit counts", () => {
  const { smallAmount: _, ...row } = combination(UNIONPAY, { limits: { cvm: "10000" } });
  const [below] = preprocess([row], { ...TRANSACTION, amount: "9999" });
  const [at] = preprocess([row], { ...TRANSACTION, amount: "10000" });
  assert.deepEqual([below?.cvmRequired, at?.cvmRequired], [false, true]);
  assert.deepEqual([below?.waived, at?.waived], [false, false]);
});

test("kernel 2 compares by itself: its rows pass with any amount", () => {
  const made = offer({ limits: { transaction: "1" } }, "100000", {}, "A0000000041010");
  assert.deepEqual([made?.ttq, made?.cvmRequired], ["", false]);
});

test("where no combination takes the amount, the chip's contacts may: no card is asked for", () => {
  const reader = readerOf({ combinations: [combination(VISA, { limits: LIMITS })] });
  const { step } = startTap(reader, { ...TRANSACTION, amount: "100000" });
  assert.ok(step.type === "done");
  assert.equal(step.outcome.outcome, "try-another-interface");
  assert.equal(step.outcome.reason, "limit-exceeded");
  assert.deepEqual([step.outcome.ui.message, step.outcome.ui.id], ["insert-or-swipe", "18"]);
});
