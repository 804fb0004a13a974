/** What all PIN block formats have in common: control digit, length, PIN, filler. */

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
 * A block of 8 bytes: control digit, length, PIN, filler. `filler` gives the digit of each place
 * behind the PIN, counted from 0. Digits are written where they go, without text in between: this
 * is on the way of every PIN. Throws RangeError on a PIN that is none.
 */
export function writePin(control: number, pin: string, filler: (at: number) => number): Uint8Array {
  if (!isPin(pin)) throw new RangeError("a PIN is 4 to 12 digits");
  const { length } = pin;
  const block = new Uint8Array(8);
  block[0] = (control << 4) | length;
  for (let at = 0; at < 14; at += 2) {
    const high = at < length ? pin.charCodeAt(at) - 0x30 : filler(at - length);
    const low = at + 1 < length ? pin.charCodeAt(at + 1) - 0x30 : filler(at + 1 - length);
    block[1 + (at >> 1)] = (high << 4) | low;
  }
  return block;
}

/** The PIN in the first 8 bytes of a clear block; `isFiller` says what may stand behind it. */
export function readPin(
  block: Uint8Array,
  control: number,
  isFiller: (digit: number) => boolean,
): DecodedPin {
  const first = block[0] ?? 0;
  if (first >> 4 !== control) return { ok: false, fault: "control-field" };
  const length = first & 0xf;
  if (length < 4 || length > 12) return { ok: false, fault: "pin-length" };
  let pin = "";
  for (let at = 0; at < length; at += 1) {
    const digit = digitAt(block, 2 + at);
    if (digit > 9) return { ok: false, fault: "pin-digit" };
    pin += DIGITS.charAt(digit);
  }
  for (let at = 2 + length; at < 16; at += 1) {
    if (!isFiller(digitAt(block, at))) return { ok: false, fault: "filler" };
  }
  return { ok: true, pin };
}

const DIGITS = "0123456789";

function digitAt(block: Uint8Array, at: number): number {
  const byte = block[at >> 1] ?? 0;
  return (at & 1) === 0 ? byte >> 4 : byte & 0xf;
}
