/** Digits and hex digits as nibbles, by table look-up. */

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).toUpperCase().padStart(2, "0"),
);

/** 1 where both nibbles of a byte are decimal digits. */
const DECIMAL = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >> 4 < 10 && (byte & 15) < 10 ? 1 : 0,
);

const VALUES = new Int8Array(128).fill(-1);
for (let value = 0; value < 16; value += 1) {
  const digit = value.toString(16);
  VALUES[digit.charCodeAt(0)] = value;
  VALUES[digit.toUpperCase().charCodeAt(0)] = value;
}

/** The value of a hex digit (any case) by its character code, -1 for any other character. */
export function nibble(code: number): number {
  return VALUES[code] ?? -1;
}

export function hexOf(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let at = from; at < to; at += 1) text += HEX[bytes[at] ?? 0];
  return text;
}

/** The offset of the first byte in from..to that is not two decimal digits, or -1. */
export function firstNotDecimal(bytes: Uint8Array, from: number, to: number): number {
  for (let at = from; at < to; at += 1) if (DECIMAL[bytes[at] ?? 255] !== 1) return at;
  return -1;
}
