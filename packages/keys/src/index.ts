export * from "./cipher.ts";
export * from "./conformance/index.ts";
export * from "./cryptogram.ts";
export * from "./cvv.ts";
export {
  type AesDukptKeyType,
  aesDukptKeyTypes,
  type AesDukptUsage,
  aesDukptUsages,
  aesInitialKey,
  aesKsnId,
  type AesTerminal,
  aesTransactionKey,
  aesUpdateKey,
  aesWorkingKey,
  isAesKsn,
  nextAesKey,
  startAesTerminal,
} from "./dukpt-aes.ts";
export {
  isTdesKsn,
  nextTdesKey,
  startTdesTerminal,
  type TdesDukptPurpose,
  tdesInitialKey,
  type TdesTerminal,
  tdesTransactionKey,
  tdesWorkingKey,
} from "./dukpt-tdes.ts";
export * from "./ibm3624.ts";
export * from "./issuer-script.ts";
export * from "./kcv.ts";
export * from "./key-block.ts";
export * from "./mac.ts";
export type {
  Answer,
  Answers,
  Command,
  CommandName,
  CommandOf,
  Done,
  DukptState,
  KeyBlock,
  Outcome,
  Random,
  Refusal,
  Refused,
  SecurityModule,
} from "./module/security-module.ts";
export { refusals } from "./module/security-module.ts";
export {
  commandLine,
  type CommandRecord,
  gatherCommands,
  type UsedKey,
} from "./module/command-log.ts";
export { createSoftwareModule, type SoftwareModuleOptions } from "./module/software-module.ts";
export * from "./module/usage.ts";
export * from "./pin-block-4.ts";
export * from "./pin-block.ts";
export * from "./pvv.ts";
export {
  createFrameReader as createModuleFrameReader,
  decodeRequest,
  decodeResponse,
  encodeCommand,
  encodeRequest,
  encodeResponse,
  ProtocolError,
  type RequestBatch,
  type ResponseBatch,
} from "./remote/module-protocol.ts";
export {
  createRemoteModule,
  type RemoteModule,
  type RemoteModuleOptions,
} from "./remote/remote-module.ts";
export { type ModuleConnection, serveModule } from "./remote/serve-module.ts";
export { drawnFrom } from "./random.ts";
export * from "./scheme.ts";
export * from "./seal.ts";
export * from "./sm2.ts";
export * from "./track.ts";
export * from "./vectors/run.ts";
