import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prepareDatabase, startServer, withClient } from "./server.ts";

/** A server for a test file, in a temporary folder. */
export type TestDatabase = {
  /** The database `tillway`, prepared. */
  readonly url: string;
  /** Another database on the same server, prepared and empty; `name` shows in its name. */
  readonly fresh: (name?: string) => Promise<string>;
  /** Stops the server and removes its folder. */
  readonly stop: () => Promise<void>;
};

/** Starts a server of its own for tests: start it once a file, take a `fresh()` database a test. */
export async function startTestDatabase(): Promise<TestDatabase> {
  const folder = await mkdtemp(join(tmpdir(), "tillway-test-"));
  const lines: string[] = [];
  const server = await startServer({ dataFolder: folder, log: (line) => lines.push(line) });
  let made = 0;
  return {
    url: server.url,
    fresh: async (name = "test") => {
      made += 1;
      const database = `${name.replaceAll(/[^a-z0-9]+/g, "_").slice(0, 40)}_${made}`;
      await withClient(server.url, (client) => client.query(`create database ${database}`));
      const url = server.url.replace("/tillway?", `/${database}?`);
      await prepareDatabase(url);
      return url;
    },
    stop: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
