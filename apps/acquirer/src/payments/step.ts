/** The steps that the lanes write: each is durable, with all it brings about, in one commit. */
import type { BookedSale } from "../ledger/index.ts";
import type { Advice } from "./advice.ts";
import type { Event, State } from "./state.ts";
import type { HopMessage, Known, NaturalKey, Reply, ReversalAnswer } from "./transaction.ts";

/** One transaction by its key in the tables. */
export type Place = {
  readonly bucket: number;
  readonly transaction: string;
  readonly businessDate: string;
};

/** Who may decide a transaction in flight. */
export type Lease = { readonly owner: string; readonly epoch: string };

export type OpenStep = Place & {
  readonly do: "open";
  readonly key: NaturalKey;
  readonly digest: string;
  readonly rrn: string;
  readonly amount: bigint;
  readonly currency: string;
  readonly fee: bigint;
  readonly entryMode: string;
  readonly maskedPan: string;
  readonly panToken: string;
  readonly panCipher: string;
  readonly networkKey: string;
  readonly lease: Lease;
  readonly leaseUntil: number;
  readonly at: number;
  readonly messages: readonly HopMessage[];
};

/** The event row that a step appends. */
export type Happening = {
  readonly type: Event | "late-answer";
  readonly state: State;
  readonly responseCode: string | null;
  readonly authorisationCode: string | null;
  readonly reason: string | null;
  readonly settlementDate: string | null;
  readonly reply: Reply | null;
  readonly at: number;
};

export type Booking = { readonly kind: "sale" | "sale-reversal"; readonly sale: BookedSale };

export type OutboxEvent = {
  readonly type: "transaction-approved" | "transaction-declined" | "transaction-reversed";
  readonly payload: Readonly<Record<string, string | null>>;
};

export type CloseStep = Place & {
  readonly do: "close";
  readonly lease: Lease;
  readonly happening: Happening;
  readonly messages: readonly HopMessage[];
  readonly advice: Advice | null;
  readonly booking: (Booking & { readonly id: string; readonly businessDate: string }) | null;
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
  /** Made ready in case that an advice or a journal is needed. */
  readonly spare: {
    readonly adviceId: string;
    readonly journalId: string;
    readonly trace: string;
    readonly transmission: string;
  };
};

export type AcknowledgeStep = Place & {
  readonly do: "acknowledge";
  readonly advice: string;
  readonly responseCode: string;
  readonly at: number;
  readonly messages: readonly HopMessage[];
};

/** Something that was heard too late to change anything. */
export type NoteStep = Place & {
  readonly do: "note";
  readonly responseCode: string | null;
  readonly reason: string;
  readonly at: number;
  readonly messages: readonly HopMessage[];
};

export type Step = OpenStep | CloseStep | ReverseStep | AcknowledgeStep | NoteStep;

export type OpenResult =
  | { readonly kind: "opened" }
  | { readonly kind: "known"; readonly known: Known };
export type CloseResult = { readonly kind: "closed" } | { readonly kind: "fenced" };
export type ReverseResult = { readonly answer: ReversalAnswer; readonly advised: boolean };
export type Result =
  | { readonly do: "open"; readonly result: OpenResult }
  | { readonly do: "close"; readonly result: CloseResult }
  | { readonly do: "reverse"; readonly result: ReverseResult }
  | { readonly do: "done" };
