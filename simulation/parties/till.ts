/** A terminal of the simulated system: the production device over its journal, and a cashier. */
import { DatabaseSync } from "node:sqlite";
import { readConfiguration } from "@tillway/configuration";
import type { KeyBlock, SecurityModule } from "@tillway/keys";
import { pino } from "pino";
import { createDevice, type Device } from "../../apps/terminal/src/device.ts";
import {
  openJournal,
  provisionJournal,
  type Identity,
  type Journal,
} from "../../apps/terminal/src/journal/index.ts";
import { kernelConfiguration } from "../../apps/terminal/src/payment/index.ts";
import { terminalSettings } from "../../apps/terminal/src/settings.ts";
import type { TillEntry } from "../watch/books.ts";
import type { Dice } from "../world/dice.ts";
import type { Life } from "../world/process.ts";
import type { Wires } from "../world/wires.ts";
import { authorityKeys, type CardName, type Tear, type Wallet } from "./wallet.ts";

/** The terminals: two of the first merchant, one of the second. */
export const tids = ["10000001", "10000002", "20000001"] as const;
export type Tid = (typeof tids)[number];

/** What a cashier is asked to do, so long after what was done before. */
export type Order = {
  readonly kind: "sale";
  readonly till: Tid;
  readonly card: CardName;
  /** Minor units. */
  readonly amount: string;
  readonly pin: "right" | "wrong";
  readonly gapMs: number;
  readonly tear?: Tear;
};

/** What a cashier saw of it, with what was printed. */
export type Printed = {
  readonly order: Order;
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
    return (
      this.done() && this.#device !== undefined && this.#device.journal.reversals().length === 0
    );
  }

  /** Its transactions as they lie on the disk. */
  entries(): TillEntry[] {
    const text = "select batch, stan, kind, state, amount from transactions order by id";
    return this.#disk
      .prepare(text)
      .all()
      .map((row) => ({
        terminal: this.tid,
        batch: String(row["batch"]),
        stan: String(row["stan"]),
        kind: String(row["kind"]),
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
      kernel: kernelConfiguration(identity, authorityKeys()),
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

  /** One payment; undefined where the till did not take the order. */
  async #pay(
    device: Device,
    order: Order,
    pause: (ms: number) => Promise<void>,
  ): Promise<Printed["outcome"] | undefined> {
    const { amount, card, pin } = order;
    const typed = pin === "wrong" ? { pin: "000000" } : {};
    const pay = () => device.desk.pay({ amount, currency: "CNY", card, ...typed });
    let paid = await pay();
    // The card may be in another till, or the one before still in this one.
    for (let tries = 0; !paid.ok && tries < 100; tries += 1) {
      await pause(500);
      paid = await pay();
    }
    if (!paid.ok) return undefined;
    const { data } = paid.conclusion;
    this.#options.onPrinted({
      order,
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
