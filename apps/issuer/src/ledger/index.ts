/** The bank's books: accounts, postings, business days, proof. */
export { createCalendar, type Calendar } from "./calendar.ts";
export {
  accountsFor,
  cardholderAccount,
  fundingJournal,
  movement,
  postingKey,
  transferArrival,
  type Holder,
  type Occasion,
} from "./chart.ts";
export { audit, type Audit, type AuditedTransaction, type Check } from "./store.ts";
