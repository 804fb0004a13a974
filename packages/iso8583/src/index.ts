export { decode, encode, type Decoded, type Message, type MessageFields } from "./codec.ts";
export {
  FrameError,
  MessageError,
  type Frame,
  type FrameErrorCode,
  type MessageErrorCode,
} from "./errors.ts";
export {
  createFrameReader,
  framingNames,
  keepAliveFrame,
  readFrame,
  writeFrame,
  type FrameReader,
  type FramingName,
} from "./framing.ts";
export { buildCupsHeader, parseCupsHeader, type CupsHeader } from "./cups-header.ts";
export { defineSpec, varySpec, type FieldsOf, type Spec, type SpecTable } from "./spec.ts";
export {
  type FieldDefinition,
  type FieldTable,
  type Layout,
  type MessageRule,
  type Prefix,
  type Text,
} from "./table.ts";
export { unionpayPos } from "./specs/unionpay-pos.ts";
export { cups } from "./specs/cups.ts";
export { recognise, specs } from "./recognise.ts";
export { describe, type DescribeOptions } from "./describe.ts";
export { keptFields, maskFields } from "./mask.ts";
export {
  encodeForMac,
  hasMac,
  macField,
  macInput,
  mtiText,
  responseMti,
  swapTpdu,
  withMac,
  type MacField,
} from "./messages.ts";
export { checkMessage, type MessageCheck } from "./rules.ts";
export {
  approvedCodes,
  responseCode,
  responseCodes,
  type ActionClass,
  type ResponseCode,
} from "./response-codes.ts";
