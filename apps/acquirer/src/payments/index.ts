export { networkKeyOf } from "./advice.ts";
export { openWriter, type Writer } from "./lanes.ts";
export { openNumbers, type Numbers } from "./numbers.ts";
export { openPayments, type Payments } from "./payments.ts";
export { sweep } from "./recovery.ts";
export { openRefusalLog, type RefusalLog } from "./refused.ts";
export { startSender, type AdviceAnswer, type Sender } from "./sender.ts";
export { states, type State } from "./state.ts";
export type { Lease } from "./step.ts";
export {
  beginEpoch,
  findOriginalOf,
  hopsOf,
  listTransactions,
  pendingAdvices,
  readTransaction,
  standing,
  type DueAdvice,
  type Filter,
  type HopRow,
  type RefusedMessage,
  type TransactionRow,
} from "./store/index.ts";
export {
  approvalCodes,
  ownCodes,
  type Assigned,
  type HopMessage,
  type Kept,
  type NaturalKey,
  type NetworkAnswer,
  type Reply,
  type Reversal,
  type Sale,
  type SaleAnswer,
} from "./transaction.ts";
