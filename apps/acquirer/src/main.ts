/** The acquirer's process: environment in, one JSON line out when it listens, logs to stderr. */
import { randomBytes } from "node:crypto";
import { askedToStop, ConfigurationError, readConfiguration } from "@tillway/configuration";
import { drawnFrom } from "@tillway/keys";
import { destination, pino } from "pino";
import { createAcquirer } from "./app.ts";
import { clock } from "./clock.ts";
import { reasonOf } from "./log.ts";
import { acquirerSettings } from "./settings.ts";

async function main(flags: readonly string[]): Promise<void> {
  const stopping = askedToStop(process, flags);
  const configuration = readConfiguration(acquirerSettings, process.env);
  if (configuration.DATABASE_URL === undefined) {
    throw new ConfigurationError(["DATABASE_URL: must be a postgres:// address"]);
  }
  const log = pino({ level: configuration.TILLWAY_LOG }, destination({ dest: 2, sync: true }));
  const random = drawnFrom((length) => new Uint8Array(randomBytes(length)));
  const acquirer = await createAcquirer({ configuration, clock, random, log });
  process.stdout.write(`${JSON.stringify(acquirer.addresses)}\n`);
  await stopping;
  await acquirer.close();
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const known = error instanceof ConfigurationError ? error.message : reasonOf(error).error;
  process.stderr.write(`acquirer: ${known}\n`);
  process.exitCode = 1;
}
process.stdin.destroy();
