import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { firstStart } from "../../apps/cli/src/system/ceremony.ts";
import { moduleSockets, parties } from "../../apps/cli/src/system/modules.ts";
import { startPart, type Part, type PartOptions } from "../../apps/cli/src/system/process.ts";
import { birthOf } from "../../apps/cli/src/system/running.ts";
import { workersOf } from "../../apps/cli/src/system/workers.ts";
import { startProxy, type Proxy } from "./proxy.ts";

/** A TCP port of 127.0.0.1 that is free right now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Waits until something is so; throws with its name where it is not within the time. */
export async function until<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  withinMs = 20_000,
): Promise<T> {
  const end = Date.now() + withinMs;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(25);
  }
}

export type Payment = {
  readonly outcome: string;
  readonly responseCode: string;
  readonly rrn: string;
  readonly transaction: string;
  readonly receipt: string;
  readonly elapsedMs: number;
  readonly [key: string]: unknown;
};

/** A whole system in a temporary data folder, with a proxy on each of its two links. */
export type Installation = {
  readonly data: string;
  readonly pos: Proxy;
  readonly network: Proxy;
  readonly http: string;
  readonly terminal: string;
  readonly issuer: string;
  readonly pairing: string;
  readonly apiKey: string;
  readonly adminToken: string;
  readonly databaseUrl: string;
  /** The acquirer's own ports for terminals, without the proxy. */
  readonly posPort: number;
  readonly posTlsPort: number;
  /** Of a worker: acquirer-1, acquirer-2. */
  readonly pid: (name: PartOptions["name"] | `acquirer-${number}`) => number;
  readonly pay: (options?: {
    amount?: string;
    card?: string;
    pin?: string;
    tid?: string;
  }) => Promise<Payment>;
  /** Runs `tillway` with this data folder. */
  readonly tillway: (
    ...words: readonly string[]
  ) => Promise<{ readonly code: number; readonly out: string; readonly err: string }>;
  readonly balance: (card: string) => Promise<string>;
  readonly stop: () => Promise<void>;
};

type Account = { readonly name: string; readonly balance: string };

type Ports = Readonly<
  Record<"http" | "pos" | "posTls" | "network" | "issuer" | "terminal", number>
>;

async function ports(): Promise<Ports> {
  const [http, pos, posTls, network, issuer, terminal] = await Promise.all(
    Array.from({ length: 6 }, () => freePort()),
  );
  return {
    http: http!,
    pos: pos!,
    posTls: posTls!,
    network: network!,
    issuer: issuer!,
    terminal: terminal!,
  };
}

const cli = join(import.meta.dirname, "..", "..", "apps", "cli", "src", "main.ts");

/** Runs the command line with the project's Node. */
export function runTillway(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  input = "",
): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [cli, ...words], {
      env: { ...process.env, ...environment },
    });
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    child.stdin.end(input);
    child.on("close", (code) => resolve({ code: code ?? 1, out, err }));
  });
}

/**
 * Starts database, issuer, acquirer and terminal, each a real process, linked through the proxies; in a
 * fresh data folder, or in one that is there already. The folder is removed at the end.
 */
export async function startInstallation({
  data = mkdtempSync(join(tmpdir(), "tillway-test-")),
  line = "plain",
  form = "in-process",
  workers = 1,
  environment = {},
}: {
  readonly data?: string;
  /** How the terminals reach the acquirer; over TLS they do not pass the proxy. */
  readonly line?: "plain" | "tls";
  /** Processes of the acquirer, on one set of ports. */
  readonly workers?: number;
  /** More variables for every process. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Where the security modules are. */
  readonly form?: "in-process" | "process";
} = {}): Promise<Installation> {
  const sockets = form === "process" ? moduleSockets(data) : undefined;
  const port = await ports();
  const pos = await startProxy(() => port.pos, "2be-tpdu-header6");
  const network = await startProxy(() => port.network, "cups46");
  const parts: Part[] = [];
  const base: Record<string, string> = {
    TILLWAY_DATA: data,
    TILLWAY_HOST: "127.0.0.1",
    TILLWAY_HTTP_PORT: String(port.http),
    TILLWAY_POS_PORT: String(port.pos),
    TILLWAY_POS_TLS_PORT: String(port.posTls),
    TILLWAY_POS_TLS: line,
    TILLWAY_NETWORK_PORT: String(port.network),
    TILLWAY_ISSUER_HTTP_PORT: String(port.issuer),
    TILLWAY_TERMINAL_PORT: String(port.terminal),
    TILLWAY_LOG: "debug",
    TILLWAY_MODULE: form,
    TILLWAY_WORKERS: String(workers),
    ...environment,
  };
  // The terminal reaches the acquirer, and the acquirer the network, through the proxies.
  const own: Partial<Record<PartOptions["name"], Record<string, string>>> = {
    terminal: { TILLWAY_POS_PORT: String(pos.port) },
    acquirer: { TILLWAY_NETWORK_PORT: String(network.port) },
  };
  const options = (name: PartOptions["name"]): PartOptions => ({
    name,
    args: ["--with-parent"],
    environment: { ...base, ...own[name], ...sockets?.environment(name) },
    logs: join(data, "logs"),
    endsPerMinute: 100,
    onRestart: () => undefined,
    onLost: () => undefined,
  });
  const database = await startPart(options("database"));
  parts.push(database);
  base.DATABASE_URL = String(database.ready.url);
  for (const party of parties) if (sockets) parts.push(await startPart(options(`${party}-module`)));
  await firstStart(data, options);
  for (const name of ["issuer", "acquirer", "terminal"] as const)
    for (const one of workersOf(options(name), workers)) parts.push(await startPart(one));

  const origin = (name: keyof Ports): string => `http://127.0.0.1:${port[name]}`;
  const pairing = readFileSync(join(data, "terminal", "pairing-code"), "utf8").trim();
  const headers = { authorization: `Bearer ${pairing}`, "content-type": "application/json" };
  const admin = readFileSync(join(data, "issuer", "admin-token"), "utf8").trim();
  const apiKey = readFileSync(join(data, "api-key"), "utf8").trim();
  type Listed = { readonly tid: string; readonly signedIn: boolean };
  await until("both terminals are signed in", async () => {
    const answer = await fetch(`${origin("terminal")}/terminals`, { headers });
    const all = (await answer.json()) as readonly Listed[];
    return all.length > 0 && all.every((one) => one.signedIn);
  });
  const system = {
    pid: process.pid,
    birth: birthOf(process.pid),
    http: origin("http"),
    issuer: origin("issuer"),
    terminal: origin("terminal"),
    pos: `127.0.0.1:${port.pos}`,
    database: base.DATABASE_URL,
  };
  writeFileSync(join(data, "system.json"), JSON.stringify({ ...system, processes: {} }));

  return {
    data,
    pos,
    network,
    http: origin("http"),
    terminal: origin("terminal"),
    issuer: origin("issuer"),
    pairing,
    apiKey,
    adminToken: admin,
    databaseUrl: base.DATABASE_URL,
    posPort: port.pos,
    posTlsPort: port.posTls,
    pid: (name) => parts.find((part) => part.name === name)?.pid() ?? 0,
    pay: async ({
      amount = "2580",
      card = "unionpay-debit",
      pin = "123456",
      tid = "10000001",
    } = {}) => {
      const body = JSON.stringify({
        type: "sale",
        amount,
        currency: "CNY",
        entry: "chip",
        card,
        pin,
      });
      const url = `${origin("terminal")}/terminals/${tid}/transactions`;
      const answer = await fetch(url, { method: "POST", headers, body });
      return (await answer.json()) as Payment;
    },
    tillway: (...words) => runTillway([...words, "--data", data]),
    // The issuer may be on its way back from a kill: asked until it answers.
    balance: (card) =>
      until(`the balance of ${card}`, async () => {
        const answer = await fetch(`${origin("issuer")}/admin/cards`, {
          headers: { authorization: `Bearer ${admin}` },
        }).catch(() => undefined);
        if (!answer?.ok) return undefined;
        const all = (await answer.json()) as readonly Account[];
        return all.find((one) => one.name === card)?.balance;
      }),
    stop: async () => {
      for (const part of parts.toReversed()) await part.stop();
      await Promise.all([pos.close(), network.close()]);
      sockets?.remove();
      rmSync(data, { recursive: true, force: true });
    },
  };
}
