/** What the room works with: keys, sales, what the network said, what is stored. */
import type { State } from "./state.ts";

/** A terminal's name for a request (docs/decisions, "Identity of a transaction"). */
export type NaturalKey = {
  readonly bucket: number;
  readonly merchant: string;
  readonly terminal: string;
  readonly batch: string;
  readonly stan: string;
};

/** A message as a journal keeps it; `notKept` names the fields that were left out. */
export type Kept = {
  readonly spec: string;
  readonly mti: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly parsed: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly notKept: readonly string[];
};

/** Where a message was seen. */
export const hops = [
  "terminal-request",
  "network-request",
  "network-reply",
  "terminal-reply",
  "terminal-reversal",
  "reversal-reply",
  "network-advice",
  "advice-reply",
] as const;
export type Hop = (typeof hops)[number];

export type HopMessage = { readonly hop: Hop; readonly message: Kept };

/** What a terminal is told, without what is the request's own (DE 2, 4, 11, 41, 42, …). */
export type Reply = Readonly<Record<string, string>>;

/** Numbers that the acquirer gives a request before it is written down. */
export type Assigned = {
  readonly id: string;
  readonly rrn: string;
  /** DE 11 and DE 7 towards the network. */
  readonly trace: string;
  readonly transmission: string;
  readonly at: number;
};

/** A sale that passed every check at the door. */
export type Sale = {
  readonly key: NaturalKey;
  /** SHA-256 over the business content: what makes a repeat the same request. */
  readonly digest: string;
  readonly assigned: Assigned;
  readonly amount: bigint;
  readonly currency: string;
  readonly fee: bigint;
  readonly entryMode: string;
  readonly maskedPan: string;
  readonly panToken: string;
  readonly panCipher: string;
  readonly request: Kept;
  /** DE 7, 11, 32 and 33 of the network request. */
  readonly networkKey: string;
  readonly networkRequest: Kept;
  /** Fields that every reply to it has (DE 12, 13, 32, 37). */
  readonly own: Reply;
  /** A reply to it as a journal keeps it. */
  readonly keepReply: (reply: Reply) => Kept;
  /** Sends it to the network; called once, after it was written down. */
  readonly send: () => Promise<NetworkAnswer>;
};

/** What came of sending a request to the network. */
export type NetworkAnswer =
  | {
      readonly kind: "approved" | "declined";
      readonly responseCode: string;
      readonly authorisationCode: string | null;
      /** "YYYY-MM-DD", the network's settlement date. */
      readonly settlementDate: string | null;
      /** For the terminal, now and again at a repeat. */
      readonly reply: Reply;
      /** For the terminal now; must not rest, so that a repeat goes without it (issuer scripts). */
      readonly passing: Reply;
      readonly message: Kept;
    }
  | {
      readonly kind: "silent";
      readonly reason: "timeout" | "link-lost" | "wrong-mac" | "unusable";
      readonly message?: Kept;
    }
  | { readonly kind: "unreachable" };

/** What the terminal gets, or why it gets nothing. */
export type SaleAnswer =
  | { readonly kind: "answer"; readonly reply: Reply }
  | { readonly kind: "refused"; readonly reason: "other-content" | "reversed-before" }
  | { readonly kind: "failed" }
  /** Nothing certain can be said: no answer, the terminal reverses. */
  | { readonly kind: "no-answer" };

/** A reversal of a terminal, found in order. */
export type Reversal = {
  readonly key: NaturalKey;
  readonly digest: string;
  readonly amount: bigint;
  /** DE 39 of the 0400. */
  readonly reason: string;
  readonly request: Kept;
  readonly reply: Kept;
};

export type ReversalAnswer =
  | { readonly kind: "accepted"; readonly rrn: string | null }
  | { readonly kind: "refused"; readonly reason: "other-content" | "amount-differs" }
  | { readonly kind: "no-answer" };

/** What is stored under a natural key of class request. */
export type Known =
  | { readonly kind: "tombstone" }
  | {
      readonly kind: "transaction";
      readonly digest: string;
      readonly id: string;
      readonly businessDate: string;
      readonly state: State;
      /** What the terminal was told when it was decided; null while in flight, or if reversed then. */
      readonly reply: Reply | null;
    };

/** Response codes that the acquirer gives by itself, not the issuer. */
export const ownCodes = {
  reversedBefore: "22",
  amountDiffers: "64",
  unreachable: "91",
  otherContent: "94",
  failed: "96",
  timedOut: "98",
} as const;

/** Codes of class A: the money moves (spec unionpay-pos §2.8). Partial approval (10) is not asked for. */
export const approvalCodes: readonly string[] = ["00", "11", "A2", "A4", "A5", "A6"];

/** What a repeat of a known request is told. `wait`: it is still in flight. */
export function repeatAnswer(known: Known, digest: string): SaleAnswer | "wait" {
  if (known.kind === "tombstone") return { kind: "refused", reason: "reversed-before" };
  if (known.digest !== digest) return { kind: "refused", reason: "other-content" };
  switch (known.state) {
    case "in-flight":
      return "wait";
    case "approved":
    case "declined":
      return known.reply ? { kind: "answer", reply: known.reply } : { kind: "failed" };
    case "reversing":
    case "reversed": {
      const told = known.reply;
      // An approval that was undone must not be told again.
      if (!told || approvalCodes.includes(told["39"] ?? "")) {
        return { kind: "refused", reason: "reversed-before" };
      }
      return { kind: "answer", reply: told };
    }
    case "none":
    case "tombstone":
      return { kind: "refused", reason: "reversed-before" };
  }
}
