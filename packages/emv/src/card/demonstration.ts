/** The demonstration cards: published test PANs and invented people, banks and balances. */
import mastercard from "../../profiles/mastercard.json" with { type: "json" };
import unionpayCounterfeit from "../../profiles/unionpay-counterfeit.json" with { type: "json" };
import unionpayCredit from "../../profiles/unionpay-credit.json" with { type: "json" };
import unionpayDebit from "../../profiles/unionpay-debit.json" with { type: "json" };
import unionpayExpired from "../../profiles/unionpay-expired.json" with { type: "json" };
import visa from "../../profiles/visa.json" with { type: "json" };
import { parseProfile } from "./profile.ts";
import type { CardProfile } from "./profile.ts";

/** Profiles in the order in which they are shown. Throws where a file of ours is malformed. */
export function demonstrationProfiles(): CardProfile[] {
  const files: unknown[] = [
    unionpayDebit,
    unionpayCredit,
    visa,
    mastercard,
    unionpayExpired,
    unionpayCounterfeit,
  ];
  return files.map((file) => {
    const parsed = parseProfile(file);
    if (!parsed.ok) throw new TypeError(`card profile: ${parsed.problems.join("; ")}`);
    return parsed.profile;
  });
}
