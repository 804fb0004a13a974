/** What a till may offer: the types that this terminal begins, and what may follow a transaction. */
import { catalogue, follows, transactionNames, type TransactionName } from "@tillway/transactions";
import type { JournalTransaction } from "../journal/index.ts";
import type { Both } from "../receipt/index.ts";
import type { Parameters } from "../session/index.ts";
import { own } from "./order.ts";

/** A type as a till needs it; `allowed`: by the merchant's parameters. */
export type OfferedType = {
  readonly type: TransactionName;
  readonly text: Both;
  readonly amount: "free" | "same" | "part" | "hold" | "tip" | "none";
  /** Types that its original may have; empty where it stands by itself. */
  readonly follows: readonly string[];
  /** Whether its original is of the open batch, so that none can be given by hand. */
  readonly openBatch: boolean;
  readonly allowed: boolean;
};

/** A type that may follow; `most` in minor units, where the terminal knows a limit. */
export type Following = { readonly type: TransactionName; readonly most?: string };

export function offeredTypes({ tips }: Parameters): OfferedType[] {
  return transactionNames
    .filter((type) => !own.has(type))
    .map((type) => {
      const { text, amount, openBatch } = catalogue[type];
      const allowed = type !== "tip adjustment" || tips;
      return { type, text, amount, follows: catalogue[type].follows, openBatch, allowed };
    });
}

/** What followed a transaction and counts: approved, or an advice that will be. */
type Marks = { readonly held: boolean; readonly refunded: bigint; readonly tip: bigint };

/**
 * What may follow one of the journal, by what its followers left of it. The acquirer decides; this
 * spares the cashier what it would surely refuse.
 */
export function followingOf(
  one: JournalTransaction,
  /** Those that name an RRN as their original. */
  followersOf: (rrn: string) => readonly JournalTransaction[],
  standing: { readonly batch: string; readonly parameters: Parameters },
): Following[] {
  if (one.state !== "approved" || one.rrn === null) return [];
  const { held, refunded, tip } = marksOf(followersOf(one.rrn), followersOf);
  if (held) return [];
  const whole = BigInt(one.amount) + tip;
  const { tips, tipPercent } = standing.parameters;
  return transactionNames.flatMap((type): Following[] => {
    const { openBatch, amount } = catalogue[type];
    if (own.has(type) || !follows(type, one.type)) return [];
    if (openBatch && one.batch !== standing.batch) return [];
    switch (amount) {
      case "part":
        return refunded < whole ? [{ type, most: (whole - refunded).toString() }] : [];
      case "tip": {
        const most = (BigInt(one.amount) * BigInt(tipPercent)) / 100n;
        const free = tips && tip === 0n && refunded === 0n && most > 0n;
        return free ? [{ type, most: most.toString() }] : [];
      }
      case "same":
        return refunded === 0n ? [{ type, most: whole.toString() }] : [];
      case "hold":
        return [{ type }];
      case "free":
      case "none":
        return [];
    }
  });
}

function marksOf(
  followers: readonly JournalTransaction[],
  followersOf: (rrn: string) => readonly JournalTransaction[],
): Marks {
  const counting = followers.filter(({ state }) => state === "approved" || state === "open");
  const sum = (kind: "part" | "tip"): bigint =>
    counting
      .filter(({ type }) => catalogue[type].amount === kind)
      .reduce((total, entry) => total + share(entry), 0n);
  const held = counting.some(({ type, rrn }) => {
    const { amount } = catalogue[type];
    if (amount === "part" || amount === "tip") return false;
    // A completion that was cancelled leaves its hold as it was.
    return rrn === null || !marksOf(followersOf(rrn), followersOf).held;
  });
  return { held, refunded: sum("part"), tip: sum("tip") };
}

/** Of a tip, the tip alone. */
function share({ type, amount, details }: JournalTransaction): bigint {
  return BigInt(catalogue[type].amount === "tip" ? (details["tip"] ?? "0") : amount);
}
