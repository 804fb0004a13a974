/** The terminals of one driver, and what they do while it runs: closed loop, or at a given rate. */
import { localParts } from "@tillway/money";
import { catalogue } from "@tillway/transactions";
import { noLatencies, record, type Latencies } from "./latencies.ts";
import { mixes, type Mix } from "./mix.ts";
import type { LoadCard, LoadTerminal } from "./set.ts";
import { openTill, type Address, type Original, type Outcome, type Till } from "./terminal.ts";

export type FleetOptions = {
  readonly address: Address;
  readonly terminals: readonly LoadTerminal[];
  /** At least one for each terminal; no other driver uses them. */
  readonly cards: readonly LoadCard[];
  /** Higher than any that was used before. */
  readonly counter: number;
  readonly stan: number;
  readonly zone: string;
};

/** What a run came to; `rate` a second over all terminals of the fleet, closed loop without. */
export type RunOptions = {
  readonly seconds: number;
  readonly rate?: number | undefined;
  readonly mix?: Mix | undefined;
};

export type Ran = {
  readonly seconds: number;
  readonly approved: number;
  readonly declined: number;
  readonly errors: number;
  readonly latencies: Latencies;
  /** The highest numbers used so far. */
  readonly counter: number;
  readonly stan: number;
};

export type Fleet = {
  readonly run: (options: RunOptions) => Promise<Ran>;
  readonly progress: () => { readonly counter: number; readonly stan: number };
  readonly close: () => void;
};

type Seat = {
  readonly till: Till;
  readonly cards: { readonly card: LoadCard; counter: number }[];
  stan: number;
  turn: number;
  /** Its place in the mix, and the payment before. */
  step: number;
  before: Original | undefined;
  /** False after an error: nobody knows what became of the payment. */
  good: boolean;
};

/** Connections are made and signed in a few at a time. */
const AT_ONCE = 32;
const LARGEST_AMOUNT = 50_000;
/** A card's counter has two bytes (tag 9F36). */
const LAST_COUNTER = 0xffff;

/** Opens a connection for each terminal and signs all of them in. Rejects where one cannot. */
export async function openFleet(options: FleetOptions): Promise<Fleet> {
  const { terminals, cards, counter, stan } = options;
  const seats: Seat[] = [];
  for (let from = 0; from < terminals.length; from += AT_ONCE) {
    const some = terminals.slice(from, from + AT_ONCE);
    const opened = await Promise.all(
      some.map(async (terminal, index): Promise<Seat> => {
        const till = await openTill(options.address, terminal);
        if (!(await till.signIn())) throw new Error(`terminal ${terminal.tid} cannot sign in`);
        const own = cards.filter((_, at) => at % terminals.length === from + index);
        const held = own.map((card) => ({ card, counter }));
        return { till, cards: held, stan, turn: 0, step: 0, before: undefined, good: true };
      }),
    );
    seats.push(...opened);
  }
  const progress = () => ({
    counter: Math.max(...seats.flatMap((seat) => seat.cards.map((card) => card.counter))),
    stan: Math.max(...seats.map((seat) => seat.stan)),
  });
  const close = (): void => {
    for (const { till } of seats) till.close();
  };
  return { run: (run) => runFleet(seats, options.zone, run, progress), progress, close };
}

async function pay(seat: Seat, zone: string, mix: Mix): Promise<Outcome> {
  const types = mixes[mix];
  const type = types[seat.step % types.length] ?? "sale";
  seat.step += 1;
  const follows = catalogue[type].follows.length > 0;
  // Without an original there is nothing to follow: the next type has its turn.
  if (follows && !seat.before) return pay(seat, zone, mix);
  const original = follows ? seat.before : undefined;
  if (!original) seat.turn += 1;
  const held = seat.cards[seat.turn % seat.cards.length];
  if (!held || held.counter >= LAST_COUNTER) return "error";
  if (!original) held.counter += 1;
  seat.stan += 1;
  const local = localParts(Date.now(), zone);
  const fresh = 1 + ((seat.stan * 7919) % LARGEST_AMOUNT);
  const { outcome, original: made } = await seat.till.pay({
    type,
    original,
    card: original?.card ?? held.card,
    counter: held.counter,
    stan: seat.stan,
    amount: original?.amount ?? fresh,
    date: local.date.replaceAll("-", "").slice(2),
    time: local.time.replaceAll(":", ""),
  });
  seat.before = made;
  return outcome;
}

async function runFleet(
  seats: readonly Seat[],
  zone: string,
  { seconds, rate, mix = "sale" }: RunOptions,
  progress: Fleet["progress"],
): Promise<Ran> {
  const counts = { approved: 0, declined: 0, error: 0 };
  const latencies = noLatencies();
  const began = performance.now();
  const end = began + seconds * 1000;
  const once = async (seat: Seat, since: number): Promise<void> => {
    const outcome = await pay(seat, zone, mix);
    const now = performance.now();
    counts[outcome] += 1;
    if (outcome === "error") seat.good = false;
    else record(latencies, now - since);
  };
  if (rate === undefined) {
    await Promise.all(seats.map((seat) => closedLoop(seat, end, once)));
  } else {
    await openLoop(seats, { began, end, rate }, once);
  }
  const { approved, declined, error: errors } = counts;
  const took = (performance.now() - began) / 1000;
  return { seconds: took, approved, declined, errors, latencies, ...progress() };
}

type Once = (seat: Seat, since: number) => Promise<void>;

async function closedLoop(seat: Seat, end: number, once: Once): Promise<void> {
  while (seat.good && performance.now() < end) await once(seat, performance.now());
}

/**
 * Payments begin when they are due, whether or not the ones before are answered: where no terminal
 * is free they wait, and their latency counts from when they were due.
 */
async function openLoop(
  seats: readonly Seat[],
  { began, end, rate }: { readonly began: number; readonly end: number; readonly rate: number },
  once: Once,
): Promise<void> {
  const free = seats.filter(({ good }) => good);
  const due: number[] = [];
  const running = new Set<Promise<void>>();
  let made = 0;
  const serve = (): void => {
    while (due.length > 0 && free.length > 0) {
      const seat = free.pop();
      const since = due.shift();
      if (!seat || since === undefined) return;
      const payment = once(seat, since).finally(() => {
        running.delete(payment);
        if (seat.good) free.push(seat);
        serve();
      });
      running.add(payment);
    }
  };
  while (performance.now() < end) {
    const now = performance.now();
    for (; made < ((now - began) / 1000) * rate; made += 1) due.push(began + (made * 1000) / rate);
    serve();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  while (running.size > 0) await Promise.all(running);
}
