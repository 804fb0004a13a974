/** Amounts that the bank tells in DE 54: account type, amount type, currency, sign, 12 digits. */
import { available, type AccountFacts } from "./authorisation.ts";

function entry(account: string, type: string, currency: string, amount: bigint): string {
  const sign = amount < 0n ? "D" : "C";
  const digits = (amount < 0n ? -amount : amount).toString().padStart(12, "0");
  return account + type + currency + sign + digits;
}

/** What is available (02), which a terminal shows where it has room for one, and the balance (01). */
export function balanceAmounts(account: AccountFacts): string {
  const of = (type: string, amount: bigint): string => entry("10", type, account.currency, amount);
  return of("02", available(account)) + of("01", account.balance);
}

/** What was asked for where only part was approved (57, ISO 8583:1987 amount type). */
export function askedAmount(amount: bigint, currency: string): string {
  return entry("00", "57", currency, -amount);
}
