/** The steps that are written: each is durable, with all it brings about, in one commit. */
import type { Journal } from "@tillway/ledger";
import type { TransactionName } from "@tillway/transactions";
import type { Advice } from "./advice.ts";
import type { Asked, FollowRefusal, FollowRules } from "./follow.ts";
import type { Draw, LimitRefusal } from "./limits.ts";
import type { Event, State } from "./state.ts";
import type {
  Claims,
  HopMessage,
  Kept,
  Known,
  NaturalKey,
  Place,
  Release,
  Reply,
  ReversalAnswer,
} from "./transaction.ts";

/** Who may decide a transaction in flight. */
export type Lease = { readonly owner: string; readonly epoch: string };

/** Numbers made ready in case that an advice or a journal is needed. */
export type Spare = {
  readonly adviceId: string;
  readonly journalId: string;
  readonly trace: string;
  readonly transmission: string;
};

export type TurnedAway = FollowRefusal | LimitRefusal;

export type OpenStep = Place & {
  readonly do: "open";
  readonly name: TransactionName;
  readonly key: NaturalKey;
  readonly digest: string;
  readonly rrn: string;
  readonly amount: bigint;
  readonly currency: string;
  readonly feePpm: bigint;
  readonly entryMode: string;
  readonly maskedPan: string;
  readonly panToken: string;
  readonly panCipher: string;
  readonly receiverCipher: string | null;
  readonly networkKey: string;
  /** The promise is known and asked for again: only its flight is new. */
  readonly again: boolean;
  readonly asked: Asked;
  readonly follows: Place | null;
  readonly rules: FollowRules;
  /** It is over the limit of a single transaction, whatever was used before. */
  readonly overSingle: boolean;
  readonly draws: readonly Draw[];
  readonly lease: Lease;
  readonly leaseUntil: number;
  readonly at: number;
  readonly messages: readonly HopMessage[];
  /** Of an advice: what is handed on. */
  readonly networkRequest: Kept;
  readonly journalId: string;
  readonly adviceId: string;
  readonly today: string;
  /** What the terminal is told where it is decided at once. */
  readonly answer: (turnedAway: TurnedAway | undefined) => {
    readonly reply: Reply;
    readonly kept: Kept;
  };
};

/** The event row that a step appends. */
export type Happening = {
  readonly type: Event | "late-answer" | "script-result";
  readonly state: State;
  readonly responseCode: string | null;
  readonly authorisationCode: string | null;
  readonly reason: string | null;
  readonly settlementDate: string | null;
  /** Where a part was approved: how much, in minor units. */
  readonly partOf: bigint | null;
  readonly reply: Reply | null;
  readonly at: number;
};

export const eventTypes = {
  approved: "transaction-approved",
  declined: "transaction-declined",
  reversed: "transaction-reversed",
  voided: "transaction-voided",
  refunded: "transaction-refunded",
} as const;

export type OutboxEvent = {
  readonly type: (typeof eventTypes)[keyof typeof eventTypes] | "batch-closed" | "upload-finished";
  readonly payload: Readonly<Record<string, string | null>>;
};

export type CloseStep = Place & {
  readonly do: "close";
  readonly lease: Lease;
  readonly claims: Claims;
  /** What an approval gives back of a hold. */
  readonly releases: Release | null;
  readonly frees: boolean;
  readonly happening: Happening;
  readonly messages: readonly HopMessage[];
  readonly advice: Advice | null;
  readonly journal: Journal | null;
  readonly event: OutboxEvent | null;
};

export type ReverseStep = {
  readonly do: "reverse";
  readonly key: NaturalKey;
  readonly digest: string;
  readonly amount: bigint;
  readonly reason: string;
  readonly at: number;
  /** Today: the day on which an undo is posted. */
  readonly businessDate: string;
  readonly messages: readonly HopMessage[];
  readonly spare: Spare;
};

/** The network's word on an advice: it has it, or it refuses it for good. */
export type AcknowledgeStep = Place & {
  readonly do: "acknowledge";
  readonly advice: string;
  readonly outcome: "acknowledged" | "refused";
  /** Whether the advice is the transaction or its reversal; else it only tells of it. */
  readonly decides: boolean;
  readonly responseCode: string;
  readonly at: number;
  readonly today: string;
  readonly journalId: string;
  readonly messages: readonly HopMessage[];
};

/** Something that was heard and changes nothing: a late answer, a script result. */
export type NoteStep = Place & {
  readonly do: "note";
  readonly type: "late-answer" | "script-result";
  /** Of a message of the terminal: it is noted once. */
  readonly key: NaturalKey | null;
  readonly responseCode: string | null;
  readonly reason: string;
  readonly at: number;
  readonly messages: readonly HopMessage[];
  /** A script result is handed on. */
  readonly advice: Advice | null;
};

export type Step = OpenStep | CloseStep | ReverseStep | AcknowledgeStep | NoteStep;

export type OpenResult =
  | { readonly kind: "opened" }
  | { readonly kind: "decided"; readonly reply: Reply; readonly advised: boolean }
  | { readonly kind: "known"; readonly known: Known };
export type CloseResult = { readonly kind: "closed" } | { readonly kind: "fenced" };
export type ReverseResult = { readonly answer: ReversalAnswer; readonly advised: boolean };
export type Result =
  | { readonly do: "open"; readonly result: OpenResult }
  | { readonly do: "close"; readonly result: CloseResult }
  | { readonly do: "reverse"; readonly result: ReverseResult }
  | { readonly do: "done" };
