import type { Sql } from "@tillway/database";
import { balances } from "@tillway/ledger";
import { cardholderAccount } from "../ledger/index.ts";
import { allAccounts } from "./store/account.ts";
import { allCards } from "./store/card.ts";

/** A card with its account's balance, fit to be shown: no card number, no PIN. */
export type CardView = {
  readonly name: string;
  readonly scheme: string;
  readonly maskedPan: string;
  readonly status: string;
  readonly pinTries: number;
  readonly currency: string;
  /** Minor units as decimal digits; negative where the holder owes. */
  readonly balance: string;
  readonly creditLimit: string;
};

export async function cardViews(sql: Sql): Promise<CardView[]> {
  const cards = await allCards(sql);
  const accounts = new Map((await allAccounts(sql)).map((account) => [account.id, account]));
  const codes = [...accounts.keys()].map(cardholderAccount);
  const held = await balances(sql, "issuer", codes);
  return cards.map((card) => ({
    name: card.name,
    scheme: card.scheme,
    maskedPan: card.maskedPan,
    status: card.status,
    pinTries: card.pinTries,
    currency: card.currency,
    balance: (held.get(cardholderAccount(card.account)) ?? 0n).toString(),
    creditLimit: (accounts.get(card.account)?.creditLimit ?? 0n).toString(),
  }));
}
