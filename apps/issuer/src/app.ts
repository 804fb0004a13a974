/** The issuer put together: network and bank in one process, talking over the network's port. */
import { connect as connectTo } from "node:net";
import { toHex } from "@tillway/bytes";
import { demonstrationProfiles } from "@tillway/emv";
import type { Random, SecurityModule } from "@tillway/keys";
import type { Cancel, Clock, Socket } from "@tillway/link";
import {
  bankKeys,
  bankStore,
  openBankLink,
  parseOrder,
  startExpiry,
  type BankContext,
} from "./bank/index.ts";
import { policyOf } from "./policy.ts";
import { cardViews, openIssuing, resetCards } from "./cards/index.ts";
import { atOneMoment, type Database, migrateIssuer, withClient } from "./db/index.ts";
import { openModule, secretText } from "./files.ts";
import { folderOf } from "./folder.ts";
import { createMetrics, type HttpParts, type Metrics, openHttp } from "./http/index.ts";
import { loadKeys, makeOwnKeys, panKeysOf } from "./keys/index.ts";
import { audit, type Calendar, createCalendar } from "./ledger/index.ts";
import { reasonOf, type Log } from "./log.ts";
import { createSessions, listenForMembers, networkStore, openNetwork } from "./network/index.ts";
import { pendingAdvices, type NetworkPort } from "./network/index.ts";
import type { IssuerConfiguration } from "./settings.ts";
import type { Address } from "./wire/index.ts";

export type IssuerOptions = {
  readonly configuration: IssuerConfiguration;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Connections in the issuer's role; who opened them closes them, after `close`. */
  readonly database: Database;
  /** Where the bank finds the network that opened this port; that port itself where left out. */
  readonly wayToNetwork?: (networkPort: number) => Address;
};

export type Issuer = {
  readonly addresses: { readonly network: string; readonly http: string };
  /** Whether the bank is signed on to the network. */
  readonly ready: () => boolean;
  readonly close: () => Promise<void>;
};

/** How often a bank that is not provisioned looks whether it is by now (ms). */
const LOOK_EVERY = 500;

/** Starts the issuer. Rejects where the database or a port cannot be had. */
export async function createIssuer(options: IssuerOptions): Promise<Issuer> {
  const { configuration, clock, database } = options;
  await migrateIssuer(database, clock.now());
  // Two modules and two stores of key blocks: neither party ever sees the other's.
  const modules = { network: openModule(options), bank: openModule(options) };
  const closeModules = (): void => {
    modules.network.close();
    modules.bank.close();
  };
  const schemes = [...new Set(demonstrationProfiles().map((profile) => profile.scheme))];
  await makeOwnKeys(database, modules.network, "network_key", [], clock.now());
  await makeOwnKeys(database, modules.bank, "bank_key", schemes, clock.now());
  const calendar = createCalendar(database, {
    zone: configuration.TILLWAY_ZONE,
    cutOver: configuration.TILLWAY_CUT_OVER,
  });
  await calendar.open(clock.now());

  let bank: Bank | undefined;
  const ready = (): boolean => bank?.ready() ?? false;
  const metrics = createMetrics({
    bankReady: ready,
    pendingAdvices: () => withClient(database, pendingAdvices),
  });
  const network = await startNetwork(options, modules.network, metrics);
  const host = configuration.TILLWAY_HOST;
  const http = await openHttp(
    httpParts(options, { module: modules.bank, calendar, metrics, ready }),
    {
      host,
      port: configuration.TILLWAY_ISSUER_HTTP_PORT,
    },
  ).catch(async (error: unknown) => {
    await network.close();
    closeModules();
    throw error;
  });
  bank = startBank(options, { module: modules.bank, calendar, metrics, port: network.port });
  return {
    addresses: { network: `${host}:${network.port}`, http: `http://${host}:${http.port}` },
    ready,
    close: async () => {
      await http.close();
      await bank?.close();
      await network.close();
      closeModules();
    },
  };
}

async function startNetwork(
  { configuration, clock, random, log, database }: IssuerOptions,
  module: SecurityModule,
  metrics: Metrics,
): Promise<NetworkPort> {
  const panKeys = panKeysOf(await withClient(database, (sql) => loadKeys(sql, "network_key")));
  if (!panKeys) throw new Error("the network's own keys are missing");
  const first = configuration.TILLWAY_ISSUER_ADVICE_MS;
  return listenForMembers(
    openNetwork({
      store: networkStore(database),
      module,
      panKeys,
      clock,
      log,
      count: metrics.counting("network"),
      sessions: createSessions(clock),
      owner: `network-${toHex(random(8))}`,
      settings: {
        issuerMs: configuration.TILLWAY_ISSUER_REPLY_MS,
        advicePause: { first, longest: first * 32 },
      },
    }),
    { host: configuration.TILLWAY_HOST, port: configuration.TILLWAY_NETWORK_PORT },
  );
}

type Bank = { readonly ready: () => boolean; readonly close: () => Promise<void> };

/** The bank at work: connected to the network, looking after what is overdue. */
function openBank(context: BankContext, connect: () => Socket): Bank {
  const link = openBankLink(context, connect);
  const expiry = startExpiry(context);
  return {
    ready: link.ready,
    close: async () => {
      link.close();
      await expiry.stop();
    },
  };
}

/** Connects the bank as soon as it has its keys. */
function startBank(
  { configuration, clock, random, log, database, wayToNetwork }: IssuerOptions,
  parts: {
    readonly module: SecurityModule;
    readonly calendar: Calendar;
    readonly metrics: Metrics;
    readonly port: number;
  },
): Bank {
  const { module, calendar, metrics, port } = parts;
  const count = metrics.counting("bank");
  const address = wayToNetwork?.(port) ?? { host: configuration.TILLWAY_HOST, port };
  const store = bankStore(database, clock);
  const policy = policyOf(configuration);
  let running: Bank | undefined;
  let closed = false;
  let timer: Cancel = () => undefined;
  const connect = async (): Promise<void> => {
    const keys = bankKeys(await withClient(database, (sql) => loadKeys(sql, "bank_key")));
    if (closed) return;
    if (!keys) {
      again();
      return;
    }
    const context = { store, module, keys, calendar, policy, clock, random, log, count };
    running = openBank(context, () => connectTo(address.port, address.host));
  };
  const again = (): void => {
    timer = clock.after(LOOK_EVERY, attempt);
  };
  const attempt = (): void => {
    connect().catch((error: unknown) => {
      log.warn(reasonOf(error), "the bank's keys could not be read");
      if (!closed) again();
    });
  };
  attempt();
  return {
    ready: () => running?.ready() ?? false,
    close: async () => {
      closed = true;
      timer();
      await running?.close();
    },
  };
}

function httpParts(
  { configuration, clock, random, log, database }: IssuerOptions,
  parts: {
    readonly module: SecurityModule;
    readonly calendar: Calendar;
    readonly metrics: Metrics;
    readonly ready: () => boolean;
  },
): HttpParts {
  const { module, calendar, metrics, ready } = parts;
  const store = bankStore(database, clock);
  const folder = folderOf(configuration.TILLWAY_DATA, random);
  return {
    token: secretText(folder.adminToken, () => `twi_${toHex(random(24)).toLowerCase()}`),
    registry: metrics.registry,
    problems: async () => [
      ...(await reachable(database)),
      ...(ready() ? [] : ["the bank is not signed on to the network"]),
    ],
    cards: () => withClient(database, cardViews),
    reset: async () => {
      const blocks = await withClient(database, (sql) => loadKeys(sql, "bank_key"));
      const issuing = openIssuing({ module, random, database, calendar, folder }, blocks);
      if (!issuing || !bankKeys(blocks)) return undefined;
      const profiles = demonstrationProfiles();
      await resetCards(issuing, profiles, clock.now());
      log.info({ cards: profiles.length }, "the demonstration cards were made anew");
      return profiles.map(({ name }) => name);
    },
    audit: () => atOneMoment(database, audit),
    order: async (card, body) => {
      const script = parseOrder(body);
      if (!script) return "bad-request";
      return (await store.order(card, script, clock.now())) ?? "not-found";
    },
    ordered: (card) => store.ordered(card),
  };
}

async function reachable(database: Database): Promise<string[]> {
  try {
    await withClient(database, (sql) => sql.query("select 1"));
    return [];
  } catch {
    return ["the database cannot be reached"];
  }
}
