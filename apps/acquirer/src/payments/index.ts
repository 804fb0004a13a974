export { elementsOf, networkKeyOf, type Advice } from "./advice.ts";
export {
  followRefusals,
  remaining,
  type FollowRefusal,
  type FollowRules,
  type Marks,
} from "./follow.ts";
export type { Found, Standing, Writes } from "./found.ts";
export {
  defaultLimits,
  limitEntries,
  limitLevels,
  limitRefusals,
  limitSpans,
  limitSubjects,
  type Limit,
  type LimitRefusal,
} from "./limits.ts";
export { datesOfRrn, openNumbers, type Numbers } from "./numbers.ts";
export { openPayments, type Payments } from "./payments.ts";
export {
  verbsOf,
  type DueAdvice,
  type OriginalRow,
  type RefusedMessage,
  type Signature,
  type Store,
} from "./port.ts";
export { sweep } from "./recovery.ts";
export { openRefusalLog, type RefusalLog } from "./refused.ts";
export { startSender, type AdviceAnswer, type Sender } from "./sender.ts";
export { lifeOf, lives, machineTable, stands, states, type Life, type State } from "./state.ts";
export type { Lease, TurnedAway } from "./step.ts";
export {
  followedOf,
  hopsOf,
  insertLimits,
  listTransactions,
  openPostgresStore,
  readTransaction,
  standing,
  type Filter,
  type Followed,
  type HopRow,
  type TransactionRow,
} from "./store/index.ts";
export {
  approvalCodes,
  ownCodes,
  releasedBy,
  type Assigned,
  type HopMessage,
  type Kept,
  type KeyClass,
  type NaturalKey,
  type NetworkAnswer,
  type Payment,
  type PaymentAnswer,
  type Place,
  type Reply,
  type Reversal,
} from "./transaction.ts";

// What another form of the store is made of.
export { settle } from "./commit.ts";
export { takes, unmarked } from "./follow.ts";
export { fullKeyText, keyText, placeText, type KeyRow } from "./found.ts";
export { counterOf, unused, type Use } from "./limits.ts";
export type { Happening, OpenStep, Result, Step } from "./step.ts";
export type { Claims, Known } from "./transaction.ts";
