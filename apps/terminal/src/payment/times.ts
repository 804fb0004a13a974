/** What clock and randomness bring to a transaction, and what time its receipt shows. */
import { toHex } from "@tillway/bytes";
import type { TransactionInput } from "@tillway/emv";
import { addDays, localParts, nearestPastDate, type Currency } from "@tillway/money";

/** The kernel's input of one transaction, with the clock's time and fresh random numbers. */
export function transactionInput(options: {
  readonly amount: string;
  readonly currency: Currency;
  /** Tag 9C. */
  readonly type: string;
  readonly forceOnline: boolean;
  readonly stan: string;
  readonly now: number;
  readonly zone: string;
  readonly random: (length: number) => Uint8Array;
}): TransactionInput {
  const local = localParts(options.now, options.zone);
  return {
    amount: options.amount,
    currency: options.currency.numeric,
    currencyExponent: options.currency.decimals,
    type: options.type,
    forceOnline: options.forceOnline,
    date: local.date.replaceAll("-", "").slice(2),
    time: local.time.replaceAll(":", ""),
    unpredictableNumber: toHex(options.random(4)),
    authenticationNumber: toHex(options.random(4)),
    sequence: options.stan,
    randomSelection: 1 + percentage(options.random),
  };
}

/** 0 to 98, each equally likely. */
function percentage(random: (length: number) => Uint8Array): number {
  for (;;) {
    const [byte] = random(1);
    if (byte !== undefined && byte < 198) return byte % 99;
  }
}

/**
 * "YYYY-MM-DD HH:MM:SS" for a receipt: the host's date and time where it set them (MMDD without a
 * year), the till's own otherwise.
 */
export function receiptTime(
  host: { readonly date: string; readonly time: string } | undefined,
  now: number,
  zone: string,
): string {
  const local = localParts(now, zone);
  const { date: monthDay, time } = host ?? { date: "", time: "" };
  // The host's clock may be past midnight when the till's is not yet.
  const date = nearestPastDate(monthDay, addDays(local.date, 1));
  if (date === undefined || !/^\d{6}$/.test(time)) return `${local.date} ${local.time}`;
  return `${date} ${time.slice(0, 2)}:${time.slice(2, 4)}:${time.slice(4, 6)}`;
}
