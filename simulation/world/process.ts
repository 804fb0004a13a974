/** A process of the simulated system: it starts, it may crash at any of its steps, it starts again. */
import type { Cancel, Clock } from "@tillway/link";
import type { Dice } from "./dice.ts";
import type { Scheduler } from "./scheduler.ts";

/** One run of a process, from its start to its crash. What a dead life set going goes on nowhere. */
export type Life = {
  readonly alive: () => boolean;
  readonly clock: Clock;
  readonly random: (length: number) => Uint8Array;
  /** Runs something as a step of this life, unless it is dead by then. */
  readonly after: (ms: number, run: () => void | Promise<void>) => Cancel;
  /** Is called once, when this life ends. */
  readonly onEnd: (ended: () => void) => void;
};

/** How far a process's clock is off: at the start (ms), and more by so many millionths. */
export type Drift = { readonly skewMs: number; readonly ppm: number };

/** A crash in place of the process's step of this number, counted over all its lives. */
export type Crash = { readonly step: number; readonly downMs: number };

export type ProcessOptions = {
  readonly name: string;
  readonly scheduler: Scheduler;
  /** The virtual instant zero, in ms since the Unix epoch. */
  readonly epoch: number;
  readonly dice: Dice;
  readonly drift: Drift;
  readonly crashes: readonly Crash[];
  /** Sets the process going; a rejection ends this life, and it is tried again. */
  readonly start: (life: Life) => void | Promise<void>;
  readonly note: (what: string) => void;
};

/** Pause before a process that could not start is started again (ms). */
const AGAIN_MS = 1000;

export class Process {
  readonly #options: ProcessOptions;
  readonly #crashes: Map<number, number>;
  #life: { alive: boolean; readonly ends: (() => void)[] } | undefined;
  #lives = 0;
  #steps = 0;

  constructor(options: ProcessOptions) {
    this.#options = options;
    this.#crashes = new Map(options.crashes.map(({ step, downMs }) => [step, downMs]));
  }

  get name(): string {
    return this.#options.name;
  }

  up(): boolean {
    return this.#life !== undefined;
  }

  /** Steps so far, over all lives. */
  steps(): number {
    return this.#steps;
  }

  /** From now on it does not crash any more. */
  spare(): void {
    this.#crashes.clear();
  }

  boot(): void {
    const { scheduler, start, note, name } = this.#options;
    this.#lives += 1;
    const own: { alive: boolean; ends: (() => void)[] } = { alive: true, ends: [] };
    this.#life = own;
    const life = this.#makeLife(own);
    note(`${name} starts`);
    // Everything that starting waits for is a step of its own.
    scheduler.after(0, () => {
      Promise.resolve()
        .then(() => start(life))
        .catch((error: unknown) => {
          if (!own.alive) return;
          note(`${name} could not start: ${error instanceof Error ? error.message : "?"}`);
          this.crash(AGAIN_MS);
        });
    });
  }

  crash(downMs: number): void {
    const { scheduler, note, name } = this.#options;
    const life = this.#life;
    if (!life) return;
    note(`${name} crashes and is down for ${downMs} ms`);
    life.alive = false;
    this.#life = undefined;
    for (const ended of life.ends) ended();
    scheduler.after(downMs, () => this.boot());
  }

  #makeLife(own: { alive: boolean; readonly ends: (() => void)[] }): Life {
    const { scheduler, dice, epoch, drift } = this.#options;
    const { skewMs, ppm } = drift;
    const after = (ms: number, run: () => void | Promise<void>): Cancel =>
      scheduler.after(ms, () => {
        if (!own.alive) return undefined;
        this.#steps += 1;
        const downMs = this.#crashes.get(this.#steps);
        if (downMs === undefined) return run();
        this.crash(downMs);
        return undefined;
      });
    const faster = (ms: number): number => Math.round((ms * (1_000_000 + ppm)) / 1_000_000);
    const slower = (ms: number): number => Math.ceil((ms * 1_000_000) / (1_000_000 + ppm));
    return {
      alive: () => own.alive,
      random: dice.of(`life-${this.#lives}`).bytes,
      after,
      clock: {
        now: () => epoch + skewMs + faster(scheduler.now),
        after: (ms, run) => after(slower(ms), run),
      },
      onEnd: (ended) => own.ends.push(ended),
    };
  }
}
