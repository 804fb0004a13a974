/** The issuing bank: cards, accounts and decisions, connected to the network as a member. */
export { BANK_INSTITUTION, bankKeys, type BankContext, type BankKeys } from "./context.ts";
export { openBankLink, type BankLink } from "./link.ts";
