/** What one transaction brings: JSON-able data, with the clock and the randomness already in it. */
import * as check from "./check.ts";
import type { Problems } from "./check.ts";

export type TransactionInput = {
  /** Minor units as decimal digits, cashback included (9F02). */
  readonly amount: string;
  /** Cashback in minor units (9F03), "0" where absent. */
  readonly otherAmount?: string;
  /** ISO 4217 numeric, three digits (5F2A), and its number of decimals (5F36). */
  readonly currency: string;
  readonly currencyExponent: number;
  /** Two digits of the processing code (9C): 00 goods and services, 01 cash, 09 cashback. */
  readonly type: string;
  /** YYMMDD (9A) and HHMMSS (9F21), local to the terminal. */
  readonly date: string;
  readonly time: string;
  /** Eight hex digits from a cryptographic source (9F37). */
  readonly unpredictableNumber: string;
  /** Other eight hex digits for INTERNAL AUTHENTICATE; the above serves where they are absent. */
  readonly authenticationNumber?: string;
  /** Up to eight decimal digits (9F41). */
  readonly sequence: string;
  /** 1 to 99, for random selection for online processing (Book 3 §10.6.2). */
  readonly randomSelection: number;
  /** The merchant wants this transaction to go online. */
  readonly forceOnline?: boolean;
};

export type ParsedTransaction =
  | { readonly ok: true; readonly transaction: TransactionInput }
  | { readonly ok: false; readonly problems: readonly string[] };

/** A transaction read from JSON; problems as `path: what is allowed`. Never throws. */
export function parseTransactionInput(json: unknown): ParsedTransaction {
  const problems: Problems = [];
  const entry = check.object(json, "transaction", problems);
  const digits = (name: string, pattern: RegExp, allowed: string): string =>
    check.pattern(entry[name], pattern, allowed, name, problems);
  const otherAmount = check.optional(entry["otherAmount"], (value) =>
    check.amount(value, "otherAmount", problems),
  );
  const authenticationNumber = check.optional(entry["authenticationNumber"], (value) =>
    check.hex(value, 4, 4, "authenticationNumber", problems),
  );
  const forceOnline = check.optional(entry["forceOnline"], (value) =>
    check.flag(value, "forceOnline", problems),
  );
  const transaction: TransactionInput = {
    amount: check.amount(entry["amount"], "amount", problems),
    currency: digits("currency", /^\d{3}$/, "three digits"),
    currencyExponent: check.integer(entry["currencyExponent"], 0, 4, "currencyExponent", problems),
    type: digits("type", /^\d{2}$/, "two digits"),
    date: digits("date", /^\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$/, "YYMMDD"),
    time: digits("time", /^([01]\d|2[0-3])[0-5]\d[0-5]\d$/, "HHMMSS"),
    unpredictableNumber: check.hex(
      entry["unpredictableNumber"],
      4,
      4,
      "unpredictableNumber",
      problems,
    ),
    sequence: digits("sequence", /^\d{1,8}$/, "one to eight digits"),
    randomSelection: check.integer(entry["randomSelection"], 1, 99, "randomSelection", problems),
    ...(otherAmount === undefined ? {} : { otherAmount }),
    ...(authenticationNumber === undefined ? {} : { authenticationNumber }),
    ...(forceOnline === undefined ? {} : { forceOnline }),
  };
  return problems.length > 0 ? { ok: false, problems } : { ok: true, transaction };
}
