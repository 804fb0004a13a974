/** What can go wrong, and how often. */
import { Dice } from "./dice.ts";
import type { StoreFault } from "./durable.ts";
import type { Fault, FrameFault } from "./wires.ts";

export const profiles = ["none", "light", "heavy"] as const;
export type Profile = (typeof profiles)[number];

/** So many frames of a thousand meet each fault. */
type Rates = { readonly [F in Fault["do"]]: number } & {
  /** Store calls of a thousand that fail, before or after their commit. */
  readonly store: number;
  /** Cards of a thousand that are torn out. */
  readonly torn: number;
  /** Crashes of each process, at most. */
  readonly crashes: number;
  /** How far clocks go: seconds off at the start, and millionths of drift. */
  readonly skewSeconds: number;
  readonly ppm: number;
};

export const rates: Readonly<Record<Profile, Rates>> = {
  none: {
    drop: 0,
    twice: 0,
    late: 0,
    forge: 0,
    cut: 0,
    store: 0,
    torn: 0,
    crashes: 0,
    skewSeconds: 0,
    ppm: 0,
  },
  light: {
    drop: 10,
    twice: 10,
    late: 10,
    forge: 5,
    cut: 3,
    store: 2,
    torn: 50,
    crashes: 1,
    skewSeconds: 5,
    ppm: 100,
  },
  heavy: {
    drop: 25,
    twice: 25,
    late: 25,
    forge: 20,
    cut: 6,
    store: 8,
    torn: 120,
    crashes: 3,
    skewSeconds: 60,
    ppm: 1000,
  },
};

/** The faults of frames: drawn by their rates, or exactly those of a list. */
export class FrameFaults {
  readonly #rates: Rates;
  readonly #dice: Dice;
  readonly #given: ReadonlyMap<string, Fault> | undefined;
  /** Every fault that took place. */
  readonly met: FrameFault[] = [];
  #over = false;

  constructor(profile: Profile, dice: Dice, given?: readonly FrameFault[]) {
    this.#rates = rates[profile];
    this.#dice = dice;
    this.#given =
      given && new Map(given.map(({ way, frame, fault }) => [`${way}#${frame}`, fault]));
  }

  /** From now on every frame arrives. */
  end(): void {
    this.#over = true;
  }

  /** `scarce`: a frame that begins a connection, which would rarely begin with as many faults. */
  readonly fate = (way: string, frame: number, scarce: boolean): Fault | undefined => {
    if (this.#over) return undefined;
    const fault = this.#given ? this.#given.get(`${way}#${frame}`) : this.#draw(way, frame, scarce);
    if (fault) this.met.push({ way, frame, fault });
    return fault;
  };

  #draw(way: string, frame: number, scarce: boolean): Fault | undefined {
    const dice = this.#dice.of(way).of(frame);
    if (scarce && !dice.chance(150)) return undefined;
    let drawn = dice.below(1000);
    for (const kind of ["drop", "twice", "late", "forge", "cut"] as const) {
      if (drawn < this.#rates[kind]) {
        return kind === "cut" ? { do: kind, outageMs: dice.between(0, 20_000) } : { do: kind };
      }
      drawn -= this.#rates[kind];
    }
    return undefined;
  }
}

/** The store call of this number, counted over all lives of a process, fails. */
export type CallFault = {
  readonly process: string;
  readonly call: number;
  readonly fault: "before" | "after";
};

/** The faults of store calls: drawn by their rate, or exactly those of a list. */
export class CallFaults {
  readonly #perMille: number;
  readonly #dice: Dice;
  readonly #given: ReadonlyMap<string, "before" | "after"> | undefined;
  readonly #calls = new Map<string, number>();
  /** Every fault that took place. */
  readonly met: CallFault[] = [];
  #over = false;

  constructor(profile: Profile, dice: Dice, given?: readonly CallFault[]) {
    this.#perMille = rates[profile].store;
    this.#dice = dice;
    this.#given =
      given && new Map(given.map(({ process, call, fault }) => [`${process}#${call}`, fault]));
  }

  end(): void {
    this.#over = true;
  }

  /** Asked once for each call of a process. */
  next(process: string): StoreFault {
    const call = (this.#calls.get(process) ?? 0) + 1;
    this.#calls.set(process, call);
    if (this.#over) return undefined;
    const fault = this.#given ? this.#given.get(`${process}#${call}`) : this.#draw(process, call);
    if (fault) this.met.push({ process, call, fault });
    return fault;
  }

  #draw(process: string, call: number): StoreFault {
    const dice = this.#dice.of(process).of(call);
    if (!dice.chance(this.#perMille)) return undefined;
    return dice.chance(500) ? "before" : "after";
  }
}
