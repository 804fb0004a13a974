import { type Layout } from "../table.ts";

/** Layouts that both dialects share. */

/** DE 22: how the card was read, whether a PIN was entered (unionpay-pos §2.6). */
export const entryMode: readonly Layout[] = [
  {
    parts: [
      { key: "1", length: 2 },
      { key: "2", length: 1 },
    ],
  },
];

/** DE 53: PIN format, key algorithm, track encrypted (unionpay-pos §2.6). */
export const securityControl: readonly Layout[] = [
  {
    parts: [
      { key: "1", length: 1 },
      { key: "2", length: 1 },
      { key: "3", length: 1 },
    ],
  },
];

/** DE 54: amounts of 20 characters each. */
export const additionalAmounts: readonly Layout[] = [
  {
    parts: [],
    group: [
      { key: "accountType", length: 2 },
      { key: "amountType", length: 2 },
      { key: "currency", length: 3 },
      { key: "sign", length: 1 },
      { key: "amount", length: 12 },
    ],
  },
];

/** DE 90 (ISO 8583:1987): the original's type, trace, transmission time, acquirer, forwarder. */
export const originalElements: readonly Layout[] = [
  {
    parts: [
      { key: "mti", length: 4 },
      { key: "trace", length: 6 },
      { key: "transmission", length: 10 },
      { key: "acquirer", length: 11 },
      { key: "forwarder", length: 11 },
    ],
  },
];
