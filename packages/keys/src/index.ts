export * from "./cipher.ts";
export * from "./conformance.ts";
export * from "./cryptogram.ts";
export * from "./kcv.ts";
export * from "./key-block.ts";
export * from "./mac.ts";
export * from "./pin-block.ts";
export * from "./pvv.ts";
export * from "./seal.ts";
export type {
  Answer,
  Answers,
  Command,
  CommandName,
  CommandOf,
  Done,
  KeyBlock,
  Outcome,
  Random,
  Refusal,
  Refused,
  SecurityModule,
} from "./security-module.ts";
export { refusals } from "./security-module.ts";
export { createSoftwareModule } from "./software-module.ts";
export * from "./track.ts";
export * from "./usage.ts";
export * from "./vectors.ts";
