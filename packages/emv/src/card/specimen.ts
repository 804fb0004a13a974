/** Cards for tests: a demonstration profile, or a variation of it, with published keys. */
import { fromHex, toHex } from "@tillway/bytes";
import { deriveIccKey } from "@tillway/keys";
import { makeCaKey, signIssuerCertificate } from "../oda/sign.ts";
import type { CaKey } from "../kernel/configuration.ts";
import { demonstrationProfiles, rehearsalProfiles } from "./demonstration.ts";
import { personalise } from "./image.ts";
import type { AnyCardImage, IssuerKeys, Random } from "./image.ts";
import type { AnyCardProfile } from "./profile.ts";
import { SPECIMEN_CA, SPECIMEN_ICC, SPECIMEN_ISSUER, SPECIMEN_PIN_KEY } from "./specimen-keys.ts";

/** Issuer master keys; an issuer under test uses the same. */
export const SPECIMEN_MASTER_KEYS = {
  ac: "2315208C9110AD402315208C9110AD40",
  smi: "FEDCBA98765432100123456789ABCDEF",
  smc: "89ABCDEF0123456776543210FEDCBA98",
} as const;

/** The same bytes on every run: 01, 02, 03 … */
export const countingRandom: Random = (length) =>
  Uint8Array.from({ length }, (_, at) => (at + 1) & 0xff);

export function specimenProfile(
  name: string,
  change: Partial<AnyCardProfile> = {},
): AnyCardProfile {
  const known = [...demonstrationProfiles(), ...rehearsalProfiles()];
  const profile = known.find((entry) => entry.name === name);
  if (profile === undefined) throw new RangeError("no such card");
  return { ...profile, ...change };
}

/** The authority's key a terminal needs for this card; index 94. */
export function specimenCaKey(profile: Pick<AnyCardProfile, "aid">): CaKey {
  const rid = profile.aid.slice(0, 10);
  return makeCaKey({ rid, index: "94", key: SPECIMEN_CA, label: "test", expiry: "20391231" });
}

/** An issuer's master keys in hex. */
export type MasterKeys = Readonly<Record<"ac" | "smi" | "smc", string>>;

/** A personalised card whose keys derive from these master keys. */
export function specimenCard(
  profile: AnyCardProfile,
  masterKeys: MasterKeys = SPECIMEN_MASTER_KEYS,
): AnyCardImage {
  return personalise(profile, keysOf(profile, masterKeys), countingRandom);
}

function keysOf(profile: AnyCardProfile, masterKeys: MasterKeys): IssuerKeys {
  const { pan, psn, further } = profile;
  const derive = (master: string): string => toHex(deriveIccKey(fromHex(master), pan, psn, "A"));
  const { ac, smi, smc } = masterKeys;
  return {
    caIndex: "94",
    issuer: SPECIMEN_ISSUER,
    certificate: signIssuerCertificate(SPECIMEN_CA, SPECIMEN_ISSUER, {
      identity: pan.slice(0, 8),
      expiry: "1239",
      serial: "000001",
    }),
    icc: SPECIMEN_ICC,
    pin: SPECIMEN_PIN_KEY,
    symmetric: { ac: derive(ac), smi: derive(smi), smc: derive(smc) },
    serial: "000002",
    ...(further === undefined ? {} : { further: further.map((one) => keysOf(one, masterKeys)) }),
  };
}
