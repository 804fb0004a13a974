import { type DecodedPin, readPin, writePin } from "./pin-digits.ts";

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
  switch (format) {
    case 0:
      return foldPan(writePin(0, pin, fifteen), pan);
    case 1:
      return writePin(1, pin, hexFiller(fill, pin));
    case 2:
      return writePin(2, pin, fifteen);
    case 3:
      return foldPan(writePin(3, pin, letterFiller(fill)), pan);
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
  return readPin(bound ? foldPan(new Uint8Array(block), pan) : block, format, fillers[format]);
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

const fifteen = (): number => 0xf;

const fillers: Record<DecodedPinBlockFormat, (digit: number) => boolean> = {
  0: (digit) => digit === 0xf,
  1: () => true,
  2: (digit) => digit === 0xf,
  3: (digit) => digit > 9,
};

/** The digits of the random bytes. */
function hexFiller(fill: Uint8Array, pin: string): (at: number) => number {
  if (fill.length * 2 < 14 - pin.length) throw new RangeError("format 1 needs random bytes");
  return (at) => ((fill[at >> 1] ?? 0) >> ((at & 1) === 0 ? 4 : 0)) & 0xf;
}

/** A letter from A to F for each random byte. */
function letterFiller(fill: Uint8Array): (at: number) => number {
  if (fill.length < 10) throw new RangeError("format 3 needs 10 random bytes");
  return (at) => 10 + ((fill[at] ?? 0) % 6);
}

/**
 * Folds four zeros and the 12 digits left of the check digit into a block, in place
 * (ISO 9564-1 §9.3.2).
 */
function foldPan(block: Uint8Array, pan: string): Uint8Array {
  if (!/^\d{8,19}$/.test(pan)) throw new RangeError("a PAN is 8 to 19 digits");
  for (let at = 15, from = pan.length - 2; at > 3 && from >= 0; at -= 1, from -= 1) {
    const digit = pan.charCodeAt(from) - 0x30;
    block[at >> 1] = (block[at >> 1] ?? 0) ^ ((at & 1) === 0 ? digit << 4 : digit);
  }
  return block;
}
