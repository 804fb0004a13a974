/** Watches a simulation from outside: what was said on the lines, and what was printed. */
import type { Printed } from "../parties/till.ts";
import { overhear, type Overheard } from "../lines.ts";

/** A rule that was broken, when (virtual ms), and by what. */
export type Violation = { readonly rule: string; readonly at: number; readonly detail: string };

/** Codes of class A: the money moves (spec unionpay-pos §2.8). */
const approvals = new Set(["00", "10", "11", "A2", "A4", "A5", "A6"]);

/** What says that the key is used, that nothing was looked at, or that nothing is decided. */
const undecided = new Set(["22", "94", "A0", "90", "91", "92", "96", "98"]);

/** What the durable books must show at the moment in which something is told. */
export type Durable = {
  /** Whether the acquirer's store has this as approved, now or before it was undone. */
  readonly acquirerApproved: (
    terminal: string,
    batch: string,
    stan: string,
    mti: string,
  ) => boolean;
  /** Whether the bank's store has this decision as approved, now or before it was undone. */
  readonly bankApproved: (rrn: string) => boolean;
};

export type WatchOptions = {
  readonly now: () => number;
  /** Left out where the stores cannot be looked at from step to step. */
  readonly durable: Durable | undefined;
  readonly note: (line: string) => void;
};

type Told = { readonly code: string; readonly content: string };

const keyOf = (fields: Readonly<Record<string, string>>): string =>
  [fields["41"], fields["60"]?.slice(2, 8), fields["11"]].join("/");

export class Watch {
  readonly violations: Violation[] = [];
  readonly printed: Printed[] = [];
  readonly #options: WatchOptions;
  /** The first final answer to each request, by terminal, batch, STAN and type. */
  readonly #told = new Map<string, Told>();
  /** What the acquirer approved, by RRN: the key of its request. */
  readonly #approved = new Map<string, string>();
  /** Keys that their terminals asked to reverse. */
  readonly #reversed = new Set<string>();
  /** Keys that were printed as approved. */
  readonly #onPaper = new Set<string>();
  /** RRNs that the acquirer asked the network to reverse, and those that the network approved. */
  readonly #advised = new Set<string>();
  readonly #answered = new Set<string>();

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  broken(rule: string, detail: string): void {
    this.#options.note(`BROKEN ${rule}: ${detail}`);
    this.violations.push({ rule, at: this.#options.now(), detail });
  }

  readonly print = (printed: Printed): void => {
    this.printed.push(printed);
    const { order, batch, stan, outcome, amount } = printed;
    this.#options.note(
      `${order.till} prints ${outcome} ${printed.responseCode}: ${printed.kind} ${batch}/${stan} ${amount}`,
    );
    if (printed.outcome === "approved") this.#onPaper.add([order.till, batch, stan].join("/"));
  };

  readonly settled = (terminal: string, batch: string, balanced: boolean): void => {
    this.#options.note(
      `${terminal} closes batch ${batch}: ${balanced ? "balanced" : "unbalanced"}`,
    );
    if (!balanced)
      this.broken("batches agree", `${terminal}/${batch} has other totals at its host`);
  };

  /** A frame as its sender writes it, before anything befalls it. */
  readonly hear = (way: string, bytes: Uint8Array): void => {
    const heard = overhear(way, bytes);
    if (!heard) return;
    const [from = "", to = ""] = way.split(">");
    this.#options.note(lineOf(heard));
    if (from === "acquirer" && to !== "network") this.#acquirerAnswers(heard);
    else if (to === "acquirer" && from !== "network") this.#terminalAsks(heard);
    else if (from === "acquirer") this.#acquirerAsks(heard);
    else if (from === "network" && to === "acquirer") this.#networkAnswers(heard);
    else if (from === "network") this.#networkAsks(heard);
    else if (from === "bank") this.#bankAnswers(heard);
  };

  #terminalAsks({ message: { mti, fields } }: Overheard): void {
    if (mti !== "0400") return;
    const key = keyOf(fields);
    this.#reversed.add(key);
    if (this.#onPaper.has(key)) {
      this.broken("no reversal without cause", `${key} was printed as approved and is reversed`);
    }
  }

  #acquirerAnswers({ message: { mti, fields } }: Overheard): void {
    if (!["0110", "0210", "0230"].includes(mti) || fields["64"] === undefined) return;
    const key = keyOf(fields);
    const code = fields["39"] ?? "";
    const { durable } = this.#options;
    if (approvals.has(code)) {
      this.#approved.set(fields["37"] ?? "", key);
      const [terminal = "", batch = "", stan = ""] = key.split("/");
      if (durable && !durable.acquirerApproved(terminal, batch, stan, mti)) {
        this.broken("nothing is told that is not durable", `acquirer approves ${key}`);
      }
    }
    if (undecided.has(code)) return;
    const content = ["4", "37", "38", "39"].map((number) => fields[number] ?? "").join("/");
    const before = this.#told.get(`${mti}/${key}`);
    if (!before) this.#told.set(`${mti}/${key}`, { code, content });
    else if (differs(before, { code, content })) {
      this.broken("no STAN answered twice differently", `${key}: ${before.content}, ${content}`);
    }
  }

  #acquirerAsks({ message: { mti, fields } }: Overheard): void {
    if (!mti.startsWith("042")) return;
    const rrn = fields["37"] ?? "";
    this.#advised.add(rrn);
    const key = this.#approved.get(rrn);
    if (key !== undefined && !this.#reversed.has(key)) {
      this.broken("no reversal without cause", `the acquirer approved ${key} and reverses it`);
    }
  }

  #networkAnswers({ message: { mti, fields } }: Overheard): void {
    const isAnswer = mti === "0110" || mti === "0210";
    if (isAnswer && approvals.has(fields["39"] ?? "")) this.#answered.add(fields["37"] ?? "");
  }

  #networkAsks({ message: { mti, fields } }: Overheard): void {
    if (!mti.startsWith("042")) return;
    const rrn = fields["37"] ?? "";
    if (this.#answered.has(rrn) && !this.#advised.has(rrn)) {
      this.broken("no reversal without cause", `the network approved ${rrn} and reverses it`);
    }
  }

  #bankAnswers({ message: { mti, fields } }: Overheard): void {
    if (!["0110", "0210", "0230"].includes(mti) || fields["128"] === undefined) return;
    const { durable } = this.#options;
    const rrn = fields["37"] ?? "";
    if (!durable || !approvals.has(fields["39"] ?? "") || durable.bankApproved(rrn)) return;
    this.broken("nothing is told that is not durable", `the bank approves ${rrn}`);
  }
}

/** An approval is told in the same words for ever; a refusal never turns into an approval. */
function differs(before: Told, now: Told): boolean {
  const [wasGood, isGood] = [approvals.has(before.code), approvals.has(now.code)];
  return wasGood !== isGood || (wasGood && before.content !== now.content);
}

/** A message in one line of the trace: no card data. */
function lineOf({ way, message: { mti, fields } }: Overheard): string {
  const shown = ["3", "4", "11", "37", "39", "41", "70", "90"].flatMap((number) => {
    const value = fields[number];
    return value === undefined ? [] : [`${number}=${value}`];
  });
  return `${way} ${mti} ${shown.join(" ")}`;
}
