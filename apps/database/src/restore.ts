/**
 * Restores a backup: `node src/restore.ts files` puts its files into TILLWAY_DATA, `check` makes sure
 * that the database of DATABASE_URL is empty, `rows` loads it after the migrations have made its
 * tables. Standard input: one JSON document with `file` and `passphrase`. Standard output: one line.
 */
import { json } from "node:stream/consumers";
import { readConfiguration, sharedSettings } from "@tillway/configuration";
import { load, requireEmpty, unpackFiles } from "./backup/load.ts";

const { DATABASE_URL, TILLWAY_DATA } = readConfiguration(
  { DATABASE_URL: sharedSettings.DATABASE_URL, TILLWAY_DATA: sharedSettings.TILLWAY_DATA },
  process.env,
);

async function run(what: string | undefined): Promise<object> {
  // From `tillway db restore`, of this same release.
  const order = (await json(process.stdin)) as {
    readonly file: string;
    readonly passphrase: string;
  };
  if (what === "files") {
    return { files: await unpackFiles(order.file, order.passphrase, TILLWAY_DATA) };
  }
  if (DATABASE_URL === undefined) throw new Error("DATABASE_URL: must be a postgres:// address");
  if (what === "check") {
    await requireEmpty(DATABASE_URL);
    return { empty: true };
  }
  return load(DATABASE_URL, order.file, order.passphrase);
}

try {
  process.stdout.write(`${JSON.stringify(await run(process.argv[2]))}\n`);
} catch (error) {
  process.stderr.write(`restore: ${error instanceof Error ? error.message : "failed"}\n`);
  process.exitCode = 1;
}
process.stdin.destroy();
