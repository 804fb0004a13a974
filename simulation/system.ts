/** The whole system of one simulation: every party, the lines between them, and who watches. */
import type { SecurityModule } from "@tillway/keys";
import { businessDate } from "@tillway/money";
import type { Store } from "../apps/acquirer/src/payments/index.ts";
import type { BankStore } from "../apps/issuer/src/bank/index.ts";
import type { NetworkStore } from "../apps/issuer/src/network/index.ts";
import type { Journal } from "../apps/terminal/src/journal/index.ts";
import { forge, overhear } from "./lines.ts";
import { acquirerConfiguration, acquirerStart } from "./parties/acquirer.ts";
import { bankStart } from "./parties/bank.ts";
import { holdCeremony, type Ceremony } from "./parties/ceremony.ts";
import { issueCards, type Issued } from "./parties/issue.ts";
import { networkStart } from "./parties/network.ts";
import { Till, tids } from "./parties/till.ts";
import { Wallet } from "./parties/wallet.ts";
import { writingOf } from "./parties/writing.ts";
import { type Plan, type ProcessName } from "./plan.ts";
import { memoryStores, merchantOf, type Memories, type Stores } from "./stores/stores.ts";
import type { Books } from "./watch/books.ts";
import { Watch, type Durable } from "./watch/watch.ts";
import { Dice } from "./world/dice.ts";
import { durable } from "./world/durable.ts";
import { CallFaults, FrameFaults } from "./world/faults.ts";
import { Process, type Life } from "./world/process.ts";
import { Scheduler } from "./world/scheduler.ts";
import { Wires } from "./world/wires.ts";

/** What a planted mutant puts in place of the real thing; every part may be left as it is. */
export type Hands = {
  /** Between the acquirer and what it stores; `kept` is what is stored. */
  readonly payments?: (store: Store, kept: Memories["payments"], life: Life) => Store;
  /** Between the acquirer and the time that its store takes. */
  readonly hasty?: (store: Store, life: Life) => Store;
  readonly network?: (store: NetworkStore, kept: Memories["network"]) => NetworkStore;
  readonly bank?: (store: BankStore, kept: Memories["bank"]) => BankStore;
  readonly journal?: (journal: Journal) => Journal;
  readonly module?: (party: string, module: SecurityModule) => SecurityModule;
  /** Other stores than those in memory. */
  readonly stores?: (ceremony: Ceremony, issued: Issued) => Promise<Stores>;
};

export type System = {
  readonly scheduler: Scheduler;
  readonly watch: Watch;
  readonly tills: readonly Till[];
  readonly frames: FrameFaults;
  readonly calls: CallFaults;
  readonly trace: readonly string[];
  /** Ends all faults. */
  readonly calm: () => void;
  /** Whether nothing is under way or waiting to be sent at any host. */
  readonly quiet: () => Promise<boolean>;
  readonly books: () => Promise<Books>;
  readonly close: () => Promise<void>;
};

/** Instants at which worlds begin: an ordinary morning, a cut-over, New Year's Eve. */
const BEGINNINGS = ["2026-11-30T02:00:00Z", "2026-11-30T14:58:00Z", "2026-12-31T15:57:00Z"];
/** Lines of the trace that are kept. */
const TRACED = 4000;
/** Tells the journals of worlds in one process apart. */
let worlds = 0;

export async function openSystem(plan: Plan, hands: Hands): Promise<System> {
  const dice = new Dice(`tillway/${plan.seed}`);
  const epoch = Date.parse(dice.of("beginning").pick(BEGINNINGS));
  const calendar = {
    zone: acquirerConfiguration.TILLWAY_ZONE,
    cutOver: acquirerConfiguration.TILLWAY_CUT_OVER,
  };
  const ceremony = await holdCeremony(dice.of("keys"), tids);
  const issued = await issueCards(ceremony.bank.vault, ceremony.bank.zmk, dice.of("cards"), {
    now: epoch,
    businessDate: businessDate(epoch, calendar),
  });
  const stores = hands.stores
    ? await hands.stores(ceremony, issued)
    : memoryStores(ceremony, issued);
  const stage = setStage(plan, dice, epoch, stores);
  const parts: Parts = { plan, hands, dice, ceremony, issued, stores, calendar, ...stage };
  const tills = openTills(parts);
  const processes = openHosts(parts).concat(
    tills.map((till) => processOf(parts, till.tid, till.start)),
  );
  for (const process of processes) process.boot();
  const { scheduler, watch, frames, calls, trace, wires } = stage;
  return {
    scheduler,
    watch,
    tills,
    frames,
    calls,
    trace,
    calm: () => {
      frames.end();
      calls.end();
      wires.heal();
      for (const process of processes) process.spare();
    },
    quiet: async () => {
      const { acquirer, network } = await stores.books();
      const waiting = acquirer.inFlight + acquirer.pendingAdvices;
      return waiting + network.inFlight + network.pendingAdvices === 0;
    },
    books: async () => ({
      ...(await stores.books()),
      tills: tills.flatMap((till) => till.entries()),
    }),
    close: async () => {
      for (const till of tills) till.close();
      await stores.close();
    },
  };
}

type Stage = {
  readonly scheduler: Scheduler;
  readonly watch: Watch;
  readonly wires: Wires;
  readonly frames: FrameFaults;
  readonly calls: CallFaults;
  readonly trace: string[];
  readonly note: (line: string) => void;
  readonly epoch: number;
};

type Parts = Stage & {
  readonly plan: Plan;
  readonly hands: Hands;
  readonly dice: Dice;
  readonly ceremony: Ceremony;
  readonly issued: Issued;
  readonly stores: Stores;
  readonly calendar: { readonly zone: string; readonly cutOver: string };
};

function setStage(plan: Plan, dice: Dice, epoch: number, stores: Stores): Stage {
  const scheduler = new Scheduler();
  const trace: string[] = [];
  const note = (line: string): void => {
    if (trace.length >= TRACED) trace.shift();
    trace.push(`${String(scheduler.now).padStart(8)} ${line}`);
  };
  const frames = new FrameFaults(plan.faults, dice.of("frames"), plan.frames);
  const calls = new CallFaults(plan.faults, dice.of("calls"), plan.calls);
  const watch = new Watch({
    now: () => scheduler.now,
    durable: stores.memory && durableOf(stores.memory),
    note,
  });
  const wires = new Wires({
    scheduler,
    dice: dice.of("wires"),
    fate: frames.fate,
    isScarce: (way, bytes) => overhear(way, bytes)?.message.mti.startsWith("08") === true,
    tap: watch.hear,
    forge,
    note,
  });
  return { scheduler, watch, wires, frames, calls, trace, note, epoch };
}

/** What observers may look up in memory at any step. */
function durableOf({ payments, bank }: Memories): Durable {
  const stands = new Set(["approved", "advised"]);
  return {
    acquirerApproved: (terminal, batch, stan, mti) => {
      const kind = mti === "0230" ? "advice" : "request";
      const bucket = merchantOf(terminal).bucket;
      const { mid } = merchantOf(terminal);
      const key = payments.keys.get([bucket, mid, terminal, batch, stan, kind].join("/"));
      const events = payments.events.get(key?.of?.transaction ?? "") ?? [];
      return events.some(({ state }) => stands.has(state));
    },
    bankApproved: (rrn) =>
      bank.authorisations
        .rows()
        .some((one) => one.rrn === rrn && ["00", "10", "11"].includes(one.responseCode)),
  };
}

function processOf(
  { plan, scheduler, epoch, dice, note }: Parts,
  name: ProcessName,
  start: (life: Life) => void | Promise<void>,
): Process {
  return new Process({
    name,
    scheduler,
    epoch,
    dice: dice.of("process").of(name),
    drift: plan.drifts[name],
    crashes: plan.crashes.filter(({ process }) => process === name),
    start,
    note,
  });
}

/** A store as one life of a process sees it. */
function seen<S extends object>(
  { calls, dice }: Parts,
  name: ProcessName,
  life: Life,
  store: S,
  prompt: readonly (keyof S)[] = [],
): S {
  return durable(life, dice.of("store").of(name), store, () => calls.next(name), prompt);
}

function openHosts(parts: Parts): Process[] {
  const { hands, ceremony, issued, stores, wires, note, calendar } = parts;
  const { memory } = stores;
  const moduleOf = (party: string, module: SecurityModule): SecurityModule =>
    hands.module?.(party, module) ?? module;
  const mine = <S, K>(given: ((store: S, kept: K) => S) | undefined, store: S, kept?: K): S =>
    given && kept ? given(store, kept) : store;
  const network = mine(hands.network, stores.network, memory?.network);
  const bank = mine(hands.bank, stores.bank, memory?.bank);
  const starts = {
    network: networkStart({
      module: moduleOf("network", ceremony.network.vault.module),
      panKeys: ceremony.network.pan,
      store: (life) => seen(parts, "network", life, network),
      wires,
      log: writingOf("network", note),
    }),
    bank: bankStart({
      module: moduleOf("bank", ceremony.bank.vault.module),
      keys: issued.keys,
      store: (life) => seen(parts, "bank", life, bank),
      calendar,
      wires,
      log: writingOf("bank", note),
    }),
    acquirer: acquirerStart({
      ceremony: ceremony.acquirer,
      module: moduleOf("acquirer", ceremony.acquirer.vault.module),
      store: (life) => {
        const own =
          hands.payments && memory
            ? hands.payments(stores.payments, memory.payments, life)
            : stores.payments;
        const slow = seen(parts, "acquirer", life, own, ["depth", "end"]);
        return hands.hasty?.(slow, life) ?? slow;
      },
      registry: (life) => seen(parts, "acquirer", life, stores.registry),
      batches: (life) => seen(parts, "acquirer", life, stores.batches),
      wires,
      log: writingOf("acquirer", note),
    }),
  } as const;
  return [
    processOf(parts, "network", starts.network),
    processOf(parts, "bank", starts.bank),
    processOf(parts, "acquirer", starts.acquirer),
  ];
}

function openTills({ plan, hands, dice, ceremony, wires, watch }: Parts): Till[] {
  worlds += 1;
  const world = `world-${worlds}`;
  const wallet = new Wallet();
  return [...ceremony.tills].map(([tid, { vault, tmk }]) => {
    const { mid, name, nameZh } = merchantOf(tid);
    const identity = { tid, mid, merchantName: name, merchantNameZh: nameZh, serial: `TW${tid}` };
    return new Till(
      {
        tid,
        identity,
        masterKey: tmk,
        module: hands.module?.("till", vault.module) ?? vault.module,
        wallet,
        wires,
        orders: plan.orders.filter(({ till }) => till === tid),
        dice: dice.of("till").of(tid),
        onPrinted: watch.print,
        onSettled: watch.settled,
        journal: hands.journal ?? ((journal) => journal),
      },
      world,
    );
  });
}
