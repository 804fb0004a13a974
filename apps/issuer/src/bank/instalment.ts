/** Instalment sales: what the acquirer asks for in DE 122, and the schedule that comes of it. */
import { nextMonths } from "./months.ts";
import type { Instalment, Plan } from "./authorisation.ts";

export type AskedPlan = {
  readonly periods: number;
  readonly code: string;
  readonly feePayer: Plan["feePayer"];
};

/** Numbers of months that this bank offers. */
export const OFFERED: readonly number[] = [3, 6, 9, 12, 18, 24, 36];

/** DE 122 [U]: "IP", periods (2 digits), plan code (2), who pays the fee (0 holder, 1 merchant). */
export function parsePlan(text: string): AskedPlan | undefined {
  const found = /^IP(\d{2})([0-9A-Za-z]{2})([01]) *$/.exec(text);
  if (!found) return undefined;
  const [, periods = "", code = "", payer] = found;
  return {
    periods: Number.parseInt(periods, 10),
    code,
    feePayer: payer === "1" ? "merchant" : "holder",
  };
}

/**
 * Equal monthly amounts from the month after `date` ("YYYY-MM-DD") on; the first takes what does
 * not divide. Their sum is the amount.
 */
export function schedule(amount: bigint, periods: number, date: string): Instalment[] {
  const each = amount / BigInt(periods);
  const rest = amount - each * BigInt(periods);
  return nextMonths(date, periods).map((dueOn, at) => ({
    number: at + 1,
    dueOn,
    amount: at === 0 ? each + rest : each,
  }));
}
