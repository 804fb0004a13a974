import { QrError } from "./errors.ts";
import { type ConsumerReading, inspectConsumerCode } from "./consumer.ts";
import { inspectMerchantCode, type MerchantOptions, type MerchantReading } from "./merchant.ts";
import { type Text } from "./merchant-tables.ts";

/** Wallets whose payment codes a till scans from the customer's phone. */
export type Wallet = "unionpay" | "alipay" | "wechat";

export type PaymentCodeRule = {
  readonly wallet: Wallet;
  readonly name: Text;
  readonly pattern: RegExp;
};

/**
 * Payment codes: digits that stand for an account for a minute or so. No two patterns overlap.
 * That UnionPay's begin with 62 is common practice, not taken from a published rule.
 */
export const paymentCodes: readonly PaymentCodeRule[] = [
  { wallet: "unionpay", name: { en: "UnionPay", zh: "云闪付" }, pattern: /^62[0-9]{17}$/ },
  {
    wallet: "alipay",
    name: { en: "Alipay", zh: "支付宝" },
    pattern: /^(2[5-9]|30)[0-9]{14,22}$/,
  },
  { wallet: "wechat", name: { en: "WeChat Pay", zh: "微信支付" }, pattern: /^1[0-5][0-9]{16}$/ },
];

/** The wallet whose payment code this is. */
export function recognisePaymentCode(text: string): PaymentCodeRule | undefined {
  return paymentCodes.find(({ pattern }) => pattern.test(text));
}

/** A scanned code of any kind read here. A payment code's `digits` can be paid with: never log. */
export type ScannedCode =
  | { readonly kind: "merchant"; readonly reading: MerchantReading }
  | { readonly kind: "consumer"; readonly reading: ConsumerReading }
  | { readonly kind: "payment-code"; readonly wallet: Wallet; readonly digits: string };

/** What a text looks like, by its beginning only. */
export function recogniseCode(text: string): ScannedCode["kind"] | undefined {
  if (recognisePaymentCode(text) !== undefined) return "payment-code";
  // 00, of two characters: the format indicator. A payment code never begins with 0.
  if (text.startsWith("0002")) return "merchant";
  // The bytes 85 05 43: the format indicator's tag, its length, C of CPV01.
  if (text.startsWith("hQVD")) return "consumer";
  return undefined;
}

/**
 * Reads a scanned text as what it looks like. Throws QrError as `inspectMerchantCode` and
 * `inspectConsumerCode` do, `unrecognised` where it looks like none of them.
 */
export function readCode(text: string, options: MerchantOptions): ScannedCode {
  const kind = recogniseCode(text);
  switch (kind) {
    case "merchant":
      return { kind, reading: inspectMerchantCode(text, options) };
    case "consumer":
      return { kind, reading: inspectConsumerCode(text) };
    case "payment-code": {
      const rule = recognisePaymentCode(text);
      if (rule !== undefined) return { kind, wallet: rule.wallet, digits: text };
      break;
    }
    case undefined:
  }
  throw new QrError("unrecognised", [], 0, "the text is no code that is known here");
}
