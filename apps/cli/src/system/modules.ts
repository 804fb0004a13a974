/** Security modules as processes of their own (TILLWAY_MODULE=process), one for each party. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigurationError, moduleSocket } from "@tillway/configuration";

export const parties = ["acquirer", "issuer", "terminal"] as const;
export type Party = (typeof parties)[number];

/** Where each party's security module listens. */
export type ModuleSockets = {
  /** Variables that a party's processes need; none for others. */
  readonly environment: (process: string) => Record<string, string>;
  /** Removes what is not in the data folder. */
  readonly remove: () => void;
};

/**
 * The sockets of a data folder: in it, or in a short temporary folder where its path is too long for
 * a Unix socket. They stay the same while the system runs, whatever ends and is started again.
 */
export function moduleSockets(data: string): ModuleSockets {
  const folder = fits(data) ? undefined : mkdtempSync(join(tmpdir(), "tillway-socket-"));
  return {
    environment: (process) => {
      const party = parties.find((one) => process === one || process === `${one}-module`);
      if (party === undefined) return {};
      const own = folder === undefined ? {} : { TILLWAY_MODULE_SOCKET: join(folder, party) };
      const path = moduleSocket({ TILLWAY_DATA: data, ...own }, party);
      return { TILLWAY_MODULE_PARTY: party, TILLWAY_MODULE_SOCKET: path };
    },
    remove: () => {
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

function fits(data: string): boolean {
  try {
    for (const party of parties) moduleSocket({ TILLWAY_DATA: data }, party);
    return true;
  } catch (error) {
    if (error instanceof ConfigurationError) return false;
    throw error;
  }
}
