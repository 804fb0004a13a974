import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { DatabaseProblem } from "./problem.ts";
import { startedAt } from "./processes.ts";

/** The right to run the server of one data folder; ends with `release` or with the process. */
export type Ownership = { readonly release: () => Promise<void> };

/**
 * Becomes the one owner of a folder. Exclusion is the operating system's file lock (taken through
 * SQLite, as Node has no call for it): it ends with its process, so there is nothing stale to judge
 * after kill -9. `owner.json` is for people and for the message that a second owner gets.
 * Throws DatabaseProblem that names the pid of the present owner.
 */
export async function takeOwnership(folder: string): Promise<Ownership> {
  const lock = new DatabaseSync(join(folder, "owner.lock"), { timeout: 0 });
  try {
    lock.exec("pragma journal_mode = memory; begin exclusive");
  } catch (error) {
    lock.close();
    if (!isBusy(error)) throw error;
    throw new DatabaseProblem(await refusal(folder));
  }
  const file = join(folder, "owner.json");
  const owner = { pid: process.pid, started: await startedAt(process.pid) };
  // Renamed into place: a reader never sees half a file.
  await writeFile(`${file}.new`, `${JSON.stringify(owner)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return {
    release: async () => {
      if (!lock.isOpen) return;
      await rm(file, { force: true });
      lock.close();
    },
  };
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === 5;
}

async function refusal(folder: string): Promise<string> {
  const text = await readFile(join(folder, "owner.json"), "utf8").catch(() => "");
  const pid = /"pid":(\d+)/.exec(text)?.[1] ?? "unknown";
  return (
    `the data folder ${folder} is in use by another Tillway (process ${pid}): ` +
    "stop that one first, or set TILLWAY_DATA to another folder"
  );
}
