import { spawn, type ChildProcess } from "node:child_process";
import { chown, mkdir, mkdtemp, readFile, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { launchAs } from "./identity.ts";
import type { Place } from "./place.ts";
import { DatabaseProblem } from "./problem.ts";
import { cleanEnvironment, runToEnd } from "./processes.ts";
import { serverSettings } from "./settings.ts";

/** The superuser of the embedded cluster; only its socket's owner can be it. */
export const SUPERUSER = "tillway";

/** Makes the cluster where there is none. One that was cut short is made anew. */
export async function ensureCluster(place: Place, log: (line: string) => void): Promise<string> {
  const cluster = join(place.home, "data");
  if (await stat(cluster).catch(() => undefined)) {
    await checkVersion(place, cluster);
    return cluster;
  }
  log("making the database (first start)");
  const half = join(place.home, "data.half");
  await rm(half, { recursive: true, force: true });
  await mkdir(half, { mode: 0o700 });
  if (place.identity.kind === "account") {
    await chown(half, place.identity.owner, place.identity.gid);
  }
  const args = ["-D", half, "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C"];
  const made = await runToEnd(
    launchAs(
      place.identity,
      join(place.binaries, "bin", "initdb"),
      [...args, "--no-instructions"],
      place.home,
    ),
  );
  if (made.code !== 0) {
    throw new DatabaseProblem(
      `the embedded PostgreSQL could not be set up in ${place.home} (${lastLine(made.output)}): ` +
        "set DATABASE_URL to a PostgreSQL of yours",
    );
  }
  await rename(half, cluster);
  return cluster;
}

/** A cluster is only read by the major version that made it. */
async function checkVersion(place: Place, cluster: string): Promise<void> {
  const has = (await readFile(join(cluster, "PG_VERSION"), "utf8")).trim();
  const server = join(place.binaries, "bin", "postgres");
  const about = await runToEnd(launchAs(place.identity, server, ["--version"], place.home));
  const major = /(\d+)(\.\d+|devel|beta|rc)/.exec(about.output)?.[1];
  if (major === has) return;
  throw new DatabaseProblem(
    `the database in ${place.home} was made by PostgreSQL ${has}, this is ${major ?? "unknown"}: ` +
      "install the earlier release again and move the data with `tillway db backup` and `restore`",
  );
}

/** Longest socket path that every system takes (sun_path of unix(7), 104 bytes on macOS). */
const LONGEST_SOCKET = 100;
const SOCKET = ".s.PGSQL.5432";

/**
 * The folder for the socket: the cluster's own, or a fresh short one below the system's temporary
 * folder where the path would be too long.
 */
export async function socketFolderFor(place: Place, cluster: string): Promise<string> {
  const path = join(cluster, SOCKET);
  if (Buffer.byteLength(path) <= LONGEST_SOCKET) return cluster;
  for (const base of [tmpdir(), "/tmp"]) {
    if (Buffer.byteLength(join(base, "tillway-socket-XXXXXX", SOCKET)) > LONGEST_SOCKET) continue;
    const folder = await mkdtemp(join(base, "tillway-socket-"));
    const { identity } = place;
    if (identity.kind === "account") await chown(folder, identity.owner, identity.gid);
    return folder;
  }
  throw new DatabaseProblem("no folder has a path short enough for a Unix socket: set TMPDIR");
}

/** A server that accepts connections. */
export type Running = {
  readonly pid: number;
  /** Resolves with a sentence once the process is gone, whoever ended it. */
  readonly ended: Promise<string>;
  readonly stop: () => Promise<void>;
};

const STARTS = 20;

/**
 * Starts the server and waits until it accepts connections. Where children of a killed server still
 * hold its memory, it waits for them and tries again.
 */
export async function startCluster(
  place: Place,
  cluster: string,
  socketFolder: string,
  log: (line: string) => void,
  settings: Readonly<Record<string, string>>,
): Promise<Running> {
  for (let attempt = 1; ; attempt += 1) {
    const tried = await tryStart(place, cluster, socketFolder, log, settings);
    if ("pid" in tried) return tried;
    const passing = /pre-existing shared memory|postmaster\.pid.+already exists/;
    if (attempt >= STARTS || !passing.test(tried.lines.join("\n"))) {
      const why = tried.lines.findLast((line) => line.startsWith("FATAL")) ?? tried.why;
      throw new DatabaseProblem(`the embedded PostgreSQL in ${place.home} did not start: ${why}`);
    }
    await sleep(500);
  }
}

type Failed = { readonly lines: readonly string[]; readonly why: string };

async function tryStart(
  place: Place,
  cluster: string,
  socketFolder: string,
  log: (line: string) => void,
  settings: Readonly<Record<string, string>>,
): Promise<Running | Failed> {
  const all = { ...serverSettings(socketFolder), ...settings };
  const options = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const server = join(place.binaries, "bin", "postgres");
  const launch = launchAs(place.identity, server, ["-D", cluster, ...options], place.home);
  const child = spawn(launch.command, launch.args, {
    stdio: ["ignore", "ignore", "pipe"],
    env: cleanEnvironment(),
    cwd: launch.cwd,
    // A process group of its own: Ctrl-C reaches us, and we stop the server in our order.
    detached: true,
    ...(launch.uid === undefined ? {} : { uid: launch.uid, gid: launch.gid }),
  });
  const lines: string[] = [];
  const ended = new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("exit", (code, signal) => resolve(`it ended (${signal ?? `code ${code}`})`));
  });
  const ready = new Promise<true>((resolve) => {
    createInterface({ input: child.stderr }).on("line", (line) => {
      if (lines.length < 200) lines.push(line);
      log(line);
      if (line.includes("database system is ready to accept connections")) resolve(true);
    });
  });
  const first = await Promise.race([ready, ended]);
  if (first !== true) {
    // The last lines may still be on their way through the pipe.
    await sleep(50);
    return { lines, why: first };
  }
  return running(child, ended);
}

function running(child: ChildProcess, ended: Promise<string>): Running {
  // When this process dies of a defect the server is told to stop as well.
  const last = (): void => void child.kill("SIGINT");
  process.once("exit", last);
  const gone = ended.finally(() => process.removeListener("exit", last));
  return { pid: child.pid ?? -1, ended: gone, stop: () => stopChild(child, gone) };
}

/** Fast shutdown, then immediate, then the end; each step with its time. */
async function stopChild(child: ChildProcess, ended: Promise<string>): Promise<void> {
  for (const [signal, ms] of [
    ["SIGINT", 20_000],
    ["SIGQUIT", 10_000],
    ["SIGKILL", 5_000],
  ] as const) {
    child.kill(signal);
    const timer = new AbortController();
    const late = sleep(ms, "late", { signal: timer.signal }).catch(() => "stopped");
    const first = await Promise.race([ended, late]);
    timer.abort();
    if (first !== "late") return;
  }
  throw new DatabaseProblem("PostgreSQL did not stop");
}

function lastLine(output: string): string {
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  return lines.findLast((line) => line.includes("error")) ?? lines.at(-1) ?? "no message";
}
