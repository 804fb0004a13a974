/** Drives a device's transactions: runs the flow's effects and feeds back what comes of them. */
import type { Card } from "@tillway/emv";
import type { Cancel } from "@tillway/link";
import type { CardTray, Inserted } from "../cards/index.ts";
import type { Signature } from "../receipt/index.ts";
import { conclusion, type Conclusion } from "./conclusion.ts";
import * as effects from "./effects.ts";
import { refused } from "./ending.ts";
import { busy, idle, type Effect, type Flow, type FlowEvent, type Payment } from "./flow.ts";
import { openPayment, type Opening, type Order, type Refusal } from "./order.ts";
import { screenOf, type Screen } from "./screen.ts";
import { scriptCard, type Script, type ScriptedOrder } from "./script.ts";
import { drawStrokes, height, width, type Stroke } from "./signature.ts";
import { step } from "./step.ts";

export type DeskOptions = effects.Tools &
  Opening & {
    readonly tray: CardTray;
    /** How long a card, or a signature, is waited for (ms). */
    readonly cardMs: number;
    readonly linked: () => boolean;
    /** How a transaction ended; never card data. */
    readonly onNotice: (what: string, about: Readonly<Record<string, string>>) => void;
    readonly onDefect: (error: unknown) => void;
  };

/** Why an order is not taken. */
export type NotTaken = Refusal | "busy" | "unknown-card" | "in-use";

export type Paid =
  | {
      readonly ok: true;
      readonly payment: Payment;
      readonly conclusion: Conclusion;
      readonly elapsedMs: number;
    }
  | { readonly ok: false; readonly why: NotTaken };

type Concluding = Extract<Effect, { readonly do: "conclude" }>;
type Present = { readonly card: Card; readonly eject: () => void };

/** The place where cards are taken: one transaction at a time, by people at a screen or by a script. */
export class Desk {
  readonly #options: DeskOptions;
  readonly #watchers = new Set<(screen: Screen) => void>();
  #flow: Flow = idle;
  #slot: Present | undefined;
  #field: Present | undefined;
  #last: Conclusion | undefined;
  #signature: Signature | undefined;
  #script: Script | undefined;
  #wait: { readonly stage: Flow["stage"]; readonly cancel: Cancel } | undefined;
  #onEnd: ((payment: Payment, conclusion: Conclusion) => void) | undefined;

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

  /** Begins a transaction; undefined where it has begun. */
  begin(order: Order): NotTaken | undefined {
    if (this.busy()) return "busy";
    const payment = openPayment(order, this.#options);
    if (typeof payment === "string") return payment;
    this.#script = undefined;
    this.#last = undefined;
    this.#signature = undefined;
    this.#dispatch({ type: "begin", payment });
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

  /** Holds cards to the reader; `unlocked`: the phone's owner has been verified on it. */
  tap(names: readonly string[], unlocked = false): NotTaken | undefined {
    const taken = names.map((name) => this.#options.tray.tap?.(name, unlocked));
    const held = taken.filter((one): one is Extract<Inserted, { ok: true }> => one?.ok === true);
    if (held.length < names.length || names.length === 0) {
      for (const { eject } of held) eject();
      const failed = taken.find((one) => one?.ok === false);
      return failed?.ok === false ? failed.why : "unknown-card";
    }
    this.#leaveField();
    if (held.length === 1) this.#field = held[0];
    this.#dispatch({ type: "tapped", cards: held.length });
    if (held.length > 1) for (const { eject } of held) eject();
    return undefined;
  }

  /** Draws a card through the stripe reader. */
  swipe(name: string): NotTaken | undefined {
    const track = this.#options.tray.swipe?.(name);
    if (track === undefined) return "unknown-card";
    this.#dispatch({ type: "swiped", track });
    return undefined;
  }

  /** The cardholder signed on the screen; on paper where there are no strokes. */
  sign(strokes: readonly Stroke[]): void {
    this.#dispatch(
      strokes.length === 0
        ? { type: "signs-on-paper" }
        : { type: "signed", image: drawStrokes(strokes) },
    );
  }

  cancel(): void {
    this.#dispatch({ type: "cancelled" });
  }

  dismiss(): void {
    this.#dispatch({ type: "dismissed" });
  }

  /**
   * A whole transaction: the card is presented, its PIN typed by the pad's script, the card taken
   * away. The result stays on the screen.
   */
  run(scripted: ScriptedOrder): Promise<Paid> {
    const refuse = (why: NotTaken): Promise<Paid> => Promise.resolve({ ok: false, why });
    if (this.busy()) return refuse("busy");
    this.remove();
    const { tray, clock } = this.#options;
    const script = scriptCard(scripted, tray);
    if (typeof script === "string") return refuse(script);
    const notInserted = script.entry === "chip" ? this.insert(script.card) : undefined;
    if (notInserted) return refuse(notInserted);
    const began = clock.now();
    const notTaken = this.begin(script.order);
    if (notTaken) {
      this.remove();
      return refuse(notTaken);
    }
    this.#script = script;
    return new Promise((resolve) => {
      this.#onEnd = (payment, ended) => {
        resolve({ ok: true, payment, conclusion: ended, elapsedMs: clock.now() - began });
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
    const next = step(this.#flow, event);
    this.#flow = next.flow;
    for (const [at, effect] of next.effects.entries()) {
      try {
        this.#run(effect);
      } catch (error) {
        this.#options.onDefect(error);
        this.#breakOff(next.effects.slice(at));
        break;
      }
    }
    if (this.#flow.stage !== "reading") this.#leaveField();
    this.#waitForPeople();
    this.refresh();
    const { stage } = this.#flow;
    if (this.#script && (stage === "card" || stage === "signature")) {
      queueMicrotask(() => this.#act());
    }
  }

  #run(effect: Effect): void {
    const { onDefect, journal, pinPad, session } = this.#options;
    const asking = {
      script: this.#script?.pin,
      onCount: (digits: number): void => this.#dispatch({ type: "pin-count", digits }),
    };
    switch (effect.do) {
      case "prepare":
        return this.#later(effects.prepare(this.#options));
      case "transmit": {
        const tapped = this.#flow.reader?.kind === "tap";
        const present = tapped ? this.#field : this.#slot;
        return this.#later(effects.transmit(present?.card, effect, onDefect));
      }
      case "ask-pin":
        return this.#later(effects.askPin(this.#options, effect, asking));
      case "ask-offline-pin":
        return this.#later(effects.askOfflinePin(this.#options, effect, asking));
      case "close-pin":
        return pinPad.cancel();
      case "authorise":
        return this.#later(effects.authorise(this.#options, effect));
      case "keep-offline":
        return effects.keepOffline(this.#options, effect);
      case "settle":
        return effects.settle(this.#options, effect);
      case "confirm":
        return effects.confirm(this.#options, effect);
      case "lapse":
        return journal.lapse(effect.id);
      case "demand-reversal":
        return effects.demandReversal(this.#options, effect);
      case "owe-script":
        return effects.oweScript(this.#options, effect);
      case "keep-signature": {
        const picture = effects.keepSignature(this.#options, effect);
        this.#signature = picture && { picture, width, height };
        return undefined;
      }
      case "abandon":
        return this.#abandon(effect.id);
      case "follow":
        return this.#later(effects.follow(this.#options));
      case "attend":
        return session.attend();
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

  /** What the script's person does next: presents the card, unlocks the phone, signs, gives up. */
  #act(): void {
    const script = this.#script;
    if (!script) return;
    if (this.#flow.stage === "signature") return this.sign(script.signature);
    if (this.#flow.stage !== "card") return;
    const next = script.present(this.#flow.prompt);
    const failed =
      next === "tap"
        ? this.tap(script.cards)
        : next === "unlock"
          ? this.tap(script.cards, true)
          : next === "swipe"
            ? this.swipe(script.card)
            : "unknown-card";
    if (failed) this.cancel();
  }

  #leaveField(): void {
    this.#field?.eject();
    this.#field = undefined;
  }

  /**
   * An effect failed on the spot (a full disk). A transaction that would have ended now is not told
   * as it would have been: it counts as not done, and what was sent is undone.
   */
  #breakOff(rest: readonly Effect[]): void {
    const concluding = rest.find((effect): effect is Concluding => effect.do === "conclude");
    if (!concluding) {
      queueMicrotask(() => this.#dispatch({ type: "failed" }));
      return;
    }
    const ending = refused("defect");
    this.#flow = { ...this.#flow, ending };
    this.#abandon(concluding.payment.id);
    this.#show({ ...concluding, ending });
  }

  /** Undoes what may have been sent and whose outcome is not known. */
  #abandon(id: string): void {
    const { journal, session, onDefect } = this.#options;
    try {
      journal.demand(id, "98");
    } catch (error) {
      onDefect(error);
    }
    session.clear().catch(onDefect);
  }

  #conclude(effect: Concluding): void {
    const { journal, onDefect } = this.#options;
    const shown = this.#show(effect);
    try {
      journal.keepReceipt(effect.payment.id, JSON.stringify(shown.data));
    } catch (error) {
      // The outcome itself is in the journal already.
      onDefect(error);
    }
  }

  #show(effect: Concluding): Conclusion {
    const { journal, clock, zone, onNotice } = this.#options;
    const { payment, ending } = effect;
    const { outcome, responseCode, cause } = ending;
    const concluded = { ...effect, identity: journal.identity(), signature: this.#signature };
    const shown = conclusion(concluded, clock.now(), zone);
    this.#last = shown;
    this.#script = undefined;
    onNotice("payment", { type: payment.type, stan: payment.stan, outcome, responseCode, cause });
    this.#onEnd?.(payment, shown);
    this.#onEnd = undefined;
    return shown;
  }

  /** Gives up on people who do not come: with a card, or to sign on the screen. */
  #waitForPeople(): void {
    const { stage } = this.#flow;
    if (this.#wait && this.#wait.stage !== stage) {
      this.#wait.cancel();
      this.#wait = undefined;
    }
    if (this.#wait || (stage !== "card" && stage !== "signature")) return;
    const cancel = this.#options.clock.after(this.#options.cardMs, () => {
      this.#wait = undefined;
      this.#dispatch({ type: stage === "card" ? "no-card" : "signs-on-paper" });
    });
    this.#wait = { stage, cancel };
  }
}
