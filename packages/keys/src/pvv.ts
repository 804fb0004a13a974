import { fromHex, toHex } from "@tillway/bytes";
import { tdesEncrypt } from "./cipher.ts";
import { decimalDigits } from "./decimal.ts";

/**
 * Visa's PIN verification value of 4 digits, from the 11 PAN digits left of the check digit, the
 * key index (one digit) and the first 4 digits of the PIN. A longer PIN is verified by its first
 * 4 digits only: `ibm3624.ts` verifies it whole. `key` is the PVK pair of 16 bytes.
 */
export function pinVerificationValue(
  key: Uint8Array,
  keyIndex: string,
  pin: string,
  pan: string,
): string {
  if (!/^\d$/.test(keyIndex) || !/^\d{4,12}$/.test(pin) || !/^\d{12,19}$/.test(pan)) {
    throw new RangeError("key index, PIN or PAN");
  }
  const chosen = pan.slice(0, -1).slice(-11) + keyIndex + pin.slice(0, 4);
  return decimalDigits(toHex(tdesEncrypt(key, fromHex(chosen)))).slice(0, 4);
}
