/** Meanings of the bits of data objects (Book 3 Annex C, Book 4 Annex A; Book C-3 for contactless). */
import { hasBit, TSI_BITS, TVR_BITS } from "../tvr.ts";
import type { NamedBit } from "../tvr.ts";

/** Byte from 1, bit from 8 to 1, meaning. */
type Row = readonly [number, number, string];

const rows = (...given: readonly Row[]): readonly NamedBit[] =>
  given.map(([byte, bit, meaning]) => ({ byte, bit, meaning }));

/** Tables by tag; every bit set in a value is told, one without a meaning as reserved. */
const BITS: Readonly<Record<string, readonly NamedBit[]>> = {
  "95": Object.values(TVR_BITS),
  "9B": Object.values(TSI_BITS),
  "82": rows(
    [1, 7, "SDA supported"],
    [1, 6, "DDA supported"],
    [1, 5, "Cardholder verification is supported"],
    [1, 4, "Terminal risk management is to be performed"],
    [1, 3, "Issuer authentication is supported (EXTERNAL AUTHENTICATE)"],
    [1, 2, "On-device cardholder verification is supported"],
    [1, 1, "CDA supported"],
    [2, 8, "EMV mode is supported (contactless)"],
    [2, 1, "Relay resistance protocol is supported"],
  ),
  "9F07": rows(
    [1, 8, "Valid for domestic cash transactions"],
    [1, 7, "Valid for international cash transactions"],
    [1, 6, "Valid for domestic goods"],
    [1, 5, "Valid for international goods"],
    [1, 4, "Valid for domestic services"],
    [1, 3, "Valid for international services"],
    [1, 2, "Valid at ATMs"],
    [1, 1, "Valid at terminals other than ATMs"],
    [2, 8, "Domestic cashback allowed"],
    [2, 7, "International cashback allowed"],
  ),
  "9F33": rows(
    [1, 8, "Manual key entry"],
    [1, 7, "Magnetic stripe"],
    [1, 6, "IC with contacts"],
    [2, 8, "Plaintext PIN for ICC verification"],
    [2, 7, "Enciphered PIN for online verification"],
    [2, 6, "Signature"],
    [2, 5, "Enciphered PIN for offline verification"],
    [2, 4, "No CVM required"],
    [3, 8, "SDA"],
    [3, 7, "DDA"],
    [3, 6, "Card capture"],
    [3, 4, "CDA"],
  ),
  "9F40": rows(
    [1, 8, "Cash"],
    [1, 7, "Goods"],
    [1, 6, "Services"],
    [1, 5, "Cashback"],
    [1, 4, "Inquiry"],
    [1, 3, "Transfer"],
    [1, 2, "Payment"],
    [1, 1, "Administrative"],
    [2, 8, "Cash deposit"],
    [3, 8, "Numeric keys"],
    [3, 7, "Alphabetic and special characters keys"],
    [3, 6, "Command keys"],
    [3, 5, "Function keys"],
    [4, 8, "Print, attendant"],
    [4, 7, "Print, cardholder"],
    [4, 6, "Display, attendant"],
    [4, 5, "Display, cardholder"],
    [4, 2, "Code table 10"],
    [4, 1, "Code table 9"],
    [5, 8, "Code table 8"],
    [5, 7, "Code table 7"],
    [5, 6, "Code table 6"],
    [5, 5, "Code table 5"],
    [5, 4, "Code table 4"],
    [5, 3, "Code table 3"],
    [5, 2, "Code table 2"],
    [5, 1, "Code table 1"],
  ),
  "9F66": rows(
    [1, 8, "Mag-stripe mode supported"],
    [1, 6, "EMV mode supported"],
    [1, 5, "EMV contact chip supported"],
    [1, 4, "Offline-only reader"],
    [1, 3, "Online PIN supported"],
    [1, 2, "Signature supported"],
    [1, 1, "Offline data authentication for online authorisations supported"],
    [2, 8, "Online cryptogram required"],
    [2, 7, "CVM required"],
    [2, 6, "Offline PIN supported (contact chip)"],
    [3, 8, "Issuer update processing supported"],
    [3, 7, "Consumer device CVM supported"],
  ),
  "9F6C": rows(
    [1, 8, "Online PIN required"],
    [1, 7, "Signature required"],
    [1, 6, "Go online if offline data authentication fails and reader is online capable"],
    [1, 5, "Switch interface if offline data authentication fails"],
    [1, 4, "Go online if application expired"],
    [1, 3, "Switch interface for cash transactions"],
    [1, 2, "Switch interface for cashback transactions"],
    [2, 8, "Consumer device CVM performed"],
    [2, 7, "Issuer update processing supported"],
  ),
};

/** Action codes have the bits of the TVR. */
const SAME_AS: Readonly<Record<string, string>> = { "9F0D": "95", "9F0E": "95", "9F0F": "95" };

/** The meanings of the bits that are set, in order; undefined for a tag without bits. */
export function describeBits(tag: string, value: Uint8Array): readonly string[] | undefined {
  const table = BITS[SAME_AS[tag] ?? tag];
  if (table === undefined) return undefined;
  const meanings: string[] = [];
  for (let byte = 1; byte <= value.length; byte += 1) {
    for (let bit = 8; bit >= 1; bit -= 1) {
      if (!hasBit(value, { byte, bit, meaning: "" })) continue;
      const named = table.find((entry) => entry.byte === byte && entry.bit === bit);
      meanings.push(named?.meaning ?? `Reserved (byte ${byte} bit ${bit})`);
    }
  }
  return meanings;
}
