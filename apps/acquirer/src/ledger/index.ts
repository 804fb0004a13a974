export {
  feeOf,
  journalFor,
  merchantAccounts,
  movedBy,
  receivableSign,
  systemAccounts,
  undoJournalFor,
  type Booked,
  type Moved,
} from "./postings.ts";
export { checkBooks, entriesOf, open, post, receivables, type Check } from "./store.ts";
