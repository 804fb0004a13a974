/** The bench's house: two database servers, the issuer, and a data folder that all hosts share. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { migrateSchema, openDayKeeper, openPool } from "../../apps/acquirer/src/db/index.ts";
import { ensureSet } from "../../apps/cli/src/load/set.ts";
import {
  runOnce,
  startPart,
  type Part,
  type PartOptions,
} from "../../apps/cli/src/system/process.ts";
import {
  prepareDatabase,
  startServer,
  type DatabaseServer,
} from "../../apps/database/src/index.ts";
import { withClient } from "../../apps/database/src/server.ts";
import { toHex, xor } from "../../packages/bytes/src/index.ts";
import { businessDate } from "../../packages/money/src/index.ts";
import { cache } from "../peers/install.ts";
import type { Settings } from "../report.ts";

export const folder = join(cache, "host");
export const data = join(folder, "data");
export const calendar = { zone: "Asia/Shanghai", cutOver: "23:00" };
/** Members of the network: our own hosts share one identity, the peer has its own. */
export const institutions = { tillway: "48021000", peer: "48023000", bank: "63031000" } as const;

export type House = {
  readonly hosts: DatabaseServer;
  readonly issuers: DatabaseServer;
  readonly issuer: Part;
  readonly networkPort: number;
  /** The peer's zone master key, hex. */
  readonly peerZmk: string;
  /** The address of a database of the hosts' server. */
  readonly url: (database: string) => string;
  readonly stop: () => Promise<void>;
};

/** How many terminals and cards the bench needs. */
export type Needs = { readonly terminals: number; readonly cards: number };

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}

/** A part of the system as this bench starts it. */
export function part(
  name: PartOptions["name"],
  own: Readonly<Record<string, string>>,
): PartOptions {
  return {
    name,
    environment: { TILLWAY_DATA: data, TILLWAY_LOG: "warn", ...own },
    args: ["--with-parent"],
    logs: join(folder, "logs"),
    onRestart: () => undefined,
    onLost: () => undefined,
    endsPerMinute: 1,
  };
}

/** One statement on a database. */
export async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const found = await withClient(url, (client) => client.query(text));
  return found.rows;
}

/** A database as the template was, in place of the one that there is. */
export async function renew(house: House, name: string): Promise<string> {
  await query(house.hosts.url, `drop database if exists ${name} with (force)`);
  await query(house.hosts.url, `create database ${name} template fresh`);
  return house.url(name);
}

/** Brings a database that was kept up to date: its schema, and partitions for today's payments. */
export async function openDays(url: string): Promise<void> {
  const database = openPool(url, () => undefined, 1);
  try {
    await migrateSchema(database, Date.now());
    await openDayKeeper(database).ensure(businessDate(Date.now(), calendar));
  } finally {
    await database.close();
  }
}

const component = (): Uint8Array => new Uint8Array(randomBytes(16));

/** Starts everything but the hosts; the first time it also makes keys, cards and terminals. */
export async function openHouse(needs: Needs, { log }: Settings): Promise<House> {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const serve = (name: string): Promise<DatabaseServer> =>
    startServer({
      dataFolder: join(folder, name),
      log: () => undefined,
      settings: { max_connections: "300" },
    });
  const [hosts, issuers] = await Promise.all([serve("hosts"), serve("issuers")]);
  const url = (name: string): string => hosts.url.replace("/tillway?", `/${name}?`);
  const environments = {
    issuer: { DATABASE_URL: issuers.url },
    acquirer: { DATABASE_URL: url("fresh") },
  };
  const run = (party: "acquirer" | "issuer", input: unknown) =>
    runOnce(part(party, environments[party]), "provision.ts", input);
  const mark = join(folder, "peer-zmk");
  if (!existsSync(mark)) {
    log("making keys, cards and databases, once");
    writeFileSync(mark, await agree(hosts.url, url("fresh"), run), { mode: 0o600 });
  }
  await ensureSet(data, needs, run, log);
  await openDays(url("fresh"));
  const networkPort = await freePort();
  const issuer = await startPart(
    part("issuer", {
      ...environments.issuer,
      TILLWAY_NETWORK_PORT: String(networkPort),
      TILLWAY_ISSUER_HTTP_PORT: String(await freePort()),
    }),
  );
  const stop = async (): Promise<void> => {
    await issuer.stop();
    await Promise.all([hosts.stop(), issuers.stop()]);
  };
  const peerZmk = readFileSync(mark, "utf8");
  return { hosts, issuers, issuer, networkPort, peerZmk, url, stop };
}

/** Keys between the parties; the peer's zone master key in hex. */
async function agree(
  server: string,
  fresh: string,
  run: (party: "acquirer" | "issuer", input: unknown) => Promise<unknown>,
): Promise<string> {
  await query(server, "drop database if exists fresh");
  await query(server, "create database fresh");
  await prepareDatabase(fresh);
  const own = [component(), component()].map(toHex);
  const [one, other] = [component(), component()];
  await run("issuer", {
    links: [
      { institution: institutions.tillway, components: own },
      { institution: institutions.peer, components: [one, other].map(toHex) },
      { institution: institutions.bank, components: [component(), component()].map(toHex) },
    ],
  });
  await run("acquirer", {
    zmkComponents: own,
    merchant: { mid: "898290058120001", name: "Bench", nameZh: "测试", mcc: "5812", feePpm: 6000 },
    terminals: [],
  });
  return toHex(xor(one, other));
}
