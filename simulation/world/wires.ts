/**
 * The simulated network: sockets in memory whose frames are delayed, lost, doubled, overtaken or
 * forged, and whose lines are cut. Each `write` of ours is one frame, which is what concentrators of
 * terminals and message switches lose and double; what arrives is always whole bytes of it.
 */
import type { Socket } from "@tillway/link";
import type { Dice } from "./dice.ts";
import type { Life } from "./process.ts";
import type { Scheduler } from "./scheduler.ts";

/** What befalls one frame. `cut` also closes its line, and keeps the way shut for a while. */
export type Fault =
  | { readonly do: "drop" | "twice" | "late" | "forge" }
  | { readonly do: "cut"; readonly outageMs: number };

/** The frame of this number (over all connections) on the way from one process to another. */
export type FrameFault = { readonly way: string; readonly frame: number; readonly fault: Fault };

export type WiresOptions = {
  readonly scheduler: Scheduler;
  readonly dice: Dice;
  readonly fate: (way: string, frame: number, scarce: boolean) => Fault | undefined;
  /** Whether a frame is one of those that begin a connection (sign-on, keys). */
  readonly isScarce: (way: string, bytes: Uint8Array) => boolean;
  /** Sees every frame as its sender writes it. */
  readonly tap: (way: string, bytes: Uint8Array) => void;
  /** Another frame in place of one; undefined where it cannot be forged. */
  readonly forge: (way: string, bytes: Uint8Array) => Uint8Array | undefined;
  readonly note: (what: string) => void;
};

type Heard = {
  data: ((chunk: Uint8Array) => void)[];
  error: ((error: Error) => void)[];
  plain: Map<string, (() => void)[]>;
};

/** One end of a line. */
class End implements Socket {
  readonly writableLength = 0;
  readonly remoteAddress: string;
  readonly owner: Life;
  readonly way: string;
  peer: End | undefined;
  open = false;
  closed = false;
  /** When the last frame in order arrives at the other end: nothing that keeps its place is earlier. */
  busyUntil = 0;
  readonly #wires: Wires;
  readonly #heard: Heard = { data: [], error: [], plain: new Map() };

  constructor(wires: Wires, owner: Life, from: string, to: string) {
    this.#wires = wires;
    this.owner = owner;
    this.remoteAddress = to;
    this.way = `${from}>${to}`;
    owner.onEnd(() => wires.hangUp(this));
  }

  readonly write = (bytes: Uint8Array): boolean => {
    if (this.open && !this.closed) this.#wires.carry(this, Uint8Array.from(bytes));
    return true;
  };
  readonly end = (): unknown => this.#wires.hangUp(this);
  readonly destroy = (): unknown => this.#wires.hangUp(this);

  on(event: "data", heard: (chunk: Uint8Array) => void): unknown;
  on(event: "error", heard: (error: Error) => void): unknown;
  on(event: "connect" | "end" | "close", heard: () => void): unknown;
  on(
    event: "data" | "error" | "connect" | "end" | "close",
    heard: ((chunk: Uint8Array) => void) & ((error: Error) => void) & (() => void),
  ): unknown {
    if (event === "data") this.#heard.data.push(heard);
    else if (event === "error") this.#heard.error.push(heard);
    else this.#heard.plain.set(event, [...(this.#heard.plain.get(event) ?? []), heard]);
    return this;
  }

  hear(chunk: Uint8Array): void {
    if (!this.closed) for (const heard of this.#heard.data) heard(chunk);
  }

  tell(event: "connect" | "close"): void {
    for (const heard of this.#heard.plain.get(event) ?? []) heard();
  }

  fail(): void {
    this.closed = true;
    for (const heard of this.#heard.error) heard(new Error("connection refused"));
    this.tell("close");
  }
}

type Listening = { readonly life: Life; readonly accept: (socket: Socket) => void };

export class Wires {
  readonly #options: WiresOptions;
  readonly #listening = new Map<string, Listening>();
  readonly #frames = new Map<string, number>();
  readonly #shutUntil = new Map<string, number>();
  #connections = 0;

  constructor(options: WiresOptions) {
    this.#options = options;
  }

  /** Takes connections at an address for as long as this life lasts. */
  listen(address: string, life: Life, accept: (socket: Socket) => void): void {
    const mine = { life, accept };
    this.#listening.set(address, mine);
    life.onEnd(() => {
      if (this.#listening.get(address) === mine) this.#listening.delete(address);
    });
  }

  /** A socket on its way to an address. */
  connect(from: string, life: Life, to: string): Socket {
    const { scheduler, dice } = this.#options;
    this.#connections += 1;
    const own = dice.of("connection").of(this.#connections);
    const near = new End(this, life, from, to);
    scheduler.after(own.between(1, 10), () => {
      const found = this.#listening.get(to);
      const shut = (this.#shutUntil.get(`${from}>${to}`) ?? 0) > scheduler.now;
      if (!found || shut) {
        life.after(own.between(1, 10), () => near.fail());
        return;
      }
      found.life.after(0, () => {
        if (near.closed) return;
        const far = new End(this, found.life, to, from);
        [near.peer, far.peer] = [far, near];
        far.open = true;
        found.accept(far);
        life.after(own.between(1, 10), () => {
          if (near.closed) return;
          near.open = true;
          near.tell("connect");
        });
      });
    });
    return near;
  }

  /** The outages are over. */
  heal(): void {
    this.#shutUntil.clear();
  }

  carry(from: End, bytes: Uint8Array): void {
    const { dice, fate, isScarce, tap, note, forge } = this.#options;
    const { way } = from;
    const frame = (this.#frames.get(way) ?? 0) + 1;
    this.#frames.set(way, frame);
    tap(way, bytes);
    const own = dice.of(way).of(frame);
    const fault = fate(way, frame, isScarce(way, bytes));
    if (fault) note(`frame ${frame} of ${way}: ${fault.do}`);
    switch (fault?.do) {
      case undefined:
        return this.#deliver(from, bytes, own, own.between(1, 20), true);
      case "drop":
        return undefined;
      case "twice":
        this.#deliver(from, bytes, own, own.between(1, 20), true);
        return this.#deliver(from, bytes, own, own.between(1, 3000), false);
      case "late":
        return this.#deliver(from, bytes, own, own.between(50, 45_000), false);
      case "forge":
        return this.#deliver(from, forge(way, bytes) ?? bytes, own, own.between(1, 20), true);
      case "cut":
        return this.#cut(from, own, fault.outageMs);
    }
  }

  /** This end is closed at once, the other one hears of it behind what is still on its way. */
  hangUp(end: End): void {
    if (end.closed) return;
    end.closed = true;
    const { peer } = end;
    if (!peer) return;
    const arrival = Math.max(this.#options.scheduler.now + 5, end.busyUntil);
    this.#closeAt(peer, arrival);
  }

  #closeAt(end: End, at: number): void {
    end.owner.after(at - this.#options.scheduler.now, () => {
      if (end.closed) return;
      end.closed = true;
      end.tell("close");
    });
  }

  #cut(from: End, own: Dice, outageMs: number): void {
    const { now } = this.#options.scheduler;
    const [one, other] = from.way.split(">");
    for (const way of [from.way, `${other}>${one}`]) this.#shutUntil.set(way, now + outageMs);
    // One end may learn of it long before the other.
    this.#closeAt(from, now + own.between(1, 4000));
    if (from.peer) this.#closeAt(from.peer, now + own.between(1, 4000));
    if (from.peer) from.peer.open = false;
    from.open = false;
  }

  #deliver(from: End, bytes: Uint8Array, own: Dice, ms: number, inOrder: boolean): void {
    const { peer } = from;
    if (!peer) return;
    const { now } = this.#options.scheduler;
    const at = inOrder ? Math.max(now + ms, from.busyUntil) : now + ms;
    if (inOrder) from.busyUntil = at;
    const split = own.chance(200) ? own.between(1, bytes.length - 1) : bytes.length;
    peer.owner.after(at - now, () => {
      peer.hear(bytes.subarray(0, split));
      if (split < bytes.length) peer.hear(bytes.subarray(split));
    });
  }
}
