/** The cryptogram versions this card can make; `@tillway/keys` knows what each prescribes. */
import { cryptogramScheme } from "@tillway/keys";
import type { CryptogramScheme, CryptogramVersion, SchemeVersion } from "@tillway/keys";

/** Visa's by their decimal number, M/Chip's by their hex number: 10, 11, 14, 15 are 16, 17, 20, 21. */
export type AnyCryptogramVersion = Exclude<SchemeVersion, "interac-133">;

export const CRYPTOGRAM_VERSIONS = [
  "unionpay",
  "visa-10",
  "visa-17",
  "visa-18",
  "visa-22",
  "mchip-10",
  "mchip-11",
  "mchip-14",
  "mchip-15",
] as const satisfies readonly AnyCryptogramVersion[];

/** The versions of demonstration cards. */
export const ISSUER_VERSIONS = [
  "unionpay",
  "visa-10",
  "visa-18",
  "mchip-10",
] as const satisfies readonly CryptogramVersion[];

export function isMchip(version: AnyCryptogramVersion): boolean {
  return version.startsWith("mchip");
}

/** Keys and choices of a version for one transaction. */
export function cardScheme(
  version: AnyCryptogramVersion,
  iccKey: Uint8Array,
  atc: Uint8Array,
  unpredictableNumber: Uint8Array,
): CryptogramScheme {
  return cryptogramScheme(version, iccKey, atc, unpredictableNumber);
}
