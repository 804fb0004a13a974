/**
 * The code that ties an electronic signature to its transaction (交易特征码, unionpay-pos §2.7 [1]):
 * settlement date MMDD (0000 where there is none) and RRN of 12 digits as 8 bytes, the first half
 * folded into the second; 8 hex characters. Throws RangeError on anything else.
 */
export function signatureCode(settlementDate: string, rrn: string): string {
  if (!/^\d{4}$/.test(settlementDate) || !/^\d{12}$/.test(rrn)) {
    throw new RangeError("a settlement date has 4 digits, a retrieval reference 12");
  }
  const digits = settlementDate + rrn;
  const [first, last] = [digits.slice(0, 8), digits.slice(8)];
  return Array.from(first, (digit, at) =>
    (Number.parseInt(digit, 16) ^ Number.parseInt(last.charAt(at), 16)).toString(16),
  )
    .join("")
    .toUpperCase();
}
