/** The contact terminal kernel: its step machine and its configuration. */
export { advance, startKernel } from "./machine.ts";
export type { KernelState, KernelTurn } from "./machine.ts";
export type {
  Candidate,
  CardholderVerification,
  Cryptogram,
  KernelEvent,
  KernelOutcome,
  KernelStep,
  OnlineRequest,
  OutcomeReason,
} from "./steps.ts";
export { caKeyChecksum, parseKernelConfiguration } from "./configuration.ts";
export type {
  ApplicationConfiguration,
  CaKey,
  KernelConfiguration,
  KeySet,
  ParsedConfiguration,
  TerminalConfiguration,
} from "./configuration.ts";
export { DEFAULT_APPLICATIONS, DEFAULT_TERMINAL } from "./defaults.ts";
export { recordedCard, rehearse } from "./rehearsal.ts";
export type {
  Match,
  RecordedCard,
  RecordedExchange,
  Rehearsal,
  Surroundings,
} from "./rehearsal.ts";
export { parseTransactionInput } from "./transaction.ts";
export type { ParsedTransaction, TransactionInput } from "./transaction.ts";
