/**
 * A security module's process: holds one master key and answers commands at a Unix socket. Prints
 * one JSON line when it listens; its log, standard error, has a line for every command.
 */
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import {
  askedToStop,
  ConfigurationError,
  moduleSocket,
  readConfiguration,
  secretFiles,
} from "@tillway/configuration";
import { createSoftwareModule, gatherCommands } from "@tillway/keys";
import { destination, pino } from "pino";
import { openServer } from "./server.ts";
import { securityModuleSettings } from "./settings.ts";

async function main(flags: readonly string[]): Promise<void> {
  const stopping = askedToStop(process, flags);
  const configuration = readConfiguration(securityModuleSettings, process.env);
  const { TILLWAY_DATA: data, TILLWAY_MODULE_PARTY: party } = configuration;
  const socket = moduleSocket(configuration, party);
  const log = pino({ level: configuration.TILLWAY_LOG }, destination({ dest: 2, sync: true }));
  const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));
  const server = await openServer({
    module: createSoftwareModule({
      masterKey: secretFiles(fs, random).keyFile(join(data, party, "master.key"), random),
      random,
      onCommand: gatherCommands((commands) => log.info({ commands }, "security module")),
    }),
    path: socket,
    onEvent: (event, reason) => log.info(reason === undefined ? {} : reasonOf(reason), event),
  });
  process.stdout.write(`${JSON.stringify({ socket })}\n`);
  await stopping;
  await server.close();
}

/** Errors of the protocol and of the module hold nothing of what was asked. */
function reasonOf(error: unknown): { readonly error: string } {
  return { error: error instanceof Error ? `${error.name}: ${error.message}` : "unknown" };
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const known = error instanceof ConfigurationError ? error.message : reasonOf(error).error;
  process.stderr.write(`security-module: ${known}\n`);
  process.exitCode = 1;
}
process.stdin.destroy();
