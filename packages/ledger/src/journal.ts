/** One side of a journal. Positive = credit, negative = debit, in minor units. */
export type Leg = { readonly account: string; readonly amount: bigint };

/** What is posted as one: all of it or nothing. */
export type Journal = {
  /** UUIDv7, so that keys grow with time. */
  readonly id: string;
  /** 0..63; every leg's account is looked up in this bucket. */
  readonly bucket: number;
  /** Two journals of a bucket with the same key are the same event: the second is a repeat. */
  readonly idempotencyKey: string;
  /** The event in the trade's words: "sale", "sale-reversal", … */
  readonly kind: string;
  /** "YYYY-MM-DD" of the business calendar; the day must have been opened. */
  readonly businessDate: string;
  /** When it happened, milliseconds since the epoch. */
  readonly occurredAt: number;
  readonly legs: readonly Leg[];
};

/** Refusals in order of precedence: a journal that deserves several gets the first. */
export const REFUSALS = ["unbalanced", "unknown-account", "closed", "floor"] as const;
export type Refusal = (typeof REFUSALS)[number];

/** `journal` is the id of what is stored: for a repeat, of the journal posted the first time. */
export type PostingResult =
  | { readonly code: "posted"; readonly journal: string }
  | { readonly code: "repeated"; readonly journal: string }
  | { readonly code: Refusal };

/** The largest amount and balance that a PostgreSQL bigint holds. */
export const LARGEST = 2n ** 63n - 1n;

/** A leg in favour of an account. Throws RangeError on a negative amount. */
export function credit(account: string, amount: bigint): Leg {
  if (amount < 0n) throw new RangeError("a credit is not negative");
  return { account, amount };
}

/** A leg against an account. Throws RangeError on a negative amount. */
export function debit(account: string, amount: bigint): Leg {
  if (amount < 0n) throw new RangeError("a debit is not negative");
  return { account, amount: -amount };
}

/** The same event backwards: every leg with the other sign. */
export function undone(legs: readonly Leg[]): Leg[] {
  return legs.map(({ account, amount }) => ({ account, amount: -amount }));
}

/** Legs that move something: one of zero is not written. */
export function movingLegs(journal: Journal): Leg[] {
  return journal.legs.filter((leg) => leg.amount !== 0n);
}

/**
 * Whether a journal can be posted at all: at least one leg that moves something, each within 64
 * bits, and a sum of zero. (That the sum is zero in each currency shows only with the accounts.)
 */
export function balanced(journal: Journal): boolean {
  const legs = movingLegs(journal);
  if (legs.some((leg) => leg.amount > LARGEST || leg.amount < -LARGEST)) return false;
  return legs.length > 0 && legs.reduce((sum, leg) => sum + leg.amount, 0n) === 0n;
}
