/** The bank's calendar: the business date of an instant, with its day open for posting. */
import { addDays, businessDate, localParts, type BusinessCalendar } from "@tillway/money";
import { openDays } from "@tillway/ledger";
import { withClient, type Database } from "../db/index.ts";

export type Calendar = {
  /** The business date of an instant (ms), "YYYY-MM-DD"; its day and the next are open then. */
  readonly open: (now: number) => Promise<string>;
  /** The local month of an instant, YYMM. */
  readonly month: (now: number) => string;
};

/** A calendar that opens each day once, before the first posting of that day. */
export function createCalendar(database: Database, rules: BusinessCalendar): Calendar {
  const opened = new Map<string, Promise<void>>();
  const openOnce = (date: string): Promise<void> => {
    const known = opened.get(date);
    if (known) return known;
    const opening = withClient(database, (sql) =>
      openDays(sql, "issuer", [date, addDays(date, 1)]),
    );
    opened.set(date, opening);
    // A failure is not remembered: the next posting tries again.
    opening.catch(() => opened.delete(date));
    return opening;
  };
  return {
    open: async (now) => {
      const date = businessDate(now, rules);
      await openOnce(date);
      return date;
    },
    month: (now) => localParts(now, rules.zone).date.replaceAll("-", "").slice(2, 6),
  };
}
