/** The acquirer put together: rooms, links and listeners of one node. */
import { connect } from "node:net";
import type { Random, SecurityModule } from "@tillway/keys";
import type { Clock } from "@tillway/link";
import { businessDate } from "@tillway/money";
import { openAccess } from "./access/index.ts";
import { tlsIdentity } from "./certificates.ts";
import { migrateSchema, openDayKeeper, openPool, type Database } from "./db/index.ts";
import { openModule } from "./files.ts";
import { openHttp } from "./http/index.ts";
import { reasonOf, type Log } from "./log.ts";
import { createMetrics } from "./metrics.ts";
import { startNode, type Node, type NodeKeys } from "./node.ts";
import { openPostgresStore } from "./payments/index.ts";
import type { AcquirerConfiguration } from "./settings.ts";
import { openBatches } from "./settlement/index.ts";
import {
  ensurePanKeys,
  insertLinkKey,
  openManagement,
  openTerminals,
  postgresRegistry,
  readInstallationKey,
  readLinkKeys,
  type Management,
} from "./terminals/index.ts";
import { listen, openDesk, type DeskOptions, type ListenerOptions } from "./wire/index.ts";

export type AcquirerOptions = {
  readonly configuration: AcquirerConfiguration;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

export type Acquirer = {
  readonly addresses: { readonly http: string; readonly pos: string };
  /** Answers what it has begun, then lets go of everything. */
  readonly close: () => Promise<void>;
};

/** Starts a node. Rejects where its database cannot be reached or a port is taken. */
export async function createAcquirer(options: AcquirerOptions): Promise<Acquirer> {
  const { configuration, clock, log } = options;
  const url = configuration.DATABASE_URL;
  if (url === undefined) throw new Error("DATABASE_URL: must be a postgres:// address");
  const module = openModule(options);
  const onLost = (error: Error): void =>
    log.warn(reasonOf(error), "a database connection was lost");
  const database = openPool(url, onLost);
  const closers: (() => Promise<void>)[] = [async () => module.close(), () => database.close()];
  // Last opened, first closed: no part is left without what it stands on.
  const close = async (): Promise<void> => {
    for (const one of closers.toReversed()) await one();
  };
  try {
    const connectNetwork = () =>
      connect(configuration.TILLWAY_NETWORK_PORT, configuration.TILLWAY_NETWORK_HOST).setNoDelay(
        true,
      );
    const now = clock.now();
    await migrateSchema(database, now);
    await ensurePanKeys({ database, module, now });
    const remembered = { database, module, now: clock.now, knownMs: KNOWN_MS };
    const terminals = openTerminals({ ...remembered, registry: postgresRegistry(database) });
    const node = await startNode({
      ...options,
      module,
      connectNetwork,
      metrics: createMetrics(),
      store: openPostgresStore({
        ...remembered,
        days: openDayKeeper(database),
        lanes: configuration.TILLWAY_LANES,
        batchMost: configuration.TILLWAY_BATCH_MOST,
        onLost,
      }),
      terminals,
      keys: await keysOf(database, clock, configuration.TILLWAY_NODE),
    });
    closers.push(node.close);
    const management = openManagement({
      database,
      clock,
      onChange: terminals.forget,
      onFault: node.onFault,
    });
    closers.push(management.close);
    if (configuration.TILLWAY_WORKERS > 1) await signedOn(node, clock);
    const desk = deskOf(options, node, { module, database, management });
    const lines = await openPos(options, node, desk, closers);
    const http = await openApi(options, node, { database, management, desk });
    closers.push(http.close);
    node.metrics.watch({ ...node.gauges, connections: lines.connections });
    log.info({ http: http.port, ...lines.ports, started: clock.now() }, "listening");
    const host = configuration.TILLWAY_HOST;
    return {
      addresses: { http: `http://${host}:${http.port}`, pos: `${host}:${lines.ports.pos}` },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function openApi(
  { configuration }: AcquirerOptions,
  node: Node,
  parts: {
    readonly database: Database;
    readonly management: Management;
    readonly desk: DeskOptions;
  },
): ReturnType<typeof openHttp> {
  const terminalPort = configuration.TILLWAY_TERMINAL_PORT;
  return openHttp({
    ...parts,
    access: openAccess(parts.database),
    host: configuration.TILLWAY_HOST,
    port: configuration.TILLWAY_HTTP_PORT,
    reusePort: configuration.TILLWAY_WORKERS > 1,
    terminal: `http://${configuration.TILLWAY_TERMINAL_HOST}:${terminalPort}`,
    registry: node.metrics.registry,
    hindrances: node.hindrances,
    onFault: node.onFault,
  });
}

/** How long a worker waits for its link before it takes terminals (ms). */
const LINK_MS = 5000;

/** Those who share the port have links: a worker takes terminals once it has its own, or in vain. */
async function signedOn({ link }: Node, clock: Clock): Promise<void> {
  const end = clock.now() + LINK_MS;
  while (!link.keys() && clock.now() < end) {
    await new Promise<void>((next) => {
      clock.after(20, next);
    });
  }
}

/** How long what was read of terminals and limits is taken as known (ms). */
const KNOWN_MS = 2000;

/** Each node has a link of its own to the network, and so keys of its own. */
async function keysOf(database: Database, clock: Clock, link: string): Promise<NodeKeys> {
  const [token, seal] = await database.use(async (sql) => [
    await readInstallationKey(sql, "pan-token"),
    await readInstallationKey(sql, "pan-seal"),
  ]);
  if (token === undefined || seal === undefined) throw new Error("the keys for PANs are missing");
  return {
    pan: { token, seal },
    zmk: () => database.use((sql) => readInstallationKey(sql, "zmk")),
    earlierZaks: await database.use((sql) => readLinkKeys(sql, link, "zak")),
    keep: (usage, block, kcv) =>
      database.transaction((sql) => insertLinkKey(sql, { link, usage, block, kcv }, clock.now())),
  };
}

function deskOf(
  options: AcquirerOptions,
  node: Node,
  parts: {
    readonly module: SecurityModule;
    readonly database: Database;
    readonly management: Management;
  },
): DeskOptions {
  const { configuration, clock } = options;
  const { calendar } = node;
  return {
    module: parts.module,
    terminals: node.terminals,
    management: parts.management,
    payments: node.payments,
    store: node.store,
    batches: openBatches(parts.database),
    onAdvice: node.onAdvice,
    numbers: node.numbers,
    link: node.link,
    clock,
    calendar,
    today: () => businessDate(clock.now(), calendar),
    mac: configuration.TILLWAY_POS_MAC,
    acquirer: configuration.TILLWAY_ACQUIRER_ID,
    network: configuration.TILLWAY_NETWORK_ID,
    panKeys: node.panKeys,
  };
}

/** The ports for terminals: plain, and with certificates where the first start made some. */
type Lines = {
  readonly ports: { readonly pos: number; readonly posTls?: number };
  readonly connections: () => number;
};

async function openPos(
  options: AcquirerOptions,
  node: Node,
  desk: DeskOptions,
  closers: (() => Promise<void>)[],
): Promise<Lines> {
  const { configuration, clock } = options;
  const { metrics } = node;
  const rules: Omit<ListenerOptions, "port"> = {
    host: configuration.TILLWAY_HOST,
    reusePort: configuration.TILLWAY_WORKERS > 1,
    limits: {
      maximum: configuration.TILLWAY_POS_FRAME_MAX,
      idleMs: configuration.TILLWAY_POS_IDLE_MS,
      stallMs: configuration.TILLWAY_POS_STALL_MS,
      unsent: 1 << 18,
    },
    connections: configuration.TILLWAY_POS_CONNECTIONS,
    clock,
    handle: openDesk(desk),
    onAnswer: (answer, elapsedMs) => {
      if (answer.kind === "reply") metrics.answered(answer.mti, answer.code, elapsedMs);
    },
    onRefused: (refused, peer) => {
      metrics.refused(refused.reason);
      node.refusals.record({ ...refused, peer, at: clock.now(), businessDate: desk.today() });
    },
    onClosed: metrics.closed,
    onFault: node.onFault,
  };
  const plain = await listen({ ...rules, port: configuration.TILLWAY_POS_PORT });
  closers.push(plain.close);
  const identity = tlsIdentity(configuration.TILLWAY_DATA, clock.now());
  const tls =
    identity && (await listen({ ...rules, port: configuration.TILLWAY_POS_TLS_PORT }, identity));
  if (tls) closers.push(tls.close);
  return {
    ports: { pos: plain.port, ...(tls ? { posTls: tls.port } : {}) },
    connections: () => plain.connections() + (tls?.connections() ?? 0),
  };
}
