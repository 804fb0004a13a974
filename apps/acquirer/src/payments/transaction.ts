/** What the room works with: keys, payments, what the network said, what is stored. */
import { catalogue, type TransactionName } from "@tillway/transactions";
import type { Taken } from "./follow.ts";
import type { Draw } from "./limits.ts";
import type { State } from "./state.ts";

/** A terminal's name for a message (docs/decisions, "Identity of a transaction"). */
export type NaturalKey = {
  readonly bucket: number;
  readonly merchant: string;
  readonly terminal: string;
  readonly batch: string;
  readonly stan: string;
  /** 0100 and 0200; 0220; 0620. A reversal has its original's key and a class of its own. */
  readonly class: KeyClass;
};
export const keyClasses = ["request", "advice", "script"] as const;
export type KeyClass = (typeof keyClasses)[number];

/** One transaction by its key in the tables. */
export type Place = {
  readonly bucket: number;
  readonly transaction: string;
  readonly businessDate: string;
};

/** A message as a journal keeps it; `notKept` names the fields that were left out. */
export type Kept = {
  readonly spec: string;
  readonly mti: string;
  readonly fields: Readonly<Record<string, string>>;
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
  "script-result",
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

/** What a transaction has to do with others: of its original, of the limits. */
export type Claims = {
  readonly follows: Place | null;
  readonly taken: Taken;
  readonly draws: readonly Draw[];
};

export const claimsNothing: Claims = {
  follows: null,
  taken: { holds: false, refund: 0n, tip: 0n },
  draws: [],
};

/** A request that passed every check at the door. */
export type Payment = {
  readonly name: TransactionName;
  readonly key: NaturalKey;
  /** Whose batch it is about, where it is not its own terminal's. */
  readonly onBehalf: { readonly terminal: string; readonly batch: string } | null;
  /** SHA-256 over the business content: what makes a repeat the same request. */
  readonly digest: string;
  readonly assigned: Assigned;
  /** The known promise that is asked for again, under the numbers that it has. */
  readonly again: Place | null;
  /** In minor units; of a tip adjustment with the tip. */
  readonly amount: bigint;
  readonly tip: bigint;
  readonly currency: string;
  readonly feePpm: bigint;
  readonly entryMode: string;
  /** A phone verified its owner in place of a PIN. */
  readonly verifiedOnDevice: boolean;
  readonly maskedPan: string;
  readonly panToken: string;
  readonly panCipher: string;
  /** The card that a transfer goes to, sealed. */
  readonly receiverCipher: string | null;
  /** Whether the terminal showed the card; a refund by API has the original's. */
  readonly cardShown: boolean;
  /** DE 38 of a follow-up. */
  readonly authorisationCode: string | null;
  readonly follows: Place | null;
  /** What its approval gives back of a hold: of the void of a completion. */
  readonly releases: Release | null;
  readonly request: Kept;
  /** DE 7, 11, 32 and 33 of the network request. */
  readonly networkKey: string;
  readonly networkRequest: Kept;
  /** Fields that every reply to it has (DE 12, 13, 32, 37). */
  readonly own: Reply;
  /** A reply to it as a journal keeps it. */
  readonly keepReply: (reply: Reply) => Kept;
  /** Sends it to the network; called once, after it was written down. Of an advice, never. */
  readonly send: () => Promise<NetworkAnswer>;
};

/** What came of sending a request to the network. */
export type NetworkAnswer =
  | {
      readonly kind: "approved" | "declined";
      readonly responseCode: string;
      readonly authorisationCode: string | null;
      /** Where a part was approved (10): how much, in minor units. */
      readonly partOf: bigint | null;
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
export type PaymentAnswer =
  | { readonly kind: "answer"; readonly reply: Reply; readonly place: Place }
  | { readonly kind: "refused"; readonly reason: "other-content" | "reversed-before" }
  | { readonly kind: "failed" | "overloaded" }
  /** Known, its outcome is not: to be sent again under these numbers. */
  | { readonly kind: "again"; readonly assigned: Assigned; readonly place: Place }
  /** Nothing certain can be said: no answer, the terminal reverses or repeats. */
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

export type ReversalRefusal = "other-content" | "amount-differs" | "not-reversible" | "followed";
export type ReversalAnswer =
  | { readonly kind: "accepted"; readonly rrn: string | null }
  | { readonly kind: "refused"; readonly reason: ReversalRefusal }
  | { readonly kind: "no-answer" };

/** What is stored under a natural key of class request or advice. */
export type Known =
  | { readonly kind: "tombstone" }
  | {
      readonly kind: "transaction";
      readonly digest: string;
      readonly place: Place;
      readonly state: State;
      readonly rrn: string;
      readonly networkKey: string;
      /** What the terminal was told when it was decided; null while in flight, or if reversed then. */
      readonly reply: Reply | null;
    };

/** Response codes that the acquirer gives by itself, not the issuer. */
export const ownCodes = { unreachable: "91", timedOut: "98" } as const;

/** Codes of class A: the money moves (spec unionpay-pos §2.8). 10 approves a part. */
export const approvalCodes: readonly string[] = ["00", "10", "11", "A2", "A4", "A5", "A6"];

/** What a repeat of a known request is told. `wait`: it is still in flight. */
export function repeatAnswer(known: Known, digest: string): PaymentAnswer | "wait" {
  if (known.kind === "tombstone") return { kind: "refused", reason: "reversed-before" };
  if (known.digest !== digest) return { kind: "refused", reason: "other-content" };
  const { reply: told, place, rrn, networkKey } = known;
  switch (known.state) {
    case "in-flight":
      return "wait";
    case "unanswered": {
      const [transmission, trace] = [networkKey.slice(0, 10), networkKey.slice(10, 16)];
      const assigned = { id: place.transaction, rrn, transmission, trace, at: 0 };
      return { kind: "again", place, assigned };
    }
    case "approved":
    case "advised":
    case "declined":
      return told ? { kind: "answer", reply: told, place } : { kind: "failed" };
    case "reversing":
    case "reversed":
      // An approval that was undone must not be told again.
      if (!told || approvalCodes.includes(told["39"] ?? "")) {
        return { kind: "refused", reason: "reversed-before" };
      }
      return { kind: "answer", reply: told, place };
    case "none":
    case "tombstone":
      return { kind: "refused", reason: "reversed-before" };
  }
}

/** A hold that a completion took, once the completion is voided: it may be followed again. */
export type Release = { readonly place: Place; readonly by: string; readonly taken: Taken };

/** What a follow-up of this type gives back of what its original took; null where it is nothing. */
export function releasedBy(
  name: TransactionName,
  original: { readonly transaction: string; readonly claims: Claims } | undefined,
): Release | null {
  if (!original || catalogue[name].issuing !== "uncapture") return null;
  const { follows, taken } = original.claims;
  return follows && { place: follows, by: original.transaction, taken };
}
