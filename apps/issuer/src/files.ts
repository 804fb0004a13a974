/** Secret files of the data folder: made at first start, readable by their owner alone. */
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { moduleSocket, secretFiles } from "@tillway/configuration";
import { createSoftwareModule, gatherCommands, type Random } from "@tillway/keys";
import { type Clock, type ModuleLink, openModuleLink } from "@tillway/link";
import type { Log } from "./log.ts";
import type { IssuerConfiguration } from "./settings.ts";

export const { keyFile, readIfThere, secretText, writeSecret } = secretFiles(fs, randomBytes);

/** Levels of the log at which the module's commands are written down. */
const LOGS_COMMANDS: ReadonlySet<string> = new Set(["trace", "debug", "info"]);

export type ModuleParts = {
  readonly configuration: IssuerConfiguration;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Pick<Log, "info">;
};

/** A security module of the issuer: in this process, or in one of its own, which holds the key. */
export function openModule({ configuration, clock, random, log }: ModuleParts): ModuleLink {
  if (configuration.TILLWAY_MODULE === "process") {
    const path = moduleSocket(configuration, "issuer");
    return openModuleLink({
      connect: () => connect(path),
      clock,
      onEvent: (event) => log.info({ event }, "security module"),
    });
  }
  const module = createSoftwareModule({
    masterKey: keyFile(join(configuration.TILLWAY_DATA, "issuer", "master.key"), random),
    random,
    // Lines that nobody would write are not made.
    ...(LOGS_COMMANDS.has(configuration.TILLWAY_LOG) && {
      onCommand: gatherCommands((commands) => log.info({ commands }, "security module")),
    }),
  });
  return { ...module, close: () => undefined };
}
