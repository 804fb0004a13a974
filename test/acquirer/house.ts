/** An acquirer with a real database, between a scripted network and driven terminals. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { toHex } from "@tillway/bytes";
import { readConfiguration } from "@tillway/configuration";
import { createSoftwareModule, type SecurityModule } from "@tillway/keys";
import type { Clock } from "@tillway/link";
import { Client } from "pg";
import { createAcquirer, type Acquirer } from "../../apps/acquirer/src/app.ts";
import { openModule } from "../../apps/acquirer/src/files.ts";
import { provision } from "../../apps/acquirer/src/provision.ts";
import { acquirerSettings } from "../../apps/acquirer/src/settings.ts";
import { startPart, type Part } from "../../apps/cli/src/system/process.ts";
import { startNetwork, type Network } from "./network.ts";
import { MID, openTerminal, TID, type Terminal } from "./terminal.ts";

export const clock: Clock = {
  now: () => Date.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** Random bytes that are the same in every run. */
export function seeded(seed: string): (length: number) => Uint8Array {
  let count = 0;
  return (length) => {
    const parts: Uint8Array[] = [];
    for (let made = 0; made < length; made += 32) {
      count += 1;
      parts.push(createHash("sha256").update(`${seed}/${count}`).digest());
    }
    return new Uint8Array(Buffer.concat(parts)).slice(0, length);
  };
}

export async function until<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  withinMs = 8000,
): Promise<T> {
  const end = Date.now() + withinMs;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(10);
  }
}

/** Ports for a node, as its environment. */
export async function freePorts(): Promise<Record<string, string>> {
  const names = ["TILLWAY_POS_PORT", "TILLWAY_POS_TLS_PORT", "TILLWAY_HTTP_PORT"];
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, String(await freePort())] as const)),
  );
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

type Json = Record<string, unknown>;

export type House = {
  readonly network: Network;
  readonly apiKey: string;
  readonly http: string;
  readonly posPort: number;
  /** What the acquirer was started with: for other nodes on the same database. */
  readonly environment: Readonly<Record<string, string>> & { readonly TILLWAY_DATA: string };
  readonly module: SecurityModule;
  readonly logged: string[];
  readonly terminal: (own?: { tid?: string; mid?: string; port?: number }) => Promise<Terminal>;
  readonly signedIn: (own?: { tid?: string; mid?: string; port?: number }) => Promise<Terminal>;
  readonly get: (path: string) => Promise<Json>;
  readonly send: (method: "POST" | "PUT", path: string, body?: Json) => Promise<[number, Json]>;
  readonly query: (sql: string, values?: unknown[]) => Promise<Json[]>;
  /** What the books say: account → balance in minor units, positive = credit. */
  readonly balances: () => Promise<Record<string, string>>;
  readonly restart: () => Promise<void>;
  readonly audit: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** Another node on the database of a house: a process of its own, started again when it ends. */
export function startNode(
  { environment }: Pick<House, "environment">,
  name: string,
  own: Readonly<Record<string, string>>,
): Promise<Part> {
  return startPart({
    name: "acquirer",
    label: name,
    args: ["--with-parent"],
    environment: { ...environment, ...own, TILLWAY_NODE: name },
    logs: join(environment.TILLWAY_DATA, "logs"),
    endsPerMinute: 100,
    onRestart: () => undefined,
    onLost: () => undefined,
  });
}

/** Starts everything; `own` are environment variables. */
export async function startHouse(
  url: string,
  own: Record<string, string> = {},
  tids: readonly string[] = [TID, "10000002"],
): Promise<House> {
  const data = mkdtempSync(join(tmpdir(), "tillway-acquirer-"));
  const random = seeded(data);
  const module = createSoftwareModule({ masterKey: random(32), random });
  const zmkComponents = [toHex(random(16)), toHex(random(16))];
  const zmk = await module.run({
    do: "import-components",
    usage: "K0",
    algorithm: "tdes",
    components: zmkComponents,
  });
  if (!zmk.ok) throw new Error(zmk.message);
  const network = await startNetwork(module, zmk.key, clock);
  const ports = await freePorts();
  const environment = {
    DATABASE_URL: url,
    TILLWAY_DATA: data,
    ...ports,
    TILLWAY_NETWORK_PORT: String(network.port),
    TILLWAY_TERMINAL_PORT: String(await freePort()),
    TILLWAY_NETWORK_REPLY_MS: "600",
    TILLWAY_ADVICE_RETRY_MS: "100",
    ...own,
  };
  const configuration = readConfiguration(acquirerSettings, environment);
  const { TILLWAY_HTTP_PORT: http, TILLWAY_POS_PORT: pos } = configuration;
  const devices = tids.map((tid) => ({
    tid,
    serial: `TW${tid}`,
    transportComponents: [toHex(random(16)), toHex(random(16))],
  }));
  const merchant = {
    mid: MID,
    name: "Tillway Cafe",
    nameZh: "收单通咖啡",
    mcc: "5812",
    feePpm: 6000,
  };
  const now = Date.now();
  const input = { zmkComponents, merchant, terminals: devices };
  const logged: string[] = [];
  const write = (detail: object, message: string): void => {
    logged.push(`${message} ${JSON.stringify(detail)}`);
  };
  const log = { debug: write, info: write, warn: write, error: write };
  const hosts = openModule({ configuration, clock, random, log });
  const done = await provision({ configuration, random, now, module: hosts }, input);
  const tmks = new Map<string, string>();
  for (const device of devices) {
    const components = device.transportComponents;
    const transport = await module.run({
      do: "import-components",
      usage: "K1",
      algorithm: "tdes",
      components,
    });
    const block = done.terminals.find(({ tid }) => tid === device.tid)?.tmkBlock ?? "";
    if (!transport.ok) throw new Error(transport.message);
    const tmk = await module.run({ do: "import-key-block", block, under: transport.key });
    if (!tmk.ok) throw new Error(tmk.message);
    tmks.set(device.tid, tmk.key);
  }
  const start = (): Promise<Acquirer> => createAcquirer({ configuration, clock, random, log });
  let acquirer = await start();
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query("set search_path to acquirer");
  await until("the link is up", () => network.signedOn());
  await until(
    "the acquirer is ready",
    async () => (await fetch(`http://127.0.0.1:${http}/readyz`)).ok,
  );

  const terminal: House["terminal"] = (which = {}) => {
    const tmk = tmks.get(which.tid ?? TID) ?? tmks.get(TID) ?? "";
    return openTerminal({ module, tmk, port: pos, clock, ...which });
  };
  const query: House["query"] = async (sql, values = []) =>
    (await client.query(sql, values)).rows as Json[];
  const get: House["get"] = async (path) => {
    const headers = { authorization: `Bearer ${done.apiKey}` };
    const answer = await fetch(`http://127.0.0.1:${http}${path}`, { headers });
    const body = (await answer.json()) as Json;
    if (!answer.ok) throw new Error(`${path}: ${JSON.stringify(body)}`);
    return body;
  };
  return {
    network,
    module,
    logged,
    apiKey: done.apiKey ?? "",
    http: `http://127.0.0.1:${http}`,
    posPort: pos,
    environment,
    terminal,
    signedIn: async (which = {}) => {
      const opened = await terminal(which);
      const reply = await opened.signIn();
      if (reply.fields["39"] !== "00") throw new Error(`sign-in: ${reply.fields["39"]}`);
      return opened;
    },
    get,
    send: async (method, path, body) => {
      const headers = {
        authorization: `Bearer ${done.apiKey}`,
        ...(body ? { "content-type": "application/json" } : {}),
      };
      const sent = body ? { body: JSON.stringify(body) } : {};
      const answer = await fetch(`http://127.0.0.1:${http}${path}`, { method, headers, ...sent });
      return [answer.status, (await answer.json()) as Json];
    },
    query,
    balances: async () => {
      const rows = await query(
        `select a.code, sum(e.amount)::text as balance from ledger_entry e
           join ledger_account a on a.bucket = e.bucket and a.id = e.account_id
          group by a.code having sum(e.amount) <> 0 order by a.code`,
      );
      return Object.fromEntries(rows.map((row) => [String(row["code"]), String(row["balance"])]));
    },
    audit: async () => {
      const { checks } = (await get("/api/v1/audit")) as unknown as {
        checks: { name: string; ok: boolean }[];
      };
      const broken = checks.filter(({ ok }) => !ok);
      if (checks.length < 4 || broken.length > 0) throw new Error(JSON.stringify(checks));
    },
    restart: async () => {
      await acquirer.close();
      acquirer = await start();
      await until(
        "the acquirer is ready",
        async () => (await fetch(`http://127.0.0.1:${http}/readyz`)).ok,
      );
    },
    stop: async () => {
      await acquirer.close();
      await network.close();
      await client.end();
      rmSync(data, { recursive: true, force: true });
    },
  };
}
