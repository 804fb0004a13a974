/**
 * Makes a backup of the database of DATABASE_URL and of files beside it. Standard input: one line of
 * JSON (`file`, `passphrase`, `files`), then, once the line {"connected":true} came, a second line
 * of any content when whoever writes beside the database holds still. Standard output: one JSON line
 * {"moment":true} when all may go on, one {"done":…} at the end.
 */
import { createInterface } from "node:readline";
import { readConfiguration, sharedSettings } from "@tillway/configuration";
import { dump } from "./backup/dump.ts";

const { DATABASE_URL: url } = readConfiguration(
  { DATABASE_URL: sharedSettings.DATABASE_URL },
  process.env,
);

type Order = {
  readonly file: string;
  readonly passphrase: string;
  readonly files: readonly { readonly name: string; readonly path: string }[];
};

const tell = (what: object): void => void process.stdout.write(`${JSON.stringify(what)}\n`);

try {
  if (url === undefined) throw new Error("DATABASE_URL: must be a postgres:// address");
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const line = async (): Promise<string> => {
    const next = await lines.next();
    if (next.done === true) throw new Error("whoever asked for the backup is gone");
    return next.value;
  };
  // From `tillway db backup`, of this same release.
  const order = JSON.parse(await line()) as Order;
  const done = await dump({
    url,
    ...order,
    madeAt: new Date().toISOString(),
    whenHeld: async () => {
      tell({ connected: true });
      await line();
    },
    onMoment: () => tell({ moment: true }),
  });
  tell({ done });
} catch (error) {
  process.stderr.write(`backup: ${error instanceof Error ? error.message : "failed"}\n`);
  process.exitCode = 1;
}
process.stdin.destroy();
