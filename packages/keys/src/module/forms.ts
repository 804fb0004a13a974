/** Forms of what commands are given, checked before any key is used. */

/** Hex digits of either case for this many bytes, at least one. */
export function isHex(text: string, bytes: number): boolean {
  return bytes > 0 && text.length === bytes * 2 && /^[0-9A-Fa-f]+$/.test(text);
}

/** A card number (ISO/IEC 7812-1). */
export function isPan(text: string): boolean {
  return /^\d{12,19}$/.test(text);
}

/** A PAN sequence number of two digits. */
export function isPsn(text: string): boolean {
  return /^\d{2}$/.test(text);
}

/** The first place whose form does not hold, in the order written. */
export function firstBad(forms: Readonly<Record<string, boolean>>): string | undefined {
  return Object.entries(forms).find(([, holds]) => !holds)?.[0];
}
