/** What stands in a card's files: records of template 70 (Book 3 §5.3, §10.2, Annex B). */
import { concat, fromAscii, fromHex } from "@tillway/bytes";
import { encodeTlv, encodeTlvs } from "../tlv.ts";
import type { Certificate } from "../oda/sign.ts";
import type { AnyCardProfile, CardScheme } from "./profile.ts";

export type Entry = readonly [string, Uint8Array];

/** Data object lists in hex. */
export type Lists = { readonly cdol1: string; readonly cdol2: string };

/** A record. Throws RangeError where it is too long for a card. */
export function record(entries: readonly Entry[]): Uint8Array {
  const bytes = encodeTlv("70", encodeTlvs(entries));
  if (bytes.length > 254) throw new RangeError("a record has at most 254 bytes");
  return bytes;
}

/** A data object from hex, none where there is nothing in it. */
export function present(tag: string, hex: string): Entry[] {
  return hex === "" ? [] : [[tag, fromHex(hex)]];
}

/** What a terminal authenticates: the record's content, then the AIP (Book 3 §10.3). */
export function staticDataOf(signedRecord: Uint8Array, aip: string): Uint8Array {
  const headerLength = signedRecord[1] === 0x81 ? 3 : 2;
  return concat(signedRecord.subarray(headerLength), fromHex(aip));
}

/** Tag 57 and the cardholder's name: not signed, as on real cards. */
export function trackData(profile: AnyCardProfile): Entry[] {
  const digits = `${profile.pan}D${profile.expiry.slice(0, 4)}${profile.serviceCode}`;
  // Discretionary data without card verification value: this card has none to keep.
  const filled = `${digits}00000000`;
  return [
    ["57", fromHex(filled.length % 2 === 0 ? filled : `${filled}F`)],
    ["5F20", fromAscii(profile.cardholder)],
  ];
}

/** Cash, goods, services, cashback, at home and abroad, at ATMs and elsewhere (Annex C2). */
const EVERY_USE = "FFC0";

/** The data that certificates or static signatures protect. */
export function signedData(profile: AnyCardProfile, lists: Lists): Entry[] {
  const { pan, actionCodes, offlineLimits } = profile;
  return [
    ["5F24", fromHex(profile.expiry)],
    ["5F25", fromHex(profile.effective)],
    ["5A", fromHex(pan.length % 2 === 0 ? pan : `${pan}F`)],
    ["5F34", fromHex(profile.psn)],
    ["5F30", fromHex(profile.serviceCode.padStart(4, "0"))],
    ["9F07", fromHex(profile.usage ?? EVERY_USE)],
    ["8E", cvmList(profile)],
    ["9F0D", fromHex(actionCodes.default)],
    ["9F0E", fromHex(actionCodes.denial)],
    ["9F0F", fromHex(actionCodes.online)],
    ["5F28", fromHex(profile.country.padStart(4, "0"))],
    ["9F42", fromHex(profile.currency.padStart(4, "0"))],
    ["9F08", fromHex(APPLICATION_VERSION[profile.scheme])],
    ["9F14", Uint8Array.of(offlineLimits.lower)],
    ["9F23", Uint8Array.of(offlineLimits.upper)],
    ["8C", fromHex(lists.cdol1)],
    ["8D", fromHex(lists.cdol2)],
    ["9F4A", fromHex("82")],
  ];
}

/** Tag 9F08, equal to what terminals of the scheme support. */
const APPLICATION_VERSION: Record<CardScheme, string> = {
  unionpay: "0020",
  visa: "0096",
  mastercard: "0002",
};

function cvmList(profile: AnyCardProfile): Uint8Array {
  const { amountX, amountY, rules } = profile.cvm;
  const amounts = new DataView(new ArrayBuffer(8));
  amounts.setBigUint64(0, (BigInt(amountX) << 32n) | BigInt(amountY));
  return concat(new Uint8Array(amounts.buffer), fromHex(rules.join("")));
}

/** What proves the card: absent where its profile does not offer that proof. */
export type Proofs = {
  readonly caIndex: string;
  readonly issuer: Certificate;
  /** Tag 93. */
  readonly staticSignature: Uint8Array | undefined;
  /** Tags 9F46 to 9F49. */
  readonly icc: Certificate | undefined;
  /** Tags 9F2D to 9F2F. */
  readonly pin: Certificate | undefined;
};

/** Records with certificates, each no longer than a record may be. */
export function certificateRecords(proofs: Proofs, ddol: string): Uint8Array[] {
  const { caIndex, issuer, staticSignature, icc, pin } = proofs;
  const entries: (readonly Entry[] | undefined)[] = [
    [
      ["8F", fromHex(caIndex)],
      ["9F32", fromHex(issuer.exponent)],
      ...present("92", issuer.remainder),
    ],
    [["90", fromHex(issuer.certificate)]],
    icc && [["9F46", fromHex(icc.certificate)]],
    icc && [
      ["9F47", fromHex(icc.exponent)],
      ...present("9F48", icc.remainder),
      ["9F49", fromHex(ddol)],
    ],
    staticSignature && [["93", staticSignature]],
    pin && [["9F2D", fromHex(pin.certificate)]],
    pin && [["9F2E", fromHex(pin.exponent)], ...present("9F2F", pin.remainder)],
  ];
  return entries.flatMap((entry) => (entry === undefined ? [] : [record(entry)]));
}
