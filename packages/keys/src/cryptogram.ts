import { createHash } from "node:crypto";
import { concat, fromHex, toHex, xor } from "@tillway/bytes";
import { oddParity, tdesEncrypt } from "./cipher.ts";
import { retailMac } from "./mac.ts";

/** How an ICC master key is derived from the issuer's (EMV Book 2 A1.4.1 and A1.4.2). */
export type DerivationOption = "A" | "B";

/**
 * The key of one card from an issuer master key of 16 bytes, odd parity.
 * PAN: up to 19 digits; PSN: two digits, "00" where the card has none.
 * Option B differs from A only where the PAN has more than 16 digits.
 */
export function deriveIccKey(
  issuerKey: Uint8Array,
  pan: string,
  psn: string,
  option: DerivationOption,
): Uint8Array {
  if (!/^\d{1,19}$/.test(pan) || !/^\d{2}$/.test(psn)) throw new RangeError("PAN or PSN");
  const digits = pan + psn;
  const chosen = option === "B" && pan.length > 16 ? hashedDigits(digits) : digits.slice(-16);
  const left = fromHex(chosen.padStart(16, "0"));
  return twoBlocks(
    issuerKey,
    left,
    left.map((byte) => byte ^ 0xff),
  );
}

/**
 * EMV common session key (EMV Book 2 A1.3.1) from a diversification value of 8 bytes: for an
 * application cryptogram ATC and zeros, for M/Chip ATC, 0000 and the unpredictable number, for
 * secure messaging the cryptogram itself.
 */
export function commonSessionKey(iccKey: Uint8Array, value: Uint8Array): Uint8Array {
  if (value.length !== 8) throw new RangeError("a diversification value has 8 bytes");
  const left = value.slice();
  const right = value.slice();
  left[2] = 0xf0;
  right[2] = 0x0f;
  return twoBlocks(iccKey, left, right);
}

/**
 * PBOC session key (JR/T 0025.7): the ATC at the end of one block, its complement in the other.
 * One published example reproduces (see the tests).
 */
export function pbocSessionKey(iccKey: Uint8Array, atc: Uint8Array): Uint8Array {
  const zeros = new Uint8Array(6);
  return twoBlocks(
    iccKey,
    concat(zeros, checkAtc(atc)),
    concat(
      zeros,
      atc.map((byte) => byte ^ 0xff),
    ),
  );
}

/** Visa's session key for secure messaging: the ATC, then its complement, folded into the key. */
export function visaScriptSessionKey(iccKey: Uint8Array, atc: Uint8Array): Uint8Array {
  const zeros = new Uint8Array(6);
  const inverse = checkAtc(atc).map((byte) => byte ^ 0xff);
  if (iccKey.length !== 16) throw new RangeError("a master key has 16 bytes");
  return oddParity(xor(iccKey, concat(zeros, atc, zeros, inverse)));
}

/** Shape of the key tree of EMV 2000 (EMV 4.1 Book 2 A1.3.2), withdrawn but still on old cards. */
export type TreeShape = {
  readonly height: number;
  readonly branches: number;
  readonly start: Uint8Array;
};

/** Session key of the EMV 2000 tree for an ATC. */
export function treeSessionKey(iccKey: Uint8Array, atc: Uint8Array, shape: TreeShape): Uint8Array {
  const leaf = new DataView(checkAtc(atc).slice().buffer).getUint16(0);
  if (iccKey.length !== 16) throw new RangeError("a master key has 16 bytes");
  if (shape.branches ** shape.height <= 0xffff) throw new RangeError("a leaf for every ATC");
  // Root to leaf: node i of the path is the ATC divided by branches^(height - i).
  let grandparent = shape.start;
  let parent = iccKey;
  for (let level = 1; level < shape.height; level += 1) {
    const node = Math.floor(leaf / shape.branches ** (shape.height - level));
    const child = treeStep(parent, grandparent, node % shape.branches);
    grandparent = parent;
    parent = child;
  }
  return oddParity(xor(treeStep(parent, grandparent, leaf % shape.branches), grandparent));
}

/** Filling before the cryptogram: EMV adds 80 and zeros, Visa CVN 10 zeros only where needed. */
export type CryptogramPadding = "emv" | "visa";

/** Application cryptogram of 8 bytes: ISO 9797-1 algorithm 3 over the data (EMV Book 2 §8.1). */
export function applicationCryptogram(
  key: Uint8Array,
  data: Uint8Array,
  padding: CryptogramPadding = "emv",
): Uint8Array {
  return retailMac(key, data, padding === "emv" ? 2 : 1);
}

/** ARPC method 1 (EMV Book 2 §8.2.1): 8 bytes from the ARQC and a response code of 2 bytes. */
export function arpc1(key: Uint8Array, arqc: Uint8Array, responseCode: Uint8Array): Uint8Array {
  if (responseCode.length !== 2) throw new RangeError("a response code has 2 bytes");
  if (arqc.length !== 8) throw new RangeError("a cryptogram has 8 bytes");
  return tdesEncrypt(key, xor(arqc, concat(responseCode, new Uint8Array(6))));
}

/**
 * ARPC method 2 (EMV Book 2 §8.2.2): 4 bytes from the ARQC, a card status update of 4 bytes and up
 * to 8 bytes of proprietary authentication data.
 */
export function arpc2(
  key: Uint8Array,
  arqc: Uint8Array,
  cardStatusUpdate: Uint8Array,
  proprietary: Uint8Array = new Uint8Array(0),
): Uint8Array {
  if (cardStatusUpdate.length !== 4 || proprietary.length > 8) {
    throw new RangeError("a card status update has 4 bytes, proprietary data at most 8");
  }
  if (arqc.length !== 8) throw new RangeError("a cryptogram has 8 bytes");
  return retailMac(key, concat(arqc, cardStatusUpdate, proprietary), 2).slice(0, 4);
}

function twoBlocks(key: Uint8Array, left: Uint8Array, right: Uint8Array): Uint8Array {
  if (key.length !== 16) throw new RangeError("a master key has 16 bytes");
  return oddParity(tdesEncrypt(key, concat(left, right)));
}

function checkAtc(atc: Uint8Array): Uint8Array {
  if (atc.length !== 2) throw new RangeError("an ATC has 2 bytes");
  return atc;
}

/** The first 16 decimal digits of SHA-1 over the digits, letters brought to 0-5 at the end. */
function hashedDigits(digits: string): string {
  const packed = fromHex(digits.length % 2 === 0 ? digits : `0${digits}`);
  const hash = toHex(createHash("sha1").update(packed).digest());
  const decimal = hash.replace(/[A-F]/g, "");
  const letters = hash
    .replace(/\d/g, "")
    .replace(/[A-F]/g, (letter) => `${"ABCDEF".indexOf(letter)}`);
  return (decimal + letters).slice(0, 16);
}

function treeStep(parent: Uint8Array, grandparent: Uint8Array, branch: number): Uint8Array {
  const left = grandparent.slice(0, 8);
  const right = grandparent.slice(8);
  left[7] = (left[7] ?? 0) ^ branch;
  right[7] = (right[7] ?? 0) ^ branch ^ 0xf0;
  return concat(tdesEncrypt(parent, left), tdesEncrypt(parent, right));
}
