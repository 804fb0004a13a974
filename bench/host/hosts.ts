/** The hosts that are measured: each a process with a port for terminals and a database. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { readSet } from "../../apps/cli/src/load/set.ts";
import { startPart } from "../../apps/cli/src/system/process.ts";
import { jposHost } from "../peers/install.ts";
import { data, folder, freePort, institutions, part, type House } from "./house.ts";

export type Host = {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  /** The database that it writes into. */
  readonly url: string;
  readonly stop: () => Promise<void>;
};

/** This project's acquirer; `own` are settings beyond the defaults. */
export async function startTillway(
  house: House,
  name: string,
  url: string,
  own: Readonly<Record<string, string>>,
): Promise<Host> {
  const port = await freePort();
  const started = await startPart(
    part("acquirer", {
      DATABASE_URL: url,
      TILLWAY_NODE: name.replaceAll(" ", "-"),
      TILLWAY_NETWORK_PORT: String(house.networkPort),
      TILLWAY_POS_PORT: String(port),
      TILLWAY_POS_TLS_PORT: String(await freePort()),
      TILLWAY_HTTP_PORT: String(await freePort()),
      TILLWAY_POS_CONNECTIONS: "12000",
      ...own,
    }),
  );
  return { name, pid: started.pid() ?? 0, port, url, stop: started.stop };
}

/** What of jPOS is tuned. */
export type JposTuning = { readonly sessions: number; readonly pool: number };

const READY_MS = 60_000;
const here = join(import.meta.dirname, "..", "peers", "jpos-host");

/** jPOS Q2 with its descriptors filled in; ready once it is signed on to the network. */
export async function startJpos(
  house: House,
  url: string,
  tuning: JposTuning,
  log: (line: string) => void,
): Promise<Host> {
  const port = await freePort();
  const place = join(folder, "jpos");
  rmSync(place, { recursive: true, force: true });
  mkdirSync(join(place, "deploy"), { recursive: true, mode: 0o700 });
  const terminals = join(place, "terminals");
  const lines = (readSet(data)?.terminals ?? []).map(
    ({ tid, mid, masterKey }) => `${tid} ${mid} ${masterKey}`,
  );
  writeFileSync(terminals, lines.join("\n"), { mode: 0o600 });
  const values: Readonly<Record<string, string>> = {
    URL: jdbcUrl(url).replaceAll("&", "&amp;"),
    POOL: String(tuning.pool),
    SESSIONS: String(tuning.sessions),
    TERMINALS: terminals,
    HERE: here,
    NETWORK_PORT: String(house.networkPort),
    POS_PORT: String(port),
    INSTITUTION: institutions.peer,
    ZMK: house.peerZmk,
  };
  for (const file of readdirSync(join(here, "deploy"))) {
    const text = readFileSync(join(here, "deploy", file), "utf8");
    const filled = text.replaceAll(/@([A-Z_]+)@/g, (_, name: string) => values[name] ?? "");
    writeFileSync(join(place, "deploy", file), filled, { mode: 0o600 });
  }
  const { program, args } = jposHost(join(here, "cups.xml"), institutions.peer, log);
  const child = spawn(program, args, { cwd: place, stdio: ["ignore", "pipe", "pipe"] });
  await ready(child);
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await new Promise((resolve) => child.once("exit", resolve));
  };
  return { name: "jPOS", pid: child.pid ?? 0, port, url, stop };
}

/** The same Unix socket as the others use, as JDBC wants it. */
function jdbcUrl(url: string): string {
  const { pathname, searchParams } = new URL(url);
  const socket = join(searchParams.get("host") ?? "", ".s.PGSQL.5432");
  const options = encodeURIComponent("-c role=tillway_acquirer -c search_path=acquirer");
  const factory = "org.newsclub.net.unix.AFUNIXSocketFactory$FactoryArg";
  return (
    `jdbc:postgresql://localhost${pathname}?socketFactory=${factory}&socketFactoryArg=${socket}` +
    `&options=${options}&reWriteBatchedInserts=true&prepareThreshold=1`
  );
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const tail: string[] = [];
    const keep = (line: string): void => {
      tail.push(line);
      if (tail.length > 15) tail.shift();
    };
    const fail = (): void => reject(new Error(`jPOS did not start: ${tail.join("\n")}`));
    const timer = setTimeout(fail, READY_MS);
    child.once("exit", fail);
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on("line", (line) => {
        keep(line);
        if (!line.startsWith('{"ready"')) return;
        clearTimeout(timer);
        child.off("exit", fail);
        resolve();
      });
    }
  });
}
