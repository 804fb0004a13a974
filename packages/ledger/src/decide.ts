import {
  LARGEST,
  movingLegs,
  type Journal,
  type Leg,
  type PostingResult,
  type Refusal,
} from "./journal.ts";

/** A row of an account with a floor, locked for this transaction. */
export type Floored = {
  readonly floor: bigint;
  readonly balance: bigint;
  readonly version: bigint;
};

export type KnownAccount = {
  readonly id: bigint;
  readonly currency: string;
  readonly closed: boolean;
  readonly floored: Floored | undefined;
};

/** What the database knows about a batch, read under its locks. */
export type Book = {
  /** The account of a bucket with a code. */
  readonly account: (bucket: number, code: string) => KnownAccount | undefined;
  readonly isOpen: (businessDate: string) => boolean;
  /** The journal that an earlier transaction stored under a key. */
  readonly stored: (bucket: number, idempotencyKey: string) => string | undefined;
};

export type Entry = {
  readonly journal: Journal;
  /** From 1, in the order of the journal's legs. */
  readonly leg: number;
  readonly accountId: bigint;
  readonly amount: bigint;
  readonly version: bigint | null;
  readonly before: bigint | null;
  readonly after: bigint | null;
};

export type NewBalance = {
  readonly bucket: number;
  readonly accountId: bigint;
  readonly from: bigint;
  readonly version: bigint;
  readonly balance: bigint;
};

export type Decision = {
  readonly results: readonly PostingResult[];
  readonly posted: readonly Journal[];
  readonly entries: readonly Entry[];
  readonly balances: readonly NewBalance[];
};

/** One key of a bucket as text, for maps. */
export function keyOf(bucket: number, name: string): string {
  return `${bucket}/${name}`;
}

/** Judges journals one after the other, each against what the ones before it left. Pure. */
export function decide(journals: readonly Journal[], book: Book): Decision {
  const results: PostingResult[] = [];
  const posted: Journal[] = [];
  const entries: Entry[] = [];
  const running = new Running(book);
  const ownKeys = new Map<string, string>();
  for (const journal of journals) {
    const key = keyOf(journal.bucket, journal.idempotencyKey);
    const stored = ownKeys.get(key) ?? book.stored(journal.bucket, journal.idempotencyKey);
    if (stored !== undefined) {
      results.push({ code: "repeated", journal: stored });
      continue;
    }
    const legs = movingLegs(journal);
    const refusal = refusalOf(journal, legs, book) ?? running.refuses(journal.bucket, legs);
    if (refusal !== undefined) {
      results.push({ code: refusal });
      continue;
    }
    entries.push(...running.post(journal, legs));
    ownKeys.set(key, journal.id);
    posted.push(journal);
    results.push({ code: "posted", journal: journal.id });
  }
  return { results, posted, entries, balances: running.changed() };
}

/** Everything but floors: what does not depend on the journals before. */
function refusalOf(journal: Journal, legs: readonly Leg[], book: Book): Refusal | undefined {
  const sums = new Map<string, bigint>();
  let closed = !book.isOpen(journal.businessDate);
  for (const leg of legs) {
    const account = book.account(journal.bucket, leg.account);
    if (account === undefined) return "unknown-account";
    closed ||= account.closed;
    sums.set(account.currency, (sums.get(account.currency) ?? 0n) + leg.amount);
  }
  if (sums.size === 0 || [...sums.values()].some((sum) => sum !== 0n)) return "unbalanced";
  return closed ? "closed" : undefined;
}

type Live = { readonly was: Floored; readonly bucket: number; balance: bigint; version: bigint };

/** The balances of accounts with a floor while a batch is judged. */
class Running {
  readonly #book: Book;
  readonly #live = new Map<string, { readonly id: bigint; readonly live: Live }>();

  constructor(book: Book) {
    this.#book = book;
  }

  #of(bucket: number, code: string): Live | undefined {
    const key = keyOf(bucket, code);
    const known = this.#live.get(key);
    if (known !== undefined) return known.live;
    const account = this.#book.account(bucket, code);
    if (account?.floored === undefined) return undefined;
    const { balance, version } = account.floored;
    const live = { was: account.floored, bucket, balance, version };
    this.#live.set(key, { id: account.id, live });
    return live;
  }

  /** A floor is held against the journal's whole effect on the account, not leg by leg. */
  refuses(bucket: number, legs: readonly Leg[]): "floor" | undefined {
    const effects = new Map<string, bigint>();
    for (const leg of legs) {
      effects.set(leg.account, (effects.get(leg.account) ?? 0n) + leg.amount);
    }
    for (const [code, effect] of effects) {
      const live = this.#of(bucket, code);
      if (live === undefined) continue;
      const after = live.balance + effect;
      if (after < live.was.floor || after > LARGEST) return "floor";
    }
    return undefined;
  }

  post(journal: Journal, legs: readonly Leg[]): Entry[] {
    return legs.map((leg, at) => {
      const account = this.#book.account(journal.bucket, leg.account);
      if (account === undefined) throw new Error("an entry without an account");
      const base = { journal, leg: at + 1, accountId: account.id, amount: leg.amount };
      const live = this.#of(journal.bucket, leg.account);
      if (live === undefined) return { ...base, version: null, before: null, after: null };
      const before = live.balance;
      live.balance += leg.amount;
      live.version += 1n;
      return { ...base, version: live.version, before, after: live.balance };
    });
  }

  changed(): NewBalance[] {
    return [...this.#live.values()]
      .filter(({ live }) => live.version !== live.was.version)
      .map(({ id, live }) => ({
        bucket: live.bucket,
        accountId: id,
        from: live.was.version,
        version: live.version,
        balance: live.balance,
      }));
  }
}
