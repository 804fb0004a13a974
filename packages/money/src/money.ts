import type { Currency } from "./currency.ts";

/** An amount in minor units (for CNY: fen) with its currency. */
export type Money = { readonly minor: bigint; readonly currency: Currency };

/**
 * Reads a decimal amount in major units, such as "25.80".
 * Undefined where it is no amount of that currency: a sign, too many decimals, other characters.
 */
export function parseMajor(text: string, currency: Currency): Money | undefined {
  const match = /^(\d{1,12})(?:\.(\d+))?$/.exec(text);
  if (!match) return undefined;
  const decimals = match[2] ?? "";
  if (decimals.length > currency.decimals) return undefined;
  const minor = BigInt(`${match[1]}${decimals.padEnd(currency.decimals, "0")}`);
  return { minor, currency };
}

/** The amount in major units with all decimals of its currency: 2580 fen → "25.80". */
export function formatMajor({ minor, currency }: Money): string {
  const sign = minor < 0n ? "-" : "";
  const digits = (minor < 0n ? -minor : minor).toString().padStart(currency.decimals + 1, "0");
  if (currency.decimals === 0) return sign + digits;
  return `${sign}${digits.slice(0, -currency.decimals)}.${digits.slice(-currency.decimals)}`;
}

/**
 * `partsPerMillion` of an amount in minor units, rounded half away from zero to a whole minor unit:
 * the one rounding rule of fees.
 */
export function portion(minor: bigint, partsPerMillion: bigint): bigint {
  const product = minor * partsPerMillion;
  const half = product < 0n ? -500_000n : 500_000n;
  return (product + half) / 1_000_000n;
}
