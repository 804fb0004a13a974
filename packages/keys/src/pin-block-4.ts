import { concat, fromHex, xor } from "@tillway/bytes";
import { ecbDecrypt, ecbEncrypt } from "./cipher.ts";
import { type DecodedPin, readPin, writePin } from "./pin-digits.ts";

/**
 * The PIN field of format 4 in the clear: 16 bytes with control 4, length, PIN, filler A and 8
 * random bytes, `fill` (ISO 9564-1:2017 §9.4.2.2). Throws RangeError on anything else.
 */
export function format4PinField(pin: string, fill: Uint8Array): Uint8Array {
  if (fill.length !== 8) throw new RangeError("format 4 needs 8 random bytes");
  return concat(
    writePin(4, pin, () => 0xa),
    fill,
  );
}

/**
 * The PAN field of format 4: how many digits the PAN has above 12, the PAN itself, left-filled
 * to 12 digits, and zeros (ISO 9564-1:2017 §9.4.2.3). 16 bytes. PAN: 1 to 19 digits.
 */
export function format4PanField(pan: string): Uint8Array {
  if (!/^\d{1,19}$/.test(pan)) throw new RangeError("a PAN is 1 to 19 digits");
  return fromHex((Math.max(pan.length - 12, 0) + pan.padStart(12, "0")).padEnd(32, "0"));
}

/** The PIN in a clear PIN field of format 4, or the fault that keeps it from being one. */
export function decodeFormat4PinField(field: Uint8Array): DecodedPin {
  if (field.length !== 16) throw new RangeError("a PIN field of format 4 has 16 bytes");
  return readPin(field, 4, (digit) => digit === 0xa);
}

/**
 * A format 4 block of 16 bytes: the PIN field encrypted, the PAN field folded in, encrypted again
 * (ISO 9564-1:2017 §9.4.3). `key` is an AES key, `fill` 8 random bytes.
 */
export function encipherFormat4(
  key: Uint8Array,
  pin: string,
  pan: string,
  fill: Uint8Array,
): Uint8Array {
  const once = ecbEncrypt("aes", key, format4PinField(pin, fill));
  return ecbEncrypt("aes", key, xor(once, format4PanField(pan)));
}

/** The reverse: with another PAN or key the PIN field is noise, which its form gives away. */
export function decipherFormat4(key: Uint8Array, block: Uint8Array, pan: string): DecodedPin {
  if (block.length !== 16) throw new RangeError("a block of format 4 has 16 bytes");
  const once = xor(ecbDecrypt("aes", key, block), format4PanField(pan));
  return decodeFormat4PinField(ecbDecrypt("aes", key, once));
}
