/** What a store finds for a batch of steps under its locks, and what it is told to write. */
import type { Journal } from "@tillway/ledger";
import type { Marks, Original, Taken } from "./follow.ts";
import type { Advice } from "./advice.ts";
import type { Use } from "./limits.ts";
import type { Happening, OpenStep, OutboxEvent } from "./step.ts";
import type { Claims, HopMessage, Kept, Known, NaturalKey, Place } from "./transaction.ts";

/** A transaction as it stands, with what its undoing needs. */
export type Standing = Place &
  Original & {
    readonly rrn: string;
    /** What it posted, in minor units. */
    readonly booked: { readonly amount: bigint; readonly fee: bigint };
    readonly networkKey: string;
    /** What was sent to the network; null where it is not kept any more. */
    readonly sent: Kept | null;
    readonly claims: Claims;
    readonly marks: Marks;
  };

/** What a store found for a batch, under locks where the batch may change it. */
export type Found = {
  /** Opened transactions whose key was free and is claimed now, by id. */
  readonly fresh: ReadonlySet<string>;
  /** Keys of script results that were free and are claimed now, by `fullKeyText`. */
  readonly scripts: ReadonlySet<string>;
  /** What is known of the keys of the others, by `keyText`. */
  readonly known: ReadonlyMap<string, Known>;
  /** Flights that the closes took, by `placeText`. */
  readonly landed: ReadonlySet<string>;
  /** Keys of reversals that came before, by `keyText`: their digests. */
  readonly reversals: ReadonlyMap<string, string>;
  /** Keys of what is to be reversed, by `keyText`: the transaction, or null for a tombstone. */
  readonly requests: ReadonlyMap<string, string | null>;
  /**
   * Originals, and what reversals, acknowledgements and notes are about, by id. Where a void of a
   * completion is reversed, also the completion and, under lock, its hold.
   */
  readonly standings: ReadonlyMap<string, Standing>;
  /** Advices that were pending, by id. */
  readonly pending: ReadonlySet<string>;
  /** Counters of limits, by `counterOf`. */
  readonly uses: ReadonlyMap<string, Use>;
};

export type KeyRow = {
  readonly key: NaturalKey;
  readonly class: NaturalKey["class"] | "reversal";
  readonly digest: string | null;
  readonly of: Place | null;
  readonly responseCode: string | null;
  readonly at: number;
};

export type TransactionInsert = {
  readonly step: OpenStep;
  /** What it takes: nothing where it was turned away. */
  readonly claims: Claims;
  readonly fee: bigint;
};

/** What is taken of an original or given back: added to what stands there. */
export type MarkChange = {
  readonly place: Place;
  readonly by: string;
  readonly taken: Taken;
  readonly sign: 1n | -1n;
};

export type UseChange = {
  readonly bucket: number;
  readonly subject: string;
  readonly period: string;
  readonly amount: bigint;
  readonly count: number;
};

/** What a batch writes; all of it or nothing. Lists are in the order in which it happened. */
export type Writes = {
  readonly keys: KeyRow[];
  readonly transactions: TransactionInsert[];
  readonly takeoffs: OpenStep[];
  readonly landings: Place[];
  readonly events: { readonly place: Place; readonly happening: Happening }[];
  readonly messages: { readonly place: Place; readonly message: HopMessage; readonly at: number }[];
  readonly advices: Advice[];
  readonly outbox: { readonly bucket: number; readonly event: OutboxEvent; readonly at: number }[];
  readonly journals: Journal[];
  readonly marks: MarkChange[];
  readonly uses: UseChange[];
};

export function nothing(): Writes {
  return {
    keys: [],
    transactions: [],
    takeoffs: [],
    landings: [],
    events: [],
    messages: [],
    advices: [],
    outbox: [],
    journals: [],
    marks: [],
    uses: [],
  };
}

/** A natural key as text, for maps; without its class. */
export function keyText(key: NaturalKey): string {
  return [key.bucket, key.merchant, key.terminal, key.batch, key.stan].join("/");
}

/** A natural key with its class, as text. */
export const fullKeyText = (key: NaturalKey): string => `${keyText(key)}/${key.class}`;

/** A transaction's place as text, for maps. */
export function placeText(place: Pick<Place, "bucket" | "transaction">): string {
  return `${place.bucket}/${place.transaction}`;
}

/** What the steps of a batch share while they are decided: what was found, as it changes. */
export type Deciding = {
  readonly found: Found;
  readonly writes: Writes;
  readonly standings: Map<string, Standing>;
  readonly uses: Map<string, Use>;
  readonly opened: Map<string, OpenStep>;
  readonly scripts: Set<string>;
  readonly landed: Set<string>;
  readonly reversals: Map<string, string>;
  readonly requests: Map<string, string | null>;
};
