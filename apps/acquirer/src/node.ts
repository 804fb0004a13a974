/** One node's rooms behind the listeners: lanes, network link, recovery, store-and-forward. */
import type { Socket } from "node:net";
import { bucketOf, toInstant } from "@tillway/database";
import type { SecurityModule } from "@tillway/keys";
import type { Cancel, Clock } from "@tillway/link";
import type { BusinessCalendar } from "@tillway/money";
import { migrateSchema, openDayKeeper, type Database } from "./db/index.ts";
import { reasonOf, type Log } from "./log.ts";
import { createMetrics, type Gauges, type Metrics } from "./metrics.ts";
import {
  beginEpoch,
  findOriginalOf,
  openNumbers,
  openPayments,
  openRefusalLog,
  openWriter,
  pendingAdvices,
  startSender,
  sweep,
  type Lease,
  type Numbers,
  type Payments,
  type RefusalLog,
  type Writer,
} from "./payments/index.ts";
import type { AcquirerConfiguration } from "./settings.ts";
import {
  ensurePanKeys,
  insertLinkKey,
  openTerminals,
  readInstallationKey,
  readLinkKeys,
  type Terminals,
} from "./terminals/index.ts";
import {
  keepHeard,
  openNetworkLink,
  replyKey,
  sendAdvice,
  type Heard,
  type NetworkLink,
} from "./wire/index.ts";

export type NodeOptions = {
  readonly configuration: AcquirerConfiguration;
  readonly clock: Clock;
  readonly random: (length: number) => Uint8Array;
  readonly log: Log;
  readonly database: Database;
  readonly module: SecurityModule;
  readonly onLost: (error: Error) => void;
  readonly connectNetwork: () => Socket;
};

export type PanKeys = { readonly token: string; readonly seal: string };

export type Node = {
  readonly calendar: BusinessCalendar;
  readonly panKeys: PanKeys;
  readonly numbers: Numbers;
  readonly terminals: Terminals;
  readonly payments: Payments;
  readonly refusals: RefusalLog;
  readonly link: NetworkLink;
  readonly metrics: Metrics;
  readonly gauges: Omit<Gauges, "connections">;
  readonly hindrances: () => Promise<readonly string[]>;
  readonly onFault: (what: string, error: unknown) => void;
  /** After the listeners: ends the link and the lanes once nothing is under way. */
  readonly close: () => Promise<void>;
};

/** Time for the commits around a network request, beyond its own time-out (ms). */
const LEASE_MARGIN = 10_000;
const KNOWN_TERMINAL_MS = 2000;
const LINK = "network";

async function readPanKeys(database: Database): Promise<PanKeys> {
  const [token, seal] = await database.use(async (sql) => [
    await readInstallationKey(sql, "pan-token"),
    await readInstallationKey(sql, "pan-seal"),
  ]);
  if (token === undefined || seal === undefined) throw new Error("the keys for PANs are missing");
  return { token, seal };
}

/** What a node knows before it opens anything: its schema, its keys, its lease. */
async function prepare(options: NodeOptions): Promise<{ panKeys: PanKeys; lease: Lease }> {
  const { configuration, clock, database, module } = options;
  const now = clock.now();
  await migrateSchema(database, now);
  await ensurePanKeys({ database, module, now });
  const owner = configuration.TILLWAY_NODE;
  const epoch = await database.use((sql) => beginEpoch(sql, owner, toInstant(now)));
  return { panKeys: await readPanKeys(database), lease: { owner, epoch } };
}

/** Starts a node: migrates, ends its earlier life's leases, opens the link, begins to sweep. */
export async function startNode(options: NodeOptions): Promise<Node> {
  const { configuration, clock, log, database, module } = options;
  const metrics = createMetrics();
  const onFault = (what: string, error: unknown): void => {
    metrics.fault();
    log.error(reasonOf(error), what);
  };
  const { panKeys, lease } = await prepare(options);
  const calendar = { zone: configuration.TILLWAY_ZONE, cutOver: configuration.TILLWAY_CUT_OVER };
  const days = openDayKeeper(database);
  const numbers = openNumbers(database, options.random);
  const writer = openWriter(database.url, configuration.TILLWAY_LANES, options.onLost);
  const recovery = { database, writer, numbers, clock, lease };
  const recovered = await sweep(recovery);
  log.info({ ...lease, recovered }, "leases of the node's earlier life are over");

  let kick = (): void => undefined;
  const zaks = await database.use((sql) => readLinkKeys(sql, LINK, "zak"));
  const link = openLinkOf(options, { numbers, writer, metrics, onFault, zaks, onUp: () => kick() });
  const isUp = (): boolean => link.keys() !== undefined;
  const replyMs = configuration.TILLWAY_NETWORK_REPLY_MS;
  const rooms = { database, writer, clock, replyMs, onFault };
  const sender = startSender({
    ...rooms,
    pauseMs: configuration.TILLWAY_ADVICE_RETRY_MS,
    isUp,
    send: (advice) => sendAdvice(link, module, panKeys.seal, advice),
    onAnswer: metrics.advice,
  });
  kick = sender.kick;
  const times = { days, numbers, calendar, lease, marginMs: LEASE_MARGIN };
  const payments = openPayments({ ...rooms, ...times, onAdvice: sender.kick });
  const sweeper = startSweeping(clock, configuration.TILLWAY_SWEEP_MS, onFault, async () => {
    if ((await sweep(recovery)) > 0) sender.kick();
  });
  const refusals = openRefusalLog(database, days, (count, error) => {
    metrics.lostRefusals(count);
    if (error !== undefined) onFault("refusals could not be written down", error);
  });
  return {
    calendar,
    panKeys,
    numbers,
    payments,
    refusals,
    link,
    metrics,
    onFault,
    terminals: openTerminals({ database, module, now: clock.now, knownMs: KNOWN_TERMINAL_MS }),
    gauges: {
      networkUp: isUp,
      inFlight: payments.inFlight,
      lanes: writer.depth,
      pendingAdvices: () => database.use(pendingAdvices),
    },
    hindrances: () => hindrances(database, link),
    close: async () => {
      await sweeper.close();
      await sender.close();
      link.close();
      await refusals.drain();
      await writer.end();
    },
  };
}

async function hindrances(database: Database, link: NetworkLink): Promise<string[]> {
  const reached = await database
    .use((sql) => pendingAdvices(sql))
    .then(
      () => true,
      () => false,
    );
  return [
    ...(reached ? [] : ["the database cannot be reached"]),
    ...(link.keys() ? [] : ["not signed on to the network"]),
  ];
}

type LinkParts = {
  readonly numbers: Numbers;
  readonly writer: Writer;
  readonly metrics: Metrics;
  readonly onFault: (what: string, error: unknown) => void;
  readonly zaks: readonly string[];
  readonly onUp: () => void;
};

function openLinkOf(options: NodeOptions, parts: LinkParts): NetworkLink {
  const { configuration, clock, database, module, log } = options;
  const { metrics, numbers } = parts;
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
    zmk: () => database.use((sql) => readInstallationKey(sql, "zmk")),
    earlierZaks: parts.zaks,
    keep: (usage, block, kcv) =>
      database.transaction((sql) =>
        insertLinkKey(sql, { link: LINK, usage, block, kcv }, clock.now()),
      ),
    onUp: parts.onUp,
    onLate: (heard) => noteLate(options, parts, heard),
    onEvent: (event) => {
      metrics.network(event);
      log.info({ event }, "network link");
    },
    onFault: parts.onFault,
  });
}

/** A reply that nobody waits for any more is written down beside what it was the reply to. */
async function noteLate(options: NodeOptions, parts: LinkParts, heard: Heard): Promise<void> {
  const { metrics, writer } = parts;
  const { fields, mti } = heard.message;
  const bucket = bucketOf(fields["42"] ?? "");
  const place =
    mti === "0210"
      ? await options.database.use((sql) => findOriginalOf(sql, bucket, replyKey(heard)))
      : undefined;
  metrics.network(place ? "late-answer" : "unknown-answer");
  if (!place) return;
  await writer.follow({
    do: "note",
    ...place,
    responseCode: fields["39"] ?? null,
    reason: heard.authentic ? "late" : "late-without-mac",
    at: options.clock.now(),
    messages: [{ hop: "network-reply", message: keepHeard(heard) }],
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
