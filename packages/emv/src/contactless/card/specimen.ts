/** Contactless cards for tests: a demonstration profile, or a variation of it, with published keys. */
import { fromHex, toHex } from "@tillway/bytes";
import { deriveIccKey } from "@tillway/keys";
import { newCardState } from "../../card/state.ts";
import {
  countingRandom,
  SPECIMEN_MASTER_KEYS,
  specimenCard,
  specimenProfile,
} from "../../card/specimen.ts";
import { SPECIMEN_CA, SPECIMEN_ICC, SPECIMEN_ISSUER } from "../../card/specimen-keys.ts";
import type { CardProfile } from "../../card/profile.ts";
import { signIssuerCertificate } from "../../oda/sign.ts";
import { contactlessProfiles } from "./demonstration.ts";
import { personaliseContactless } from "./image.ts";
import type { ContactlessImage } from "./image.ts";
import type { ContactlessProfile } from "./profile.ts";
import { enterField } from "./state.ts";
import type { TapCardState } from "./state.ts";

export { countingRandom };

/** 16 bytes, for the track's dynamic value. */
export const SPECIMEN_CVC3 = "6D6425FB9401C21AA1F80451AB85DA3B";

export type Specimen = { readonly image: ContactlessImage; readonly state: TapCardState };

/** A demonstration face with changes, and the state of a card that was never used. */
export function contactlessSpecimen(
  name: string,
  change: Partial<ContactlessProfile> = {},
  baseChange: Partial<CardProfile> = {},
): Specimen {
  const found = contactlessProfiles().find((entry) => entry.name === name);
  if (found === undefined) throw new RangeError("no such contactless face");
  const profile = { ...found, ...change };
  const base = specimenProfile(profile.card, baseChange);
  const derive = (master: string): string =>
    toHex(deriveIccKey(fromHex(master), base.pan, base.psn, "A"));
  const { ac, smi, smc } = SPECIMEN_MASTER_KEYS;
  const image = personaliseContactless(profile, base, {
    caIndex: "94",
    issuer: SPECIMEN_ISSUER,
    certificate: signIssuerCertificate(SPECIMEN_CA, SPECIMEN_ISSUER, {
      identity: base.pan.slice(0, 8),
      expiry: "1239",
      serial: "000001",
    }),
    icc: SPECIMEN_ICC,
    symmetric: { ac: derive(ac), smi: derive(smi), smc: derive(smc) },
    serial: "000002",
    cvc3: SPECIMEN_CVC3,
  });
  return { image, state: enterField(newCardState(specimenCard(base))) };
}
