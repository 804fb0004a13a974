/**
 * The bank's chart of accounts. Balances are what the bank owes: positive = credit = owed by the
 * bank. A deposit account may not go below zero, a credit account not below minus its limit.
 *
 * - `cardholder:<account>` what the bank owes the holder of an account (negative: what it is owed)
 * - `network:payable:<currency>` what the bank owes the network, striped by bucket
 * - `overdraft:<currency>` what holders owe beyond their accounts: what could not be refused any more
 * - `transfer:<currency>` transfers between our own accounts, from one bucket to another: sums to zero
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
const overdrafts = (letters: string): string => `overdraft:${letters}`;
const transfers = (letters: string): string => `transfer:${letters}`;
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
      ...striped({ code: overdrafts(letters), kind: "overdraft", currency: letters }),
      ...striped({ code: transfers(letters), kind: "transfer", currency: letters }),
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

/** Keys of what an authorisation posts: its movement, its reversal, what reaches a receiver. */
export const postingKey = (what: "move" | "undo" | "arrive", authorisation: string): string =>
  `${what}:${authorisation}`;

type Posting = Occasion & {
  readonly holder: Pick<Holder, "id" | "bucket" | "currency">;
  readonly authorisation: string;
  readonly kind: string;
};

/**
 * An amount out of a cardholder's account (negative: into it), the other side with the network or
 * under way to another account of ours. `overdraft` of it the account does not have.
 */
export function movement(
  posting: Posting & {
    readonly moved: bigint;
    readonly overdraft: bigint;
    readonly what: "move" | "undo";
    readonly counter: "network" | "transfer";
  },
): Journal {
  const { holder, moved, overdraft, counter } = posting;
  const letters = lettersOf(holder.currency);
  return {
    ...documentOf(posting),
    idempotencyKey: postingKey(posting.what, posting.authorisation),
    legs: [
      { account: cardholderAccount(holder.id), amount: overdraft - moved },
      { account: overdrafts(letters), amount: -overdraft },
      { account: counter === "network" ? payable(letters) : transfers(letters), amount: moved },
    ],
  };
}

/** A transfer that reaches the account it goes to. */
export function transferArrival(posting: Posting & { readonly amount: bigint }): Journal {
  const { holder, amount } = posting;
  return {
    ...documentOf(posting),
    idempotencyKey: postingKey("arrive", posting.authorisation),
    legs: [
      debit(transfers(lettersOf(holder.currency)), amount),
      credit(cardholderAccount(holder.id), amount),
    ],
  };
}

function documentOf({ id, businessDate, occurredAt, kind, holder }: Posting) {
  return { id, businessDate, occurredAt, kind, bucket: holder.bucket };
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
