/**
 * The part of the bank's store that a decision works on: it reads what was loaded and writes its
 * changes here. A store then makes all changes of the book durable together, or none.
 */
import type { Journal } from "@tillway/ledger";
import type { CardRecord } from "../cards/index.ts";
import type { AccountFacts, Authorisation, Event, Hold, Notice } from "./authorisation.ts";
import type { Plan, Script } from "./authorisation.ts";
import type { Counters } from "./counters.ts";

/** What was loaded. Maps are by key, id or token; the book works on copies. */
export type Loaded = {
  readonly cards: readonly CardRecord[];
  readonly accounts: readonly AccountFacts[];
  /** Authorisations that exist, and keys whose reversal came first. */
  readonly authorisations: readonly Authorisation[];
  readonly tombstones: readonly string[];
  readonly holds: readonly Hold[];
  /** Waiting for the chip of a card, by its token. */
  readonly scripts: readonly (Script & { readonly card: string })[];
  /** "token/psn/atc" of offline approvals that were posted. */
  readonly offline: readonly string[];
};

/** What a decision, or several in a row, changed. */
export type Changes = {
  /** Keys of which the book has taken possession, with the authorisation where there is one. */
  readonly claimed: ReadonlyMap<string, Authorisation | undefined>;
  readonly added: ReadonlySet<string>;
  readonly authorisations: ReadonlyMap<string, Authorisation>;
  readonly holds: ReadonlyMap<string, Hold>;
  readonly counters: ReadonlyMap<string, Counters>;
  readonly plans: ReadonlyMap<string, Plan>;
  readonly planStates: ReadonlyMap<string, { readonly bucket: number; readonly state: string }>;
  readonly scripts: ReadonlyMap<number, ScriptChange>;
  readonly notices: readonly Notice[];
  readonly events: readonly Event[];
  readonly journals: readonly Journal[];
};

export type ScriptChange =
  | { readonly state: "sent"; readonly authorisation: string }
  | { readonly state: "done" | "failed"; readonly at: number };

export const offlineUse = (card: string, psn: string, atc: number): string =>
  `${card}/${psn}/${atc}`;

/** Scripts of one answer. */
const SCRIPTS_AT_ONCE = 4;

export class Book {
  readonly #cards: Map<string, CardRecord>;
  readonly #accounts: Map<string, AccountFacts>;
  readonly #known: Map<string, Authorisation | "tombstone">;
  readonly #holds: Map<string, Hold>;
  readonly #scripts: Map<string, Script[]>;
  readonly #offline: Set<string>;
  readonly #claimed = new Map<string, Authorisation | undefined>();
  readonly #added = new Set<string>();
  readonly #changed = new Map<string, Authorisation>();
  readonly #changedHolds = new Map<string, Hold>();
  readonly #counters = new Map<string, Counters>();
  readonly #plans = new Map<string, Plan>();
  readonly #planStates = new Map<string, { bucket: number; state: string }>();
  readonly #changedScripts = new Map<number, ScriptChange>();
  readonly #notices: Notice[] = [];
  readonly #events: Event[] = [];
  readonly #journals: Journal[] = [];

  constructor(loaded: Loaded) {
    this.#cards = new Map(loaded.cards.map((one) => [one.token, one]));
    this.#accounts = new Map(loaded.accounts.map((one) => [one.id, one]));
    this.#known = new Map(loaded.tombstones.map((key) => [key, "tombstone" as const]));
    for (const one of loaded.authorisations) this.#known.set(one.key, one);
    this.#holds = new Map(loaded.holds.map((one) => [one.id, one]));
    this.#scripts = new Map();
    for (const { card, ...script } of loaded.scripts) {
      this.#scripts.set(card, [...(this.#scripts.get(card) ?? []), script]);
    }
    this.#offline = new Set(loaded.offline);
  }

  card(token: string): CardRecord | undefined {
    return this.#cards.get(token);
  }

  /** Throws where the account was not loaded: a decision names what it reads. */
  account(id: string): AccountFacts {
    const found = this.#accounts.get(id);
    if (!found) throw new Error("an account that was not loaded");
    return found;
  }

  /** What is known under a request's key; a tombstone where its reversal came before it. */
  known(key: string): Authorisation | "tombstone" | undefined {
    return this.#known.get(key);
  }

  hold(id: string): Hold | undefined {
    return this.#holds.get(id);
  }

  isUsedOffline(card: string, psn: string, atc: number): boolean {
    return this.#offline.has(offlineUse(card, psn, atc));
  }

  /** Keeps the place of a request that was reversed before it came. */
  bury(key: string): void {
    this.#known.set(key, "tombstone");
    this.#claimed.set(key, undefined);
  }

  add(one: Authorisation): void {
    this.#known.set(one.key, one);
    this.#claimed.set(one.key, one);
    this.#added.add(one.id);
    this.#changed.set(one.id, one);
    if (one.type === "offline chip sale" && one.atc !== undefined && one.state === "approved") {
      this.#offline.add(offlineUse(one.card, one.psn, one.atc));
    }
  }

  change(one: Authorisation): void {
    this.#known.set(one.key, one);
    this.#changed.set(one.id, one);
  }

  /** Makes or changes a hold; what it holds changes with it. */
  keepHold(hold: Hold): void {
    const before = this.#holds.get(hold.id);
    const was = before?.state === "active" ? before.amount : 0n;
    const is = hold.state === "active" ? hold.amount : 0n;
    this.#holds.set(hold.id, hold);
    this.#changedHolds.set(hold.id, hold);
    const account = this.account(hold.account);
    this.#accounts.set(account.id, { ...account, held: account.held + is - was });
  }

  count(token: string, counters: Counters): void {
    const card = this.#cards.get(token);
    if (card) this.#cards.set(token, { ...card, ...counters });
    this.#counters.set(token, counters);
  }

  /** Posts a journal that changes the balances of these accounts by these amounts. */
  post(journal: Journal, effects: ReadonlyMap<string, bigint>): void {
    this.#journals.push(journal);
    for (const [id, effect] of effects) {
      const account = this.#accounts.get(id);
      if (account) this.#accounts.set(id, { ...account, balance: account.balance + effect });
    }
  }

  addPlan(plan: Plan): void {
    this.#plans.set(plan.id, plan);
  }

  changePlan(id: string, bucket: number, state: Plan["state"]): void {
    this.#planStates.set(id, { bucket, state });
  }

  /** What waits for this card's chip; it is the authorisation's to bring from here on. */
  takeScripts(token: string, authorisation: string): readonly Script[] {
    const all = this.#scripts.get(token) ?? [];
    // As many as DE 55 has room for.
    const waiting = all.slice(0, SCRIPTS_AT_ONCE);
    this.#scripts.set(token, all.slice(SCRIPTS_AT_ONCE));
    for (const { id } of waiting) this.#changedScripts.set(id, { state: "sent", authorisation });
    return waiting;
  }

  reportScript(id: number, state: "done" | "failed", at: number): void {
    this.#changedScripts.set(id, { state, at });
  }

  note(notice: Notice): void {
    this.#notices.push(notice);
  }

  tell(event: Event): void {
    this.#events.push(event);
  }

  changes(): Changes {
    return {
      claimed: this.#claimed,
      added: this.#added,
      authorisations: this.#changed,
      holds: this.#changedHolds,
      counters: this.#counters,
      plans: this.#plans,
      planStates: this.#planStates,
      scripts: this.#changedScripts,
      notices: this.#notices,
      events: this.#events,
      journals: this.#journals,
    };
  }
}
