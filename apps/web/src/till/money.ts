/** Minor units as a decimal amount: "2580" → "25.80", "-5" → "-0.05". */
export function shown(minor: string): string {
  const negative = minor.startsWith("-");
  const digits = minor.slice(negative ? 1 : 0).padStart(3, "0");
  return `${negative ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
