/** A driver's process: told by its parent what to open and when to run; it ends with its parent. */
import { openFleet, type Fleet, type Ran, type RunOptions } from "./fleet.ts";
import { readCard, readSet, usedOf } from "./set.ts";
import type { Address } from "./terminal.ts";

/** Every nth of the set, from `number` on. */
export type Share = { readonly number: number; readonly of: number };

/** What a parent says: which share of the set this driver has, then each run. */
export type Told =
  | {
      readonly do: "open";
      readonly data: string;
      readonly address: Address;
      /** Of this driver; as many cards at least. */
      readonly terminals: number;
      readonly share: Share;
      readonly zone: string;
    }
  | ({ readonly do: "run" } & RunOptions);

export type Said =
  | { readonly did: "open" }
  | { readonly did: "run"; readonly ran: Ran }
  | { readonly did: "progress"; readonly counter: number; readonly stan: number }
  | { readonly did: "fail"; readonly why: string };

const PROGRESS_MS = 1000;

let fleet: Fleet | undefined;

const say = (said: Said): void => void process.send?.(said);

async function carryOut(told: Told): Promise<void> {
  if (told.do === "run") {
    if (!fleet) throw new Error("nothing is open");
    const open = fleet;
    const timer = setInterval(() => say({ did: "progress", ...open.progress() }), PROGRESS_MS);
    const ran = await open.run(told).finally(() => clearInterval(timer));
    say({ did: "run", ran });
    return;
  }
  const { data, address, zone, share } = told;
  const set = readSet(data);
  if (!set) throw new Error("there is no load set");
  const own = <T>(all: readonly T[]): T[] => all.filter((_, at) => at % share.of === share.number);
  const terminals = own(set.terminals).slice(0, told.terminals);
  const cards = own(set.cards).map((name) => readCard(data, name));
  const { counter, stan } = usedOf(set);
  fleet = await openFleet({ address, terminals, cards, counter, stan, zone });
  say({ did: "open" });
}

process.on("message", (told: Told) => {
  carryOut(told).catch((error: unknown) => {
    say({ did: "fail", why: error instanceof Error ? error.message : "a driver failed" });
  });
});
process.on("disconnect", () => {
  fleet?.close();
  process.exit();
});
