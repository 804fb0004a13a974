export {
  feeOf,
  merchantAccounts,
  saleJournal,
  saleReversalJournal,
  systemAccounts,
  type BookedSale,
} from "./postings.ts";
export { checkBooks, entriesOf, open, post, receivables, type Check } from "./store.ts";
