/** The contact terminal kernel: its step machine and its configuration. */
export { advance, advanceFull, startFullKernel, startKernel } from "./machine.ts";
export type { FullKernelState, FullKernelTurn, KernelState, KernelTurn } from "./machine.ts";
export type {
  AnyVerification,
  Candidate,
  CardholderVerification,
  CheckCardStep,
  Cryptogram,
  FullKernelStep,
  KernelEvent,
  KernelOutcome,
  KernelStep,
  OfflinePinStep,
  OnlineRequest,
  OutcomeReason,
} from "./steps.ts";
export { caKeyChecksum, parseKernelConfiguration } from "./configuration.ts";
export type {
  ApplicationConfiguration,
  CaKey,
  CdaMode,
  KernelConfiguration,
  KeySet,
  ParsedConfiguration,
  TerminalConfiguration,
} from "./configuration.ts";
export { DEFAULT_APPLICATIONS, DEFAULT_TERMINAL } from "./defaults.ts";
export { recordedCard, rehearse } from "./rehearsal.ts";
export type {
  Match,
  OfflinePin,
  RecordedCard,
  RecordedExchange,
  Rehearsal,
  Surroundings,
} from "./rehearsal.ts";
export { parseTransactionInput } from "./transaction.ts";
export type { ParsedTransaction, TransactionInput } from "./transaction.ts";
