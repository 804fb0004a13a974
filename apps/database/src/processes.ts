import { spawn } from "node:child_process";
import { readFile, readlink } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** An account and the way in which a program is made to run as it. */
export type Launch = {
  readonly command: string;
  readonly args: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
  readonly cwd: string;
};

export type Ended = { readonly code: number | null; readonly output: string };

/** Our own environment is not handed on: PG… variables would change what the programs do. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };
}

/** Runs a program to its end; a program that cannot be started has code null. */
export async function runToEnd(launch: Launch): Promise<Ended> {
  return new Promise((resolve) => {
    let output = "";
    const child = spawn(launch.command, launch.args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: cleanEnvironment(),
      cwd: launch.cwd,
      ...(launch.uid === undefined ? {} : { uid: launch.uid, gid: launch.gid }),
    });
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString("utf8")).slice(-10_000);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.on("error", (error) => resolve({ code: null, output: error.message }));
    child.on("close", (code) => resolve({ code, output }));
  });
}

/** Whether a process exists (it may belong to somebody else). A zombie does not count. */
export async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat.slice(stat.lastIndexOf(")")).charAt(2) !== "Z";
}

/** Waits until a process is gone; false when the time ran out. */
export async function goneWithin(pid: number, ms: number): Promise<boolean> {
  for (let waited = 0; waited < ms; waited += 20) {
    if (!(await isAlive(pid))) return true;
    await sleep(20);
  }
  return !(await isAlive(pid));
}

/**
 * When a process was started, as a text that differs for each process that ever had its pid:
 * boot and clock ticks on Linux, the date elsewhere. Undefined where there is no such process.
 */
export async function startedAt(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  if (stat !== undefined) {
    const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "");
    // Field 22 of proc_pid_stat(5); the name before it may contain spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return `${boot.trim()}:${fields[19] ?? ""}`;
  }
  const listed = await runToEnd({
    command: "ps",
    args: ["-o", "lstart=", "-p", String(pid)],
    cwd: "/",
  });
  return listed.code === 0 && listed.output.trim() !== "" ? listed.output.trim() : undefined;
}

/** The working folder of a process, where the system tells it. */
export async function workingFolder(pid: number): Promise<string | undefined> {
  return readlink(`/proc/${pid}/cwd`).catch(() => undefined);
}

/** The command line of a process, where the system tells it. */
export async function commandLine(pid: number): Promise<string> {
  const proc = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => undefined);
  if (proc !== undefined) return proc.replaceAll("\0", " ").trim();
  const listed = await runToEnd({
    command: "ps",
    args: ["-ww", "-o", "command=", "-p", String(pid)],
    cwd: "/",
  });
  return listed.output.trim();
}
