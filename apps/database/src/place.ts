import { createHash } from "node:crypto";
import { chmod, chown, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { copyBinaries, ensureLinks, type Binaries } from "./binaries.ts";
import { holdsFor, identitiesToTry, type Identity } from "./identity.ts";
import { DatabaseProblem } from "./problem.ts";

/** Who runs the server, with which binaries, and the folder that holds its cluster. */
export type Place = {
  readonly identity: Identity;
  /** A folder with `bin/postgres`. */
  readonly binaries: string;
  /** Holds `data/`; mode 0700, belongs to the identity. */
  readonly home: string;
};

export type PlaceOptions = {
  /** TILLWAY_DATA/database, there already and owned by us. */
  readonly folder: string;
  readonly binaries: Binaries;
  readonly log: (line: string) => void;
  /** Where clusters go whose account cannot reach the data folder. */
  readonly elsewhere: string;
  /** The kinds of identity that may be used; all where left out. */
  readonly kinds?: readonly Identity["kind"][];
};

/** The first identity that reaches both binaries and data. Throws DatabaseProblem where none does. */
export async function choosePlace(options: PlaceOptions): Promise<Place> {
  const { folder, log } = options;
  const self = process.getuid?.() ?? -1;
  const moved = await readMoved(folder);
  const home = moved ?? folder;
  const all = await identitiesToTry(self, join(home, "data"), folder);
  const identities = all.filter((one) => options.kinds?.includes(one.kind) ?? true);
  for (const identity of identities) {
    const place = await settle(identity, home, options);
    if (place !== undefined) return place;
  }
  for (const identity of identities) {
    if (identity.kind !== "account" || moved !== undefined) continue;
    const distant = await makeDistantHome(folder, options.elsewhere);
    const place = await settle(identity, distant, options);
    if (place === undefined) continue;
    await writeFile(join(folder, "moved.json"), `${JSON.stringify({ home: distant })}\n`);
    log(`the account ${identity.name} cannot reach ${folder}: the cluster is kept in ${distant}`);
    return place;
  }
  throw new DatabaseProblem(await explain(self, home));
}

async function explain(self: number, home: string): Promise<string> {
  const owner = (await stat(join(home, "data")).catch(() => undefined))?.uid;
  if (owner !== undefined && owner !== self && self !== 0) {
    return (
      `the database in ${home} belongs to another user (uid ${owner}): start as that user, ` +
      "set TILLWAY_DATA to a folder of yours, or set DATABASE_URL"
    );
  }
  const who = self === 0 ? "root" : `uid ${self}`;
  return (
    `the embedded PostgreSQL cannot run here as ${who} (no user namespace and no account that ` +
    "reaches it, or its binaries do not run on this system): start as an ordinary user, or set " +
    "DATABASE_URL to a PostgreSQL of yours"
  );
}

/** Undefined where the identity cannot work in the folder or cannot run the binaries. */
async function settle(
  identity: Identity,
  home: string,
  { folder, binaries, log }: PlaceOptions,
): Promise<Place | undefined> {
  if (identity.kind === "account") await admit(identity, home, folder);
  if (!(await holdsFor(identity, 'test -w "$1" && test -x "$1"', home))) return undefined;
  const runs = '"$1/bin/postgres" --version >/dev/null && "$1/bin/initdb" --version >/dev/null';
  const linked = await ensureLinks(binaries.folder);
  if (linked && (await holdsFor(identity, runs, binaries.folder))) {
    return { identity, binaries: binaries.folder, home };
  }
  log(`the PostgreSQL binaries cannot be used where they are: copying them to ${home}`);
  const copy = await copyBinaries(binaries, home);
  return (await holdsFor(identity, runs, copy)) ? { identity, binaries: copy, home } : undefined;
}

/**
 * Gives the cluster's folder to the account and lets it pass through the data folder (the right to
 * pass, not to list; what lies in it has rights of its own).
 */
async function admit(
  identity: Extract<Identity, { kind: "account" }>,
  home: string,
  folder: string,
): Promise<void> {
  await chown(home, identity.owner, identity.gid);
  if (home !== folder) return;
  const data = dirname(folder);
  const mode = (await stat(data)).mode & 0o7777;
  if ((mode & 0o001) === 0) await chmod(data, mode | 0o011);
}

async function makeDistantHome(folder: string, elsewhere: string): Promise<string> {
  await mkdir(elsewhere, { recursive: true, mode: 0o755 });
  const name = createHash("sha256").update(folder).digest("hex").slice(0, 12);
  const home = join(elsewhere, name);
  await mkdir(home, { recursive: true, mode: 0o700 });
  return home;
}

async function readMoved(folder: string): Promise<string | undefined> {
  const text = await readFile(join(folder, "moved.json"), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const read: unknown = JSON.parse(text);
  if (typeof read === "object" && read !== null && "home" in read) return String(read.home);
  throw new DatabaseProblem(`${join(folder, "moved.json")} is damaged`);
}
