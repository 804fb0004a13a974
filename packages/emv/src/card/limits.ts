/** Offline limits of a card: how they are told, how scripts change them, when they are reached. */
import { fromHex, toHex } from "@tillway/bytes";
import type { AnyCardImage } from "./image.ts";
import type { CardScheme } from "./profile.ts";
import type { CardState } from "./state.ts";

/** Transactions in a row, and minor units in all, that the card approves by itself. */
export type Limits = {
  readonly lower: number;
  readonly upper: number;
  /** Undefined: any amount. */
  readonly amount: bigint | undefined;
};

/** Tags of the three limits (M/Chip's own, PBOC's and Visa's alike); the amount's is PBOC's [U]. */
const TAGS: Record<CardScheme, { lower: string; upper: string }> = {
  unionpay: { lower: "9F58", upper: "9F59" },
  visa: { lower: "9F58", upper: "9F59" },
  mastercard: { lower: "9F14", upper: "9F23" },
};
const AMOUNT = "9F54";
const AMOUNT_LENGTH = 6;

/** The limits in force: those of the profile, or what scripts made of them. */
export function limitsOf(image: AnyCardImage, state: CardState): Limits {
  const { offlineLimits, scheme } = image.profile;
  const changed = state.data ?? {};
  const byte = (tag: string, standard: number): number => {
    const value = changed[tag];
    return value === undefined ? standard : Number.parseInt(value, 16);
  };
  const amount = changed[AMOUNT] ?? offlineLimits.amount;
  return {
    lower: byte(TAGS[scheme].lower, offlineLimits.lower),
    upper: byte(TAGS[scheme].upper, offlineLimits.upper),
    amount: amount === undefined ? undefined : BigInt(amount),
  };
}

/** The limits as data objects. */
export function limitTags(limits: Limits, scheme: CardScheme): Map<string, Uint8Array> {
  const amount = `${limits.amount ?? 0n}`.padStart(AMOUNT_LENGTH * 2, "0");
  return new Map([
    [TAGS[scheme].lower, Uint8Array.of(limits.lower)],
    [TAGS[scheme].upper, Uint8Array.of(limits.upper)],
    [AMOUNT, fromHex(amount.slice(-AMOUNT_LENGTH * 2))],
  ]);
}

/** Whether a value has the form of the limit with this tag. */
export function isLimit(tag: string, value: Uint8Array): boolean {
  return tag === AMOUNT
    ? value.length === AMOUNT_LENGTH && /^\d*$/.test(toHex(value))
    : value.length === 1;
}

/** Minor units of this transaction in the card's currency; 0 in any other. */
export function amountOf(image: AnyCardImage, values: ReadonlyMap<string, Uint8Array>): bigint {
  const currency = toHex(values.get("5F2A") ?? new Uint8Array(0));
  const digits = toHex(values.get("9F02") ?? new Uint8Array(0));
  const own = currency === image.profile.currency.padStart(4, "0");
  return own && /^\d+$/.test(digits) ? BigInt(digits) : 0n;
}
