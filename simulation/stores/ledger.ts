/** The books in memory: the ledger's own rules over tables of this process. */
import {
  decide,
  keyOf,
  type Account,
  type Book,
  type Journal,
  type KnownAccount,
  type PostingResult,
} from "@tillway/ledger";
import type { Memory, Table } from "./memory.ts";

type Kept = KnownAccount & { readonly bucket: number; readonly code: string };

/** A posted journal as both forms of the books tell it, for comparing them. */
export type BookedJournal = {
  readonly key: string;
  readonly kind: string;
  readonly businessDate: string;
  /** "account amount", in the order of the legs. */
  readonly legs: readonly string[];
};

export class Ledger {
  readonly #accounts: Table<Kept>;
  readonly #journals: Table<Journal>;
  #opened = 0n;

  constructor(memory: Memory) {
    this.#accounts = memory.table();
    this.#journals = memory.table();
  }

  /** Opens accounts that do not exist yet. In a commit. */
  open(accounts: readonly Account[]): void {
    for (const { bucket, code, currency, floor } of accounts) {
      this.#opened += 1n;
      const floored = floor === undefined ? undefined : { floor, balance: 0n, version: 0n };
      const account = { bucket, code, id: this.#opened, currency, closed: false, floored };
      this.#accounts.add(keyOf(bucket, code), account);
    }
  }

  /** Posts in a commit, as `postJournals` does in a transaction. */
  post(journals: readonly Journal[]): readonly PostingResult[] {
    const book: Book = {
      account: (bucket, code) => this.#accounts.get(keyOf(bucket, code)),
      // Days are opened when they are first asked for.
      isOpen: () => true,
      stored: (bucket, key) => this.#journals.get(keyOf(bucket, key))?.id,
    };
    const { results, posted, balances } = decide(journals, book);
    for (const journal of posted) {
      this.#journals.set(keyOf(journal.bucket, journal.idempotencyKey), journal);
    }
    const byId = new Map(balances.map((one) => [one.accountId, one]));
    if (byId.size > 0) {
      for (const [key, account] of this.#accounts.entries()) {
        const changed = byId.get(account.id);
        if (!changed || !account.floored) continue;
        const { balance, version } = changed;
        this.#accounts.set(key, { ...account, floored: { ...account.floored, balance, version } });
      }
    }
    return results;
  }

  journals(): Journal[] {
    return this.#journals.rows();
  }

  booked(): BookedJournal[] {
    return this.journals().map((journal) => ({
      key: keyOf(journal.bucket, journal.idempotencyKey),
      kind: journal.kind,
      businessDate: journal.businessDate,
      legs: journal.legs
        .filter(({ amount }) => amount !== 0n)
        .map(({ account, amount }) => `${account} ${amount}`),
    }));
  }

  /** The balance of an account that has a floor. */
  held(bucket: number, code: string): bigint {
    return this.#accounts.get(keyOf(bucket, code))?.floored?.balance ?? 0n;
  }

  /** The sum of all that was posted to accounts of this code. */
  balance(code: string): bigint {
    let sum = 0n;
    for (const { legs } of this.journals()) {
      for (const leg of legs) if (leg.account === code) sum += leg.amount;
    }
    return sum;
  }
}
