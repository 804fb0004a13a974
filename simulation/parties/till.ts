/** A terminal of the simulated system: the production device over its journal, and a cashier. */
import { DatabaseSync } from "node:sqlite";
import { readConfiguration } from "@tillway/configuration";
import type { KeyBlock, SecurityModule } from "@tillway/keys";
import { maskPan } from "@tillway/money";
import { catalogue, follows, transactionOf, type TransactionName } from "@tillway/transactions";
import { pino } from "pino";
import { createDevice, type Device } from "../../apps/terminal/src/device.ts";
import {
  openJournal,
  provisionJournal,
  type Identity,
  type Journal,
  type JournalTransaction,
} from "../../apps/terminal/src/journal/index.ts";
import type { ScriptedOrder } from "../../apps/terminal/src/payment/index.ts";
import { terminalSettings } from "../../apps/terminal/src/settings.ts";
import type { TillEntry } from "../watch/books.ts";
import type { Dice } from "../world/dice.ts";
import type { Life } from "../world/process.ts";
import type { Wires } from "../world/wires.ts";
import {
  authorityKeys,
  cardNames,
  profileOf,
  type CardName,
  type Tear,
  type Wallet,
} from "./wallet.ts";

/** The terminals: two of the first merchant, one of the second. */
export const tids = ["10000001", "10000002", "20000001"] as const;
export type Tid = (typeof tids)[number];

/** What a cashier is asked to do, so long after what was done before. */
export type Order = {
  readonly kind: TransactionName | "settlement";
  readonly till: Tid;
  readonly card: CardName;
  /** Minor units, where the type does not take it from its original. */
  readonly amount: string;
  /** Of a refund, a completion, a tip: so many thousandths of the original's amount. */
  readonly share: number;
  /** Which of the originals in the journal, counted from the latest, as far as there are any. */
  readonly original: number;
  readonly pin: "right" | "wrong";
  /** Whether a part is taken where the whole is too much. */
  readonly partial: boolean;
  /** Whether the card is read although the original's is known. */
  readonly readCard: boolean;
  readonly gapMs: number;
  readonly tear?: Tear;
};

/** What a cashier saw of it, with what was printed. */
export type Printed = {
  readonly order: Order;
  readonly kind: TransactionName;
  readonly outcome: "approved" | "declined" | "timed-out" | "reversed" | "refused";
  readonly batch: string;
  readonly stan: string;
  readonly rrn: string;
  readonly authorisationCode: string;
  readonly amount: string;
  readonly responseCode: string;
};

export type TillOptions = {
  readonly tid: Tid;
  readonly identity: Identity;
  readonly masterKey: KeyBlock;
  readonly module: SecurityModule;
  readonly wallet: Wallet;
  readonly wires: Wires;
  readonly orders: readonly Order[];
  readonly dice: Dice;
  readonly onPrinted: (printed: Printed) => void;
  /** A batch came to its end; the host said whether the totals were the same. */
  readonly onSettled: (terminal: Tid, batch: string, balanced: boolean) => void;
  /** What a planted mutant puts in place of the journal. */
  readonly journal: (journal: Journal) => Journal;
};

const log = pino({ level: "silent" });
/** Time for the first sign-in before the cashier begins. */
const OPENING_MS = 2000;

/** How often a cashier tries what the till refused before anything was sent, and how soon again. */
const PATIENCE = 8;
const AGAIN_MS = 5000;

export class Till {
  readonly #options: TillOptions;
  readonly #path: string;
  readonly #disk: DatabaseSync;
  readonly #deviceKey: Uint8Array;
  readonly #configuration = readConfiguration(terminalSettings, {});
  #device: Device | undefined;
  #next = 0;
  #working = false;

  constructor(options: TillOptions, world: string) {
    const { identity, masterKey, dice } = options;
    this.#options = options;
    // In memory, and there for as long as one connection is open: it outlives the process's own.
    this.#path = `file:${world}-${identity.tid}?mode=memory&cache=shared`;
    this.#disk = new DatabaseSync(this.#path);
    this.#deviceKey = dice.bytes(32);
    provisionJournal(this.#path, identity, masterKey);
  }

  get tid(): Tid {
    return this.#options.tid;
  }

  /** All orders were tried, and the last of them has ended. */
  done(): boolean {
    return this.#next >= this.#options.orders.length && !this.#working;
  }

  /** Nothing is left to be undone or sent. */
  drained(): boolean {
    return this.done() && this.#device !== undefined && this.#device.journal.dues().length === 0;
  }

  /** Its transactions as they lie on the disk. */
  entries(): TillEntry[] {
    const text = "select batch, stan, type, state, amount from transactions order by id";
    return this.#disk
      .prepare(text)
      .all()
      .map((row) => ({
        terminal: this.tid,
        batch: String(row["batch"]),
        stan: String(row["stan"]),
        kind: nameOf(String(row["type"])),
        state: String(row["state"]),
        amount: BigInt(String(row["amount"])),
      }));
  }

  close(): void {
    this.#disk.close();
  }

  readonly start = (life: Life): void => {
    const { identity, module, wallet, wires, journal } = this.#options;
    const opened = openJournal({
      path: this.#path,
      deviceKey: this.#deviceKey,
      random: life.random,
    });
    this.#working = false;
    life.onEnd(() => {
      this.#device = undefined;
      this.#working = false;
      opened.close();
    });
    const device = createDevice({
      configuration: this.#configuration,
      journal: journal(opened),
      module,
      tray: wallet.tray(
        life,
        () => this.#options.orders[this.#next - 1]?.tear,
        () => device.desk.remove(),
      ),
      caKeys: authorityKeys(),
      reader: undefined,
      clock: life.clock,
      random: life.random,
      log,
      connect: () => wires.connect(identity.tid, life, "acquirer"),
    });
    this.#device = device;
    void this.#work(life, device);
  };

  async #work(life: Life, device: Device): Promise<void> {
    const pause = (ms: number): Promise<void> => new Promise((next) => life.after(ms, next));
    await pause(OPENING_MS);
    for (;;) {
      const order = this.#options.orders[this.#next];
      if (!order) return;
      await pause(order.gapMs);
      // What a crash interrupts is not done again; what never left the till is, a few times.
      this.#next += 1;
      this.#working = true;
      for (let tries = 0; tries < PATIENCE; tries += 1) {
        if ((await this.#pay(device, order, pause)) !== "refused") break;
        await pause(AGAIN_MS);
      }
      this.#working = false;
    }
  }

  /** One transaction; undefined where the till did not take the order. */
  async #pay(
    device: Device,
    order: Order,
    pause: (ms: number) => Promise<void>,
  ): Promise<Printed["outcome"] | undefined> {
    const { kind } = order;
    if (kind === "settlement") {
      const { ended, balanced, batch } = await device.session.settle();
      if (ended === true) this.#options.onSettled(this.tid, batch, balanced === true);
      return undefined;
    }
    const scripted = scriptOf(kind, order, device.journal.transactions(100));
    if (!scripted) return undefined;
    let paid = await device.desk.run(scripted);
    // The card may be in another till, or the one before still in this one.
    for (
      let tries = 0;
      !paid.ok && ["in-use", "busy"].includes(paid.why) && tries < 100;
      tries += 1
    ) {
      await pause(500);
      paid = await device.desk.run(scripted);
    }
    if (!paid.ok) return undefined;
    const { data } = paid.conclusion;
    this.#options.onPrinted({
      order,
      kind: paid.payment.type,
      outcome: data.outcome,
      batch: data.batch,
      stan: data.stan,
      rrn: data.rrn,
      authorisationCode: data.authorizationCode,
      amount: data.amount,
      responseCode: data.responseCode,
    });
    return data.outcome;
  }
}

/** What is typed at the till for an order; undefined where there is no original to follow. */
function scriptOf(
  kind: TransactionName,
  order: Order,
  journal: readonly JournalTransaction[],
): ScriptedOrder | undefined {
  const { card, amount, share, pin, partial, readCard } = order;
  const type = catalogue[kind];
  const typed = pin === "wrong" ? { pin: "000000" } : {};
  const base = { type: kind, currency: "CNY" } as const;
  if (type.follows.length === 0) {
    const free = type.amount === "none" ? {} : { amount };
    return {
      order: {
        ...base,
        ...free,
        partial,
        ...(kind === "transfer" ? { receiver: profileOf(otherThan(card)).pan } : {}),
        ...(kind === "instalment sale" ? { plan: PLAN } : {}),
      },
      entry: "chip",
      cards: [card],
      ...typed,
    };
  }
  const fitting = journal.filter(
    (one) => one.state === "approved" && (follows(kind, one.type) || voids(kind, one.type)),
  );
  const original = fitting[order.original % Math.max(1, fitting.length)];
  if (!original) return undefined;
  const part = ((BigInt(original.amount) * BigInt(share)) / 1000n + 1n).toString();
  const own =
    type.amount === "part" || type.amount === "hold"
      ? { amount: part }
      : type.amount === "tip"
        ? { tip: ((BigInt(original.amount) * BigInt(share % 100)) / 1000n + 1n).toString() }
        : {};
  const named = { ...base, ...own, original: { transaction: original.id } };
  const shown = cardNames.find((name) => maskPan(profileOf(name).pan) === original.maskedPan);
  if (readCard && shown) return { order: named, entry: "chip", cards: [shown], ...typed };
  return { order: named, cards: [] };
}

function nameOf(text: string): TransactionName {
  const name = transactionOf(text);
  if (!name) throw new Error("a journal holds an unknown type");
  return name;
}

const PLAN = { periods: 6, code: "01", payer: "holder" } as const;

/** An instalment sale is voided as a sale is: the till finds the type. */
const voids = (kind: TransactionName, original: TransactionName): boolean =>
  kind === "sale void" && original === "instalment sale";

function otherThan(card: CardName): CardName {
  return cardNames[(cardNames.indexOf(card) + 1) % cardNames.length] ?? card;
}
