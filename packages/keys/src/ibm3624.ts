import { fromHex, toHex } from "@tillway/bytes";
import { tdesEncrypt } from "./cipher.ts";

/**
 * How a natural PIN is made of a PAN (IBM 3624). The decimalisation table gives one digit for each
 * hex digit; the validation data are 16 digits, of which `natural` encrypts all.
 */
export type Ibm3624Rule = {
  /** 16 digits. */
  readonly decimalisation: string;
  /** First digit of the PAN taken, from 0; below 0 it counts from the end, as -17 for the 16
   * digits left of the check digit. */
  readonly start: number;
  /** Digits taken, 1 to 16, and the hex digit that fills them on their right to 16. */
  readonly length: number;
  readonly pad: string;
};

/** The usual table, over the 16 digits left of the check digit or all there are. */
export const usualIbm3624Rule: Ibm3624Rule = {
  decimalisation: "0123456789012345",
  start: -17,
  length: 16,
  pad: "F",
};

/** The validation data of a PAN: 16 hex digits. Throws RangeError where the rule cannot hold. */
export function validationData(pan: string, rule: Ibm3624Rule): string {
  if (!/^\d{1,19}$/.test(pan)) throw new RangeError("a PAN is 1 to 19 digits");
  const { start, length, pad } = rule;
  if (!/^[0-9A-Fa-f]$/.test(pad) || length < 1 || length > 16) {
    throw new RangeError("validation data are up to 16 digits of the PAN and a filler");
  }
  // A shorter PAN gives a start counted from its end what it has; one from the front must fit.
  if (start >= 0 && start + length > pan.length) throw new RangeError("beyond the PAN");
  const end = start + length === 0 ? pan.length : start + length;
  return pan.slice(start, end).padEnd(16, pad.toUpperCase());
}

/** The natural PIN of 4 to 12 digits that a PVK of 16 bytes gives to validation data. */
export function naturalPin(
  key: Uint8Array,
  validation: string,
  decimalisation: string,
  length: number,
): string {
  if (!/^\d{16}$/.test(decimalisation)) throw new RangeError("a decimalisation table is 16 digits");
  if (!/^[0-9A-F]{16}$/.test(validation)) throw new RangeError("validation data are 16 digits");
  if (length < 4 || length > 12) throw new RangeError("a PIN is 4 to 12 digits");
  const hex = toHex(tdesEncrypt(key, fromHex(validation))).slice(0, length);
  return hex.replace(/./g, (digit) => decimalisation.charAt(Number.parseInt(digit, 16)));
}

/** What added to the natural PIN gives the cardholder's, digit by digit without carry. */
export function pinOffset(natural: string, pin: string): string {
  return folded(pin, natural, (chosen, own) => chosen - own + 10);
}

/** The cardholder's PIN of a natural PIN and an offset of the same length. */
export function pinFromOffset(natural: string, offset: string): string {
  return folded(natural, offset, (own, change) => own + change);
}

function folded(
  left: string,
  right: string,
  fold: (left: number, right: number) => number,
): string {
  if (!/^\d+$/.test(left) || !/^\d+$/.test(right) || left.length !== right.length) {
    throw new RangeError("PIN and offset are digits of one length");
  }
  return Array.from(left, (digit, at) => fold(+digit, +right.charAt(at)) % 10).join("");
}
