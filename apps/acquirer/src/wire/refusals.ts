/** Why a terminal's message is refused, in one order of precedence. */
import type { TurnedAway } from "../payments/index.ts";

type Rule = {
  readonly reason: string;
  /** DE 39. */
  readonly code: string;
  /** Whether the reply goes without a MAC: the terminal may have no key that fits. */
  readonly plain?: true;
  readonly meaning: string;
};

/**
 * The first that applies is answered, whatever else is wrong. What comes after `other-content` is
 * looked at for new requests only: a repeat gets the answer that is stored.
 */
export const refusals = [
  {
    reason: "malformed",
    code: "30",
    plain: true,
    meaning: "cannot be read, or a field is missing",
  },
  {
    reason: "unknown-terminal",
    code: "97",
    plain: true,
    meaning: "the terminal is not registered",
  },
  {
    reason: "other-certificate",
    code: "97",
    plain: true,
    meaning: "the line's certificate is another terminal's",
  },
  { reason: "wrong-merchant", code: "03", meaning: "the terminal belongs to another merchant" },
  { reason: "merchant-suspended", code: "03", meaning: "the merchant may not take payments" },
  { reason: "terminal-suspended", code: "58", meaning: "the terminal may not take payments" },
  { reason: "terminal-locked", code: "58", meaning: "the terminal was locked from here" },
  {
    reason: "terminal-tampered",
    code: "97",
    plain: true,
    meaning: "the terminal erased its keys: it is to be injected again",
  },
  { reason: "not-signed-in", code: "A0", plain: true, meaning: "no working keys yet" },
  { reason: "wrong-mac", code: "A0", plain: true, meaning: "the MAC is not the newest session's" },
  { reason: "other-serial", code: "58", meaning: "another device than the one that is bound" },
  { reason: "other-place", code: "58", meaning: "away from the place that it is bound to" },
  { reason: "unsupported", code: "40", meaning: "a message or transaction that is not offered" },
  { reason: "overloaded", code: "96", meaning: "so much waits that the answer would come late" },
  { reason: "wrong-batch", code: "77", meaning: "the batch is not the terminal's open one" },
  { reason: "other-content", code: "94", meaning: "the key was used for another request" },
  { reason: "reversed-before", code: "22", meaning: "the key was reversed" },
  { reason: "not-reversible", code: "40", meaning: "a reversal of what is repeated, not reversed" },
  {
    reason: "followed",
    code: "22",
    meaning: "a reversal of what was voided, refunded or completed",
  },
  { reason: "amount-differs", code: "64", meaning: "a reversal of another amount" },
  { reason: "wrong-amount", code: "13", meaning: "the amount is zero or no number" },
  { reason: "wrong-currency", code: "A1", meaning: "not the currency of the merchant's contract" },
  { reason: "wrong-card", code: "14", meaning: "no card number, or two that differ" },
  { reason: "unknown-original", code: "25", meaning: "there is no original of this merchant" },
  { reason: "other-card", code: "22", meaning: "not the original's card or authorisation code" },
  { reason: "not-followed", code: "12", meaning: "nothing of this type follows that original" },
  { reason: "original-not-approved", code: "22", meaning: "the original does not stand" },
  { reason: "original-taken", code: "22", meaning: "it was voided, refunded or completed already" },
  {
    reason: "batch-closed",
    code: "12",
    meaning: "the original is not of the terminal's open batch",
  },
  { reason: "too-late", code: "12", meaning: "the original is too old for it" },
  { reason: "more-than-held", code: "61", meaning: "more than may be completed of what is held" },
  { reason: "not-its-amount", code: "64", meaning: "not the amount that the original comes to" },
  { reason: "more-than-remains", code: "64", meaning: "more than remains to be refunded" },
  { reason: "over-limit", code: "61", meaning: "over a limit of the amount" },
  { reason: "over-count", code: "65", meaning: "over a limit of the number of payments" },
  { reason: "network-down", code: "91", meaning: "the network cannot be reached" },
  { reason: "wrong-pin", code: "99", meaning: "PIN or track do not open under the session's keys" },
  { reason: "failed", code: "96", meaning: "the request could not be written down" },
] as const satisfies readonly Rule[];

/** What is decided in the commit that writes a request down: it is kept as a declined transaction. */
export const codeOf = (reason: TurnedAway): string => refusalFor(reason).code;

export type Reason = (typeof refusals)[number]["reason"];
export type Refusal = Rule & { readonly reason: Reason };

/** What was found out about a message: true where the reason applies. */
export type Facts = Partial<Record<Reason, boolean>>;

/** The refusal that a message gets, or undefined where nothing stands against it. */
export function firstRefusal(facts: Facts): Refusal | undefined {
  return refusals.find(({ reason }) => facts[reason] === true);
}

/** The refusal for a reason. */
export function refusalFor(reason: Reason): Refusal {
  const found = refusals.find((one) => one.reason === reason);
  if (!found) throw new Error("every reason stands in the list");
  return found;
}

/** Whether a reason comes after the check for repeats. */
export function afterRepeats(reason: Reason): boolean {
  const order = refusals.map((one) => one.reason);
  return order.indexOf(reason) > order.indexOf("other-content");
}
