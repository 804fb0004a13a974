/** What the rounds came to, as rows and ratios. */
import { median, ratio, row, rounded, type Ratio, type Row } from "../report.ts";
import type { Round } from "./round.ts";

export const names = {
  own: "tillway",
  unbatched: "tillway, one commit a step",
  peer: "jPOS",
  single: "pgbench",
  ceiling: "batch statements alone",
} as const;

export const kinds = {
  full: "full speed",
  half: "half of its full speed",
  stored: "many stored",
  none: "none stored",
} as const;

/** Rounds by subject and kind of run, and figures that are no rounds. */
export class Results {
  readonly #rounds = new Map<string, Round[]>();
  readonly #figures = new Map<string, { values: number[]; unit: string }>();

  add(subject: string, kind: string, one: Round): void {
    const key = `${kind}\n${subject}`;
    this.#rounds.set(key, [...(this.#rounds.get(key) ?? []), one]);
  }

  figure(subject: string, name: string, unit: string, value: number): void {
    const key = `${name}\n${subject}`;
    const known = this.#figures.get(key) ?? { values: [], unit };
    known.values.push(value);
    this.#figures.set(key, known);
  }

  median(subject: string, kind: string, value: (one: Round) => number): number {
    return median((this.#rounds.get(`${kind}\n${subject}`) ?? []).map(value));
  }

  figured(subject: string, name: string): number {
    return median(this.#figures.get(`${name}\n${subject}`)?.values ?? []);
  }

  get failed(): number {
    return [...this.#rounds.values()].flat().reduce((sum, one) => sum + one.failed, 0);
  }

  rows(): Row[] {
    const rows: Row[] = [];
    for (const [key, rounds] of this.#rounds) {
      const [kind = "", subject = ""] = key.split("\n");
      const say = (what: string, unit: string, value: (one: Round) => number): void => {
        rows.push(row(subject, `${kind}: ${what}`, unit, rounds.map(value)));
      };
      say("approvals", "approvals/s", (one) => one.rate);
      say("approvals for CPU of host and database", "approvals/CPU s", (one) => one.perCpu);
      say("half are answered within", "ms", (one) => one.p50);
      say("99 of 100 are answered within", "ms", (one) => one.p99);
      say("CPU of the host", "µs", (one) => one.micros.host);
      say("CPU of its database", "µs", (one) => one.micros.database);
      say("CPU of network and issuer", "µs", (one) => one.micros.issuer);
      say("CPU of the terminals", "µs", (one) => one.micros.drivers);
      say("WAL", "bytes", (one) => one.walBytes);
      say("memory of the host", "MiB", (one) => one.residentMb);
    }
    for (const [key, { values, unit }] of this.#figures) {
      const [name = "", subject = ""] = key.split("\n");
      rows.push(row(subject, name, unit, values));
    }
    return rows;
  }

  ratios(): Ratio[] {
    const { own, unbatched, peer, ceiling } = names;
    const rate = (subject: string): number => this.median(subject, kinds.full, (one) => one.rate);
    const perCpu = (subject: string): number =>
      this.median(subject, kinds.full, (one) => one.perCpu);
    const p99 = (subject: string): number => this.median(subject, kinds.half, (one) => one.p99);
    const atMost = (name: string, value: number, goal: number): Ratio => ({
      name,
      value: rounded(value),
      goal,
      met: value <= goal,
    });
    return [
      ratio("approvals/s vs jPOS", rate(own) / rate(peer), 5),
      ratio("approvals/s vs one commit a step", rate(own) / rate(unbatched), 3),
      ratio("approvals for CPU of host and database vs jPOS", perCpu(own) / perCpu(peer), 5),
      atMost("p99 at half of its full speed, ms (at most)", p99(own), 50),
      atMost("p99 there vs jPOS (at most)", p99(own) / p99(peer), 2),
      ratio(
        "rate with many stored vs none",
        this.median(own, kinds.stored, (one) => one.rate) /
          this.median(own, kinds.none, (one) => one.rate),
        0.9,
      ),
      atMost("KiB for an idle connection (at most)", this.figured(own, "an idle connection"), 20),
      atMost(
        "growth of memory in the last third of a steady run, % a minute (at most)",
        this.figured(own, "growth of memory"),
        1,
      ),
      ratio("share of the ceiling", rate(own) / this.figured(ceiling, "payments of both steps"), 0),
      atMost(
        "approvals whose cryptogram the issuer did not verify (at most)",
        this.figured(own, "approvals without a verified cryptogram"),
        0,
      ),
    ];
  }
}
