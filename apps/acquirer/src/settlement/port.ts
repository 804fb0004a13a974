/** The store of batches as the desk needs it; PostgreSQL's form is store.ts. */
import type { BatchKey, Difference, SettlementResult, Totals } from "./batch.ts";

/** A record of an upload as it may rest: the card masked. */
export type KeptRecord = {
  readonly trace: string;
  readonly maskedPan: string;
  readonly amount: bigint;
};

/** Chip data of one transaction, uploaded for the record. */
export type ChipRecord = {
  readonly kind: string;
  readonly trace: string;
  readonly message: object;
};

export type BatchEnd = {
  readonly balanced: boolean;
  /** DE 48: how many records were uploaded in all. */
  readonly count: number;
};

/** `undefined` where the batch is neither open nor one that this terminal settled before. */
export type Batches = {
  /** Compares the totals; the same totals again get the same result. */
  readonly settle: (
    key: BatchKey,
    told: Totals,
    at: number,
  ) => Promise<SettlementResult | undefined>;
  /** Keeps records of a settled batch; one that came before stays one. */
  readonly upload: (
    key: BatchKey,
    records: readonly KeptRecord[],
    at: number,
  ) => Promise<true | undefined>;
  readonly uploadChip: (key: BatchKey, record: ChipRecord, at: number) => Promise<true | undefined>;
  /** Closes a settled batch and tells what differs; what is closed stays as it was closed. */
  readonly end: (
    key: BatchKey,
    told: BatchEnd,
    at: number,
  ) => Promise<readonly Difference[] | undefined>;
  /** At sign-in: the number of the open batch. A batch that balanced is closed by it. */
  readonly current: (key: BatchKey, at: number) => Promise<string>;
};
