/** Contactless: entry point, kernels 2, 3 and 7, the card's contactless face, published transcripts. */
export { advanceTap, startTap } from "./machine.ts";
export type { TapState, TapTurnTaken } from "./machine.ts";
export type {
  KernelNumber,
  OutcomeKind,
  TapAuthentication,
  TapEvent,
  TapOutcome,
  TapReason,
  TapRequest,
  TapStep,
  TapVerification,
} from "./steps.ts";
export { MESSAGE_IDS } from "./messages.ts";
export type { UiMessage, UiRequest, UiStatus } from "./messages.ts";
export { parseContactlessConfiguration } from "./configuration.ts";
export type {
  CombinationConfiguration,
  ContactlessConfiguration,
  MchipConfiguration,
  ParsedContactless,
  SmallAmountRule,
  TapLimits,
} from "./configuration.ts";
export { DEFAULT_COMBINATIONS, DEFAULT_CONTACTLESS_TERMINAL } from "./defaults.ts";
export { unionpayParameters } from "./unionpay-parameters.ts";
export type { ParsedParameters } from "./unionpay-parameters.ts";
export { rehearseTap } from "./rehearsal.ts";
export type { TapRehearsal, TapSurroundings } from "./rehearsal.ts";
export { CONTACTLESS_TRANSCRIPTS, runContactlessTranscripts } from "./transcripts/run.ts";
export * from "./card/index.ts";
