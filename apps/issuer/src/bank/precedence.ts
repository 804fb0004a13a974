/**
 * The bank's refusals in one list: the first that applies is the answer. The order is part of the
 * protocol: a card that is reported lost is never told that its PIN was wrong.
 */

import type { CardFacts } from "../cards/index.ts";

/** What the cryptogram of the card turned out to be. */
export type CryptogramFinding =
  | "valid"
  | "not-sent"
  | "wrong"
  /** It was made over another amount, currency or card sequence number than the message says. */
  | "other-transaction"
  /** Its counter is not above the last one seen of this card. */
  | "replayed";

export type PinFinding = "valid" | "not-sent" | "wrong" | "unreadable";

/** All that is known about a request when it is decided. */
export type Facts = {
  /** What is wrong with the message itself, in words without data. */
  readonly formatProblem: string | undefined;
  readonly supported: boolean;
  readonly otherContent: boolean;
  readonly reversedBefore: boolean;
  /** Undefined for a card number that this bank did not issue. */
  readonly card: CardFacts | undefined;
  readonly presentedExpiry: string | undefined;
  /** The month of today in the bank's zone, YYMM. */
  readonly thisMonth: string;
  readonly businessDate: string;
  readonly cryptogram: CryptogramFinding;
  readonly pin: PinFinding;
  readonly currency: string;
  /** Minor units; undefined where the message has none that can be read. */
  readonly amount: bigint | undefined;
  /** Set after the ledger was asked: the account would go below its floor. */
  readonly shortOfFunds: boolean;
};

/** A refusal: its name for records, its response code (DE 39), when it applies. */
type Rule = {
  readonly name: string;
  readonly code: string;
  readonly applies: (facts: Facts) => boolean;
};

function ofCard(applies: (card: CardFacts, facts: Facts) => boolean): Rule["applies"] {
  return (facts) => facts.card !== undefined && applies(facts.card, facts);
}

const blocked = (card: CardFacts): boolean => card.pinTries >= card.pinLimit;
const lastTry = (card: CardFacts): boolean => card.pinTries + 1 >= card.pinLimit;

/** Response codes: spec of the POS protocol §2.8. The order is the precedence. */
export const REFUSALS = [
  { name: "format", code: "30", applies: (f) => f.formatProblem !== undefined },
  { name: "not-supported", code: "40", applies: (f) => !f.supported },
  { name: "other-content", code: "94", applies: (f) => f.otherContent },
  { name: "reversed-before", code: "22", applies: (f) => f.reversedBefore },
  { name: "unknown-card", code: "14", applies: (f) => f.card === undefined },
  { name: "lost", code: "41", applies: ofCard((card) => card.status === "lost") },
  { name: "stolen", code: "43", applies: ofCard((card) => card.status === "stolen") },
  { name: "restricted", code: "62", applies: ofCard((card) => card.status === "restricted") },
  { name: "expired", code: "54", applies: ofCard((card, f) => card.expiry < f.thisMonth) },
  {
    name: "other-expiry",
    code: "54",
    applies: ofCard((c, f) => f.presentedExpiry !== undefined && f.presentedExpiry !== c.expiry),
  },
  { name: "no-cryptogram", code: "05", applies: (f) => f.cryptogram === "not-sent" },
  { name: "wrong-cryptogram", code: "05", applies: (f) => f.cryptogram === "wrong" },
  {
    name: "cryptogram-of-another",
    code: "05",
    applies: (f) => f.cryptogram === "other-transaction",
  },
  { name: "replayed-cryptogram", code: "05", applies: (f) => f.cryptogram === "replayed" },
  {
    name: "pin-blocked",
    code: "75",
    applies: ofCard((c, f) => blocked(c) && (f.pin !== "not-sent" || c.pinRequired)),
  },
  { name: "no-pin", code: "55", applies: ofCard((c, f) => f.pin === "not-sent" && c.pinRequired) },
  { name: "unreadable-pin", code: "99", applies: (f) => f.pin === "unreadable" },
  {
    name: "wrong-pin-last-try",
    code: "75",
    applies: ofCard((c, f) => f.pin === "wrong" && lastTry(c)),
  },
  { name: "wrong-pin", code: "55", applies: (f) => f.pin === "wrong" },
  { name: "other-currency", code: "A1", applies: ofCard((c, f) => f.currency !== c.currency) },
  {
    name: "bad-amount",
    code: "13",
    applies: (f) => f.amount === undefined || f.amount <= 0n,
  },
  {
    name: "over-transaction-limit",
    code: "61",
    applies: ofCard((c, f) => (f.amount ?? 0n) > c.transactionLimit),
  },
  {
    name: "over-day-limit",
    code: "61",
    applies: ofCard((c, f) => spentOn(c, f.businessDate) + (f.amount ?? 0n) > c.dayLimit),
  },
  {
    name: "over-day-count",
    code: "65",
    applies: ofCard((c, f) => countOn(c, f.businessDate) + 1 > c.dayCountLimit),
  },
  { name: "insufficient-funds", code: "51", applies: (f) => f.shortOfFunds },
] as const satisfies readonly Rule[];

export type Refusal = (typeof REFUSALS)[number];
export type RefusalName = Refusal["name"];

/** The refusal that a request gets, or undefined where it is approved. */
export function refusalOf(facts: Facts): Refusal | undefined {
  return REFUSALS.find((refusal) => refusal.applies(facts));
}

/** What this card spent on a business date so far (minor units). */
export function spentOn(card: CardFacts, businessDate: string): bigint {
  return card.dayDate === businessDate ? card.daySpent : 0n;
}

/** How many approved payments this card made on a business date so far. */
export function countOn(card: CardFacts, businessDate: string): number {
  return card.dayDate === businessDate ? card.dayCount : 0;
}
