/** One device's standing with its acquirer: keys, batch, what is still to be undone. */
import { fromAscii, toHex } from "@tillway/bytes";
import type { Message, MessageFields } from "@tillway/iso8583";
import type { SecurityModule } from "@tillway/keys";
import type { Cancel, Clock } from "@tillway/link";
import type { HostAnswer, HostLink } from "../host/index.ts";
import type { Journal, NewTransaction, PendingReversal } from "../journal/index.ts";
import { importKeys, macKeyOf, type WorkingKeys } from "./keys.ts";
import { createLane } from "./lane.ts";
import {
  approves,
  undoneBy,
  verdictOf,
  wantsSignIn,
  type Undone,
  type Verdict,
} from "./verdict.ts";

/** What came of a management message; `approved` means done. */
export type Management = {
  readonly outcome: "approved" | "declined" | "timed-out" | "refused";
  readonly responseCode: string;
  readonly batch: string;
  readonly elapsedMs: number;
};

/** Whether a payment can begin, and why not. */
export type Readiness = "ready" | "not-connected" | "not-signed-in" | "reversal-pending";

/** A sale ready to go: `reversal` holds the fields of the message that would undo it. */
export type SaleOrder = {
  readonly transaction: NewTransaction;
  readonly request: Message;
  readonly reversal: MessageFields;
  /** Of the keys that its PIN block and track were made with. */
  readonly generation: number;
};

export type SessionOptions = {
  readonly journal: Journal;
  readonly module: SecurityModule;
  readonly link: () => HostLink;
  readonly clock: Clock;
  readonly onChange: () => void;
  /** What is worth a line in the log; never card data or keys. */
  readonly onNotice: (what: string, about: Readonly<Record<string, string>>) => void;
  readonly onDefect: (error: unknown) => void;
};

const firstPause = 1000;
const longestPause = 60_000;

/** Requests of one device go one after the other; a reversal always before the next sale. */
export class Session {
  readonly #options: SessionOptions;
  readonly #lane = createLane();
  #keys: WorkingKeys | undefined;
  #generation = 0;
  /** No keys yet, or the host said that they are not right any more. */
  #stale = true;
  #closed = false;
  #pause = firstPause;
  #timer: Cancel = () => undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  signedIn(): boolean {
    return !this.#stale;
  }

  /** The working keys, where they are good. */
  keys(): WorkingKeys | undefined {
    return this.#stale ? undefined : this.#keys;
  }

  signIn(): Promise<Management> {
    return this.#lane(() => this.#signIn());
  }

  echo(): Promise<Management> {
    return this.#lane(async () => {
      const began = this.#options.clock.now();
      const request = { mti: "0820", fields: this.#common("301") };
      return this.#management(await this.#options.link().exchange(request), began);
    });
  }

  /** Signs in where needed and undoes what is still to be undone. */
  prepare(): Promise<Readiness> {
    return this.#lane(() => this.#prepare());
  }

  /**
   * Sends a sale once. Before it leaves, it and its reversal are in the journal; a certain refusal
   * is settled there; an approval stays open until the caller settles it or demands its reversal.
   */
  authorise(order: SaleOrder): Promise<Verdict> {
    return this.#lane(() => this.#authorise(order));
  }

  /** Sends what is to be undone. True where nothing is left; otherwise it is tried again later. */
  undo(): Promise<boolean> {
    return this.#lane(async () => {
      const done = this.#options.link().up() && (await this.#undo());
      if (done) this.#calm();
      else this.#later();
      return done;
    });
  }

  /** The line came up, or the host asked for something: does what is due, now and again. */
  attend(): void {
    this.#timer();
    if (this.#closed) return;
    this.#lane(() => this.#prepare()).then(
      (readiness) => {
        if (readiness === "not-signed-in" || readiness === "reversal-pending") this.#later();
        return readiness;
      },
      (error: unknown) => {
        this.#options.onDefect(error);
        this.#later();
      },
    );
  }

  /** Header digit 6 of an answer (spec §2.1): 3 asks for a new sign-in. */
  requirement(digit: string): void {
    this.#options.onNotice("host-requirement", { digit });
    if (digit !== "3") return;
    this.#needKeys();
    this.attend();
  }

  /**
   * Resolves once no message is under way, with a function that lets the line go on. Until it is
   * called nothing leaves this device.
   */
  hold(): Promise<() => void> {
    return new Promise((held) => {
      void this.#lane(() => new Promise<void>((release) => held(release)));
    });
  }

  /** Ends the work in the background; resolves when nothing is under way any more. */
  close(): Promise<void> {
    this.#closed = true;
    this.#timer();
    return this.#lane(() => Promise.resolve());
  }

  #needKeys(): void {
    this.#stale = true;
    this.#options.onChange();
  }

  #later(): void {
    this.#timer();
    if (this.#closed) return;
    this.#timer = this.#options.clock.after(this.#pause, () => this.attend());
    this.#pause = Math.min(this.#pause * 2, longestPause);
  }

  /** Nothing is due: the next trouble begins with a short pause again. */
  #calm(): void {
    this.#timer();
    this.#pause = firstPause;
  }

  #common(code: string): MessageFields {
    const { journal } = this.#options;
    const { tid, mid } = journal.identity();
    return { "41": tid, "42": mid, "60": `00${journal.batch()}${code}` };
  }

  #management(answer: HostAnswer, began: number): Management {
    const { journal, clock } = this.#options;
    const rest = { batch: journal.batch(), elapsedMs: clock.now() - began };
    if (answer.kind === "unsent") return { outcome: "refused", responseCode: "", ...rest };
    if (answer.kind === "silent") return { outcome: "timed-out", responseCode: "", ...rest };
    const responseCode = answer.reply.fields["39"] ?? "";
    return { outcome: approves(responseCode) ? "approved" : "declined", responseCode, ...rest };
  }

  async #signIn(): Promise<Management> {
    const { journal, module, clock, onNotice, onChange, link } = this.#options;
    const began = clock.now();
    const serial = journal.identity().serial.slice(-8).padStart(8, "0");
    const fields = {
      ...this.#common("004"),
      "11": journal.nextStan(),
      "62": toHex(fromAscii(`Sequence No12TW01${serial}`)),
      "63": "01 ",
    };
    const answer = await link().exchange({ mti: "0800", fields });
    const result = this.#management(answer, began);
    if (answer.kind !== "answered" || result.outcome !== "approved") {
      onNotice("not-signed-in", { outcome: result.outcome, responseCode: result.responseCode });
      return result;
    }
    const reply = answer.reply.fields;
    const generation = this.#generation + 1;
    const keys = await importKeys(module, journal.masterKey(), reply["62"] ?? "", generation);
    if (!keys) {
      // The host and this device do not share a master key: A7, security processing failed.
      onNotice("sign-in-keys-wrong", {});
      return { ...result, outcome: "declined", responseCode: "A7" };
    }
    this.#keys = keys;
    this.#generation = generation;
    this.#stale = false;
    const batch = reply["60"]?.slice(2, 8) ?? "";
    if (/^\d{6}$/.test(batch) && batch !== journal.batch()) journal.setBatch(batch);
    onNotice("signed-in", { batch: journal.batch() });
    onChange();
    return { ...result, batch: journal.batch() };
  }

  async #freshKeys(): Promise<WorkingKeys | undefined> {
    if (this.#stale && (await this.#signIn()).outcome !== "approved") return undefined;
    return this.keys();
  }

  async #prepare(): Promise<Readiness> {
    if (!this.#options.link().up()) return "not-connected";
    if (!(await this.#freshKeys())) return "not-signed-in";
    if (!(await this.#undo())) return "reversal-pending";
    this.#calm();
    return "ready";
  }

  /** Sends each pending reversal, oldest first; true where all are confirmed. */
  async #undo(): Promise<boolean> {
    const { journal } = this.#options;
    for (const reversal of journal.reversals()) {
      let outcome = await this.#reverse(reversal);
      if (outcome === "sign-in") {
        this.#needKeys();
        outcome = await this.#reverse(reversal);
      }
      if (outcome === "sign-in") this.#needKeys();
      if (outcome !== "done") return false;
      journal.reversed(reversal.id);
    }
    return true;
  }

  async #reverse(reversal: PendingReversal): Promise<Undone> {
    const { journal, link, onNotice } = this.#options;
    const keys = await this.#freshKeys();
    if (!keys) return "again";
    journal.attempted(reversal.id);
    const fields = { ...reversal.fields, "39": reversal.reason };
    const answer = await link().exchange({ mti: "0400", fields }, macKeyOf(keys));
    const outcome = undoneBy(answer);
    const responseCode = answer.kind === "answered" ? (answer.reply.fields["39"] ?? "") : "";
    onNotice("reversal", { stan: reversal.stan, reason: reversal.reason, outcome, responseCode });
    return outcome;
  }

  async #authorise(order: SaleOrder): Promise<Verdict> {
    const { journal, link } = this.#options;
    const keys = this.keys();
    const free = journal.reversals().length === 0;
    if (!keys || keys.generation !== order.generation || !free || !link().up()) {
      return { kind: "unsent" };
    }
    const { id } = order.transaction;
    journal.begin(order.transaction, order.reversal);
    try {
      const answer = await link().exchange(order.request, macKeyOf(keys));
      return this.#judged(id, verdictOf(answer, order.request));
    } catch (error) {
      // Nobody knows how far it went.
      journal.demand(id, "98");
      throw error;
    }
  }

  /** Writes down what the host's answer means before anybody is told. */
  #judged(id: string, verdict: Verdict): Verdict {
    const { journal } = this.#options;
    switch (verdict.kind) {
      case "unsent":
        journal.unsent(id);
        return verdict;
      case "unknown":
        journal.demand(id, verdict.reason);
        return verdict;
      case "refused":
        journal.demand(id, "98");
        break;
      case "declined":
        journal.settle(id, { state: "declined", ...verdict.host });
        break;
      case "approved":
        break;
    }
    if (wantsSignIn(verdict.host.responseCode)) this.#needKeys();
    return verdict;
  }
}
