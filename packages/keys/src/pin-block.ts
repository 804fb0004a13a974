import { toHex, xor } from "@tillway/bytes";
import { type DecodedPin, isPin, packed, readPin } from "./pin-digits.ts";

export { type DecodedPin, isPin, type PinBlockFault } from "./pin-digits.ts";

/**
 * Formats of ISO 9564-1: 0, 3 and 4 are bound to the PAN, 1 is not bound, 2 goes to the card only.
 * Format 4 is not a block that can be in the clear: see `encipherFormat4`.
 */
export type PinBlockFormat = 0 | 1 | 2 | 3 | 4;

/** Formats whose clear block of 8 bytes can be made here. */
export type EncodedPinBlockFormat = 0 | 1 | 2 | 3;

/** Formats whose clear block of 8 bytes can be read here. */
export type DecodedPinBlockFormat = 0 | 1 | 2 | 3;

/**
 * The clear block of 8 bytes. PIN: 4 to 12 digits. PAN: digits, ignored by formats 1 and 2.
 * `fill`, 10 random bytes, gives the filler of format 3 (A to F) and of format 1 (any hex digits).
 * Throws RangeError on anything else.
 */
export function encodePinBlock(
  format: EncodedPinBlockFormat,
  pin: string,
  pan: string,
  fill: Uint8Array = new Uint8Array(0),
): Uint8Array {
  if (!isPin(pin)) throw new RangeError("a PIN is 4 to 12 digits");
  const start = `${format}${pin.length.toString(16).toUpperCase()}${pin}`;
  switch (format) {
    case 0:
      return xor(packed(start.padEnd(16, "F")), panField(pan));
    case 1:
      return packed((start + hexFiller(fill, 14 - pin.length)).slice(0, 16));
    case 2:
      return packed(start.padEnd(16, "F"));
    case 3:
      return xor(packed((start + letterFiller(fill)).slice(0, 16)), panField(pan));
  }
}

/** The PIN in a clear block of 8 bytes, or the fault that keeps it from being one. */
export function decodePinBlock(
  format: DecodedPinBlockFormat,
  block: Uint8Array,
  pan: string,
): DecodedPin {
  if (block.length !== 8) throw new RangeError("a PIN block has 8 bytes");
  const bound = format === 0 || format === 3;
  return readPin(toHex(bound ? xor(block, panField(pan)) : block), format, fillers[format]);
}

/**
 * Whether a PIN may go from one format into another: 0, 3 and 4 into each other with the same PAN,
 * 1 into those, 2 only towards a card, nothing into 1 (ISO 9564-1 §9.5, PCI PIN requirement 3).
 */
export function translationAllowed(
  from: PinBlockFormat,
  to: PinBlockFormat,
  where: { readonly samePan: boolean; readonly towardsCard: boolean },
): boolean {
  const bound = (format: PinBlockFormat): boolean => format === 0 || format === 3 || format === 4;
  if (to === 1 || from === 2) return false;
  if (to === 2) return where.towardsCard;
  return from === 1 || (bound(from) && where.samePan);
}

const fillers: Record<DecodedPinBlockFormat, RegExp> = {
  0: /^F*$/,
  1: /^[0-9A-F]*$/,
  2: /^F*$/,
  3: /^[A-F]*$/,
};

function hexFiller(fill: Uint8Array, digits: number): string {
  if (fill.length * 2 < digits) throw new RangeError("format 1 needs random bytes");
  return toHex(fill);
}

/** A letter from A to F for each random byte. */
function letterFiller(fill: Uint8Array): string {
  if (fill.length < 10) throw new RangeError("format 3 needs 10 random bytes");
  return Array.from(fill, (byte) => "ABCDEF".charAt(byte % 6)).join("");
}

/** Four zeros and the 12 digits left of the check digit (ISO 9564-1 §9.3.2). */
function panField(pan: string): Uint8Array {
  if (!/^\d{8,19}$/.test(pan)) throw new RangeError("a PAN is 8 to 19 digits");
  return packed(pan.slice(0, -1).slice(-12).padStart(16, "0"));
}
