/**
 * Decimal digits out of hex digits as CVV and PVV take them: the digits in their order, then the
 * letters in theirs as A 0 to F 5.
 */
export function decimalDigits(hex: string): string {
  const letters = hex.replace(/\d/g, "").replace(/[A-F]/g, (at) => `${"ABCDEF".indexOf(at)}`);
  return hex.replace(/[A-F]/g, "") + letters;
}
