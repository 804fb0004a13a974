/** What a decision leaves behind on the card: counters that outlive the transaction. */
import { countOn, REFUSALS, spentOn } from "./precedence.ts";
import type { CardFacts } from "../cards/index.ts";
import type { Facts, Refusal, RefusalName } from "./precedence.ts";

export type Counters = Pick<
  CardFacts,
  "pinTries" | "lastAtc" | "wrongCryptograms" | "dayDate" | "daySpent" | "dayCount"
>;

const place = (name: RefusalName): number => REFUSALS.findIndex((one) => one.name === name);
const afterPin = place("wrong-pin");

/**
 * The card's counters after a decision. Undefined refusal: approved. `spending` counts for the day.
 * A counter of the card (ATC) that came with a valid cryptogram is spent whatever the answer; a PIN
 * counts as tried only where the decision reached it, and a right one clears the earlier wrong ones.
 */
export function countersAfter(
  card: CardFacts,
  facts: Facts,
  atc: number | undefined,
  refusal: Refusal | undefined,
  spending: bigint,
): Counters {
  const wrongPin = refusal?.name === "wrong-pin" || refusal?.name === "wrong-pin-last-try";
  const passedPin = refusal === undefined || place(refusal.name) > afterPin;
  const spent = spentOn(card, facts.businessDate);
  const count = countOn(card, facts.businessDate);
  return {
    pinTries: wrongPin ? card.pinTries + 1 : passedPin && facts.pin === "valid" ? 0 : card.pinTries,
    // An offline approval may come after later counters.
    lastAtc:
      facts.cryptogram === "valid" && atc !== undefined
        ? Math.max(atc, card.lastAtc)
        : card.lastAtc,
    wrongCryptograms: card.wrongCryptograms + (refusal?.name === "wrong-cryptogram" ? 1 : 0),
    ...(refusal === undefined && facts.spends
      ? {
          dayDate: facts.businessDate,
          daySpent: spent + spending,
          dayCount: count + 1,
        }
      : { dayDate: card.dayDate, daySpent: card.daySpent, dayCount: card.dayCount }),
  };
}

/** The counters after a payment of `businessDate` was undone: its day's spending is given back. */
export function countersAfterReversal(
  card: CardFacts,
  businessDate: string,
  amount: bigint,
): Pick<Counters, "dayDate" | "daySpent" | "dayCount"> {
  const { dayDate, daySpent, dayCount } = card;
  if (dayDate !== businessDate) return { dayDate, daySpent, dayCount };
  return {
    dayDate,
    daySpent: daySpent > amount ? daySpent - amount : 0n,
    dayCount: Math.max(0, dayCount - 1),
  };
}
