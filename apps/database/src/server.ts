import { access, constants, mkdir, realpath, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import pg from "pg";
import { locateBinaries } from "./binaries.ts";
import { bootstrap } from "./bootstrap.ts";
import { ensureCluster, socketFolderFor, startCluster, SUPERUSER } from "./cluster.ts";
import type { Identity } from "./identity.ts";
import { takeOwnership } from "./owner.ts";
import { stopOrphan } from "./orphan.ts";
import { choosePlace } from "./place.ts";
import { DatabaseProblem } from "./problem.ts";

export type ServerOptions = {
  /** TILLWAY_DATA; the server keeps to its subfolder `database`. */
  readonly dataFolder: string;
  /** One line at a time; free of statements and values. */
  readonly log: (line: string) => void;
  /** Settings of PostgreSQL over ours, by name. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Kinds of identity that may be used, to force one; all where left out. */
  readonly identities?: readonly Identity["kind"][];
  /** Where the cluster goes when its account cannot reach the data folder. */
  readonly elsewhere?: string;
};

export type DatabaseServer = {
  /** The database `tillway`, as superuser, through the Unix socket. */
  readonly url: string;
  readonly pid: number;
  /** Resolves with a sentence once PostgreSQL is gone, asked or not. */
  readonly ended: Promise<string>;
  /** Fast shutdown: sessions are cut, everything committed is on the disk. Once is enough. */
  readonly stop: () => Promise<void>;
};

/** The address of a database of the embedded server. */
export function socketUrl(socketFolder: string, database: string): string {
  const host = encodeURIComponent(socketFolder);
  return `postgres://${SUPERUSER}@localhost:5432/${database}?host=${host}`;
}

/**
 * Starts the embedded server on a data folder and prepares the database `tillway`. Takes over a
 * folder whose owner was killed. Throws DatabaseProblem, one sentence for the person who starts it.
 */
export async function startServer(options: ServerOptions): Promise<DatabaseServer> {
  const folder = await ensureFolder(join(resolve(options.dataFolder), "database"));
  const ownership = await takeOwnership(folder);
  try {
    return await startOwned(folder, options, ownership.release);
  } catch (error) {
    await ownership.release();
    throw error;
  }
}

async function ensureFolder(wanted: string): Promise<string> {
  try {
    await mkdir(wanted, { recursive: true, mode: 0o700 });
    await access(wanted, constants.W_OK | constants.X_OK);
    return await realpath(wanted);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw new DatabaseProblem(
      `the data folder ${wanted} cannot be used by this user (${code}): set TILLWAY_DATA to a ` +
        "folder of yours, or set DATABASE_URL to a PostgreSQL of yours",
    );
  }
}

async function startOwned(
  folder: string,
  options: ServerOptions,
  release: () => Promise<void>,
): Promise<DatabaseServer> {
  const { log } = options;
  const place = await choosePlace({
    folder,
    binaries: await locateBinaries(),
    log,
    elsewhere: options.elsewhere ?? "/var/lib/tillway",
    ...(options.identities === undefined ? {} : { kinds: options.identities }),
  });
  await stopOrphan(join(place.home, "data"), log);
  const cluster = await ensureCluster(place, log);
  const socketFolder = await socketFolderFor(place, cluster);
  const tidy = async (): Promise<void> => {
    if (socketFolder !== cluster) await rm(socketFolder, { recursive: true, force: true });
    await release();
  };
  const running = await startCluster(place, cluster, socketFolder, log, options.settings ?? {});
  try {
    await prepare(socketFolder);
  } catch (error) {
    await running.stop();
    throw error;
  }
  let stopping: Promise<void> | undefined;
  return {
    url: socketUrl(socketFolder, "tillway"),
    pid: running.pid,
    ended: running.ended,
    stop: () => {
      stopping ??= running.stop().then(tidy);
      return stopping;
    },
  };
}

async function prepare(socketFolder: string): Promise<void> {
  await withClient(socketUrl(socketFolder, "postgres"), async (client) => {
    const known = await client.query("select from pg_database where datname = 'tillway'");
    if (known.rows.length === 0) await client.query("create database tillway");
    await client.query("revoke all on database tillway from public");
  });
  await prepareDatabase(socketUrl(socketFolder, "tillway"));
}

/** Runs `bootstrap` on the database at an address. Throws DatabaseProblem. */
export async function prepareDatabase(url: string): Promise<void> {
  await withClient(url, (client) => bootstrap(client));
}

/** A connection for the time of one call. */
export async function withClient<T>(
  url: string,
  run: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  // A connection that breaks while idle must not end the process; the next statement tells.
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await run(client);
  } finally {
    await client.end();
  }
}
