/** The chart of accounts and what each transaction type posts (README.md, "Postings"). */
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

/** A sale as the books see it; amounts in minor units. */
export type BookedSale = {
  readonly transaction: string;
  readonly bucket: number;
  readonly merchant: string;
  readonly amount: bigint;
  readonly fee: bigint;
};

function saleLegs(sale: BookedSale): Leg[] {
  return [
    debit(NETWORK_RECEIVABLE, sale.amount),
    credit(merchantPayable(sale.merchant), sale.amount - sale.fee),
    credit(FEE_INCOME, sale.fee),
  ];
}

type When = { readonly id: string; readonly businessDate: string; readonly occurredAt: number };

/** Approved sale: the network owes the amount, we owe the merchant the amount less our fee. */
export function saleJournal(sale: BookedSale, when: When): Journal {
  return {
    ...when,
    bucket: sale.bucket,
    idempotencyKey: `${sale.transaction}/sale`,
    kind: "sale",
    legs: saleLegs(sale),
  };
}

/** Reversed sale: the same legs with the other sign, on the day of the reversal. */
export function saleReversalJournal(sale: BookedSale, when: When): Journal {
  return {
    ...when,
    bucket: sale.bucket,
    idempotencyKey: `${sale.transaction}/sale-reversal`,
    kind: "sale-reversal",
    legs: undone(saleLegs(sale)),
  };
}
