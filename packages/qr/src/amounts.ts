/** Decimal text ↔ exact integers of the smallest unit (EMV QRCPS merchant mode, ID 54). */

export type DecimalFault = "not digits with at most one point" | "more exact than its unit";

/**
 * Digits with at most one decimal point ("98.73", "98", "98.") as units of 10^-decimals. Decimals
 * beyond those may only be zeros, so that nothing is rounded. Answers a fault as text.
 */
export function readDecimal(text: string, decimals: number): bigint | DecimalFault {
  const parts = /^(\d+)(?:\.(\d*))?$/.exec(text);
  if (parts === null) return "not digits with at most one point";
  const [, whole = "", fraction = ""] = parts;
  if (!/^0*$/.test(fraction.slice(decimals))) return "more exact than its unit";
  return BigInt(whole + fraction.slice(0, decimals).padEnd(decimals, "0"));
}

/** Units of 10^-decimals as text with all its decimals: 2580n, 2 → "25.80". */
export function writeDecimal(units: bigint, decimals: number): string {
  if (decimals === 0) return String(units);
  const digits = String(units).padStart(decimals + 1, "0");
  return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}
