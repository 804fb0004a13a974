export { openJournal, provisionJournal } from "./open.ts";
export type { Begun, Journal } from "./store.ts";
export type {
  Details,
  Due,
  DueKind,
  DueMessage,
  Entry,
  Identity,
  JournalTransaction,
  KeptCard,
  NewDue,
  NewTransaction,
  ReversalReason,
  Settled,
} from "./rows.ts";
