import { fromHex, toHex, xor } from "@tillway/bytes";

/**
 * Formats of ISO 9564-1: 0 and 3 are bound to the PAN, 1 is not bound, 2 goes to the card only.
 * Format 4 is known to the translation rule; its blocks are not made yet.
 */
export type PinBlockFormat = 0 | 1 | 2 | 3 | 4;

/** Formats that can be made here. */
export type EncodedPinBlockFormat = 0 | 2 | 3;

/** Formats that can be read here. */
export type DecodedPinBlockFormat = 0 | 1 | 2 | 3;

/** Why a clear block holds no PIN. Never says anything of what it holds. */
export type PinBlockFault = "control-field" | "pin-length" | "pin-digit" | "filler";

export type DecodedPin =
  | { readonly ok: true; readonly pin: string }
  | { readonly ok: false; readonly fault: PinBlockFault };

/** Whether this is a PIN of 4 to 12 digits (ISO 9564-1 §8.1). */
export function isPin(text: string): boolean {
  return /^\d{4,12}$/.test(text);
}

/**
 * The clear block of 8 bytes. PIN: 4 to 12 digits. PAN: digits, ignored by format 2.
 * Format 3 fills with 10 random digits from A to F, made of `fill`, 10 random bytes.
 * Throws RangeError on anything else.
 */
export function encodePinBlock(
  format: EncodedPinBlockFormat,
  pin: string,
  pan: string,
  fill: Uint8Array = new Uint8Array(0),
): Uint8Array {
  if (!isPin(pin)) throw new RangeError("a PIN is 4 to 12 digits");
  const start = `${format}${pin.length.toString(16)}${pin}`;
  switch (format) {
    case 0:
      return xor(fromHex(start.padEnd(16, "F")), panField(pan));
    case 2:
      return fromHex(start.padEnd(16, "F"));
    case 3: {
      if (fill.length < 10) throw new RangeError("format 3 needs 10 random bytes");
      const filler = Array.from(fill, (byte) => "ABCDEF".charAt(byte % 6)).join("");
      return xor(fromHex((start + filler).slice(0, 16)), panField(pan));
    }
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
  const text = toHex(bound ? xor(block, panField(pan)) : block);
  if (text.charAt(0) !== `${format}`) return { ok: false, fault: "control-field" };
  const length = Number.parseInt(text.charAt(1), 16);
  if (length < 4 || length > 12) return { ok: false, fault: "pin-length" };
  const pin = text.slice(2, 2 + length);
  if (!isPin(pin)) return { ok: false, fault: "pin-digit" };
  if (!fillers[format].test(text.slice(2 + length))) return { ok: false, fault: "filler" };
  return { ok: true, pin };
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

/** Four zeros and the 12 digits left of the check digit (ISO 9564-1 §9.3.2). */
function panField(pan: string): Uint8Array {
  if (!/^\d{8,19}$/.test(pan)) throw new RangeError("a PAN is 8 to 19 digits");
  return fromHex(pan.slice(0, -1).slice(-12).padStart(16, "0"));
}
