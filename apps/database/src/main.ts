import { pathToFileURL } from "node:url";
import {
  askedToStop,
  ConfigurationError,
  readConfiguration,
  sharedSettings,
} from "@tillway/configuration";
import { DatabaseProblem } from "./problem.ts";
import { prepareDatabase, startServer } from "./server.ts";

/** A database that is ready, whoever runs it. */
type Ready = { readonly url: string; readonly ended: Promise<string>; stop: () => Promise<void> };

const log = (line: string): void => void process.stderr.write(`database: ${line}\n`);

async function ready(): Promise<Ready> {
  const { TILLWAY_DATA, DATABASE_URL } = readConfiguration(
    { TILLWAY_DATA: sharedSettings.TILLWAY_DATA, DATABASE_URL: sharedSettings.DATABASE_URL },
    process.env,
  );
  if (DATABASE_URL === undefined) return startServer({ dataFolder: TILLWAY_DATA, log });
  await prepareGiven(DATABASE_URL);
  // Somebody else's server: it ends when it likes, and those who are connected will notice.
  const never = Promise.withResolvers<string>().promise;
  const stayAwake = setInterval(() => undefined, 60_000);
  return { url: DATABASE_URL, ended: never, stop: async () => clearInterval(stayAwake) };
}

/** The address may hold a password: of an error only the driver's own words are shown. */
async function prepareGiven(url: string): Promise<void> {
  try {
    await prepareDatabase(url);
  } catch (error) {
    if (error instanceof DatabaseProblem || !(error instanceof Error)) throw error;
    const code = "code" in error ? String(error.code) : "";
    throw new DatabaseProblem(
      `the database of DATABASE_URL cannot be used: ${error.message || code}`,
    );
  }
}

async function main(flags: readonly string[]): Promise<number> {
  const stopping = askedToStop(process, flags).then(() => "asked" as const);
  const database = await ready();
  process.stdout.write(`${JSON.stringify({ url: database.url })}\n`);
  const first = await Promise.race([stopping, database.ended]);
  if (first !== "asked") {
    log(`PostgreSQL is gone without having been asked: ${first}`);
    await database.stop();
    return 1;
  }
  await database.stop();
  return 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    const known = error instanceof DatabaseProblem || error instanceof ConfigurationError;
    const text = known ? error.message : error instanceof Error ? error.stack : "";
    log(text ?? "failed");
    process.exitCode = 1;
  }
  process.stdin.destroy();
}
