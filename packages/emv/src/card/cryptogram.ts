/**
 * What an application cryptogram covers, for the card that makes it and the issuer that checks it
 * (Book 2 §8, Book 3 §6.5.5). How its maker explains it is in tag 9F10, see `iad.ts`.
 */
import { concat } from "@tillway/bytes";
import { readIad } from "./iad.ts";
import type { IssuerApplicationData } from "./iad.ts";
import type { AnyCryptogramVersion } from "./versions.ts";

export { makeIad, readIad } from "./iad.ts";
export type { CardFacts, CryptogramType, IssuerApplicationData } from "./iad.ts";

/** Data objects nearly all versions cover, in this order (Book 2 §8.1.1, table 25). */
const COVERED = ["9F02", "9F03", "9F1A", "95", "5F2A", "9A", "9C", "9F37", "82", "9F36"];
/** Visa CVN 17, made for the short time a card is near a reader. */
const COVERED_SHORT = ["9F02", "9F37", "9F36"];

/**
 * The input of the cryptogram from data objects by tag, 9F10 included; the same on both sides.
 * Visa CVN 18 and 22 cover the whole of 9F10, CVN 17 one byte of it, M/Chip CVN 17 and 21 the card
 * verification results and counters inside it, all others the results only.
 * UnionPay [U]: taken from PBOC's recommended minimum set, which equals Visa's.
 * Undefined where a data object is missing or 9F10 has not this version's form.
 */
export function cryptogramData(
  version: AnyCryptogramVersion,
  values: ReadonlyMap<string, Uint8Array>,
): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  for (const tag of version === "visa-17" ? COVERED_SHORT : COVERED) {
    const value = values.get(tag);
    if (value === undefined) return undefined;
    parts.push(value);
  }
  const iad = values.get("9F10");
  const read = iad === undefined ? undefined : readIad(version, iad);
  if (iad === undefined || read === undefined) return undefined;
  return concat(...parts, coveredOf(version, iad, read));
}

/** What of 9F10 is covered. */
function coveredOf(
  version: AnyCryptogramVersion,
  iad: Uint8Array,
  { cvr, counters = new Uint8Array(0) }: IssuerApplicationData,
): Uint8Array {
  switch (version) {
    case "visa-18":
    case "visa-22":
      return iad;
    case "visa-17":
      return iad.slice(4, 5);
    case "mchip-11":
    case "mchip-15":
      return concat(cvr, counters);
    case "unionpay":
    case "visa-10":
    case "mchip-10":
    case "mchip-14":
      return cvr;
  }
}
