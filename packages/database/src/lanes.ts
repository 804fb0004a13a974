import { sqlState } from "./sql.ts";

export type LanesOptions<Step, Result> = {
  /** Writer connections. A lane owns the buckets with bucket mod lanes = its number. */
  readonly lanes: number;
  /**
   * Makes all steps durable in one commit and gives one result a step, in their order.
   * A refusal is a result; a throw fails the batch, which is then bisected.
   */
  readonly run: (lane: number, steps: readonly Step[]) => Promise<readonly Result[]>;
  /** Bounds of a batch; 16 and 256 where left out. */
  readonly cap?: { readonly least: number; readonly most: number };
  /**
   * When a lane that is free starts: at the end of the microtask unless given. `setImmediate` lets
   * everything join that the same turn of the event loop still reads from its sockets.
   */
  readonly soon?: (start: () => void) => void;
  /** Whether a failed batch may hide a bad step, so that its halves are tried. */
  readonly bisects?: (error: unknown) => boolean;
};

type Waiting<Step, Result> = {
  readonly step: Step;
  readonly resolve: (result: Result) => void;
  readonly reject: (reason: unknown) => void;
};

type Lane<Step, Result> = { waiting: Waiting<Step, Result>[]; inFlight: number; ready: boolean };

/**
 * Whether the rows themselves were refused: data, constraints, raised conditions and their like, or
 * a defect met while a row was made ready. A lost connection, a server that stops or lacks
 * resources would fail every half as well, and its outcome is unknown.
 */
export function blamesRows(error: unknown): boolean {
  const state = sqlState(error);
  if (state !== undefined) return /^(21|22|23|40|44|54|P0)/.test(state);
  return error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError;
}

/**
 * Micro-batches: what waits for a lane goes out in one commit as soon as the lane is free. No
 * timer. Batches are capped at (waiting + in flight) / lanes, so that one lane does not take
 * everything while the others idle. Steps must be idempotent.
 */
export class Lanes<Step, Result> {
  readonly #options: LanesOptions<Step, Result>;
  readonly #lanes: Lane<Step, Result>[];
  #idle: (() => void)[] = [];

  constructor(options: LanesOptions<Step, Result>) {
    if (!Number.isInteger(options.lanes) || options.lanes < 1) {
      throw new RangeError("at least one lane is needed");
    }
    this.#options = options;
    this.#lanes = Array.from({ length: options.lanes }, () => ({
      waiting: [],
      inFlight: 0,
      ready: false,
    }));
  }

  /** The step's own result once its commit is durable; rejects with the error of its batch. */
  submit(bucket: number, step: Step): Promise<Result> {
    const number = bucket % this.#lanes.length;
    const lane = this.#lanes[number];
    if (lane === undefined) return Promise.reject(new RangeError("a bucket is a whole number"));
    return new Promise<Result>((resolve, reject) => {
      lane.waiting.push({ step, resolve, reject });
      this.#wake(number, lane);
    });
  }

  /** Steps that wait and steps in a commit: what back-pressure is decided by. */
  get depth(): { readonly waiting: number; readonly inFlight: number } {
    let waiting = 0;
    let inFlight = 0;
    for (const lane of this.#lanes) {
      waiting += lane.waiting.length;
      inFlight += lane.inFlight;
    }
    return { waiting, inFlight };
  }

  /** Resolves when nothing waits and nothing is in flight. */
  async drain(): Promise<void> {
    if (this.#isIdle()) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #isIdle(): boolean {
    const { waiting, inFlight } = this.depth;
    return waiting + inFlight === 0;
  }

  #cap(): number {
    const { least, most } = this.#options.cap ?? { least: 16, most: 256 };
    const { waiting, inFlight } = this.depth;
    return Math.min(most, Math.max(least, Math.ceil((waiting + inFlight) / this.#lanes.length)));
  }

  /** Starts a free lane after the current turn: what one turn submits goes out together. */
  #wake(number: number, lane: Lane<Step, Result>): void {
    if (lane.ready || lane.inFlight > 0 || lane.waiting.length === 0) return;
    lane.ready = true;
    const { soon = queueMicrotask } = this.#options;
    soon(() => {
      lane.ready = false;
      void this.#send(number, lane);
    });
  }

  async #send(number: number, lane: Lane<Step, Result>): Promise<void> {
    const batch = lane.waiting.splice(0, this.#cap());
    lane.inFlight = batch.length;
    await this.#settle(number, batch);
    lane.inFlight = 0;
    this.#wake(number, lane);
    if (!this.#isIdle()) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }

  /** Never throws: every step of the batch is resolved or rejected. */
  async #settle(number: number, batch: readonly Waiting<Step, Result>[]): Promise<void> {
    const { run, bisects = blamesRows } = this.#options;
    let results: readonly Result[];
    try {
      const steps = batch.map((one) => one.step);
      results = await run(number, steps);
    } catch (error) {
      if (batch.length === 1 || !bisects(error)) {
        for (const one of batch) one.reject(error);
        return;
      }
      const middle = batch.length >> 1;
      await this.#settle(number, batch.slice(0, middle));
      await this.#settle(number, batch.slice(middle));
      return;
    }
    if (results.length !== batch.length) {
      const defect = new Error(`${batch.length} steps gave ${results.length} results`);
      for (const one of batch) one.reject(defect);
      return;
    }
    for (const [at, result] of results.entries()) batch[at]?.resolve(result);
  }
}
