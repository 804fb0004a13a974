/** The acquirer of the simulated system: the production node behind its desk, over a given store. */
import { readConfiguration } from "@tillway/configuration";
import { businessDate } from "@tillway/money";
import { createMetrics } from "../../apps/acquirer/src/metrics.ts";
import { startNode } from "../../apps/acquirer/src/node.ts";
import type { Store } from "../../apps/acquirer/src/payments/index.ts";
import type { Batches } from "../../apps/acquirer/src/settlement/index.ts";
import { acquirerSettings } from "../../apps/acquirer/src/settings.ts";
import {
  openTerminals,
  type Management,
  type TerminalSide,
} from "../../apps/acquirer/src/terminals/index.ts";
import { openDesk, openReception } from "../../apps/acquirer/src/wire/index.ts";
import type { RegistryMemory } from "../stores/registry.ts";
import type { Life } from "../world/process.ts";
import type { Wires } from "../world/wires.ts";
import type { Ceremony } from "./ceremony.ts";
import type { Writing } from "./writing.ts";

export type AcquirerOptions = {
  readonly ceremony: Ceremony["acquirer"];
  readonly module: Ceremony["acquirer"]["vault"]["module"];
  /** The stores as one life of the process sees them. */
  readonly store: (life: Life) => Store;
  readonly registry: (life: Life) => RegistryMemory;
  readonly batches: (life: Life) => Batches;
  readonly wires: Wires;
  readonly log: Writing;
};

export const acquirerConfiguration = readConfiguration(acquirerSettings, {});

/** One for all: counters of a simulation are nobody's. */
const metrics = createMetrics();

/** Terminals that are managed by nobody: there is nothing to fetch, and nothing is asked of them. */
const management: TerminalSide & Pick<Management, "seen"> = {
  parameterField: () => Promise.resolve(""),
  list: () => Promise.resolve(""),
  object: () => Promise.resolve(undefined),
  finished: () => Promise.resolve(),
  status: () => Promise.resolve(),
  wantedSoftware: () => Promise.resolve(undefined),
  tampered: () => Promise.resolve(),
  seen: () => undefined,
};
const KNOWN_MS = 2000;

const keyOf = (keys: ReadonlyMap<string, string>, name: string): string => {
  const key = keys.get(name);
  if (key === undefined) throw new Error(`the acquirer has no key ${name}`);
  return key;
};

export const acquirerStart =
  ({ ceremony, module, store, registry, batches, wires, log }: AcquirerOptions) =>
  async (life: Life): Promise<void> => {
    const { clock, random } = life;
    const configuration = acquirerConfiguration;
    const kept = registry(life);
    const own = store(life);
    const node = await startNode({
      configuration,
      clock,
      random,
      log,
      module,
      metrics,
      store: own,
      terminals: openTerminals({ registry: kept, module, now: clock.now, knownMs: KNOWN_MS }),
      keys: {
        pan: { token: keyOf(ceremony.keys, "pan-token"), seal: keyOf(ceremony.keys, "pan-seal") },
        zmk: () => Promise.resolve(keyOf(ceremony.keys, "zmk")),
        earlierZaks: await kept.zaks(),
        keep: async (usage, block) => {
          if (usage === "zak") await kept.keepZak(block);
        },
      },
      connectNetwork: () => wires.connect("acquirer", life, "network"),
    });
    const today = (): string => businessDate(clock.now(), node.calendar);
    const desk = openDesk({
      module,
      terminals: node.terminals,
      management,
      batches: batches(life),
      onAdvice: node.onAdvice,
      payments: node.payments,
      store: own,
      numbers: node.numbers,
      link: node.link,
      clock,
      calendar: node.calendar,
      today,
      mac: configuration.TILLWAY_POS_MAC,
      acquirer: configuration.TILLWAY_ACQUIRER_ID,
      network: configuration.TILLWAY_NETWORK_ID,
      panKeys: node.panKeys,
    });
    const reception = openReception({
      limits: {
        maximum: configuration.TILLWAY_POS_FRAME_MAX,
        idleMs: configuration.TILLWAY_POS_IDLE_MS,
        stallMs: configuration.TILLWAY_POS_STALL_MS,
        unsent: 1 << 18,
      },
      connections: 64,
      clock,
      handle: desk,
      onAnswer: () => undefined,
      onRefused: (refused, peer) =>
        node.refusals.record({ ...refused, peer, at: clock.now(), businessDate: today() }),
      onClosed: () => undefined,
      onFault: node.onFault,
    });
    wires.listen("acquirer", life, reception.accept);
  };
