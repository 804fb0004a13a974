/**
 * The bank's refusals in one list: the first that applies is the answer. The order is part of the
 * protocol: a card that is reported lost is never told that its PIN was wrong.
 */

import type { CardFacts } from "../cards/index.ts";
import { OFFERED } from "./instalment.ts";
import type { Policy } from "./policy.ts";
import type { Entry } from "./request.ts";

/** What the cryptogram of the card turned out to be. */
export type CryptogramFinding =
  | "valid"
  | "not-sent"
  | "wrong"
  /** It was made over another amount, currency or card sequence number than the message says. */
  | "other-transaction"
  /** Its counter is not above the last one seen of this card. */
  | "replayed";

/** `offline`: the card itself found the PIN right and says so in its verification results. */
export type PinFinding = "valid" | "not-sent" | "wrong" | "unreadable" | "offline";

/** What the magnetic stripe turned out to be. */
export type StripeFinding = "valid" | "not-sent" | "wrong";

/** What is wrong with the message that the request follows. */
export type OriginalFinding =
  | "unknown"
  /** Of another card, of a type that this one cannot follow, declined, or spent already. */
  | "other-card"
  | "other-type"
  | "spent"
  | "other-amount"
  | "more-than-remains"
  | "over-hold"
  | "none";

export type ReceiverFinding = "unknown" | "same" | "other-currency" | "none";

/** All that is known about a request when it is decided. */
export type Facts = {
  /** What is wrong with the message itself, in words without data. */
  readonly formatProblem: string | undefined;
  readonly supported: boolean;
  readonly otherContent: boolean;
  readonly reversedBefore: boolean;
  /** Undefined for a card number that this bank did not issue. */
  readonly card: CardFacts | undefined;
  readonly original: OriginalFinding;
  /** Whether the cardholder asks for something anew: then card, entry, PIN and limits count. */
  readonly isNew: boolean;
  /** Whether it takes from what the card may spend. */
  readonly spends: boolean;
  readonly pinAsked: boolean;
  readonly entry: Entry;
  readonly presentedExpiry: string | undefined;
  /** The month of today in the bank's zone, YYMM. */
  readonly thisMonth: string;
  readonly businessDate: string;
  readonly stripe: StripeFinding;
  readonly cryptogram: CryptogramFinding;
  readonly pin: PinFinding;
  readonly currency: string;
  /** Minor units; undefined where the message has none that can be read. */
  readonly amount: bigint | undefined;
  readonly hasAmount: boolean;
  readonly receiver: ReceiverFinding;
  /** Months of the instalment plan that was asked for. */
  readonly periods: number | undefined;
  readonly policy: Pick<Policy, "manual" | "fallback" | "noPinAmount">;
  /** Set after the account was asked: there is less than that. */
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

/** Only what the cardholder asks for anew is refused for the card's own sake. */
function ofNew(applies: (card: CardFacts, facts: Facts) => boolean): Rule["applies"] {
  return ofCard((card, facts) => facts.isNew && applies(card, facts));
}

function ofSpending(applies: (card: CardFacts, facts: Facts) => boolean): Rule["applies"] {
  return ofNew((card, facts) => facts.spends && applies(card, facts));
}

const blocked = (card: CardFacts): boolean => card.pinTries >= card.pinLimit;
const lastTry = (card: CardFacts): boolean => card.pinTries + 1 >= card.pinLimit;

/** Service codes 2xx and 6xx: the card has a chip (ISO/IEC 7813). */
const hasChip = (card: CardFacts): boolean => /^[26]/.test(card.serviceCode);
const byStripe = (facts: Facts): boolean => facts.entry === "stripe" || facts.entry === "fallback";
const byChip = (facts: Facts): boolean => facts.entry === "chip" || facts.entry === "contactless";

/** Whether this card must give its PIN now; a small amount without contact needs none. */
export function pinNeeded(card: CardFacts, facts: Facts): boolean {
  if (!facts.pinAsked || !card.pinRequired) return false;
  const small = (facts.amount ?? 0n) <= facts.policy.noPinAmount;
  return !(facts.entry === "contactless" && facts.hasAmount && small);
}

const original =
  (...findings: readonly OriginalFinding[]): Rule["applies"] =>
  (facts) =>
    findings.includes(facts.original);

/** Response codes: spec of the POS protocol §2.8. The order is the precedence. */
export const REFUSALS = [
  { name: "format", code: "30", applies: (f) => f.formatProblem !== undefined },
  { name: "not-supported", code: "40", applies: (f) => !f.supported },
  { name: "other-content", code: "94", applies: (f) => f.otherContent },
  { name: "reversed-before", code: "22", applies: (f) => f.reversedBefore },
  { name: "unknown-card", code: "14", applies: (f) => f.card === undefined },
  { name: "unknown-original", code: "25", applies: original("unknown") },
  { name: "original-of-another-card", code: "22", applies: original("other-card") },
  { name: "original-of-another-type", code: "22", applies: original("other-type") },
  { name: "original-spent", code: "22", applies: original("spent") },
  { name: "lost", code: "41", applies: ofNew((card) => card.status === "lost") },
  { name: "stolen", code: "43", applies: ofNew((card) => card.status === "stolen") },
  { name: "restricted", code: "62", applies: ofNew((card) => card.status === "restricted") },
  { name: "expired", code: "54", applies: ofNew((card, f) => card.expiry < f.thisMonth) },
  {
    name: "other-expiry",
    code: "54",
    applies: ofNew((c, f) => f.presentedExpiry !== undefined && f.presentedExpiry !== c.expiry),
  },
  {
    name: "manual-entry",
    code: "57",
    applies: ofNew((_card, f) => f.entry === "manual" && !f.policy.manual),
  },
  {
    name: "chip-card-by-stripe",
    code: "45",
    applies: ofNew((card, f) => f.entry === "stripe" && hasChip(card)),
  },
  {
    name: "fallback",
    code: "45",
    applies: ofNew((c, f) => f.entry === "fallback" && (c.domestic || !f.policy.fallback)),
  },
  {
    name: "wrong-stripe",
    code: "59",
    applies: ofNew((_card, f) => byStripe(f) && f.stripe !== "valid"),
  },
  {
    name: "no-cryptogram",
    code: "05",
    applies: ofNew((_card, f) => byChip(f) && f.cryptogram === "not-sent"),
  },
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
    applies: ofCard(
      (c, f) => blocked(c) && f.pin !== "offline" && (f.pin !== "not-sent" || pinNeeded(c, f)),
    ),
  },
  {
    name: "no-pin",
    code: "55",
    applies: ofCard((c, f) => f.pin === "not-sent" && pinNeeded(c, f)),
  },
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
    applies: (f) => f.hasAmount && (f.amount === undefined || f.amount <= 0n),
  },
  { name: "other-amount", code: "64", applies: original("other-amount", "more-than-remains") },
  { name: "over-hold", code: "61", applies: original("over-hold") },
  { name: "unknown-receiver", code: "14", applies: (f) => f.receiver === "unknown" },
  { name: "receiver-is-sender", code: "12", applies: (f) => f.receiver === "same" },
  { name: "receiver-currency", code: "A1", applies: (f) => f.receiver === "other-currency" },
  {
    name: "plan-not-offered",
    code: "57",
    applies: (f) => f.periods !== undefined && !OFFERED.includes(f.periods),
  },
  {
    name: "over-transaction-limit",
    code: "61",
    applies: ofSpending((c, f) => (f.amount ?? 0n) > c.transactionLimit),
  },
  {
    name: "over-day-limit",
    code: "61",
    applies: ofSpending((c, f) => spentOn(c, f.businessDate) + (f.amount ?? 0n) > c.dayLimit),
  },
  {
    name: "over-day-count",
    code: "65",
    applies: ofSpending((c, f) => countOn(c, f.businessDate) + 1 > c.dayCountLimit),
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
