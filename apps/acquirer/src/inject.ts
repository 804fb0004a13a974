/**
 * Injects one registered terminal anew: `{tid, transportComponents}` on standard input; its fresh
 * master key under the transport key on standard output, with the check value.
 */
import { randomBytes } from "node:crypto";
import { text } from "node:stream/consumers";
import { ConfigurationError, readConfiguration } from "@tillway/configuration";
import { destination, pino } from "pino";
import { clock } from "./clock.ts";
import { openPool } from "./db/index.ts";
import { openModule } from "./files.ts";
import { reasonOf } from "./log.ts";
import { components, object, word } from "./provision.ts";
import { acquirerSettings } from "./settings.ts";
import { injectTerminal, type ProvisionedTerminal } from "./terminals/index.ts";

async function inject(): Promise<ProvisionedTerminal> {
  const configuration = readConfiguration(acquirerSettings, process.env);
  const url = configuration.DATABASE_URL;
  if (url === undefined) {
    throw new ConfigurationError(["DATABASE_URL: must be a postgres:// address"]);
  }
  const given = object(JSON.parse(await text(process.stdin)), "the input");
  const tid = word(given, "tid", /^[0-9A-Z]{8}$/, "");
  const parts = components(given["transportComponents"], "transportComponents");
  const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));
  const log = pino({ level: configuration.TILLWAY_LOG }, destination({ dest: 2, sync: true }));
  const module = openModule({ configuration, clock, random, log });
  const database = openPool(url, () => undefined);
  try {
    const done = await injectTerminal({ database, module, now: Date.now() }, tid, parts);
    if (!done) throw new Error(`terminal ${tid} is not registered`);
    return done;
  } finally {
    await database.close();
    module.close();
  }
}

try {
  process.stdout.write(`${JSON.stringify(await inject())}\n`);
} catch (error) {
  // The input holds key components: a parser's message could quote it.
  const known = error instanceof SyntaxError ? "the input is not JSON" : reasonOf(error).error;
  process.stderr.write(`acquirer injection: ${known}\n`);
  process.exitCode = 1;
}
