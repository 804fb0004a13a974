/** The installation's data: brought up to date, backed up while it runs, restored. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { CommandError, say, type Ending } from "../output.ts";
import { converse, runOnce, startPart, type Part } from "../system/process.ts";
import { call, findSystem, isRunning, readSystem, secret } from "../system/running.ts";
import { scriptOf } from "../system/script.ts";
import type { Command, Surroundings } from "./command.ts";
import type { Given } from "../arguments.ts";

const passphraseFlag = {
  "passphrase-file": {
    takes: "FILE",
    meaning: "its first line seals the backup (or TILLWAY_BACKUP_PASSPHRASE)",
  },
} as const;

/** Runs something with the database of a data folder: the running one, or one started for it. */
async function withDatabase<T>(around: Surroundings, run: (url: string) => Promise<T>): Promise<T> {
  const running = readSystem(around.data);
  if (running?.database !== undefined && isRunning(running)) return run(running.database);
  mkdirSync(around.data, { recursive: true, mode: 0o700 });
  const database: Part = await startPart(scriptOf(around, "database"));
  try {
    if (typeof database.ready.url !== "string") throw new Error("the database told no address");
    return await run(database.ready.url);
  } finally {
    await database.stop();
  }
}

async function migrateBoth(around: Surroundings, url: string): Promise<Record<string, unknown>[]> {
  const done: Record<string, unknown>[] = [];
  for (const name of ["acquirer", "issuer"] as const) {
    done.push(await runOnce(scriptOf(around, name, url), "migrate.ts", {}));
  }
  return done;
}

function backupFile(given: Given): string {
  const [file] = given.rest.slice(-1);
  if (given.rest.length !== 1 || file === undefined) {
    throw new CommandError("name one file for the backup");
  }
  return resolve(file);
}

function givenPassphrase(given: Given, { environment }: Surroundings): string | undefined {
  const file = given.value("passphrase-file");
  if (file !== undefined) {
    try {
      return readFileSync(file, "utf8").split("\n")[0]?.trim();
    } catch {
      throw new CommandError(`the passphrase file ${file} cannot be read`);
    }
  }
  return environment.TILLWAY_BACKUP_PASSPHRASE;
}

const keyFileOf = (file: string): string => `${file}.key`;

/** The passphrase to seal with: the given one, or a fresh one in a file beside the backup. */
function sealingPassphrase(file: string, given: string | undefined): string {
  if (given !== undefined && given !== "") return given;
  const made = randomBytes(32).toString("base64url");
  writeFileSync(keyFileOf(file), `${made}\n`, { mode: 0o600, flag: "wx" });
  say(`the key of this backup is in ${keyFileOf(file)}: keep it apart from the backup`);
  return made;
}

function openingPassphrase(file: string, given: string | undefined): string {
  if (given !== undefined && given !== "") return given;
  try {
    return readFileSync(keyFileOf(file), "utf8").trim();
  } catch {
    throw new CommandError(
      `the backup needs its passphrase: --passphrase-file, or its key as ${keyFileOf(file)}`,
    );
  }
}

/** A file that is being written, beside the one whose place it will take (secretFiles). */
const unfinished = /\.[0-9a-f]{16}$/;

/** What of the data folder goes along: all but the database, logs, sockets and the journals. */
function filesOf(data: string): { readonly name: string; readonly path: string }[] {
  const left = new Set(["database", "logs", "system.json"]);
  return readdirSync(data, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ name: relative(data, path), path }))
    .filter(({ name }) => {
      const [top = "", second = ""] = name.split("/");
      if (left.has(top) || unfinished.test(name)) return false;
      return !(top === "terminal" && (second === "copies" || /\.sqlite(-\w+)?$/.test(second)));
    });
}

type Copy = { readonly tid: string; readonly path: string };

/** The devices of the running system, held between two messages while a moment is taken. */
function tillsOf(data: string): (what: "hold" | "release" | "discard") => Promise<Copy[]> {
  const { terminal } = findSystem(data);
  const token = secret(data, "terminal", "pairing-code");
  return async (what) => {
    const url = `${terminal}/terminals/backup/${what}`;
    const { status, body } = await call(url, { token, method: "POST", body: {} });
    if (status >= 400) throw new CommandError("another backup is being made: wait for its end");
    return body as Copy[];
  };
}

async function backup(given: Given, around: Surroundings): Promise<Ending> {
  const { data } = around;
  const file = backupFile(given);
  const { database } = findSystem(data);
  if (database === undefined) throw new CommandError("the running system has no database");
  if (existsSync(file)) throw new CommandError(`${file} is there already: name a new file`);
  const tills = tillsOf(data);
  const passphrase = sealingPassphrase(file, givenPassphrase(given, around));
  const script = converse(scriptOf(around, "database", database), "backup.ts");
  try {
    const copies = await tills("hold");
    // The copies lie still from now on; the tills go on as soon as the moment is taken.
    const journals = copies.map(({ tid, path }) => ({
      name: `terminal/journal-${tid}.sqlite`,
      path,
    }));
    script.say({ file, passphrase, files: [...filesOf(data), ...journals] });
    await script.hear();
    script.say("held");
    await script.hear();
    await tills("release");
    const { done } = await script.hear();
    return {
      exit: 0,
      text: `backed up into ${file}: restore it with "tillway db restore ${file} --data FOLDER"`,
      json: { file, ...(done as object) },
    };
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  } finally {
    await tills("release").catch(() => undefined);
    await tills("discard").catch(() => undefined);
  }
}

async function restore(given: Given, around: Surroundings): Promise<Ending> {
  const { data } = around;
  const file = backupFile(given);
  if (!existsSync(file)) throw new CommandError(`there is no file ${file}`);
  if (existsSync(data) && readdirSync(data).length > 0) {
    throw new CommandError(
      `the data folder ${data} is not empty: restore into a new one, named with --data`,
    );
  }
  const order = { file, passphrase: openingPassphrase(file, givenPassphrase(given, around)) };
  const step = (what: string, url?: string): Promise<Record<string, unknown>> =>
    runOnce({ ...scriptOf(around, "database", url), args: [what] }, "restore.ts", order);
  try {
    const unpacked = await step("files");
    const loaded = await withDatabase(around, async (url) => {
      await step("check", url);
      await migrateBoth(around, url);
      return step("rows", url);
    });
    return {
      exit: 0,
      text: `restored into ${data}: start it with "tillway start --data ${data}"`,
      json: { data, ...unpacked, ...loaded },
    };
  } catch (error) {
    // It was empty before: what half a restoration left is of no use to anybody.
    rmSync(data, { recursive: true, force: true });
    throw error;
  }
}

export const dbMigrate: Command = {
  words: "db migrate",
  meaning: "bring the database up to date with this release",
  flags: {},
  run: async (_given, around) => {
    const schemas = await withDatabase(around, (url) => migrateBoth(around, url));
    const lines = schemas.map((one) => `${String(one.schema)}: ${String(one.applied)} applied`);
    return { exit: 0, text: lines.join("\n"), json: { schemas } };
  },
};

export const dbBackup: Command = {
  words: "db backup FILE",
  meaning: "back the whole installation up while it runs, sealed",
  flags: passphraseFlag,
  run: backup,
};

export const dbRestore: Command = {
  words: "db restore FILE --data FOLDER",
  meaning: "restore a backup into a new data folder",
  flags: passphraseFlag,
  run: restore,
};
