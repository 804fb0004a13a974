/** Recomputing recorded cryptograms from an issuer's test key (Book 2 §8). */
import { fromHex, toHex } from "@tillway/bytes";
import { applicationCryptogram, cryptogramScheme, deriveIccKey } from "@tillway/keys";
import { cryptogramData, readIad } from "../card/cryptogram.ts";
import { CRYPTOGRAM_VERSIONS } from "../card/versions.ts";
import type { AnyCryptogramVersion } from "../card/versions.ts";
import { parseDol } from "../dol.ts";
import type { DolEntry } from "../dol.ts";
import { TlvError } from "../tlv.ts";
import type { TlvStore } from "../tlv.ts";

/** A cryptogram with what it covers: data objects of terminal and card, 9F10 and 9F36 included. */
export type Evidence = {
  readonly pan: string;
  readonly psn: string;
  readonly values: TlvStore;
};

/** Versions whose form the issuer application data have. */
export function versionsOf(iad: Uint8Array): readonly AnyCryptogramVersion[] {
  return CRYPTOGRAM_VERSIONS.filter((version) => readIad(version, iad) !== undefined);
}

/** The cryptogram this master key makes of the evidence, in each version that fits; hex. */
export function recompute(masterKey: string, { pan, psn, values }: Evidence): readonly string[] {
  const iad = values.get("9F10");
  const atc = values.get("9F36");
  if (iad === undefined || atc?.length !== 2) return [];
  if (!/^\d{8,19}$/.test(pan) || !/^\d\d$/.test(psn) || masterKey.length !== 32) return [];
  const key = deriveIccKey(fromHex(masterKey), pan, psn, "A");
  return versionsOf(iad).flatMap((version) => {
    const data = cryptogramData(version, withAbsent(values));
    if (data === undefined) return [];
    const number = values.get("9F37") ?? new Uint8Array(4);
    const scheme = cryptogramScheme(version, key, atc, number);
    return [toHex(applicationCryptogram(scheme.cryptogramKey, data, scheme.padding))];
  });
}

/** Data objects the card did not ask for count as zeros (M/Chip's rule for its short lists). */
const LENGTHS: readonly (readonly [string, number])[] = [
  ["9F02", 6],
  ["9F03", 6],
  ["9F1A", 2],
  ["95", 5],
  ["5F2A", 2],
  ["9A", 3],
  ["9C", 1],
  ["9F37", 4],
];

/**
 * Values by place for tags a list does not name: cards read CDOL1 by position, whatever terminals
 * are told to put there.
 */
export function byPosition(list: Uint8Array, data: Uint8Array): TlvStore {
  const entries = dolEntries(list);
  const values: TlvStore = new Map();
  let at = 0;
  for (const [place, [tag, length]] of LENGTHS.entries()) {
    const entry = entries[place];
    if (entry?.length !== length) break;
    values.set(tag, data.slice(at, at + length));
    at += length;
  }
  return values;
}

function dolEntries(list: Uint8Array): readonly DolEntry[] {
  try {
    return parseDol(list);
  } catch (cause) {
    if (cause instanceof TlvError) return [];
    throw cause;
  }
}

function withAbsent(values: TlvStore): TlvStore {
  const zeros = LENGTHS.map(([tag, length]) => [tag, new Uint8Array(length)] as const);
  return new Map([...zeros, ...values]);
}
