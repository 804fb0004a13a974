/** Brings the schema `acquirer` of DATABASE_URL up to date; one JSON line tells what was applied. */
import { readConfiguration } from "@tillway/configuration";
import { migrateSchema, openPool } from "./db/index.ts";
import { reasonOf } from "./log.ts";
import { acquirerSettings } from "./settings.ts";

try {
  const { DATABASE_URL: url } = readConfiguration(acquirerSettings, process.env);
  if (url === undefined) throw new Error("DATABASE_URL: must be a postgres:// address");
  const database = openPool(url, () => undefined);
  try {
    const applied = await migrateSchema(database, Date.now());
    process.stdout.write(`${JSON.stringify({ schema: "acquirer", applied })}\n`);
  } finally {
    await database.close();
  }
} catch (error) {
  process.stderr.write(`acquirer migration: ${reasonOf(error).error}\n`);
  process.exitCode = 1;
}
process.stdin.destroy();
