/** A card number as it may be shown: first six, stars, last four (PCI DSS 3.4.1). */
export function maskPan(pan: string): string {
  if (pan.length < 13) return "*".repeat(pan.length);
  return pan.slice(0, 6) + "*".repeat(pan.length - 10) + pan.slice(-4);
}

/** Whether the last digit is the check digit of the others (ISO/IEC 7812-1 Annex B). */
export function luhnValid(pan: string): boolean {
  if (!/^\d{12,19}$/.test(pan)) return false;
  let sum = 0;
  for (let at = 0; at < pan.length; at += 1) {
    const digit = pan.charCodeAt(pan.length - 1 - at) - 48;
    const doubled = at % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
