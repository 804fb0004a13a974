/** Which transactions of the journal the cashier sees. */
import type { TransactionName } from "@tillway/transactions";
import { shown } from "./money.ts";
import type { Entry } from "./terminal.ts";

export type Period = "batch" | "today" | "all";

export type Search = {
  readonly period: Period;
  /** Part of a reference, a trace number, or an amount. */
  readonly words: string;
  /** Only what one of these may follow; empty: everything. */
  readonly wanted: readonly TransactionName[];
};

/** `batch`: the open one. `day`: of a moment, as the shop's calendar has it. */
export function found(
  entries: readonly Entry[],
  search: Search,
  now: { readonly batch: string; readonly at: number; readonly day: (at: number) => string },
): readonly Entry[] {
  const { period, wanted } = search;
  const words = search.words.trim().toLowerCase();
  const today = now.day(now.at);
  return entries.filter((entry) => {
    if (period === "batch" && entry.batch !== now.batch) return false;
    if (period === "today" && now.day(entry.at) !== today) return false;
    const follows = entry.following.some(({ type }) => wanted.includes(type));
    return (wanted.length === 0 || follows) && (words === "" || names(entry, words));
  });
}

function names({ rrn, stan, amount }: Entry, words: string): boolean {
  const known = [rrn ?? "", stan].some((one) => one.toLowerCase().includes(words));
  return known || shown(amount) === words || shown(amount).startsWith(`${words}.`);
}
