export {
  decode,
  encode,
  fieldsOf,
  type Decoded,
  type Message,
  type MessageFields,
} from "./codec.ts";
export {
  FrameError,
  MessageError,
  SpecError,
  type Frame,
  type FrameErrorCode,
  type MessageErrorCode,
  type SpecProblem,
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
export {
  defineSpec,
  varySpec,
  type FieldsOf,
  type MessageOf,
  type Spec,
  type SpecTable,
} from "./spec.ts";
export { exportSpec, importSpec } from "./spec-json.ts";
export type {
  Alternative,
  Ber,
  BitmapSet,
  Composite,
  Content,
  Datasets,
  Encoding,
  FieldDefinition,
  FieldList,
  FieldTable,
  Layout,
  MessageRule,
  Part,
  Prefix,
  Privacy,
  Structure,
  Tags,
  Text,
} from "./table.ts";
export { composeField, fieldParts, type MessageView, type PartValue } from "./parts.ts";
export { unionpayPos } from "./specs/unionpay-pos.ts";
export { cups } from "./specs/cups.ts";
export { iso87Ascii, iso87Binary } from "./specs/iso87.ts";
export { iso93Ascii, iso93Binary } from "./specs/iso93.ts";
export { iso2003 } from "./specs/iso2003.ts";
export { recognise, specs, type Recognised } from "./recognise.ts";
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
export { signatureCode } from "./signature-code.ts";
export {
  approvedCodes,
  responseCode,
  responseCodes,
  type ActionClass,
  type ResponseCode,
} from "./response-codes.ts";
