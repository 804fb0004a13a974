export { beginEpoch } from "./close.ts";
export { claimAdvices, findOriginalOf, pendingAdvices, type DueAdvice } from "./advices.ts";
export { expiredFlights, type Expired } from "./expired.ts";
export { readKnown } from "./known.ts";
export { nextBlock, type Series } from "./numbers.ts";
export {
  hopsOf,
  listTransactions,
  readTransaction,
  standing,
  type EventRow,
  type Filter,
  type HopRow,
  type TransactionRow,
} from "./reading.ts";
export { recordRefusals, type RefusedMessage } from "./refusals.ts";
export { writeSteps } from "./write.ts";
