/** The issuing bank: accounts and decisions, connected to the network as a member. */
export type * from "./authorisation.ts";
export { Book, type Changes, type Loaded, type ScriptChange } from "./book.ts";
export { BANK_INSTITUTION, bankKeys, type BankContext, type BankKeys } from "./context.ts";
export { endOverdue, startExpiry } from "./expiry.ts";
export { openBankLink, type BankLink } from "./link.ts";
export { parseOrder } from "./script.ts";
export type { Policy } from "./policy.ts";
export type { BankStore, Names, OrderedScript, Overdue, Step } from "./store.ts";
export { bankStore } from "./store/postgres.ts";
