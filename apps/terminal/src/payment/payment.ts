/** Drives a device's payments: runs the flow's effects and feeds back what comes of them. */
import type { Card, KernelConfiguration } from "@tillway/emv";
import type { Cancel } from "@tillway/link";
import { currency, uuidv7 } from "@tillway/money";
import type { CardTray } from "../cards/index.ts";
import { conclusion, type Conclusion } from "./conclusion.ts";
import {
  askPin,
  authorise,
  demandReversal,
  prepare,
  transmit,
  undo,
  type Tools,
} from "./effects.ts";
import { refused } from "./ending.ts";
import { busy, idle, type Effect, type Flow, type FlowEvent, type Sale } from "./flow.ts";
import { transactionInput } from "./sale.ts";
import { screenOf, type Screen } from "./screen.ts";
import { step } from "./step.ts";

export type DeskOptions = Tools & {
  readonly tray: CardTray;
  readonly random: (length: number) => Uint8Array;
  readonly kernel: KernelConfiguration;
  readonly zone: string;
  /** How long a card is waited for (ms). */
  readonly cardMs: number;
  readonly linked: () => boolean;
  /** How a payment ended; never card data. */
  readonly onNotice: (what: string, about: Readonly<Record<string, string>>) => void;
  readonly onDefect: (error: unknown) => void;
};

export type Order = { readonly amount: string; readonly currency: string };
export type ScriptedOrder = Order & { readonly card: string; readonly pin?: string | undefined };

/** Why an order is not taken. */
export type NotTaken = "busy" | "bad-amount" | "bad-currency" | "unknown-card" | "in-use";

export type Paid =
  | {
      readonly ok: true;
      readonly sale: Sale;
      readonly conclusion: Conclusion;
      readonly elapsedMs: number;
    }
  | { readonly ok: false; readonly why: NotTaken };

type Concluding = Extract<Effect, { readonly do: "conclude" }>;

/** The place where payments are taken: one at a time, by people at a screen or by a script. */
export class Desk {
  readonly #options: DeskOptions;
  readonly #watchers = new Set<(screen: Screen) => void>();
  #flow: Flow = idle;
  #slot: { readonly card: Card; readonly eject: () => void } | undefined;
  #last: Conclusion | undefined;
  #script: string | undefined;
  #cardWait: Cancel | undefined;
  #onEnd: ((sale: Sale, conclusion: Conclusion) => void) | undefined;

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  screen(): Screen {
    const { session, linked } = this.#options;
    return screenOf(this.#flow, { signedIn: session.signedIn(), linked: linked() }, this.#last);
  }

  /** Calls back on each change of the screen until cancelled. */
  watch(seen: (screen: Screen) => void): Cancel {
    this.#watchers.add(seen);
    return () => this.#watchers.delete(seen);
  }

  /** Tells the watchers: the line or the sign-in has changed. */
  refresh(): void {
    const shown = this.screen();
    for (const seen of this.#watchers) seen(shown);
  }

  busy(): boolean {
    return busy(this.#flow);
  }

  /** Begins a sale; undefined where it has begun. */
  sale(order: Order): NotTaken | undefined {
    if (this.busy()) return "busy";
    const money = currency(order.currency);
    if (!money) return "bad-currency";
    if (!/^[1-9]\d{0,11}$/.test(order.amount)) return "bad-amount";
    const { journal, clock, random, zone, kernel } = this.#options;
    this.#script = undefined;
    this.#last = undefined;
    const stan = journal.nextStan();
    const now = clock.now();
    this.#dispatch({
      type: "sale",
      sale: {
        id: uuidv7(now, random(10)),
        stan,
        batch: journal.batch(),
        amount: order.amount,
        currency: money.code,
        configuration: kernel,
        transaction: transactionInput({
          amount: order.amount,
          currency: money,
          stan,
          now,
          zone,
          random,
        }),
      },
    });
    return undefined;
  }

  /** Puts a card of the tray into the slot; undefined where it is in. */
  insert(name: string): NotTaken | undefined {
    if (this.#slot) return "in-use";
    const inserted = this.#options.tray.insert(name);
    if (!inserted.ok) return inserted.why;
    this.#slot = inserted;
    this.#dispatch({ type: "inserted", card: name });
    return undefined;
  }

  remove(): void {
    if (!this.#slot) return;
    this.#slot.eject();
    this.#slot = undefined;
    this.#dispatch({ type: "removed" });
  }

  cancel(): void {
    this.#dispatch({ type: "cancelled" });
  }

  dismiss(): void {
    this.#dispatch({ type: "dismissed" });
  }

  /**
   * A whole payment: the card is inserted, its PIN typed by the pad's script (the demonstration
   * card's own where none is given), the card removed. The result stays on the screen.
   */
  pay(order: ScriptedOrder): Promise<Paid> {
    if (this.busy()) return Promise.resolve({ ok: false, why: "busy" });
    this.remove();
    const { tray, clock } = this.#options;
    const known = tray.list().find((card) => card.name === order.card);
    const notInserted = known ? this.insert(order.card) : "unknown-card";
    if (notInserted) return Promise.resolve({ ok: false, why: notInserted });
    const began = clock.now();
    const notTaken = this.sale({ amount: order.amount, currency: order.currency });
    if (notTaken) {
      this.remove();
      return Promise.resolve({ ok: false, why: notTaken });
    }
    // A card whose PIN is not known here leaves the PIN pad to a person.
    this.#script = order.pin ?? (known?.pin || undefined);
    return new Promise((resolve) => {
      this.#onEnd = (sale, ended) => {
        resolve({ ok: true, sale, conclusion: ended, elapsedMs: clock.now() - began });
        // Once the flow has come to rest.
        queueMicrotask(() => this.remove());
      };
    });
  }

  /** Cancels what can be cancelled and waits for the end of what cannot. */
  async close(): Promise<void> {
    this.cancel();
    if (!this.busy()) return;
    await new Promise<void>((resolve) => {
      this.watch(() => {
        if (!this.busy()) resolve();
      });
    });
  }

  #dispatch(event: FlowEvent): void {
    const { flow, effects } = step(this.#flow, event);
    this.#flow = flow;
    for (const [at, effect] of effects.entries()) {
      try {
        this.#run(effect);
      } catch (error) {
        this.#options.onDefect(error);
        this.#breakOff(effects.slice(at));
        break;
      }
    }
    this.#waitForCard();
    this.refresh();
  }

  #run(effect: Effect): void {
    const { onDefect, journal, pinPad } = this.#options;
    switch (effect.do) {
      case "prepare":
        return this.#later(prepare(this.#options));
      case "transmit":
        return this.#later(transmit(this.#slot?.card, effect, onDefect));
      case "ask-pin": {
        const count = (digits: number): void => this.#dispatch({ type: "pin-count", digits });
        return this.#later(askPin(this.#options, effect, this.#script, count));
      }
      case "close-pin":
        return pinPad.cancel();
      case "authorise":
        return this.#later(authorise(this.#options, effect));
      case "settle":
        return journal.settle(effect.id, { state: "approved", ...effect.host });
      case "demand-reversal":
        return demandReversal(this.#options, effect);
      case "abandon":
        return this.#abandon(effect.id);
      case "undo":
        return this.#later(undo(this.#options));
      case "conclude":
        return this.#conclude(effect);
    }
  }

  /** Feeds the flow with what a promise brings; a rejection is a defect. */
  #later(coming: Promise<FlowEvent>): void {
    coming
      .then((event) => this.#dispatch(event))
      .catch((error: unknown) => {
        this.#options.onDefect(error);
        this.#dispatch({ type: "failed" });
      });
  }

  /**
   * An effect failed on the spot (a full disk). A payment that would have ended now is not told as
   * it would have been: it counts as not done, and what was sent is undone.
   */
  #breakOff(rest: readonly Effect[]): void {
    const concluding = rest.find((effect): effect is Concluding => effect.do === "conclude");
    if (!concluding) {
      queueMicrotask(() => this.#dispatch({ type: "failed" }));
      return;
    }
    const ending = refused("defect");
    this.#flow = { ...this.#flow, ending };
    this.#abandon(concluding.sale.id);
    this.#show({ ...concluding, ending });
  }

  /** Undoes a sale that may have been sent and whose outcome is not known. */
  #abandon(id: string): void {
    const { journal, session, onDefect } = this.#options;
    try {
      journal.demand(id, "98");
    } catch (error) {
      onDefect(error);
    }
    session.undo().catch(onDefect);
  }

  #conclude(effect: Concluding): void {
    const { journal, onDefect } = this.#options;
    const shown = this.#show(effect);
    try {
      journal.keepReceipt(effect.sale.id, JSON.stringify(shown.data));
    } catch (error) {
      // The outcome itself is in the journal already.
      onDefect(error);
    }
  }

  #show(effect: Concluding): Conclusion {
    const { journal, clock, zone, onNotice } = this.#options;
    const { sale, ending } = effect;
    const { outcome, responseCode, cause } = ending;
    const shown = conclusion({ ...effect, identity: journal.identity() }, clock.now(), zone);
    this.#last = shown;
    onNotice("payment", { stan: sale.stan, outcome, responseCode, cause });
    this.#onEnd?.(sale, shown);
    this.#onEnd = undefined;
    return shown;
  }

  #waitForCard(): void {
    if (this.#flow.stage !== "card") {
      this.#cardWait?.();
      this.#cardWait = undefined;
      return;
    }
    this.#cardWait ??= this.#options.clock.after(this.#options.cardMs, () => {
      this.#cardWait = undefined;
      this.#dispatch({ type: "no-card" });
    });
  }
}
