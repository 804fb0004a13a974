/** The issuing bank in memory: a decision's book is loaded from it, and its changes are kept, all or none. */
import {
  Book,
  type Authorisation,
  type BankStore,
  type Changes,
  type Hold,
  type Loaded,
  type Names,
  type Notice,
  type OrderedScript,
  type Plan,
  type Step,
} from "../../apps/issuer/src/bank/index.ts";
import type { CardRecord } from "../../apps/issuer/src/cards/index.ts";
import { cardholderAccount } from "../../apps/issuer/src/ledger/index.ts";
import { Ledger } from "./ledger.ts";
import { committed, Memory, type Table } from "./memory.ts";

/** An account as it was opened; its balance is the ledger's. */
export type BankAccount = {
  readonly id: string;
  readonly bucket: number;
  readonly currency: string;
  readonly creditLimit: bigint;
};

type KeptScript = OrderedScript & { readonly card: string };

export class BankMemory {
  readonly memory = new Memory();
  readonly cards: Table<CardRecord> = this.memory.table();
  readonly accounts: Table<BankAccount> = this.memory.table();
  /** By the key of the request; undefined: its reversal came first. */
  readonly requests: Table<{ readonly authorisation: string | undefined }> = this.memory.table();
  readonly authorisations: Table<Authorisation> = this.memory.table();
  readonly holds: Table<Hold> = this.memory.table();
  readonly plans: Table<Plan> = this.memory.table();
  readonly scripts: Table<KeptScript> = this.memory.table();
  readonly notices: Table<Notice> = this.memory.table();
  readonly ledger = new Ledger(this.memory);

  load({ keys, cards, offline }: Names): Loaded {
    const authorisations = new Map<string, Authorisation>();
    const tombstones: string[] = [];
    const wanted = [...keys];
    for (const key of wanted) {
      const row = this.requests.get(key);
      if (!row) continue;
      if (row.authorisation === undefined) {
        tombstones.push(key);
        continue;
      }
      const found = this.authorisations.get(row.authorisation);
      if (!found || authorisations.has(key)) continue;
      authorisations.set(key, found);
      if (found.original !== undefined) wanted.push(found.original);
    }
    const known = [...authorisations.values()];
    const tokens = new Set([...cards, ...known.map(({ card }) => card)]);
    const records = [...tokens].flatMap((token) => this.cards.get(token) ?? []);
    const ids = new Set([
      ...records.map(({ account }) => account),
      ...known.flatMap(({ account, receiver }) => [account ?? [], receiver?.id ?? []].flat()),
    ]);
    return {
      cards: records,
      accounts: [...ids].flatMap((id) => this.#facts(id)),
      authorisations: known,
      tombstones,
      holds: known.flatMap(({ id }) => this.holds.get(id) ?? []),
      scripts: this.scripts
        .rows()
        .filter(({ card, state }) => state === "pending" && tokens.has(card))
        .map(({ id, command, tag, value, card }) => ({ id, command, tag, value, card })),
      offline: offline && this.#isUsed(offline) ? [Object.values(offline).join("/")] : [],
    };
  }

  #facts(id: string): Loaded["accounts"] {
    const account = this.accounts.get(id);
    if (!account) return [];
    const held = this.holds
      .rows()
      .filter((hold) => hold.account === id && hold.state === "active")
      .reduce((sum, { amount }) => sum + amount, 0n);
    const balance = this.ledger.held(account.bucket, cardholderAccount(id));
    return [{ ...account, balance, held }];
  }

  #isUsed({ card, psn, atc }: NonNullable<Names["offline"]>): boolean {
    return this.authorisations
      .rows()
      .some(
        (one) =>
          one.type === "offline chip sale" &&
          one.state === "approved" &&
          one.card === card &&
          one.psn === psn &&
          one.atc === atc,
      );
  }

  decide<T>({ names, decide }: Step<T>): T {
    const book = new Book(this.load(names));
    const result = decide(book);
    this.#keep(book.changes());
    return result;
  }

  #keep(changes: Changes): void {
    for (const [key, authorisation] of changes.claimed) {
      if (!this.requests.add(key, { authorisation: authorisation?.id })) {
        throw new Error("a key was taken meanwhile");
      }
    }
    for (const [id, one] of changes.authorisations) this.authorisations.set(id, one);
    for (const [id, hold] of changes.holds) this.holds.set(id, hold);
    for (const [token, counters] of changes.counters) {
      const card = this.cards.get(token);
      if (card) this.cards.set(token, { ...card, ...counters });
    }
    for (const [id, plan] of changes.plans) this.plans.set(id, plan);
    for (const [id, { state }] of changes.planStates) {
      const plan = this.plans.get(id);
      if (plan) this.plans.set(id, { ...plan, state: state === "active" ? "active" : "cancelled" });
    }
    for (const [id, { state }] of changes.scripts) {
      const script = this.scripts.get(String(id));
      if (script) this.scripts.set(String(id), { ...script, state });
    }
    for (const notice of changes.notices) this.notices.set(notice.key, notice);
    const refused = this.ledger.post(changes.journals).find(({ code }) => code !== "posted");
    if (refused) throw new Error(`the ledger refused a journal: ${refused.code}`);
  }
}

export function bankStore(kept: BankMemory): BankStore {
  const commit = <T>(run: () => T): Promise<T> => committed(kept.memory, run);
  return {
    card: (token) => Promise.resolve(kept.cards.get(token)),
    run: (step) => commit(() => kept.decide(step)),
    overdue: (now, limit) => {
      const active = kept.authorisations.rows().flatMap((one) => {
        const { state, expiresAt, account } = one;
        const hold = kept.holds.get(one.id);
        const ends = hold?.state === "active" ? hold.expiresAt : expiresAt;
        const over = state === "approved" && ends !== undefined && ends < now;
        return over && account !== undefined ? [{ one, ends }] : [];
      });
      const due = active.sort((one, other) => one.ends - other.ends).slice(0, limit);
      return Promise.resolve(due.map(({ one: { key, card, bucket } }) => ({ key, card, bucket })));
    },
    order: (name, script) =>
      commit(() => {
        const card = kept.cards.rows().find((one) => one.name === name);
        if (!card) return undefined;
        const id = kept.scripts.size + 1;
        kept.scripts.set(String(id), { ...script, id, card: card.token, state: "pending" });
        return id;
      }),
    ordered: (name) => {
      const card = kept.cards.rows().find((one) => one.name === name);
      const mine = kept.scripts
        .rows()
        .flatMap(({ card: token, ...script }) => (token === card?.token ? [script] : []));
      return Promise.resolve(card && mine.toReversed());
    },
  };
}
