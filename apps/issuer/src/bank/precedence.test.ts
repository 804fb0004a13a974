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
  serviceCode: "120",
  domestic: true,
  partial: true,
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
  original: "none",
  isNew: true,
  spends: true,
  pinAsked: true,
  entry: "chip",
  stripe: "not-sent",
  hasAmount: true,
  receiver: "none",
  periods: undefined,
  policy: { manual: true, fallback: true, noPinAmount: 20_00n },
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
  "unknown-original": { facts: { original: "unknown" } },
  "original-of-another-card": { facts: { original: "other-card" } },
  "original-of-another-type": { facts: { original: "other-type" } },
  "original-spent": { facts: { original: "spent" } },
  lost: { card: { status: "lost" } },
  stolen: { card: { status: "stolen" } },
  restricted: { card: { status: "restricted" } },
  expired: { card: { expiry: "2610" }, facts: { presentedExpiry: "2610" } },
  "other-expiry": { facts: { presentedExpiry: "3101" } },
  "manual-entry": { facts: { entry: "manual", policy: { ...good.policy, manual: false } } },
  "chip-card-by-stripe": {
    facts: { entry: "stripe", stripe: "valid" },
    card: { serviceCode: "220" },
  },
  fallback: { facts: { entry: "fallback", stripe: "valid" } },
  "wrong-stripe": { facts: { entry: "stripe", stripe: "wrong" } },
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
  "other-amount": { facts: { original: "more-than-remains" } },
  "over-hold": { facts: { original: "over-hold" } },
  "unknown-receiver": { facts: { receiver: "unknown" } },
  "receiver-is-sender": { facts: { receiver: "same" } },
  "receiver-currency": { facts: { receiver: "other-currency" } },
  "plan-not-offered": { facts: { periods: 5 } },
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
    if (/original|other-amount|over-hold/.test(name)) return "original";
    if (name.includes("receiver")) return "receiver";
    if (/cryptogram|stripe|fallback|manual/.test(name)) return "entry";
    return name.includes("pin") ? "pin" : name;
  };
  for (const [first, one] of REFUSALS.entries()) {
    for (const other of REFUSALS.slice(first + 1)) {
      if (subject(one.name) === subject(other.name)) continue;
      assert.equal(refusalOf(spoiled(one.name, other.name))?.name, one.name, other.name);
    }
  }
});

test("only what the cardholder asks for anew is refused for the card's own sake", () => {
  const own: readonly RefusalName[] = [
    "lost",
    "stolen",
    "restricted",
    "expired",
    "other-expiry",
    "no-cryptogram",
    "no-pin",
    "over-transaction-limit",
    "over-day-limit",
    "over-day-count",
  ];
  for (const name of own) {
    const facts = { ...spoiled(name), isNew: false, pinAsked: false };
    assert.equal(refusalOf(facts), undefined, name);
  }
});

test("a small amount without contact needs no PIN; by contact, or above it, it does", () => {
  const silent: Facts = { ...good, pin: "not-sent", entry: "contactless" };
  assert.equal(refusalOf({ ...silent, amount: 20_00n }), undefined);
  assert.equal(refusalOf({ ...silent, amount: 20_01n })?.name, "no-pin");
  assert.equal(refusalOf({ ...silent, entry: "chip", amount: 20_00n })?.name, "no-pin");
  assert.equal(refusalOf({ ...silent, entry: "chip", pin: "offline" }), undefined);
});

test("a foreign card falls back to its stripe where the bank allows it, a domestic one never", () => {
  const stripe: Facts = { ...good, entry: "fallback", stripe: "valid", cryptogram: "not-sent" };
  const foreign = { ...goodCard, domestic: false, serviceCode: "201" };
  assert.equal(refusalOf({ ...stripe, card: foreign }), undefined);
  const policy = { ...good.policy, fallback: false };
  assert.equal(refusalOf({ ...stripe, card: foreign, policy })?.name, "fallback");
  assert.equal(refusalOf(stripe)?.name, "fallback");
});

test("what has no amount is not refused for want of one", () => {
  assert.equal(refusalOf({ ...good, amount: undefined, hasAmount: false }), undefined);
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
  return countersAfter(card, facts, 9, refusal, facts.amount ?? 0n);
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
