/** What the parties' books say, in words that all forms of the stores share. */
import type { TransactionName } from "@tillway/transactions";
import type { BookedJournal } from "../stores/ledger.ts";

/** A transaction as the acquirer has it. */
export type AcquirerEntry = {
  readonly id: string;
  readonly name: TransactionName;
  readonly terminal: string;
  readonly batch: string;
  readonly stan: string;
  readonly rrn: string;
  readonly state: string;
  /** Minor units, as approved. */
  readonly amount: bigint;
  readonly tip: bigint;
};

/** A decision as the issuing bank has it. */
export type BankEntry = {
  readonly id: string;
  readonly name: string;
  readonly rrn: string;
  readonly state: string;
  readonly amount: bigint;
};

/** A transaction as its terminal has it. */
export type TillEntry = {
  readonly terminal: string;
  readonly batch: string;
  readonly stan: string;
  readonly kind: TransactionName;
  readonly state: string;
  readonly amount: bigint;
};

export type AcquirerBooks = {
  readonly transactions: readonly AcquirerEntry[];
  readonly journals: readonly BookedJournal[];
  readonly inFlight: number;
  readonly pendingAdvices: number;
};

export type NetworkBooks = {
  readonly exchanges: readonly { readonly key: string; readonly state: string }[];
  readonly inFlight: number;
  readonly pendingAdvices: number;
};

export type BankBooks = {
  readonly entries: readonly BankEntry[];
  readonly journals: readonly BookedJournal[];
};

export type Books = {
  readonly acquirer: AcquirerBooks;
  readonly network: NetworkBooks;
  readonly bank: BankBooks;
  readonly tills: readonly TillEntry[];
};

/** What the journals of each transaction moved on accounts of a code, by the transaction's id. */
export function movedBy(
  journals: readonly BookedJournal[],
  transactionOf: (journal: BookedJournal) => string | undefined,
  account: RegExp,
): Map<string, bigint> {
  const moved = new Map<string, bigint>();
  for (const journal of journals) {
    const transaction = transactionOf(journal);
    if (transaction === undefined) continue;
    for (const leg of journal.legs) {
      const [code = "", amount = "0"] = leg.split(" ");
      if (!account.test(code)) continue;
      moved.set(transaction, (moved.get(transaction) ?? 0n) + BigInt(amount));
    }
  }
  return moved;
}
