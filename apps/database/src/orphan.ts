import { readFile, realpath, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { DatabaseProblem } from "./problem.ts";
import { commandLine, goneWithin, isAlive, workingFolder } from "./processes.ts";

/** The name of a folder made for a socket whose path would else be too long. */
export const SHORT_FOLDER = /^tillway-socket-[A-Za-z0-9]{6}$/;

/**
 * Stops a PostgreSQL that still serves a cluster although its starter is gone. `postmaster.pid` is
 * only believed if the process really is the server of this folder: pids are used again. Must be
 * called as the folder's owner. Throws DatabaseProblem if the server does not stop.
 */
export async function stopOrphan(cluster: string, log: (line: string) => void): Promise<void> {
  const text = await readFile(join(cluster, "postmaster.pid"), "utf8").catch(() => undefined);
  if (text === undefined) return;
  const lines = text.split("\n");
  const pid = Number.parseInt(lines[0] ?? "", 10);
  if (pid > 0 && (await isAlive(pid))) {
    if (await serves(pid, cluster)) await end(pid, cluster, log);
    // PostgreSQL would take whoever has the number now for its predecessor and refuse to start;
    // in a container that begins anew the numbers are always the same few.
    else await rm(join(cluster, "postmaster.pid"));
  }
  // A short folder for the socket (line 5) is ours to remove; the next start makes another.
  const socketFolder = lines[4] ?? "";
  if (SHORT_FOLDER.test(basename(socketFolder))) {
    await rm(socketFolder, { recursive: true, force: true });
  }
}

async function end(pid: number, cluster: string, log: (line: string) => void): Promise<void> {
  log(`a PostgreSQL (process ${pid}) was left running on this data folder: stopping it`);
  // Fast, then immediate shutdown (PostgreSQL manual, "Shutting Down the Server").
  for (const [signal, ms] of [
    ["SIGINT", 15_000],
    ["SIGQUIT", 10_000],
  ] as const) {
    process.kill(pid, signal);
    if (await goneWithin(pid, ms)) return;
  }
  throw new DatabaseProblem(
    `PostgreSQL (process ${pid}) still runs on ${cluster} and does not stop: end it, then start again`,
  );
}

/** PostgreSQL's first process works in its cluster's folder; elsewhere `-D` shows it. */
async function serves(pid: number, cluster: string): Promise<boolean> {
  const command = await commandLine(pid);
  if (!/(^|\/)postgres(\s|$)/.test(command)) return false;
  const folder = await workingFolder(pid);
  if (folder === undefined) return command.includes(cluster);
  return (await realpath(cluster)) === folder;
}
