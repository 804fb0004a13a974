/** What is to happen in one simulation, as plain data that follows from a seed. */
import { cardNames } from "./parties/wallet.ts";
import { tids, type Order } from "./parties/till.ts";
import { Dice } from "./world/dice.ts";
import { rates, type CallFault, type Profile } from "./world/faults.ts";
import type { Crash, Drift } from "./world/process.ts";
import type { FrameFault } from "./world/wires.ts";

export const processNames = ["acquirer", "network", "bank", ...tids] as const;
export type ProcessName = (typeof processNames)[number];

export type Plan = {
  readonly seed: number;
  readonly faults: Profile;
  readonly orders: readonly Order[];
  readonly crashes: readonly (Crash & { readonly process: ProcessName })[];
  readonly drifts: Readonly<Record<ProcessName, Drift>>;
  /** Drawn by the rates of `faults` where left out. */
  readonly frames?: readonly FrameFault[];
  readonly calls?: readonly CallFault[];
};

/** Steps of a process that one transaction makes, roughly: crashes fall among them. */
const STEPS: Readonly<Record<ProcessName, number>> = {
  acquirer: 25,
  network: 20,
  bank: 12,
  "10000001": 40,
  "10000002": 40,
  "20000001": 40,
};

/** How often each type is asked for, of a hundred. */
const MIX: readonly (readonly [Order["kind"], number])[] = [
  ["sale", 33],
  ["sale void", 9],
  ["refund", 9],
  ["pre-authorisation", 9],
  ["pre-authorisation void", 3],
  ["completion", 5],
  ["completion advice", 4],
  ["completion void", 3],
  ["balance inquiry", 3],
  ["withdrawal", 4],
  ["deposit", 5],
  ["transfer", 4],
  ["tip adjustment", 3],
  ["instalment sale", 3],
  ["settlement", 3],
];

function kindOf(dice: Dice): Order["kind"] {
  let drawn = dice.below(100);
  for (const [name, often] of MIX) {
    if (drawn < often) return name;
    drawn -= often;
  }
  return "sale";
}

function orderOf(dice: Dice, torn: number): Order {
  const order: Order = {
    kind: kindOf(dice),
    till: dice.pick(tids),
    card: dice.pick(cardNames),
    amount: String(dice.chance(100) ? dice.between(100_000, 900_000) : dice.between(1, 20_000)),
    share: dice.chance(500) ? dice.between(1, 500) : dice.between(500, 1160),
    original: dice.below(4),
    pin: dice.chance(30) ? "wrong" : "right",
    partial: dice.chance(150),
    readCard: dice.chance(400),
    gapMs: dice.chance(100) ? dice.between(1000, 90_000) : dice.between(0, 800),
  };
  if (!dice.chance(torn)) return order;
  return { ...order, tear: { command: dice.between(1, 14), afterMs: dice.between(0, 400) } };
}

/** The plan of a seed. */
export function planOf(seed: number, transactions: number, faults: Profile): Plan {
  const dice = new Dice(`tillway/${seed}/${faults}`);
  const { torn, crashes, skewSeconds, ppm } = rates[faults];
  const orders = Array.from({ length: transactions }, (_, at) =>
    orderOf(dice.of("order").of(at), torn),
  );
  const falls = processNames.flatMap((process) => {
    const own = dice.of("crashes").of(process);
    const isTill = tids.some((tid) => tid === process);
    const share = isTill ? Math.ceil(transactions / tids.length) : transactions;
    return Array.from({ length: own.between(0, crashes) }, () => ({
      process,
      step: own.between(10, STEPS[process] * share + 10),
      downMs: own.chance(500) ? own.between(10, 500) : own.between(500, 20_000),
    }));
  });
  const drift = (process: ProcessName): Drift => {
    const own = dice.of("drift").of(process);
    return {
      skewMs: own.between(-skewSeconds * 1000, skewSeconds * 1000),
      ppm: own.between(-ppm, ppm),
    };
  };
  return {
    seed,
    faults,
    orders,
    crashes: falls,
    drifts: {
      acquirer: drift("acquirer"),
      network: drift("network"),
      bank: drift("bank"),
      "10000001": drift("10000001"),
      "10000002": drift("10000002"),
      "20000001": drift("20000001"),
    },
  };
}
