/**
 * What an application cryptogram covers and how its maker explains it (tag 9F10), for the card that
 * makes it and the issuer that checks it (Book 2 §8, Book 3 §6.5.5; scheme layouts below).
 */
import { concat } from "@tillway/bytes";
import type { CryptogramVersion } from "@tillway/keys";

/** Data objects all four versions cover, in this order (Book 2 §8.1.1, table 25). */
const COVERED = ["9F02", "9F03", "9F1A", "95", "5F2A", "9A", "9C", "9F37", "82", "9F36"];

/**
 * The input of the cryptogram from data objects by tag, 9F10 included; the same on both sides.
 * Visa CVN 18 covers the whole of 9F10, the others the card verification results inside it.
 * UnionPay [U]: taken from PBOC's recommended minimum set, which equals Visa's.
 * Undefined where a data object is missing or 9F10 has not this version's form.
 */
export function cryptogramData(
  version: CryptogramVersion,
  values: ReadonlyMap<string, Uint8Array>,
): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  for (const tag of COVERED) {
    const value = values.get(tag);
    if (value === undefined) return undefined;
    parts.push(value);
  }
  const iad = values.get("9F10");
  const read = iad === undefined ? undefined : readIad(version, iad);
  if (iad === undefined || read === undefined) return undefined;
  return concat(...parts, version === "visa-18" ? iad : read.cvr);
}

/** Issuer application data taken apart. `cvr` as it enters the cryptogram. */
export type IssuerApplicationData = {
  readonly keyIndex: number;
  readonly cryptogramVersion: number;
  readonly cvr: Uint8Array;
};

/** The version number in byte 3 (Visa, UnionPay) or byte 2 (M/Chip) of 9F10. */
const NUMBER: Record<CryptogramVersion, number> = {
  unionpay: 0x01,
  "visa-10": 0x0a,
  "visa-18": 0x12,
  "mchip-10": 0x10,
};

/**
 * 9F10 in this version's form, undefined in any other:
 * UnionPay 07 | key index | version | CVR (03 and 3 bytes) | algorithm; Visa 06 | key index |
 * version | CVR (03 and 3 bytes); M/Chip key index | version | CVR (6) | DAC (2) | counters (8).
 */
export function readIad(
  version: CryptogramVersion,
  iad: Uint8Array,
): IssuerApplicationData | undefined {
  const mchip = version === "mchip-10";
  const at = mchip ? 0 : 1;
  const keyIndex = iad[at];
  const cryptogramVersion = iad[at + 1];
  if (keyIndex === undefined || cryptogramVersion !== NUMBER[version]) return undefined;
  if (mchip) {
    if (iad.length !== 18 && iad.length !== 20) return undefined;
    return { keyIndex, cryptogramVersion, cvr: iad.slice(2, 8) };
  }
  const length = version === "unionpay" ? 0x07 : 0x06;
  if (iad.length <= length || iad[0] !== length || iad[3] !== 0x03) return undefined;
  return { keyIndex, cryptogramVersion, cvr: iad.slice(3, 7) };
}

export type CryptogramType = "AAC" | "TC" | "ARQC";

/** What the card reports about itself in its verification results. */
export type CardFacts = {
  readonly first: CryptogramType;
  /** Absent at the first GENERATE AC. */
  readonly second?: "AAC" | "TC" | undefined;
  readonly issuerAuthentication: "none" | "passed" | "failed";
  readonly pin: "none" | "passed" | "failed";
  readonly pinTries: number;
  readonly unableToGoOnline: boolean;
  readonly lastOnlineNotCompleted: boolean;
  readonly lastIssuerAuthenticationFailed: boolean;
  readonly limitExceeded: boolean;
  readonly upperLimitExceeded: boolean;
  readonly newCard: boolean;
  readonly scripts: number;
  readonly scriptFailed: boolean;
  readonly dynamicAuthentication: boolean;
};

/** Tag 9F10 of this card and transaction. */
export function makeIad(
  version: CryptogramVersion,
  keyIndex: number,
  facts: CardFacts,
): Uint8Array {
  const number = NUMBER[version];
  switch (version) {
    case "unionpay":
      // The last byte names the algorithm: 01 is triple DES [U: read off a public transcript].
      return concat(Uint8Array.of(0x07, keyIndex, number), shortCvr(facts), Uint8Array.of(0x01));
    case "visa-10":
    case "visa-18":
      return concat(Uint8Array.of(0x06, keyIndex, number), shortCvr(facts));
    case "mchip-10":
      return concat(Uint8Array.of(keyIndex, number), mchipCvr(facts), new Uint8Array(10));
  }
}

const bits = (...set: readonly (readonly [boolean, number])[]): number =>
  set.reduce((byte, [on, bit]) => (on ? byte | bit : byte), 0);

const TYPE_BITS: Record<CryptogramType, number> = { AAC: 0, TC: 1, ARQC: 2 };

/** Second type, or 2 where it was not asked for, then the first type, in the upper four bits. */
const types = (facts: CardFacts): number =>
  ((facts.second === undefined ? 2 : TYPE_BITS[facts.second]) << 6) | (TYPE_BITS[facts.first] << 4);

/** Visa's and PBOC's card verification results: their length, 03, and three bytes. */
function shortCvr(facts: CardFacts): Uint8Array {
  const authentication = facts.issuerAuthentication;
  return Uint8Array.of(
    0x03,
    types(facts) |
      bits(
        [authentication === "failed", 0x08],
        [facts.pin !== "none", 0x04],
        [facts.pin === "failed", 0x02],
        [facts.unableToGoOnline, 0x01],
      ),
    bits(
      [facts.lastOnlineNotCompleted, 0x80],
      [facts.pinTries === 0, 0x40],
      [facts.limitExceeded, 0x20],
      [facts.newCard, 0x10],
      [facts.lastIssuerAuthenticationFailed, 0x08],
    ),
    (Math.min(facts.scripts, 15) << 4) |
      bits([facts.scriptFailed, 0x08], [facts.dynamicAuthentication, 0x02]),
  );
}

/** M/Chip's card verification results, six bytes [U: laid out after public descriptions]. */
function mchipCvr(facts: CardFacts): Uint8Array {
  const authentication = facts.issuerAuthentication;
  return Uint8Array.of(
    types(facts) | bits([facts.pin !== "none", 0x04], [facts.pin === "passed", 0x01]),
    bits([facts.dynamicAuthentication, 0x80], [authentication !== "none", 0x10]),
    (Math.min(facts.scripts, 15) << 4) | facts.pinTries,
    bits(
      [facts.unableToGoOnline, 0x40],
      [facts.pin === "none", 0x20],
      [facts.pin === "failed", 0x10],
      [facts.pinTries === 0, 0x08],
    ),
    bits(
      [facts.limitExceeded, 0x80],
      [facts.upperLimitExceeded, 0x40],
      [authentication === "failed", 0x04],
      [facts.scripts > 0, 0x02],
      [facts.scriptFailed, 0x01],
    ),
    0x00,
  );
}
