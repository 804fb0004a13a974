/**
 * The bank's chart of accounts. Balances are what the bank owes: positive = credit = owed by the
 * bank. A deposit account may not go below zero, a credit account not below minus its limit.
 *
 * - `cardholder:<account>` what the bank owes the holder of an account (negative: what it is owed)
 * - `network:payable:<currency>` what the bank owes the network, striped by bucket
 * - `funding:<currency>` where opening balances and resets of demonstration accounts come from
 */
import { currency } from "@tillway/money";
import { credit, debit, striped, type Account, type Journal } from "@tillway/ledger";

/** What of an account the ledger needs; `currency` is its ISO 4217 number. */
export type Holder = {
  readonly id: string;
  readonly bucket: number;
  readonly currency: string;
  readonly creditLimit: bigint;
};

/** When and as which document something is posted. `id` is a UUIDv7. */
export type Occasion = {
  readonly id: string;
  readonly businessDate: string;
  readonly occurredAt: number;
};

export const cardholderAccount = (account: string): string => `cardholder:${account}`;
const payable = (letters: string): string => `network:payable:${letters}`;
const funding = (letters: string): string => `funding:${letters}`;

/** ISO 4217 letters of a currency number. Throws where there is no such currency here. */
function lettersOf(numeric: string): string {
  const known = currency(numeric);
  if (!known) throw new RangeError("a currency that is not known here");
  return known.code;
}

/** The ledger accounts that these holders need, system accounts included. */
export function accountsFor(holders: readonly Holder[]): Account[] {
  const currencies = [...new Set(holders.map((holder) => lettersOf(holder.currency)))];
  return [
    ...currencies.flatMap((letters) => [
      ...striped({ code: payable(letters), kind: "network-payable", currency: letters }),
      ...striped({ code: funding(letters), kind: "funding", currency: letters }),
    ]),
    ...holders.map((holder) => ({
      bucket: holder.bucket,
      code: cardholderAccount(holder.id),
      kind: "cardholder",
      currency: lettersOf(holder.currency),
      floor: -holder.creditLimit,
    })),
  ];
}

export const saleKey = (authorisation: string): string => `sale:${authorisation}`;
export const reversalKey = (authorisation: string): string => `sale-reversal:${authorisation}`;

type Posting = {
  readonly holder: Pick<Holder, "id" | "bucket" | "currency">;
  readonly amount: bigint;
  readonly authorisation: string;
  readonly occasion: Occasion;
};

/** An approved sale: the cardholder's account is debited, the network is owed the amount. */
export function saleJournal({ holder, amount, authorisation, occasion }: Posting): Journal {
  return {
    ...occasion,
    bucket: holder.bucket,
    idempotencyKey: saleKey(authorisation),
    kind: "sale",
    legs: [
      debit(cardholderAccount(holder.id), amount),
      credit(payable(lettersOf(holder.currency)), amount),
    ],
  };
}

/** The undo of an approved sale. */
export function reversalJournal({ holder, amount, authorisation, occasion }: Posting): Journal {
  return {
    ...occasion,
    bucket: holder.bucket,
    idempotencyKey: reversalKey(authorisation),
    kind: "sale-reversal",
    legs: [
      debit(payable(lettersOf(holder.currency)), amount),
      credit(cardholderAccount(holder.id), amount),
    ],
  };
}

/**
 * Money put into a cardholder's account (negative: taken out) by the bank itself: the opening
 * balance, or the difference that sets a demonstration account back. `key` makes it happen once.
 */
export function fundingJournal(
  holder: Pick<Holder, "id" | "bucket" | "currency">,
  amount: bigint,
  key: string,
  occasion: Occasion,
): Journal {
  return {
    ...occasion,
    bucket: holder.bucket,
    idempotencyKey: key,
    kind: "funding",
    legs: [
      { account: cardholderAccount(holder.id), amount },
      { account: funding(lettersOf(holder.currency)), amount: -amount },
    ],
  };
}
