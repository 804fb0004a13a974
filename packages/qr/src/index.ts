export { QrError, type QrErrorCode, type QrFault } from "./errors.ts";
export { crcOf } from "./crc.ts";
export { type DataObject } from "./objects.ts";
export {
  buildMerchantCode,
  inspectMerchantCode,
  type MerchantCode,
  type MerchantOptions,
  type MerchantReading,
  parseMerchantCode,
  writeMerchantCode,
} from "./merchant.ts";
export { type Decimals, type Tip } from "./merchant-money.ts";
export {
  type AdditionalData,
  type MerchantAccount,
  type MerchantTerms,
  type OtherLanguage,
  type SystemTemplate,
} from "./merchant-terms.ts";
export {
  buildConsumerCode,
  type ConsumerCode,
  type ConsumerReading,
  inspectConsumerCode,
  parseConsumerCode,
  type PaymentApplication,
  writeConsumerCode,
} from "./consumer.ts";
export { type Tlv } from "./tlv.ts";
export {
  type PaymentCodeRule,
  paymentCodes,
  readCode,
  recogniseCode,
  recognisePaymentCode,
  type ScannedCode,
  type Wallet,
} from "./recognise.ts";
export { describe, type DescribeOptions, dissect, type Row } from "./describe.ts";
export { qrVectorKinds, runQrVectors, type VectorResult, type VectorRun } from "./vectors.ts";
