/** Money in and out of a cardholder's account, as journals in the book. */
import { movement, transferArrival } from "../ledger/index.ts";
import { available, type AccountFacts, type AccountPlace } from "./authorisation.ts";
import type { Book } from "./book.ts";

/** When, as which document and about which authorisation something is posted. */
export type Posting = {
  readonly id: string;
  readonly businessDate: string;
  readonly occurredAt: number;
  /** `move` the authorisation's own movement, `undo` what its reversal posts: each once. */
  readonly what: "move" | "undo";
  readonly authorisation: string;
  readonly kind: string;
  /** Who has the other side: the network, or the transfers under way between our own accounts. */
  readonly counter: "network" | "transfer";
};

/**
 * Takes an amount from an account. What the account does not have is an overdraft that the holder
 * owes: only what cannot be refused any more may make one. Undefined where it is short otherwise.
 */
export function take(
  book: Book,
  account: AccountFacts,
  amount: bigint,
  posting: Posting & { readonly forced: boolean },
): { readonly moved: bigint; readonly overdraft: bigint } | undefined {
  if (!posting.forced && available(account) < amount) return undefined;
  const room = account.balance + account.creditLimit;
  const overdraft = amount > room ? amount - (room > 0n ? room : 0n) : 0n;
  return move(book, account, amount, overdraft, posting);
}

/** Gives an amount to an account; `overdraft` of it pays back what was owed beyond the account. */
export function give(
  book: Book,
  account: AccountFacts,
  amount: bigint,
  overdraft: bigint,
  posting: Posting,
): { readonly moved: bigint; readonly overdraft: bigint } {
  return move(book, account, -amount, -overdraft, posting);
}

function move(
  book: Book,
  account: AccountFacts,
  moved: bigint,
  overdraft: bigint,
  posting: Posting,
): { readonly moved: bigint; readonly overdraft: bigint } {
  if (moved === 0n) return { moved, overdraft };
  const journal = movement({ holder: account, moved, overdraft, ...posting });
  book.post(journal, new Map([[account.id, overdraft - moved]]));
  return { moved, overdraft };
}

/** The receiving end of a transfer. */
export function arrive(
  book: Book,
  receiver: AccountPlace,
  { currency }: AccountFacts,
  amount: bigint,
  posting: Posting,
): void {
  const journal = transferArrival({ holder: { ...receiver, currency }, amount, ...posting });
  book.post(journal, new Map([[receiver.id, amount]]));
}
