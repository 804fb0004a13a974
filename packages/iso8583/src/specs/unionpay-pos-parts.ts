import { type Alternative, type Layout, type Part, type Probe } from "../table.ts";

/**
 * What the structured fields of the POS dialect hold, message by message (spec unionpay-pos §2.5,
 * §2.6, §2.10, §2.11). Forms that one source alone has are marked [1], unsure ones [U]: a content that
 * none fits is still a good message, it only has no parts.
 */

const processing = (...values: string[]): Probe => ({ field: "3", values });

/** DE 44: issuer, acquirer, reserved. */
export const responseData: readonly Layout[] = [
  {
    parts: [
      { key: "issuer", length: 11 },
      { key: "acquirer", length: 11 },
      { key: "reserved", length: 3 },
    ],
  },
];

/** DE 60: code, batch, management code, reader, card condition, partial, account type. */
export const transactionType: readonly Layout[] = [
  { parts: [2, 6, 3, 1, 1, 1, 3].map((length, index) => ({ key: `${index + 1}`, length })) },
];

/** DE 61: original batch, trace, date MMDD, authorisation mode, authorisation institution. */
export const original: readonly Layout[] = [
  { parts: [6, 6, 4, 2, 11].map((length, index) => ({ key: `${index + 1}`, length })) },
];

const totals = (whose: string): Layout["parts"] => [
  { key: `${whose}DebitAmount`, length: 12 },
  { key: `${whose}DebitCount`, length: 3 },
  { key: `${whose}CreditAmount`, length: 12 },
  { key: `${whose}CreditCount`, length: 3 },
  { key: `${whose}Result`, length: 1 },
];

/** DE 48 by message (§2.5). A content that has none of these forms may hold card numbers. */
export const additionalData: readonly Layout[] = [
  { mti: ["0500", "0510"], size: 62, parts: [...totals("domestic"), ...totals("foreign")] },
  { mti: ["0320", "0330"], size: 4, parts: [{ key: "count", length: 4 }] },
  {
    mti: ["0320", "0330"],
    parts: [{ key: "count", length: 2 }],
    group: [
      { key: "cardType", length: 2 },
      { key: "trace", length: 6 },
      { key: "pan", length: 20, privacy: "pan" },
      { key: "amount", length: 12 },
    ],
  },
  { mti: ["0220", "0230"], size: 12, parts: [{ key: "tip", length: 12 }] },
  { when: [processing("620000")], size: 4, parts: [{ key: "load", length: 4 }] },
];

/** DE 59: tag of two characters, length of three digits [1], of two within A2 [U]; A3, the code of a code payment [U]. */
export const terminalInformation: readonly Alternative[] = [
  {
    composite: {
      kind: "tags",
      tag: 2,
      length: 3,
      items: {
        A2: {
          name: { en: "terminal information", zh: "终端信息" },
          inner: {
            kind: "tags",
            tag: 2,
            length: 2,
            items: {
              "01": { name: { en: "device type", zh: "设备类型" } },
              "02": { name: { en: "device serial number", zh: "终端硬件序列号" } },
              "03": {
                name: { en: "last digits of the card", zh: "卡号后六位" },
                privacy: "secret",
              },
              "04": {
                name: { en: "serial number, enciphered", zh: "加密序列号" },
                privacy: "secret",
              },
              "05": { name: { en: "application version", zh: "应用程序版本号" } },
            },
          },
        },
        A3: { name: { en: "payment code", zh: "付款码" }, privacy: "secret" },
      },
    },
  },
];

const organisation: Part = {
  key: "organisation",
  length: 3,
  name: { en: "card organisation", zh: "国际信用卡公司代码" },
};

/** DE 63: the operator of a management message, the card organisation, texts of a reply in GBK. */
export const operatorOrTexts: readonly Layout[] = [
  { mti: ["0800", "0500", "0820"], parts: [{ key: "operator", length: 3 }] },
  { mti: ["0220"], parts: [organisation] },
  {
    mti: ["0110", "0210", "0230", "0410", "0430"],
    parts: [
      organisation,
      { key: "issuer", length: 20, name: { en: "issuer's text", zh: "发卡方保留域" } },
      { key: "network", length: 20, name: { en: "network's text", zh: "中国银联保留域" } },
      { key: "acquirer", length: 20, name: { en: "acquirer's text", zh: "受理机构保留域" } },
      { key: "terminal", length: 60, name: { en: "terminal's text", zh: "POS终端保留域" } },
    ],
  },
];
