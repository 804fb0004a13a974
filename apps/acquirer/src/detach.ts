/**
 * Detaches the days before the date that is given (YYYY-MM-DD) from the tables of DATABASE_URL; one
 * JSON line tells which tables stand apart now. Days on which refunds are still possible stay.
 */
import { readConfiguration } from "@tillway/configuration";
import { addDays, businessDate } from "@tillway/money";
import { detachDays, openPool } from "./db/index.ts";
import { reasonOf } from "./log.ts";
import { acquirerSettings } from "./settings.ts";

async function main(before: string): Promise<void> {
  const configuration = readConfiguration(acquirerSettings, process.env);
  const { DATABASE_URL: url, TILLWAY_REFUND_DAYS: days } = configuration;
  if (url === undefined) throw new Error("DATABASE_URL: must be a postgres:// address");
  const calendar = { zone: configuration.TILLWAY_ZONE, cutOver: configuration.TILLWAY_CUT_OVER };
  const latest = addDays(businessDate(Date.now(), calendar), -days);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(before)) throw new Error("give a date YYYY-MM-DD");
  if (before > latest) throw new Error(`refunds are possible for ${days} days: ${latest} at most`);
  const database = openPool(url, () => undefined);
  try {
    const detached = await detachDays(database, before);
    process.stdout.write(`${JSON.stringify({ before, detached })}\n`);
  } finally {
    await database.close();
  }
}

try {
  await main(process.argv[2] ?? "");
} catch (error) {
  process.stderr.write(`acquirer detach: ${reasonOf(error).error}\n`);
  process.exitCode = 1;
}
