import { concat, fromHex, toHex, xor } from "@tillway/bytes";
import { tdesEncrypt } from "./cipher.ts";
import { decimalDigits } from "./decimal.ts";
import { retailMac } from "./mac.ts";

/** The service code that makes a card verification value the chip's own: iCVV, chip CVC. */
export const chipServiceCode = "999";

/** The service code of the value that is printed on the card: CVV2, CVC2, CVN2. */
export const printedServiceCode = "000";

/**
 * Card verification value of 3 digits (CVV, CVC, CVN). `key` is the CVK pair of 16 bytes. PAN: 12
 * to 19 digits. Expiry: 4 digits, YYMM as on the track; some issuers write the printed value's as
 * MMYY. Service code: 3 digits, of the track or one of the two above.
 */
export function cardVerificationValue(
  key: Uint8Array,
  pan: string,
  expiry: string,
  serviceCode: string,
): string {
  if (key.length !== 16) throw new RangeError("a CVK pair has 16 bytes");
  if (!/^\d{12,19}$/.test(pan) || !/^\d{4}$/.test(expiry) || !/^\d{3}$/.test(serviceCode)) {
    throw new RangeError("PAN, expiry or service code");
  }
  const data = fromHex((pan + expiry + serviceCode).padEnd(32, "0"));
  const first = tdesEncrypt(key.subarray(0, 8), data.subarray(0, 8));
  return decimalDigits(toHex(tdesEncrypt(key, xor(first, data.subarray(8))))).slice(0, 3);
}

/**
 * The dynamic value of contactless magnetic-stripe mode (Mastercard CVC3): 5 digits, of which the
 * card writes the last ones into its track. `iccKey` is the card's CVC3 key of 16 bytes, `track`
 * the static track data, ATC 2 bytes, unpredictable number 4 bytes.
 */
export function dynamicVerificationCode(
  iccKey: Uint8Array,
  track: Uint8Array,
  atc: Uint8Array,
  unpredictableNumber: Uint8Array,
): string {
  if (atc.length !== 2 || unpredictableNumber.length !== 4) {
    throw new RangeError("an ATC has 2 bytes, an unpredictable number 4");
  }
  // IVCVC3: the last two bytes of a MAC over the static data.
  const start = retailMac(iccKey, track, 2).subarray(6);
  const cipher = tdesEncrypt(iccKey, concat(start, unpredictableNumber, atc));
  return new DataView(cipher.buffer).getUint16(6).toString().padStart(5, "0");
}
