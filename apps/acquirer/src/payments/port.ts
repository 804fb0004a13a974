/** The store of payments as the room needs it; PostgreSQL's form is `store/`. */
import type { Standing } from "./found.ts";
import type { Limit } from "./limits.ts";
import type {
  AcknowledgeStep,
  CloseResult,
  CloseStep,
  Lease,
  NoteStep,
  OpenResult,
  OpenStep,
  Result,
  ReverseResult,
  ReverseStep,
  Step,
} from "./step.ts";
import type { Kept, Known, NaturalKey, Place } from "./transaction.ts";

/** An advice whose time has come; `repeats` is how often it was sent before. */
export type DueAdvice = Place & {
  readonly id: string;
  readonly mti: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly panCipher: string;
  readonly receiverCipher: string | null;
  readonly repeats: number;
};

export type Due = {
  readonly now: number;
  readonly limit: number;
  readonly replyMs: number;
  readonly pauseMs: number;
};

/** A transaction in flight whose owner is gone. */
export type Expired = { readonly lease: Lease; readonly standing: Standing };

export type Expiry = {
  readonly node: string;
  readonly epoch: string;
  readonly now: number;
  readonly limit: number;
};

/** How a follow-up names its original: by RRN, or by terminal, batch and STAN. */
export type OriginalQuery = {
  readonly bucket: number;
  readonly merchant: string;
  /** Null where only batch and STAN are told. */
  readonly rrn: string | null;
  /** Business dates at which an RRN may have been given. */
  readonly dates: readonly string[];
  readonly terminal: string;
  readonly batch: string;
  readonly stan: string;
  /** DE 38: without an RRN it finds the original at another terminal of the merchant. */
  readonly authorisationCode?: string | undefined;
};

/** An original with what a follow-up needs to be sent. */
export type OriginalRow = {
  readonly standing: Standing;
  readonly stan: string;
  readonly feePpm: bigint;
  readonly currency: string;
  readonly entryMode: string;
  /** "YYYY-MM-DD" as the network told it. */
  readonly settlementDate: string | null;
  readonly maskedPan: string;
  readonly panCipher: string;
  readonly receiverCipher: string | null;
};

export type RefusedMessage = {
  readonly businessDate: string;
  readonly at: number;
  readonly reason: string;
  readonly responseCode: string | null;
  readonly mti: string | null;
  readonly terminal: string | null;
  readonly merchant: string | null;
  readonly peer: string;
  readonly message: Kept | null;
};

/** A cardholder's signature, sealed by the security module. */
export type Signature = Place & {
  /** SHA-256 of the image: the same again is the same. */
  readonly digest: string;
  readonly code: string;
  readonly sealed: Uint8Array;
  readonly at: number;
};

export type Series = "trace" | "reference";

/**
 * Every promise resolves once what it wrote is durable. Each step is written, with all it brings
 * about, in one commit, decided by `settle` on what that commit found.
 */
export type Store = {
  readonly open: (step: OpenStep) => Promise<OpenResult>;
  readonly close: (step: CloseStep) => Promise<CloseResult>;
  readonly reverse: (step: ReverseStep) => Promise<ReverseResult>;
  readonly acknowledge: (step: AcknowledgeStep) => Promise<void>;
  readonly note: (step: NoteStep) => Promise<void>;
  /** What is stored under a key. */
  readonly known: (key: NaturalKey) => Promise<Known | undefined>;
  readonly original: (query: OriginalQuery) => Promise<OriginalRow | undefined>;
  /** The transaction whose network request had this key, where an advice undoes it. */
  readonly originalOf: (bucket: number, networkKey: string) => Promise<Place | undefined>;
  /** Leases of a node's earlier lives, and leases of anybody that ran out. */
  readonly expired: (when: Expiry) => Promise<readonly Expired[]>;
  /** Claims due advices, of those about one message (DE 90) the first alone: the next attempt is due after reply time and a pause that doubles. */
  readonly dueAdvices: (when: Due) => Promise<readonly DueAdvice[]>;
  readonly pendingAdvices: () => Promise<number>;
  /** The number of the next block of a thousand; what a crash leaves unused stays unused. */
  readonly block: (series: Series) => Promise<number>;
  /** A node begins: leases of its life before are over. Returns its epoch. */
  readonly beginEpoch: (node: string, at: number) => Promise<string>;
  /** Keeps the first signature of a payment; another one for it is refused. */
  readonly keepSignature: (signature: Signature) => Promise<"kept" | "other-content">;
  readonly signatureOf: (place: Place) => Promise<Signature | undefined>;
  readonly limits: () => Promise<readonly Limit[]>;
  readonly recordRefusals: (refused: readonly RefusedMessage[]) => Promise<void>;
  /** Steps that wait and steps in a commit. */
  readonly depth: () => { readonly waiting: number; readonly inFlight: number };
  readonly end: () => Promise<void>;
};

/** The verbs of the write path over one way of submitting steps. */
export function verbsOf(
  submit: (step: Step) => Promise<Result>,
): Pick<Store, "open" | "close" | "reverse" | "acknowledge" | "note"> {
  const mismatch = (): never => {
    throw new Error("a step was given the result of another kind");
  };
  return {
    open: async (step) => {
      const written = await submit(step);
      return written.do === "open" ? written.result : mismatch();
    },
    close: async (step) => {
      const written = await submit(step);
      return written.do === "close" ? written.result : mismatch();
    },
    reverse: async (step) => {
      const written = await submit(step);
      return written.do === "reverse" ? written.result : mismatch();
    },
    acknowledge: async (step) => {
      await submit(step);
    },
    note: async (step) => {
      await submit(step);
    },
  };
}
