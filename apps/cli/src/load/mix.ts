/** Which transactions a terminal of a load makes, one after the other, round and round. */
import type { TransactionName } from "@tillway/transactions";

export const mixes = {
  sale: ["sale"],
  // What follows an original follows the payment before it.
  mixed: [
    "sale",
    "sale",
    "sale",
    "sale void",
    "pre-authorisation",
    "completion",
    "sale",
    "sale",
    "refund",
    "pre-authorisation",
    "pre-authorisation void",
    "balance inquiry",
  ],
} as const satisfies Readonly<Record<string, readonly TransactionName[]>>;

export type Mix = keyof typeof mixes;

export type LoadType = (typeof mixes)[Mix][number];

export const isMix = (text: string): text is Mix => Object.hasOwn(mixes, text);
