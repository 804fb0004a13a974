/** One device's standing with its acquirer: keys, batch, what is still to be sent. */
import type { Message } from "@tillway/iso8583";
import type { Cancel } from "@tillway/link";
import type { HostAnswer } from "../host/index.ts";
import type { Begun, Due } from "../journal/index.ts";
import { download, requirements, type Download } from "./downloads.ts";
import { macKeyOf, type WorkingKeys } from "./keys.ts";
import { createLane } from "./lane.ts";
import { common, managed, type Conversation, type Management } from "./management.ts";
import { parametersOf } from "./parameters.ts";
import { Standing, type StandingOptions } from "./standing.ts";
import { askForSoftware, uploadStatus, type PartStates } from "./status.ts";
import { closeBatch, isClosing, type Closed } from "./settlement.ts";
import { heardOf, settledBy, verdictOf, wantsSignIn, wordsOf, type Verdict } from "./verdict.ts";

/** Whether a payment can begin, and why not. */
export type Readiness =
  | "ready"
  | "tampered"
  | "not-connected"
  | "not-signed-in"
  | "reversal-pending"
  | "batch-closing";

/** A transaction ready to go, and what is owed for it from then on. */
export type Request = {
  readonly begun: Begun;
  readonly message: Message;
  /** Of the keys that its PIN block and track were made with. */
  readonly generation: number;
};

export type SessionOptions = StandingOptions & {
  /** The parts that the session does not know itself. */
  readonly parts: () => Pick<PartStates, "reader" | "pinPad" | "printer">;
  /** Version of this device's software. */
  readonly software: string;
  /** DE 59 of payments: which device this is, and where. */
  readonly self: string;
  readonly onDefect: (error: unknown) => void;
};

const firstPause = 1000;
const longestPause = 60_000;
/** Which software is wanted is asked once in this time, however often the host says so (ms). */
const softwareEvery = 600_000;

/** Requests of one device go one after the other; what is owed always before the next one. */
export class Session {
  readonly #options: SessionOptions;
  readonly #standing: Standing;
  readonly #lane = createLane();
  readonly #wanted = new Set<Download | "status" | "update">();
  #softwareAsked: number | undefined;
  #closed = false;
  #pause = firstPause;
  #timer: Cancel = () => undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#standing = new Standing(options);
    if (options.journal.setting("tamper") === "untold") this.#wanted.add("status");
  }

  signedIn(): boolean {
    return this.#standing.signedIn();
  }

  /** The working keys, where they are good. */
  keys(): WorkingKeys | undefined {
    return this.#standing.keys();
  }

  signIn(): Promise<Management> {
    return this.#lane(() => this.#standing.signIn());
  }

  signOff(): Promise<Management> {
    return this.#lane(() => this.#standing.signOff());
  }

  echo(): Promise<Management> {
    const { journal } = this.#options;
    return this.#lane(() =>
      this.#standing.manage(() => ({ mti: "0820", fields: common(journal, "301") })),
    );
  }

  /** Fetches parameters, keys or applications; `count` of them were stored. */
  download(what: Download): Promise<Management & { readonly count: number }> {
    return this.#lane(() => this.#download(what));
  }

  uploadStatus(): Promise<Management> {
    return this.#lane(() => this.#status());
  }

  tampered(): boolean {
    return this.#options.journal.masterKey() === undefined;
  }

  /** The device was opened: its keys go at once; the host hears of it with the next contact. */
  tamper(): void {
    const { journal, onNotice } = this.#options;
    journal.eraseMasterKey();
    this.#standing.eraseKeys();
    onNotice("tampered", {});
    this.#wanted.add("status");
    this.attend();
  }

  /** A master key was injected: the device works again. */
  inject(masterKey: string): Promise<Management> {
    return this.#lane(() => {
      this.#options.journal.takeMasterKey(masterKey);
      this.#standing.eraseKeys();
      this.#options.onNotice("injected", {});
      return this.#standing.signIn();
    });
  }

  /** Sends what is owed, then closes the batch; a new sign-in opens the next one. */
  settle(): Promise<Management & Partial<Closed>> {
    return this.#lane(() => this.#settle());
  }

  /** Signs in where needed and sends what is owed. */
  prepare(): Promise<Readiness> {
    return this.#lane(() => this.#prepare());
  }

  /**
   * Sends a transaction. Before it leaves, it and what undoes or repeats it are in the journal; a
   * certain refusal is settled there, and so is the approval of an advice; any other approval stays
   * open until the caller settles it or demands its reversal.
   */
  transact(request: Request): Promise<Verdict> {
    return this.#lane(() => this.#transact(request));
  }

  /** Sends what is owed. True where no reversal is left; what is left is tried again later. */
  clear(): Promise<boolean> {
    return this.#lane(async () => {
      const done = this.#options.link().up() && (await this.#clear());
      if (done && this.#options.journal.dues().length === 0) this.#calm();
      else this.#later();
      return done;
    });
  }

  /** The line came up, or the host asked for something: does what is due, now and again. */
  attend(): void {
    this.#timer();
    if (this.#closed || (this.#standing.signedOff() && !this.tampered())) return;
    this.#lane(() => this.#attend()).catch((error: unknown) => {
      this.#options.onDefect(error);
      this.#later();
    });
  }

  /** Header digit 6 of an answer (spec §2.1). */
  requirement(digit: string): void {
    const wanted = requirements.get(digit);
    this.#options.onNotice("host-requirement", { digit });
    if (wanted === undefined || (wanted === "update" && !this.#softwareDue())) return;
    if (wanted === "sign-in") this.#standing.needKeys();
    else this.#wanted.add(wanted);
    this.#timer();
    // Not while what asked for it is still being answered.
    this.#timer = this.#options.clock.after(0, () => this.attend());
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

  #later(): void {
    this.#timer();
    if (this.#closed || this.#standing.signedOff()) return;
    this.#timer = this.#options.clock.after(this.#pause, () => this.attend());
    this.#pause = Math.min(this.#pause * 2, longestPause);
  }

  /** Nothing is due: the next trouble begins with a short pause again. */
  #calm(): void {
    this.#timer();
    this.#pause = firstPause;
  }

  #softwareDue(): boolean {
    const asked = this.#softwareAsked;
    return asked === undefined || this.#options.clock.now() - asked >= softwareEvery;
  }

  #talk(): Conversation {
    const { journal, link } = this.#options;
    return { journal, exchange: (request) => link().exchange(request) };
  }

  async #attend(): Promise<void> {
    const readiness = await this.#prepare();
    if (readiness === "not-connected") return;
    for (const what of this.#wanted) {
      const result = await this.#do(what);
      if (result.outcome !== "timed-out") this.#wanted.delete(what);
    }
    // Without keys nothing else can be sent, however often it is tried.
    const blocked = readiness === "tampered";
    const owed = readiness !== "ready" || this.#options.journal.dues().length > 0;
    if ((owed && !blocked) || this.#wanted.size > 0) this.#later();
  }

  #do(what: Download | "status" | "update"): Promise<Management> {
    if (what === "status") return this.#status();
    return what === "update" ? this.#software() : this.#download(what);
  }

  async #status(): Promise<Management> {
    const { clock, journal, parts, software } = this.#options;
    const began = clock.now();
    const tampered = this.tampered();
    const line = this.#options.link().up() && this.#standing.signedIn();
    const states = { ...parts(), line, journal: journal.writable() };
    const answer = await uploadStatus(this.#talk(), { parts: states, tampered, software });
    const result = managed(answer, this.#standing.rest(began));
    // Only where it is still so: a key may have been injected meanwhile.
    if (result.outcome === "approved" && tampered && this.tampered()) journal.set("tamper", "told");
    return result;
  }

  /** Notes which software the host wants, and tells which this is. */
  async #software(): Promise<Management> {
    const { clock, journal, onNotice } = this.#options;
    const began = clock.now();
    const { answer, version } = await askForSoftware(this.#talk());
    const result = managed(answer, this.#standing.rest(began));
    if (result.outcome !== "approved") return result;
    this.#softwareAsked = began;
    journal.set("wanted-software", version ?? "");
    onNotice("software", { wanted: version ?? "this one", have: this.#options.software });
    return this.#status();
  }

  async #download(what: Download): Promise<Management & { readonly count: number }> {
    const { clock, onNotice, onChange } = this.#options;
    const began = clock.now();
    const { answer, count, wrong } = await download(this.#talk(), what);
    const result = managed(answer, this.#standing.rest(began));
    onNotice("download", { what, outcome: result.outcome, count: String(count) });
    onChange();
    // What cannot be understood is told as a format error.
    if (wrong === true) return { ...result, outcome: "declined", responseCode: "30", count: 0 };
    return { ...result, count };
  }

  async #settle(): Promise<Management & Partial<Closed>> {
    const { journal, clock, onNotice } = this.#options;
    const began = clock.now();
    const readiness = await this.#prepare(true);
    const blocked = ["tampered", "not-connected", "not-signed-in"].includes(readiness);
    if (blocked || journal.dues().length > 0) {
      return { outcome: "refused", responseCode: "", ...this.#standing.rest(began) };
    }
    const rest = this.#standing.rest(began);
    const closed = await closeBatch(this.#talk());
    const { ended, balanced, answer } = closed;
    onNotice("batch", { batch: rest.batch, ended: String(ended), balanced: String(balanced) });
    if (!ended) return { ...managed(answer, rest), ...closed };
    this.#standing.needKeys();
    if (parametersOf(journal.setting("parameters")).autoSignOff) await this.#standing.signOff();
    else await this.#standing.signIn();
    return { outcome: "approved", responseCode: "00", ...rest, ...closed };
  }

  async #prepare(settling = false): Promise<Readiness> {
    if (this.tampered()) return "tampered";
    if (!this.#options.link().up()) return "not-connected";
    if (!(await this.#standing.freshKeys())) return "not-signed-in";
    if (!(await this.#clear())) return "reversal-pending";
    if (this.#options.journal.dues().length === 0) this.#calm();
    if (settling || !isClosing(this.#options.journal)) return "ready";
    return (await this.#settle()).outcome === "approved" ? "ready" : "batch-closing";
  }

  /** Sends what is owed, in order, until the host has no time; true where no reversal is left. */
  async #clear(): Promise<boolean> {
    const { journal } = this.#options;
    for (const due of journal.dues()) {
      let heard = await this.#send(due);
      if (heard === "sign-in") {
        this.#standing.needKeys();
        heard = await this.#send(due);
      }
      if (heard === "sign-in") this.#standing.needKeys();
      if (heard !== "done") break;
    }
    return journal.dues().every(({ kind }) => kind !== "reversal");
  }

  async #send(due: Due): Promise<ReturnType<typeof heardOf>> {
    const { journal, link, onNotice } = this.#options;
    const keys = await this.#standing.freshKeys();
    if (!keys) return "again";
    journal.attempted(due);
    const { mti } = due.message;
    const reason = due.reason === undefined ? {} : { "39": due.reason };
    // Where it is sent from is not kept with it.
    const self = due.kind === "advice" ? { "59": this.#options.self } : {};
    const message = { mti, fields: { ...due.message.fields, ...reason, ...self } };
    const answer = await link().exchange(message, macKeyOf(keys));
    const heard = heardOf(answer);
    const responseCode = answer.kind === "answered" ? (answer.reply.fields["39"] ?? "") : "";
    onNotice(due.kind, {
      stan: due.stan,
      ...(due.reason && { reason: due.reason }),
      heard,
      responseCode,
    });
    if (heard === "done" && answer.kind === "answered") this.#heard(due, answer);
    return heard;
  }

  #heard(due: Due, { reply }: Extract<HostAnswer, { readonly kind: "answered" }>): void {
    const { journal } = this.#options;
    switch (due.kind) {
      case "reversal":
        return journal.reversed(due.id);
      case "advice":
        return journal.settle(due.id, settledBy(wordsOf(reply.fields)));
      case "script":
      case "signature":
        return journal.sent(due.id, due.kind);
    }
  }

  async #transact({ begun, message: own, generation }: Request): Promise<Verdict> {
    const { journal, link, self } = this.#options;
    const message = { ...own, fields: { ...own.fields, "59": self } };
    const keys = this.keys();
    const free = journal.dues().every(({ kind }) => kind !== "reversal");
    if (!keys || keys.generation !== generation || !free || !link().up()) {
      return { kind: "unsent" };
    }
    journal.begin(begun);
    // What leaves nothing to undo and nothing to repeat later is asked again at once.
    const again = begun.due ? 0 : parametersOf(journal.setting("parameters")).resends;
    try {
      let answer = await link().exchange(message, macKeyOf(keys));
      for (let at = 0; at < again && answer.kind === "silent" && link().up(); at += 1) {
        answer = await link().exchange(message, macKeyOf(keys));
      }
      return this.#judged(begun, verdictOf(answer, message));
    } catch (error) {
      // Nobody knows how far it went.
      journal.demand(begun.transaction.id, "98");
      throw error;
    }
  }

  /** Writes down what the host's answer means before anybody is told. */
  #judged({ transaction: { id }, due }: Begun, verdict: Verdict): Verdict {
    const { journal } = this.#options;
    switch (verdict.kind) {
      case "unsent":
        journal.unsent(id);
        return verdict;
      case "unknown":
      case "refused":
        if (due?.kind === "reversal") {
          journal.demand(id, verdict.kind === "unknown" ? verdict.reason : "98");
        }
        if (!due) journal.lapse(id);
        break;
      case "declined":
        journal.settle(id, settledBy(verdict.host));
        break;
      case "approved":
        if (due?.kind === "advice") journal.settle(id, settledBy(verdict.host));
        break;
    }
    if ("host" in verdict && wantsSignIn(verdict.host.responseCode)) this.#standing.needKeys();
    return verdict;
  }
}
