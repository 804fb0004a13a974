export {
  readTotals,
  readUpload,
  settlementResults,
  withResult,
  type BatchKey,
  type Difference,
  type Totals,
} from "./batch.ts";
export type { Batches, ChipRecord, KeptRecord } from "./port.ts";
export { listBatches, openBatches, readBatch, type BatchRow } from "./store.ts";

// What another form of the store is made of.
export {
  differencesOf,
  nextBatch,
  sameTotals,
  totalsOf,
  type BatchLine,
  type BatchState,
  type Counted,
} from "./batch.ts";
