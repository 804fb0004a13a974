import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { readConfiguration, sharedSettings } from "@tillway/configuration";
import { CommandError, say } from "../output.ts";
import { firstStart } from "./ceremony.ts";
import { moduleSockets, parties, type Party } from "./modules.ts";
import { startPart, type Part, type PartOptions } from "./process.ts";
import {
  birthOf,
  call,
  isRunning,
  readSystem,
  secret,
  systemFile,
  type RunningSystem,
} from "./running.ts";
import { checkSharedPorts, workersOf } from "./workers.ts";

/** A system that this process started and watches over. */
export type Started = {
  readonly system: () => RunningSystem;
  readonly lines: readonly string[];
  /** Ends when a part keeps failing; the sentence says which. */
  readonly lost: Promise<string>;
  readonly stop: () => Promise<void>;
};

type Configuration = ReturnType<typeof configurationOf>;

/** The settings of `start`, with the data folder as an absolute path. */
export function configurationOf(environment: Readonly<Record<string, string | undefined>>) {
  const read = readConfiguration(sharedSettings, environment);
  return { ...read, TILLWAY_DATA: resolve(read.TILLWAY_DATA) };
}

/** The environment of the parts: this configuration, said in full. */
export function environmentOf(configuration: Configuration): Record<string, string> {
  return defined(configuration);
}

/** What is set, as text: an environment may hold what only one part reads. */
function defined(values: Readonly<Record<string, string | number | undefined>>) {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, String(value)]],
    ),
  );
}

function takeFolder(data: string): void {
  const earlier = readSystem(data);
  if (earlier && isRunning(earlier)) {
    throw new CommandError(
      `the data folder ${data} is in use by process ${earlier.pid}: stop that one first, or choose another folder with TILLWAY_DATA`,
    );
  }
  mkdirSync(data, { recursive: true, mode: 0o700 });
  chmodSync(data, 0o700);
}

async function waitForSignIn(terminal: string, token: string): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const { body } = await call(`${terminal}/terminals`, { token });
    const all = body as readonly { readonly signedIn: boolean }[];
    if (all.length > 0 && all.every((one) => one.signedIn)) return;
    await new Promise((next) => setTimeout(next, 100));
  }
  throw new CommandError("the terminals could not sign in within 20 s: see logs/terminal.log");
}

/** Starts every wanted part in the order in which they need each other. */
export async function startSystem(
  environment: Readonly<Record<string, string | undefined>>,
  wanted: readonly Party[],
): Promise<Started> {
  const configuration = configurationOf(environment);
  const data = configuration.TILLWAY_DATA;
  takeFolder(data);
  const shared = { ...defined(environment), ...environmentOf(configuration) };
  const apart = configuration.TILLWAY_MODULE === "process";
  const sockets = apart ? moduleSockets(data) : undefined;
  const parts: Part[] = [];
  let giveUp: (sentence: string) => void = () => undefined;
  const lost = new Promise<string>((give) => {
    giveUp = give;
  });
  const origin = (port: number): string => `http://${configuration.TILLWAY_HOST}:${port}`;
  const system = (): RunningSystem => ({
    pid: process.pid,
    birth: birthOf(process.pid),
    http: origin(configuration.TILLWAY_HTTP_PORT),
    issuer: origin(configuration.TILLWAY_ISSUER_HTTP_PORT),
    terminal: origin(configuration.TILLWAY_TERMINAL_PORT),
    database: shared.DATABASE_URL,
    pos: `${configuration.TILLWAY_HOST}:${configuration.TILLWAY_POS_PORT}`,
    processes: Object.fromEntries(parts.map((part) => [part.name, part.pid() ?? 0])),
  });
  const note = (): void => {
    writeFileSync(systemFile(data), `${JSON.stringify(system())}\n`, { mode: 0o600 });
  };
  const options = (name: PartOptions["name"]): PartOptions => ({
    name,
    environment: { ...shared, ...sockets?.environment(name) },
    args: ["--with-parent"],
    logs: `${data}/logs`,
    onRestart: (which, pid) => {
      say(`${which} ended by itself and was started again (process ${pid})`);
      note();
    },
    onLost: (which) => giveUp(`${which} keeps ending: see ${data}/logs/${which}.log`),
  });
  const stop = async (): Promise<void> => {
    for (const part of parts.toReversed()) await part.stop();
    sockets?.remove();
    rmSync(systemFile(data), { force: true });
  };

  if (wanted.includes("acquirer")) await checkSharedPorts(configuration);
  try {
    note();
    if (wanted.includes("acquirer") || wanted.includes("issuer")) {
      const database = await startPart(options("database"));
      parts.push(database);
      if (typeof database.ready.url === "string") shared.DATABASE_URL = database.ready.url;
    }
    for (const party of parties) {
      if (apart && wanted.includes(party)) parts.push(await startPart(options(`${party}-module`)));
    }
    const first = wanted.length === parties.length ? await firstStart(data, options) : {};
    for (const name of ["issuer", "acquirer", "terminal"] as const) {
      const processes = workersOf(options(name), configuration.TILLWAY_WORKERS);
      for (const one of wanted.includes(name) ? processes : []) parts.push(await startPart(one));
    }
    note();
    const pairing = wanted.includes("terminal") ? secret(data, "terminal", "pairing-code") : "";
    if (wanted.length === parties.length) await waitForSignIn(system().terminal, pairing);
    return { system, lost, stop, lines: addresses(configuration, wanted, pairing, first.apiKey) };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** One line per address that a newcomer may want, and the secrets that are shown once. */
function addresses(
  configuration: Configuration,
  wanted: readonly Party[],
  pairing: string,
  apiKey: string | undefined,
): string[] {
  const { TILLWAY_HOST: host, TILLWAY_HTTP_PORT: http } = configuration;
  // Passkeys and cookies want a name, not an IP address.
  const shown = host === "127.0.0.1" ? "localhost" : host;
  const lines: string[] = [];
  if (wanted.includes("acquirer")) {
    if (wanted.includes("terminal")) {
      lines.push(`till       http://${shown}:${http}/till#pair=${pairing}`);
    }
    lines.push(`API        http://${shown}:${http}/api/v1/  (description: /api/openapi.json)`);
    lines.push(`terminals  ${host}:${configuration.TILLWAY_POS_PORT}  ISO 8583 over TCP`);
  }
  if (wanted.includes("issuer")) {
    lines.push(`network    ${host}:${configuration.TILLWAY_NETWORK_PORT}  ISO 8583 over TCP`);
  }
  if (wanted.includes("terminal")) {
    lines.push(`device     http://${shown}:${configuration.TILLWAY_TERMINAL_PORT}/till`);
  }
  lines.push(`data       ${configuration.TILLWAY_DATA}`);
  if (apiKey)
    lines.push(`API key    ${apiKey}  (shown once; kept in the file api-key of the data folder)`);
  return lines;
}
