export { openJournal, provisionJournal, type Journal } from "./store.ts";
export type {
  Identity,
  JournalTransaction,
  NewTransaction,
  PendingReversal,
  ReversalReason,
  Settled,
} from "./rows.ts";
