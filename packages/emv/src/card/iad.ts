/** Issuer application data, tag 9F10: how the card explains its cryptogram to its issuer. */
import { concat, fromHex } from "@tillway/bytes";
import { isMchip } from "./versions.ts";
import type { AnyCryptogramVersion } from "./versions.ts";

/** Issuer application data taken apart. `cvr` as it enters the cryptogram. */
export type IssuerApplicationData = {
  readonly keyIndex: number;
  readonly cryptogramVersion: number;
  readonly cvr: Uint8Array;
  /** M/Chip's eight bytes of counters. */
  readonly counters?: Uint8Array;
};

/** The version's number where 9F10 tells it. */
const NUMBER: Record<AnyCryptogramVersion, number> = {
  unionpay: 0x01,
  "visa-10": 0x0a,
  "visa-17": 0x11,
  "visa-18": 0x12,
  "visa-22": 0x22,
  "mchip-10": 0x10,
  "mchip-11": 0x11,
  "mchip-14": 0x14,
  "mchip-15": 0x15,
};

/**
 * 9F10 in this version's form, undefined in any other:
 * UnionPay 07 | key index | version | CVR (03 and 3 bytes) | algorithm; Visa 06 | key index |
 * version | CVR (03 and 3 bytes), CVN 22 1F | version | key index | CVR (5) | 24 bytes [U]; M/Chip
 * key index | version | CVR (6) | DAC (2) | counters (8).
 */
export function readIad(
  version: AnyCryptogramVersion,
  iad: Uint8Array,
): IssuerApplicationData | undefined {
  if (isMchip(version)) return readMchip(version, iad);
  if (version === "visa-22") return readLong(version, iad);
  const [, keyIndex, cryptogramVersion] = iad;
  if (keyIndex === undefined || cryptogramVersion !== NUMBER[version]) return undefined;
  const length = version === "unionpay" ? 0x07 : 0x06;
  if (iad.length <= length || iad[0] !== length || iad[3] !== 0x03) return undefined;
  return { keyIndex, cryptogramVersion, cvr: iad.slice(3, 7) };
}

function readMchip(
  version: AnyCryptogramVersion,
  iad: Uint8Array,
): IssuerApplicationData | undefined {
  const [keyIndex, cryptogramVersion] = iad;
  if (keyIndex === undefined || cryptogramVersion !== NUMBER[version]) return undefined;
  if (iad.length !== 18 && iad.length !== 20) return undefined;
  return { keyIndex, cryptogramVersion, cvr: iad.slice(2, 8), counters: iad.slice(10, 18) };
}

function readLong(
  version: AnyCryptogramVersion,
  iad: Uint8Array,
): IssuerApplicationData | undefined {
  const [length, cryptogramVersion, keyIndex] = iad;
  if (keyIndex === undefined || cryptogramVersion !== NUMBER[version]) return undefined;
  if (iad.length !== 32 || length !== 0x1f) return undefined;
  return { keyIndex, cryptogramVersion, cvr: iad.slice(3, 8) };
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
  /** M/Chip's counters of offline transactions: amount in minor units, and their number. */
  readonly offlineAmount?: bigint;
  readonly offlineCount?: number;
};

/** Tag 9F10 of this card and transaction. */
export function makeIad(
  version: AnyCryptogramVersion,
  keyIndex: number,
  facts: CardFacts,
): Uint8Array {
  const number = NUMBER[version];
  switch (version) {
    case "unionpay":
      // The last byte names the algorithm: 01 is triple DES [U: read off a public transcript].
      return concat(Uint8Array.of(0x07, keyIndex, number), shortCvr(facts), Uint8Array.of(0x01));
    case "visa-10":
    case "visa-17":
    case "visa-18":
      return concat(Uint8Array.of(0x06, keyIndex, number), shortCvr(facts));
    case "visa-22":
      return concat(Uint8Array.of(0x1f, number, keyIndex), shortCvr(facts), new Uint8Array(25));
    case "mchip-10":
    case "mchip-14":
      return concat(Uint8Array.of(keyIndex, number), mchipCvr(facts), new Uint8Array(10));
    case "mchip-11":
    case "mchip-15": {
      const counted = concat(new Uint8Array(2), counters(facts));
      return concat(Uint8Array.of(keyIndex, number), mchipCvr(facts), counted);
    }
  }
}

/** Cumulative offline amount (six bytes of digits), their number, and FF [U]. */
function counters({ offlineAmount = 0n, offlineCount = 0 }: CardFacts): Uint8Array {
  const amount = fromHex(`${offlineAmount}`.padStart(12, "0").slice(-12));
  return concat(amount, Uint8Array.of(Math.min(offlineCount, 0xff), 0xff));
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
