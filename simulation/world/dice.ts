/** Random numbers of a simulation: all of them follow from a seed, each stream from its own name. */

/** FNV-1a over the characters, mixed once more so that near names give far seeds. */
function hash(text: string): number {
  let mixed = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    mixed = Math.imul(mixed ^ text.charCodeAt(at), 0x01000193);
  }
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/**
 * A stream of numbers by its name. What one part draws never changes what another part draws, so
 * that a plan from which something was taken out otherwise runs as before.
 */
export class Dice {
  readonly #name: string;
  #a: number;
  #b: number;
  #c: number;
  #count = 1;

  constructor(name: string) {
    this.#name = name;
    this.#a = hash(`${name}/a`);
    this.#b = hash(`${name}/b`);
    this.#c = hash(`${name}/c`);
    for (let round = 0; round < 8; round += 1) this.#next();
  }

  /** Another stream below this one's name. */
  of(name: string | number): Dice {
    return new Dice(`${this.#name}/${name}`);
  }

  /** 0 to `bound` - 1. */
  below(bound: number): number {
    return this.#next() % bound;
  }

  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** True in so many cases of a thousand. */
  chance(perMille: number): boolean {
    return this.below(1000) < perMille;
  }

  pick<T>(from: readonly T[]): T {
    const picked = from[this.below(from.length)];
    if (picked === undefined) throw new RangeError("there is nothing to pick from");
    return picked;
  }

  readonly bytes = (length: number): Uint8Array =>
    Uint8Array.from({ length }, () => this.#next() & 0xff);

  /** sfc32 of PractRand, 32 bits. */
  #next(): number {
    const sum = (this.#a + this.#b + this.#count) | 0;
    this.#count = (this.#count + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }
}
