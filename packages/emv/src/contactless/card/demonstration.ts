/** The contactless faces of the demonstration cards. */
import mastercard from "../../../profiles/contactless-mastercard.json" with { type: "json" };
import mastercardStripe from "../../../profiles/contactless-mastercard-stripe.json" with { type: "json" };
import unionpayCredit from "../../../profiles/contactless-unionpay-credit.json" with { type: "json" };
import unionpayDebit from "../../../profiles/contactless-unionpay-debit.json" with { type: "json" };
import unionpayPhone from "../../../profiles/contactless-unionpay-phone.json" with { type: "json" };
import visa from "../../../profiles/contactless-visa.json" with { type: "json" };
import { parseContactlessProfile } from "./profile.ts";
import type { ContactlessProfile } from "./profile.ts";

/** Profiles in the order in which they are shown. Throws where a file of ours is malformed. */
export function contactlessProfiles(): ContactlessProfile[] {
  const files: unknown[] = [
    unionpayDebit,
    unionpayCredit,
    unionpayPhone,
    visa,
    mastercard,
    mastercardStripe,
  ];
  return files.map((file) => {
    const parsed = parseContactlessProfile(file);
    if (!parsed.ok) throw new TypeError(`contactless profile: ${parsed.problems.join("; ")}`);
    return parsed.profile;
  });
}
