/** One node's rooms behind the listeners: lanes, network link, recovery, store-and-forward. */
import { bucketOf } from "@tillway/database";
import type { SecurityModule } from "@tillway/keys";
import type { Cancel, Clock, MemberOptions } from "@tillway/link";
import type { BusinessCalendar } from "@tillway/money";
import { reasonOf, type Log } from "./log.ts";
import type { Gauges, Metrics } from "./metrics.ts";
import {
  openNumbers,
  openPayments,
  openRefusalLog,
  startSender,
  sweep,
  type Lease,
  type Numbers,
  type Payments,
  type RefusalLog,
  type Sender,
  type Store,
} from "./payments/index.ts";
import type { AcquirerConfiguration } from "./settings.ts";
import type { Terminals } from "./terminals/index.ts";
import {
  codeOf,
  keepHeard,
  openNetworkLink,
  replyKey,
  sendAdvice,
  type Heard,
  type NetworkLink,
} from "./wire/index.ts";

export type PanKeys = { readonly token: string; readonly seal: string };

/** Keys of the installation and of the link, wherever they are kept. */
export type NodeKeys = {
  readonly pan: PanKeys;
  readonly zmk: () => Promise<string | undefined>;
  /** MAC keys of earlier sign-ons, the newest first. */
  readonly earlierZaks: readonly string[];
  readonly keep: (usage: "zpk" | "zak", block: string, kcv: string) => Promise<void>;
};

/** Everything that reaches outside comes in here: a node itself knows no database and no file. */
export type NodeOptions = {
  readonly configuration: AcquirerConfiguration;
  readonly clock: Clock;
  readonly random: (length: number) => Uint8Array;
  readonly log: Log;
  readonly module: SecurityModule;
  readonly metrics: Metrics;
  readonly store: Store;
  readonly terminals: Terminals;
  readonly keys: NodeKeys;
  readonly connectNetwork: MemberOptions["connect"];
};

export type Node = {
  readonly calendar: BusinessCalendar;
  readonly panKeys: PanKeys;
  readonly numbers: Numbers;
  readonly terminals: Terminals;
  readonly payments: Payments;
  readonly store: Store;
  readonly refusals: RefusalLog;
  readonly link: NetworkLink;
  readonly onAdvice: () => void;
  readonly metrics: Metrics;
  readonly gauges: Omit<Gauges, "connections">;
  readonly hindrances: () => Promise<readonly string[]>;
  readonly onFault: (what: string, error: unknown) => void;
  /** After the listeners: ends the link and the lanes once nothing is under way. */
  readonly close: () => Promise<void>;
};

/** Time for the commits around a network request, beyond its own time-out (ms). */
const LEASE_MARGIN = 10_000;

/** Starts a node: ends its earlier life's leases, opens the link, begins to send and to sweep. */
export async function startNode(options: NodeOptions): Promise<Node> {
  const { configuration, clock, log, store, metrics } = options;
  const onFault = (what: string, error: unknown): void => {
    metrics.fault();
    log.error(reasonOf(error), what);
  };
  const owner = configuration.TILLWAY_NODE;
  const lease = { owner, epoch: await store.beginEpoch(owner, clock.now()) };
  const calendar = { zone: configuration.TILLWAY_ZONE, cutOver: configuration.TILLWAY_CUT_OVER };
  const numbers = openNumbers(store, options.random);
  const recovery = { store, numbers, clock, lease };
  const recovered = await sweep(recovery);
  log.info({ ...lease, recovered }, "leases of the node's earlier life are over");

  let kick = (): void => undefined;
  const link = openLinkOf(options, numbers, onFault, () => kick());
  const rooms = { options, numbers, calendar, link, onFault };
  const sender = startSenderOf(rooms);
  kick = sender.kick;
  const payments = openPaymentsOf(rooms, lease, sender);
  const sweeper = startSweeping(clock, configuration.TILLWAY_SWEEP_MS, onFault, async () => {
    if ((await sweep(recovery)) > 0) sender.kick();
  });
  const refusals = openRefusalLog(store, (count, error) => {
    metrics.lostRefusals(count);
    if (error !== undefined) onFault("refusals could not be written down", error);
  });
  return {
    calendar,
    panKeys: options.keys.pan,
    numbers,
    payments,
    store,
    refusals,
    link,
    onAdvice: sender.kick,
    metrics,
    onFault,
    terminals: options.terminals,
    gauges: {
      networkUp: () => link.keys() !== undefined,
      inFlight: payments.inFlight,
      lanes: store.depth,
      pendingAdvices: store.pendingAdvices,
    },
    hindrances: () => hindrances(store, link),
    close: async () => {
      await sweeper.close();
      await sender.close();
      link.close();
      await refusals.drain();
      await store.end();
    },
  };
}

type Rooms = {
  readonly options: NodeOptions;
  readonly numbers: Numbers;
  readonly calendar: BusinessCalendar;
  readonly link: NetworkLink;
  readonly onFault: (what: string, error: unknown) => void;
};

function startSenderOf({ options, numbers, calendar, link, onFault }: Rooms): Sender {
  const { configuration, clock, module, store, keys, metrics } = options;
  return startSender({
    store,
    numbers,
    clock,
    calendar,
    replyMs: configuration.TILLWAY_NETWORK_REPLY_MS,
    pauseMs: configuration.TILLWAY_ADVICE_RETRY_MS,
    isUp: () => link.keys() !== undefined,
    send: (advice) => sendAdvice(link, module, keys.pan.seal, advice),
    onAnswer: metrics.advice,
    onFault,
  });
}

function openPaymentsOf(
  { options, numbers, calendar, onFault }: Rooms,
  lease: Lease,
  sender: Sender,
): Payments {
  const { configuration, clock, store } = options;
  return openPayments({
    store,
    numbers,
    clock,
    calendar,
    lease,
    replyMs: configuration.TILLWAY_NETWORK_REPLY_MS,
    marginMs: LEASE_MARGIN,
    codeOf,
    rules: {
      refundDays: configuration.TILLWAY_REFUND_DAYS,
      holdDays: configuration.TILLWAY_HOLD_DAYS,
      completionPercent: configuration.TILLWAY_COMPLETION_PERCENT,
    },
    mostWaiting: configuration.TILLWAY_MOST_WAITING,
    onAdvice: sender.kick,
    onFault,
  });
}

async function hindrances(store: Store, link: NetworkLink): Promise<string[]> {
  const reached = await store.pendingAdvices().then(
    () => true,
    () => false,
  );
  return [
    ...(reached ? [] : ["the database cannot be reached"]),
    ...(link.keys() ? [] : ["not signed on to the network"]),
  ];
}

function openLinkOf(
  options: NodeOptions,
  numbers: Numbers,
  onFault: Rooms["onFault"],
  onUp: () => void,
): NetworkLink {
  const { configuration, clock, module, log, keys, metrics } = options;
  return openNetworkLink({
    connect: options.connectNetwork,
    clock,
    module,
    institution: configuration.TILLWAY_ACQUIRER_ID,
    network: configuration.TILLWAY_NETWORK_ID,
    mac: configuration.TILLWAY_NETWORK_MAC,
    replyMs: configuration.TILLWAY_NETWORK_REPLY_MS,
    echoMs: configuration.TILLWAY_NETWORK_ECHO_MS,
    transmit: () => numbers.transmit(clock.now()),
    zmk: keys.zmk,
    earlierZaks: keys.earlierZaks,
    keep: keys.keep,
    onUp,
    onLate: (heard) => noteLate(options, heard),
    onEvent: (event) => {
      metrics.network(event);
      log.info({ event }, "network link");
    },
    onFault,
  });
}

/** A reply that nobody waits for any more is written down beside what it was the reply to. */
async function noteLate({ metrics, store, clock }: NodeOptions, heard: Heard): Promise<void> {
  const { fields, mti } = heard.message;
  const bucket = bucketOf(fields["42"] ?? "");
  const answers = mti === "0210" || mti === "0110";
  const place = answers ? await store.originalOf(bucket, replyKey(heard)) : undefined;
  metrics.network(place ? "late-answer" : "unknown-answer");
  if (!place) return;
  await store.note({
    do: "note",
    type: "late-answer",
    key: null,
    ...place,
    responseCode: fields["39"] ?? null,
    reason: heard.authentic ? "late" : "late-without-mac",
    at: clock.now(),
    messages: [{ hop: "network-reply", message: keepHeard(heard) }],
    advice: null,
  });
}

/** Looks for leases that ran out, again and again. */
function startSweeping(
  clock: Clock,
  everyMs: number,
  onFault: (what: string, error: unknown) => void,
  once: () => Promise<void>,
): { readonly close: () => Promise<void> } {
  let closed = false;
  let running: Promise<void> = Promise.resolve();
  let timer: Cancel = () => undefined;
  const next = (): void => {
    if (closed) return;
    timer = clock.after(everyMs, () => {
      running = once()
        .catch((error: unknown) => onFault("leases could not be swept", error))
        .finally(next);
    });
  };
  next();
  return {
    close: async () => {
      closed = true;
      timer();
      await running;
    },
  };
}
