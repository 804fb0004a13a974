/**
 * What may follow an original, and how much of it: pure rules over the marks of the original, which
 * the store reads under lock and writes in the commit that opens the follow-up.
 */
import { catalogue, follows, type TransactionName } from "@tillway/transactions";
import { stands, type State } from "./state.ts";

/** What is taken of an original by follow-ups that stand or are under way. */
export type Marks = {
  /** Who alone may stand: its void, completion, cancellation or confirmation. */
  readonly heldBy: string | null;
  /** Minor units: refunds. */
  readonly refunded: bigint;
  /** Minor units: its tip. */
  readonly tip: bigint;
};

export const unmarked: Marks = { heldBy: null, refunded: 0n, tip: 0n };

/** An original as a follow-up finds it. */
export type Original = {
  readonly name: TransactionName;
  readonly state: State;
  readonly merchant: string;
  readonly terminal: string;
  readonly batch: string;
  readonly panToken: string;
  readonly authorisationCode: string | null;
  /** As approved, in minor units. */
  readonly amount: bigint;
  readonly businessDate: string;
};

/** A follow-up as it is asked for. */
export type Asked = {
  readonly name: TransactionName;
  readonly merchant: string;
  readonly terminal: string;
  readonly batch: string;
  /** Null where no card was shown. */
  readonly panToken: string | null;
  readonly authorisationCode: string | null;
  readonly amount: bigint;
  /** The tip of a tip adjustment, else zero. */
  readonly tip: bigint;
  readonly businessDate: string;
};

export type FollowRules = {
  /** How many days after its business date an original may be refunded, completed, cancelled. */
  readonly refundDays: number;
  readonly holdDays: number;
  /** What a completion may come to, in percent of the hold (UnionPay: 115 [U]). */
  readonly completionPercent: number;
};

/** In order of precedence: the first that applies is answered (codes: wire/refusals.ts). */
export const followRefusals = [
  "unknown-original",
  "other-card",
  "not-followed",
  "original-not-approved",
  "original-taken",
  "batch-closed",
  "too-late",
  "more-than-held",
  "not-its-amount",
  "more-than-remains",
] as const;
export type FollowRefusal = (typeof followRefusals)[number];

const DAY = 86_400_000;
const daysBetween = (from: string, to: string): number =>
  (Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / DAY;

/** What of an original can still be refunded, in minor units. */
export function remaining(amount: bigint, marks: Marks): bigint {
  return marks.heldBy === null ? amount + marks.tip - marks.refunded : 0n;
}

/** Why a follow-up must not be done; undefined where it may. */
export function followRefusal(
  asked: Asked,
  original: Original | undefined,
  marks: Marks,
  rules: FollowRules,
): FollowRefusal | undefined {
  if (!original || original.merchant !== asked.merchant) return "unknown-original";
  const { amount, openBatch } = catalogue[asked.name];
  const age = daysBetween(original.businessDate, asked.businessDate);
  const whole = original.amount + marks.tip;
  const facts: Readonly<Record<FollowRefusal, boolean>> = {
    "unknown-original": false,
    "other-card":
      (asked.panToken !== null && asked.panToken !== original.panToken) ||
      (asked.authorisationCode !== null && asked.authorisationCode !== original.authorisationCode),
    "not-followed": !follows(asked.name, original.name),
    "original-not-approved": !stands(original.state),
    // Of one original a single one holds; a refund leaves nothing to void, a tip comes once.
    "original-taken":
      marks.heldBy !== null ||
      (amount !== "part" && marks.refunded > 0n) ||
      (amount === "tip" && marks.tip > 0n),
    "batch-closed":
      openBatch && (original.terminal !== asked.terminal || original.batch !== asked.batch),
    "too-late": age > (amount === "part" ? rules.refundDays : rules.holdDays),
    "more-than-held":
      amount === "hold" && asked.amount * 100n > original.amount * BigInt(rules.completionPercent),
    "not-its-amount":
      (amount === "same" && asked.amount !== whole) ||
      (amount === "tip" && (asked.tip <= 0n || asked.amount !== original.amount + asked.tip)),
    "more-than-remains": amount === "part" && asked.amount > remaining(original.amount, marks),
  };
  return followRefusals.find((reason) => facts[reason]);
}

/** What a follow-up takes of its original: added when it opens, given back when it is freed. */
export type Taken = { readonly holds: boolean; readonly refund: bigint; readonly tip: bigint };

export function takes(asked: Pick<Asked, "name" | "amount" | "tip">): Taken {
  const { amount } = catalogue[asked.name];
  return {
    holds: amount === "same" || amount === "hold",
    refund: amount === "part" ? asked.amount : 0n,
    tip: amount === "tip" ? asked.tip : 0n,
  };
}

/** The marks with a follow-up's share taken. */
export function take(marks: Marks, by: string, taken: Taken): Marks {
  return {
    heldBy: taken.holds ? by : marks.heldBy,
    refunded: marks.refunded + taken.refund,
    tip: marks.tip + taken.tip,
  };
}

/** The marks with a follow-up's share given back. */
export function free(marks: Marks, by: string, taken: Taken): Marks {
  return {
    heldBy: marks.heldBy === by ? null : marks.heldBy,
    refunded: marks.refunded - taken.refund,
    tip: marks.tip - taken.tip,
  };
}

/** Whether something follows that stands, so that the original must not be reversed. */
export function isFollowed({ heldBy, refunded, tip }: Marks): boolean {
  return heldBy !== null || refunded > 0n || tip > 0n;
}
