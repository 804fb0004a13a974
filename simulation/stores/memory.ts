/** A store in memory: what is committed stays through every crash, what is not leaves no trace. */

type Undo = () => void;

/** Rows by a key, in the order in which they were first written. Rows are never changed in place. */
export class Table<Row> {
  readonly #rows = new Map<string, Row>();
  readonly #memory: Memory;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  get(key: string): Row | undefined {
    return this.#rows.get(key);
  }

  has(key: string): boolean {
    return this.#rows.has(key);
  }

  set(key: string, row: Row): void {
    const before = this.#rows.get(key);
    const was = this.#rows.has(key);
    this.#memory.remember(() => {
      if (was && before !== undefined) this.#rows.set(key, before);
      else this.#rows.delete(key);
    });
    this.#rows.set(key, row);
  }

  /** Writes a row under a free key; false where the key is taken. */
  add(key: string, row: Row): boolean {
    if (this.#rows.has(key)) return false;
    this.set(key, row);
    return true;
  }

  delete(key: string): boolean {
    const before = this.#rows.get(key);
    if (before === undefined) return false;
    this.#memory.remember(() => this.#rows.set(key, before));
    return this.#rows.delete(key);
  }

  rows(): Row[] {
    return [...this.#rows.values()];
  }

  entries(): [string, Row][] {
    return [...this.#rows.entries()];
  }

  get size(): number {
    return this.#rows.size;
  }
}

/** The tables of one store. */
export class Memory {
  #undo: Undo[] | undefined;

  table<Row>(): Table<Row> {
    return new Table<Row>(this);
  }

  /** Runs something wholly or, where it throws, not at all. It must not wait for anything. */
  commit<T>(run: () => T): T {
    if (this.#undo) throw new Error("one commit at a time");
    const undo: Undo[] = [];
    this.#undo = undo;
    try {
      return run();
    } catch (error) {
      for (const step of undo.toReversed()) step();
      throw error;
    } finally {
      this.#undo = undefined;
    }
  }

  remember(undo: Undo): void {
    if (!this.#undo) throw new Error("rows change in a commit only");
    this.#undo.push(undo);
  }
}

/** The commit as a port's method has it: a promise that fails as the commit does. */
export function committed<T>(memory: Memory, run: () => T): Promise<T> {
  return new Promise((resolve) => resolve(memory.commit(run)));
}
