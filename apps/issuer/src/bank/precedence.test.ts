import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { countersAfter, countersAfterReversal } from "./counters.ts";
import { REFUSALS, refusalOf } from "./precedence.ts";
import type { CardFacts } from "../cards/index.ts";
import type { Facts, RefusalName } from "./precedence.ts";

const goodCard: CardFacts = {
  status: "active",
  expiry: "3012",
  currency: "156",
  pinRequired: true,
  pinTries: 0,
  pinLimit: 3,
  lastAtc: 4,
  wrongCryptograms: 0,
  transactionLimit: 1_000_00n,
  dayLimit: 2_000_00n,
  dayCountLimit: 10,
  dayDate: "2026-11-23",
  daySpent: 500_00n,
  dayCount: 2,
};

const good: Facts = {
  formatProblem: undefined,
  supported: true,
  otherContent: false,
  reversedBefore: false,
  card: goodCard,
  presentedExpiry: "3012",
  thisMonth: "2611",
  businessDate: "2026-11-23",
  cryptogram: "valid",
  pin: "valid",
  currency: "156",
  amount: 25_80n,
  shortOfFunds: false,
};

type Spoil = { readonly facts?: Partial<Facts>; readonly card?: Partial<CardFacts> };

/** For each refusal, what makes it apply; what only an earlier one can share is left out. */
const spoils: Record<RefusalName, Spoil> = {
  format: { facts: { formatProblem: "field 4 is missing" } },
  "not-supported": { facts: { supported: false } },
  "other-content": { facts: { otherContent: true } },
  "reversed-before": { facts: { reversedBefore: true } },
  "unknown-card": { facts: { card: undefined } },
  lost: { card: { status: "lost" } },
  stolen: { card: { status: "stolen" } },
  restricted: { card: { status: "restricted" } },
  expired: { card: { expiry: "2610" }, facts: { presentedExpiry: "2610" } },
  "other-expiry": { facts: { presentedExpiry: "3101" } },
  "no-cryptogram": { facts: { cryptogram: "not-sent" } },
  "wrong-cryptogram": { facts: { cryptogram: "wrong" } },
  "cryptogram-of-another": { facts: { cryptogram: "other-transaction" } },
  "replayed-cryptogram": { facts: { cryptogram: "replayed" } },
  "pin-blocked": { card: { pinTries: 3 } },
  "no-pin": { facts: { pin: "not-sent" } },
  "unreadable-pin": { facts: { pin: "unreadable" } },
  "wrong-pin-last-try": { card: { pinTries: 2 }, facts: { pin: "wrong" } },
  "wrong-pin": { facts: { pin: "wrong" } },
  "other-currency": { card: { currency: "840" } },
  "bad-amount": { facts: { amount: 0n } },
  "over-transaction-limit": { card: { transactionLimit: 1n } },
  "over-day-limit": { card: { dayLimit: 1n } },
  "over-day-count": { card: { dayCountLimit: 2 } },
  "insufficient-funds": { facts: { shortOfFunds: true } },
};

function spoiled(...names: readonly RefusalName[]): Facts {
  // Later ones first, so that the earlier of two that touch the same fact wins it.
  return names.toReversed().reduce<Facts>((facts, name) => {
    const spoil = spoils[name];
    const card = facts.card && { ...facts.card, ...spoil.card };
    return { ...facts, card, ...spoil.facts };
  }, good);
}

test("a request with nothing wrong is approved", () => {
  assert.equal(refusalOf(good), undefined);
});

for (const refusal of REFUSALS) {
  test(`${refusal.name} alone is answered ${refusal.code}`, () => {
    assert.equal(refusalOf(spoiled(refusal.name))?.name, refusal.name);
  });
}

test("of two things that are wrong the earlier in the list is answered", () => {
  // Pairs that say something about the same fact cannot both be true at once.
  const subject = (name: RefusalName): string => {
    if (["lost", "stolen", "restricted"].includes(name)) return "status";
    if (["expired", "other-expiry"].includes(name)) return "expiry";
    if (name.includes("cryptogram")) return "cryptogram";
    return name.includes("pin") ? "pin" : name;
  };
  for (const [first, one] of REFUSALS.entries()) {
    for (const other of REFUSALS.slice(first + 1)) {
      if (subject(one.name) === subject(other.name)) continue;
      assert.equal(refusalOf(spoiled(one.name, other.name))?.name, one.name, other.name);
    }
  }
});

test("no amount, however odd, is approved unless it is within the limits", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -10n, max: 3_000_00n }), (amount) => {
      const approved = refusalOf({ ...good, amount }) === undefined;
      assert.equal(approved, amount > 0n && amount <= 1_000_00n);
    }),
  );
});

function after(name: RefusalName | undefined, facts: Facts, card: CardFacts = goodCard) {
  const refusal = REFUSALS.find((one) => one.name === name);
  return countersAfter(card, facts, 9, refusal);
}

test("a wrong PIN counts, a right one clears, an unread one does neither", () => {
  const tried = { ...goodCard, pinTries: 1 };
  assert.equal(after("wrong-pin", { ...good, pin: "wrong" }, tried).pinTries, 2);
  assert.equal(after(undefined, good, tried).pinTries, 0);
  assert.equal(after("insufficient-funds", good, tried).pinTries, 0);
  assert.equal(after("lost", good, tried).pinTries, 1);
  assert.equal(after(undefined, { ...good, pin: "not-sent" }, tried).pinTries, 1);
});

test("the card's counter is spent by a valid cryptogram whatever the answer", () => {
  assert.equal(after("wrong-pin", { ...good, pin: "wrong" }).lastAtc, 9);
  assert.equal(after("wrong-cryptogram", { ...good, cryptogram: "wrong" }).lastAtc, 4);
  assert.equal(after("wrong-cryptogram", { ...good, cryptogram: "wrong" }).wrongCryptograms, 1);
  assert.equal(after("replayed-cryptogram", { ...good, cryptogram: "replayed" }).lastAtc, 4);
});

test("only an approval spends the day's limits, and a new day starts at nothing", () => {
  assert.equal(after("wrong-pin", { ...good, pin: "wrong" }).daySpent, 500_00n);
  assert.equal(after(undefined, good).daySpent, 525_80n);
  const next = after(undefined, { ...good, businessDate: "2026-11-24" });
  assert.deepEqual([next.dayDate, next.daySpent, next.dayCount], ["2026-11-24", 25_80n, 1]);
});

test("a reversal gives the day's spending back, unless the day is over", () => {
  assert.equal(countersAfterReversal(goodCard, "2026-11-23", 100_00n).daySpent, 400_00n);
  assert.equal(countersAfterReversal(goodCard, "2026-11-22", 100_00n).daySpent, 500_00n);
});
