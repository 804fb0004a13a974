import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CommandError } from "../output.ts";

/** What `start` writes into the data folder, so that other commands find the running system. */
export type RunningSystem = {
  readonly pid: number;
  readonly birth: string;
  readonly http: string;
  readonly issuer: string;
  readonly terminal: string;
  /** The address of its database, where it has one: the file is readable by its owner alone. */
  readonly database?: string | undefined;
  /** host:port of the terminals' port. */
  readonly pos?: string;
  readonly processes: Readonly<Record<string, number>>;
};

export const systemFile = (data: string): string => join(data, "system.json");

/** The content of system.json, or undefined where there is none. */
export function readSystem(data: string): RunningSystem | undefined {
  try {
    return JSON.parse(readFileSync(systemFile(data), "utf8")) as RunningSystem;
  } catch {
    return undefined;
  }
}

/** When a process began, as the kernel counts it: with the pid it names one process for good. */
export function birthOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Fields follow the command's name, which stands in brackets; the 20th behind it is the start.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

/** Whether the process that wrote system.json still runs. */
export function isRunning(system: RunningSystem): boolean {
  try {
    process.kill(system.pid, 0);
  } catch {
    return false;
  }
  return birthOf(system.pid) === system.birth;
}

/** The running system of a data folder. Throws CommandError where nothing runs there. */
export function findSystem(data: string): RunningSystem {
  const system = readSystem(data);
  if (system && isRunning(system)) return system;
  throw new CommandError(
    `nothing is running with the data folder ${data}: run "npm start" first, or name the folder with --data`,
  );
}

/** A secret file of the data folder, without its line end. Throws CommandError where it is missing. */
export function secret(data: string, ...path: readonly string[]): string {
  try {
    return readFileSync(join(data, ...path), "utf8").trim();
  } catch {
    throw new CommandError(
      `${join(data, ...path)} cannot be read: start the system once as this user`,
    );
  }
}

/** Longer than any payment may take: waiting for a card, for a PIN and for the host. */
const ANSWER_MS = 180_000;

/** One JSON call to a part of the running system. Throws CommandError where it cannot be reached. */
export async function call(
  url: string,
  options: { readonly token: string; readonly method?: "GET" | "POST"; readonly body?: unknown },
): Promise<{ readonly status: number; readonly body: unknown }> {
  const { token, method = "GET", body } = options;
  const answer = await fetch(url, {
    method,
    signal: AbortSignal.timeout(ANSWER_MS),
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch(() => {
    throw new CommandError(`${new URL(url).origin} does not answer: is the system still running?`);
  });
  const text = await answer.text();
  try {
    return { status: answer.status, body: text === "" ? undefined : JSON.parse(text) };
  } catch {
    throw new CommandError(`${new URL(url).origin} answered something that is not JSON`);
  }
}
