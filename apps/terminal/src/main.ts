/**
 * The terminal process. Prints one line of JSON on standard output when it listens; logs go to
 * standard error. Ends on SIGTERM or SIGINT, and with `--with-parent` when standard input ends.
 */
import { randomBytes } from "node:crypto";
import { askedToStop, ConfigurationError, readConfiguration } from "@tillway/configuration";
import { pino } from "pino";
import { createTerminals } from "./app.ts";
import { clock } from "./clock.ts";
import { terminalSettings } from "./settings.ts";

try {
  const configuration = readConfiguration(terminalSettings, process.env);
  const log = pino(
    { name: "terminal", level: configuration.TILLWAY_LOG },
    pino.destination({ dest: 2, sync: true }),
  );
  try {
    const ending = askedToStop(process, process.argv);
    const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));
    const { addresses, terminals, close } = await createTerminals({
      configuration,
      clock,
      random,
      log,
    });
    log.info({ addresses, terminals }, "listening");
    process.stdout.write(`${JSON.stringify({ ready: true, addresses, terminals })}\n`);
    await ending;
    await close();
    process.exit(0);
  } catch (error) {
    log.fatal({ err: error }, "the terminal could not go on");
    process.exit(1);
  }
} catch (error) {
  if (!(error instanceof ConfigurationError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
