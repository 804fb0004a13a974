/** The chart of accounts and what each transaction type posts (docs/transactions.md). */
import {
  credit,
  debit,
  striped,
  undone,
  type Account,
  type Journal,
  type Leg,
} from "@tillway/ledger";
import { portion } from "@tillway/money";
import { catalogue, type Posting, type TransactionName } from "@tillway/transactions";

/** What the card network owes us for transactions it approved. */
export const NETWORK_RECEIVABLE = "network:receivable";
/** What merchants have paid us for acquiring. */
export const FEE_INCOME = "fee:income";
/** What we owe a merchant. */
export const merchantPayable = (mid: string): string => `merchant:${mid}:payable`;

/** The accounts of the house itself, in every bucket: each transaction posts to its own stripe. */
export function systemAccounts(currency: string): Account[] {
  return [
    ...striped({ code: NETWORK_RECEIVABLE, kind: "asset", currency }),
    ...striped({ code: FEE_INCOME, kind: "income", currency }),
  ];
}

/** The accounts of one merchant. */
export function merchantAccounts(merchant: {
  readonly mid: string;
  readonly bucket: number;
  readonly currency: string;
}): Account[] {
  const { mid, bucket, currency } = merchant;
  return [{ bucket, code: merchantPayable(mid), kind: "liability", currency }];
}

/** The merchant's fee for an amount, rounded half away from zero to a whole minor unit. */
export function feeOf(amount: bigint, partsPerMillion: bigint): bigint {
  return portion(amount, partsPerMillion);
}

/** What the books see of a transaction: an amount and a fee in minor units, neither negative. */
export type Moved = { readonly amount: bigint; readonly fee: bigint };

/**
 * The amount and the fee that a type posts. `whole` is what its original comes to with its tip,
 * `left` what of that is not refunded yet. A refund gives back fee(left) − fee(what remains), so
 * that many refunds of one sale give back its fee exactly.
 */
export function movedBy(
  name: TransactionName,
  asked: { readonly amount: bigint; readonly tip: bigint; readonly feePpm: bigint },
  left: bigint,
): Moved {
  const fee = (amount: bigint): bigint => feeOf(amount, asked.feePpm);
  const { amount, tip } = asked;
  switch (catalogue[name].posting) {
    case "sale":
    case "void":
      return { amount, fee: fee(amount) };
    case "refund":
      return { amount, fee: fee(left) - fee(left - amount) };
    case "tip":
      return { amount: tip, fee: fee(amount) - fee(amount - tip) };
    case "cash-out":
    case "cash-in":
      return { amount, fee: 0n };
    case "none":
      return { amount: 0n, fee: 0n };
  }
}

/** A transaction as the books see it. */
export type Booked = Moved & {
  readonly transaction: string;
  readonly bucket: number;
  readonly merchant: string;
  readonly name: TransactionName;
};

function legsOf(posting: Posting, { merchant, amount, fee }: Booked): Leg[] {
  const forward = [
    debit(NETWORK_RECEIVABLE, amount),
    credit(merchantPayable(merchant), amount - fee),
    credit(FEE_INCOME, fee),
  ];
  switch (posting) {
    // The network owes the amount, we owe the merchant the amount less our fee.
    case "sale":
    case "tip":
    case "cash-out":
      return forward;
    // The merchant owes it back, we owe the network.
    case "void":
    case "refund":
    case "cash-in":
      return undone(forward);
    case "none":
      return [];
  }
}

/** What a type adds to the network receivable: 1, −1 or nothing. */
export function receivableSign(name: TransactionName): bigint {
  switch (catalogue[name].posting) {
    case "sale":
    case "tip":
    case "cash-out":
      return 1n;
    case "void":
    case "refund":
    case "cash-in":
      return -1n;
    case "none":
      return 0n;
  }
}

type When = { readonly id: string; readonly businessDate: string; readonly occurredAt: number };

/** What a transaction posts when it is done; null where it moves nothing. */
export function journalFor(booked: Booked, when: When): Journal | null {
  const { transaction, bucket, name } = booked;
  const legs = legsOf(catalogue[name].posting, booked);
  if (legs.every(({ amount }) => amount === 0n)) return null;
  return { ...when, bucket, idempotencyKey: `${transaction}/${name}`, kind: name, legs };
}

/** What undoes it: the same legs with the other sign, on the day of the undoing. */
export function undoJournalFor(booked: Booked, when: When): Journal | null {
  const { transaction, bucket, name } = booked;
  const legs = undone(legsOf(catalogue[name].posting, booked));
  if (legs.every(({ amount }) => amount === 0n)) return null;
  const kind = `${name}-reversal`;
  return { ...when, bucket, idempotencyKey: `${transaction}/${kind}`, kind, legs };
}
