/** The issuer's process: environment in, one JSON line out when it listens, logs to stderr. */
import { randomBytes } from "node:crypto";
import { askedToStop, ConfigurationError, readConfiguration } from "@tillway/configuration";
import { drawnFrom } from "@tillway/keys";
import { destination, pino } from "pino";
import { createIssuer } from "./app.ts";
import { clock } from "./clock.ts";
import { openPool } from "./db/index.ts";
import { reasonOf } from "./log.ts";
import { issuerSettings } from "./settings.ts";

async function main(flags: readonly string[]): Promise<void> {
  const stopping = askedToStop(process, flags);
  const configuration = readConfiguration(issuerSettings, process.env);
  const log = pino({ level: configuration.TILLWAY_LOG }, destination({ dest: 2, sync: true }));
  if (configuration.DATABASE_URL === undefined) {
    throw new ConfigurationError(["DATABASE_URL: must be a postgres:// address"]);
  }
  const database = openPool(configuration.DATABASE_URL, (error) =>
    log.warn(reasonOf(error), "a database connection was lost"),
  );
  const random = drawnFrom((length) => new Uint8Array(randomBytes(length)));
  try {
    const issuer = await createIssuer({ configuration, clock, random, log, database });
    process.stdout.write(`${JSON.stringify(issuer.addresses)}\n`);
    await stopping;
    await issuer.close();
  } finally {
    await database.close();
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const known = error instanceof ConfigurationError ? error.message : reasonOf(error).error;
  process.stderr.write(`issuer: ${known}\n`);
  process.exitCode = 1;
}
process.stdin.destroy();
