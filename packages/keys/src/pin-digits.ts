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

/** The PIN in the 16 digits of a block: control digit, length, PIN, filler. */
export function readPin(text: string, control: number, fillerForm: RegExp): DecodedPin {
  if (text.charAt(0) !== `${control}`) return { ok: false, fault: "control-field" };
  const length = Number.parseInt(text.charAt(1), 16);
  if (length < 4 || length > 12) return { ok: false, fault: "pin-length" };
  const pin = text.slice(2, 2 + length);
  if (!isPin(pin)) return { ok: false, fault: "pin-digit" };
  if (!fillerForm.test(text.slice(2 + length))) return { ok: false, fault: "filler" };
  return { ok: true, pin };
}

/** Uppercase hex digits as bytes; for text that was made here, and is on the way of every PIN. */
export function packed(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length / 2);
  for (let at = 0; at < bytes.length; at += 1) {
    bytes[at] = (nibble(text.charCodeAt(at * 2)) << 4) | nibble(text.charCodeAt(at * 2 + 1));
  }
  return bytes;
}

function nibble(code: number): number {
  return code < 0x40 ? code - 0x30 : code - 0x37;
}
