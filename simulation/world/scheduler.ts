/** Virtual time: one event after the other, in the order of their times and, at one time, of their making. */
import type { Cancel } from "@tillway/link";

type Event = {
  readonly at: number;
  readonly order: number;
  readonly run: () => void | Promise<void>;
  over: boolean;
};

const before = (one: Event, other: Event): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order);

/** All promises that can go on have gone on when this resolves: nothing here waits for the outside. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export class Scheduler {
  /** Virtual milliseconds since the beginning. */
  now = 0;
  /** Events that ran. */
  count = 0;
  #made = 0;
  readonly #heap: Event[] = [];

  after(ms: number, run: () => void | Promise<void>): Cancel {
    this.#made += 1;
    const event = { at: this.now + Math.max(0, ms), order: this.#made, run, over: false };
    this.#push(event);
    return () => {
      event.over = true;
    };
  }

  /**
   * Runs the next event and lets everything settle that it set going. False where there is none.
   * An event may wait for the outside (a real database): the world stands still meanwhile.
   */
  async step(): Promise<boolean> {
    let event = this.#pop();
    while (event?.over) event = this.#pop();
    if (!event) return false;
    this.now = event.at;
    this.count += 1;
    await event.run();
    await settled();
    return true;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up];
      if (!parent || before(parent, event)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = event;
  }

  #pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      const [left, right] = [heap[child], heap[child + 1]];
      if (!left) break;
      if (right && before(right, left)) child += 1;
      const least = right && before(right, left) ? right : left;
      if (before(last, least)) break;
      heap[at] = least;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}
