/** Cards and accounts: what they are, how they are issued, personalised and reset. */
export { caKeyOf } from "./authority.ts";
export { openIssuing, type BureauParts } from "./bureau.ts";
export type { CardFacts, CardRecord } from "./card.ts";
export {
  issueAnew,
  issueOnce,
  openDemonstrationAccounts,
  resetCards,
  type Issuing,
} from "./issue.ts";
export { findCard, findCards, readCard, saveCounters, SELECT_CARD } from "./store/card.ts";
export { cardViews, type CardView } from "./view.ts";
