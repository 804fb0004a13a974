import { spawn, type ChildProcess } from "node:child_process";
import { appendFileSync, createWriteStream, mkdirSync, renameSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Party } from "./modules.ts";

const apps = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");

/** A process of the system that `start` watches over. */
export type Part = {
  readonly name: string;
  readonly pid: () => number | undefined;
  /** The JSON line that the process printed when it was ready. */
  readonly ready: Readonly<Record<string, unknown>>;
  readonly stop: () => Promise<void>;
};

export type PartOptions = {
  readonly name: "database" | Party | `${Party}-module`;
  /** Its name among others of its kind, in logs and in system.json; `name` where left out. */
  readonly label?: string;
  readonly args?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly logs: string;
  /** Called after the process was started anew because it ended by itself. */
  readonly onRestart: (name: string, pid: number | undefined) => void;
  /** How often within a minute it may end by itself before it is given up (default 5). */
  readonly endsPerMinute?: number;
  /** Called when the process keeps ending and is given up. */
  readonly onLost: (name: string) => void;
};

/**
 * Room for young objects (MiB; 16 unless told). What a payment leaves in memory lives as long as the
 * payment: collected half as often, half as much of it has to be moved.
 */
const YOUNG = "--max-semi-space-size=32";
const READY_MS = 60_000;
const STOP_MS = 15_000;

/** Where a part writes its log; a log over 16 MiB is put aside as `.1`. */
function logFile(logs: string, name: string): string {
  mkdirSync(logs, { recursive: true, mode: 0o700 });
  const path = join(logs, `${name}.log`);
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 1 << 24)
    renameSync(path, `${path}.1`);
  return path;
}

const labelOf = ({ label, name }: PartOptions): string => label ?? name;

function launch(options: PartOptions, script: string): ChildProcess {
  const app = options.name.endsWith("-module") ? "security-module" : options.name;
  const place = join(apps, app, "src", script);
  const child = spawn(process.execPath, [YOUNG, place, ...(options.args ?? [])], {
    env: { ...process.env, ...options.environment },
    stdio: ["pipe", "pipe", "pipe"],
    // Ctrl-C goes to `start` alone, which stops the parts in their order.
    detached: true,
  });
  const log = createWriteStream(logFile(options.logs, labelOf(options)), {
    flags: "a",
    mode: 0o600,
  });
  child.stderr?.pipe(log);
  // A part that died while we write to it is seen by its exit, not by the broken pipe.
  child.stdin?.on("error", () => undefined);
  return child;
}

/** The first JSON line of a child; throws with the end of its log where it ends before. */
function firstLine(child: ChildProcess, name: string): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const tail: string[] = [];
    child.stderr?.on("data", (chunk: Buffer) => {
      tail.push(chunk.toString());
      if (tail.length > 20) tail.shift();
    });
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`${name} was not ready within ${READY_MS / 1000} s`));
    }, READY_MS);
    const lines = createInterface({ input: child.stdout ?? process.stdin });
    lines.on("line", (line) => {
      if (!line.startsWith("{")) return;
      clearTimeout(timer);
      resolve(JSON.parse(line) as Record<string, unknown>);
    });
    child.on("close", () => {
      clearTimeout(timer);
      reject(new Error(`${name} did not start: ${lastSentence(tail.join(""))}`));
    });
  });
}

/** The last log line of a process that ended; of a JSON line, its message. */
function lastSentence(log: string): string {
  const lines = log.trim().split("\n");
  const line = lines.findLast((one) => /^(\w*Error|\{|[\w -]+: )/.test(one)) ?? lines.at(-1) ?? "";
  try {
    const { msg, err } = JSON.parse(line) as { msg?: string; err?: { message?: string } };
    return [msg, err?.message].filter(Boolean).join(": ");
  } catch {
    return line || "it said nothing";
  }
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once("exit", () => resolve()));
}

async function stopChild(child: ChildProcess, logs: string, name: string): Promise<void> {
  child.kill("SIGTERM");
  const timer = setTimeout(() => {
    appendFileSync(join(logs, `${name}.log`), `"${name} did not stop in time and was killed"\n`);
    child.kill("SIGKILL");
  }, STOP_MS);
  await ended(child);
  clearTimeout(timer);
}

/** Starts a part, waits until it is ready, and starts it again whenever it ends by itself. */
export async function startPart(options: PartOptions): Promise<Part> {
  const { logs } = options;
  const name = labelOf(options);
  let stopping = false;
  let child = launch(options, "main.ts");
  const ends: number[] = [];
  const watch = (): void => {
    child.once("exit", () => {
      if (stopping) return;
      const now = Date.now();
      ends.push(now);
      if (ends.filter((at) => now - at < 60_000).length >= (options.endsPerMinute ?? 5)) {
        options.onLost(name);
        return;
      }
      setTimeout(() => {
        if (stopping) return;
        child = launch(options, "main.ts");
        watch();
        firstLine(child, name).then(
          () => options.onRestart(name, child.pid),
          () => undefined,
        );
      }, 300);
    });
  };
  const ready = await firstLine(child, name);
  watch();
  return {
    name,
    ready,
    pid: () => child.pid,
    stop: async () => {
      stopping = true;
      await stopChild(child, logs, name);
    },
  };
}

/** Runs a part's script once: one JSON document in, its first JSON line out. Throws where it fails. */
export async function runOnce(
  options: PartOptions,
  script: string,
  input: unknown,
): Promise<Record<string, unknown>> {
  const child = launch(options, script);
  child.stdin?.end(JSON.stringify(input));
  const output = firstLine(child, `${options.name} ${script.replace(/\.ts$/, "")}`);
  await Promise.all([output, ended(child)]);
  return output;
}

/** A part's script that tells its progress, and is told when to go on, in JSON lines. */
export type Conversation = {
  readonly say: (what: unknown) => void;
  /** The next line. Throws where the script ended before. */
  readonly hear: () => Promise<Record<string, unknown>>;
};

export function converse(options: PartOptions, script: string): Conversation {
  const child = launch(options, script);
  const tail: string[] = [];
  child.stderr?.on("data", (chunk: Buffer) => void tail.push(chunk.toString()));
  const lines = createInterface({ input: child.stdout ?? process.stdin })[Symbol.asyncIterator]();
  return {
    say: (what) => void child.stdin?.write(`${JSON.stringify(what)}\n`),
    hear: async () => {
      const line = await lines.next();
      if (line.done === true) {
        await ended(child);
        throw new Error(lastSentence(tail.join("")));
      }
      return JSON.parse(line.value) as Record<string, unknown>;
    },
  };
}
