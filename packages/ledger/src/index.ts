export {
  balanced,
  credit,
  debit,
  REFUSALS,
  undone,
  type Journal,
  type Leg,
  type PostingResult,
  type Refusal,
} from "./journal.ts";
export { ledgerTables, openDays } from "./tables.ts";
export { balances, openAccounts, striped, type Account } from "./accounts.ts";
export { postJournals } from "./post.ts";
export { decide, keyOf, type Book, type KnownAccount } from "./decide.ts";
export { auditLedger, type LedgerCheck } from "./audit.ts";
