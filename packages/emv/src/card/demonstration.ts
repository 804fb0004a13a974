/** The cards of this package: published test PANs and invented people, banks and balances. */
import mastercard from "../../profiles/mastercard.json" with { type: "json" };
import unionpayCounterfeit from "../../profiles/unionpay-counterfeit.json" with { type: "json" };
import unionpayCredit from "../../profiles/unionpay-credit.json" with { type: "json" };
import unionpayDebit from "../../profiles/unionpay-debit.json" with { type: "json" };
import unionpayExpired from "../../profiles/unionpay-expired.json" with { type: "json" };
import unionpayStripe from "../../profiles/unionpay-stripe.json" with { type: "json" };
import visa from "../../profiles/visa.json" with { type: "json" };
import visaStripe from "../../profiles/visa-stripe.json" with { type: "json" };
import mastercard21 from "../../profiles/rehearsal/mastercard-21.json" with { type: "json" };
import mastercardOffline from "../../profiles/rehearsal/mastercard-offline.json" with { type: "json" };
import unionpayOfflinePin from "../../profiles/rehearsal/unionpay-offline-pin.json" with { type: "json" };
import unionpayTorn from "../../profiles/rehearsal/unionpay-torn.json" with { type: "json" };
import unionpayTwoApplications from "../../profiles/rehearsal/unionpay-two-applications.json" with { type: "json" };
import visaCda from "../../profiles/rehearsal/visa-cda.json" with { type: "json" };
import visaStatic from "../../profiles/rehearsal/visa-static.json" with { type: "json" };
import { parseProfile } from "./profile.ts";
import type { AnyCardProfile, CardProfile } from "./profile.ts";
import { ISSUER_VERSIONS } from "./versions.ts";

/**
 * Profiles for the newcomer, in the order in which they are shown. Their cryptograms are known to
 * the issuer's security module. Throws where a file of ours is malformed.
 */
export function demonstrationProfiles(): CardProfile[] {
  const files: unknown[] = [
    unionpayDebit,
    unionpayCredit,
    visa,
    mastercard,
    unionpayExpired,
    unionpayCounterfeit,
    unionpayStripe,
    visaStripe,
  ];
  return files.map(read).map((profile) => {
    if (!isForIssuers(profile)) throw new TypeError("card profile: a version issuers do not know");
    return profile;
  });
}

/**
 * Profiles for rehearsals and tests: offline PINs, signed cryptograms, approvals without the issuer,
 * several applications, scripted faults. Throws where a file of ours is malformed.
 */
export function rehearsalProfiles(): AnyCardProfile[] {
  const files: unknown[] = [
    unionpayOfflinePin,
    unionpayTwoApplications,
    visaCda,
    visaStatic,
    mastercardOffline,
    mastercard21,
    unionpayTorn,
  ];
  return files.map(read);
}

function read(file: unknown): AnyCardProfile {
  const parsed = parseProfile(file);
  if (!parsed.ok) throw new TypeError(`card profile: ${parsed.problems.join("; ")}`);
  return parsed.profile;
}

function isForIssuers(profile: AnyCardProfile): profile is CardProfile {
  const further = profile.further ?? [];
  const known = ISSUER_VERSIONS.some((version) => version === profile.cryptogramVersion);
  return known && further.every(isForIssuers);
}
