/** Byte strings: hex, ASCII, joining and comparing. Hex is UPPERCASE in output, any case in input. */

const HEX = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).toUpperCase().padStart(2, "0"),
);

/** Bytes as uppercase hex digits. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += HEX[byte];
  return text;
}

/** The value of each hex digit by its character code; 255 for every other character. */
const NIBBLES = Uint8Array.from({ length: 128 }, (_, code) => {
  const value = "0123456789ABCDEF".indexOf(String.fromCharCode(code).toUpperCase());
  return value < 0 ? 255 : value;
});

/** Hex digits as bytes. Throws RangeError on an odd count or a character that is no hex digit. */
export function fromHex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length >> 1);
  let wrong = text.length & 1;
  for (let at = 0; at < bytes.length; at += 1) {
    const high = NIBBLES[text.charCodeAt(at * 2)] ?? 255;
    const low = NIBBLES[text.charCodeAt(at * 2 + 1)] ?? 255;
    wrong |= (high | low) & 0xf0;
    bytes[at] = (high << 4) | low;
  }
  if (wrong !== 0) throw new RangeError("not an even number of hex digits");
  return bytes;
}

/** All parts, one after the other, in a new array. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Exclusive or of two arrays of the same length. Throws RangeError where the lengths differ. */
export function xor(left: Uint8Array, right: Uint8Array): Uint8Array {
  if (left.length !== right.length) throw new RangeError("lengths differ");
  return left.map((byte, at) => byte ^ (right[at] ?? 0));
}

/** Whether two arrays are the same; the time does not depend on where they differ. */
export function equal(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  let difference = 0;
  for (let at = 0; at < left.length; at += 1) difference |= (left[at] ?? 0) ^ (right[at] ?? 0);
  return difference === 0;
}

/** Text of characters up to U+00FF as one byte each (ISO 8859-1). Throws RangeError beyond. */
export function fromAscii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code > 0xff) throw new RangeError("a character needs more than one byte");
    bytes[at] = code;
  }
  return bytes;
}

/** One character per byte (ISO 8859-1). */
export function toAscii(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
