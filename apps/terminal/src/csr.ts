/**
 * Certificate requests of devices: `{"terminals":["10000001"]}` on standard input, one JSON line out.
 * Each device's key is made here and does not leave its folder.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { readConfiguration } from "@tillway/configuration";
import { Type } from "typebox";
import { Value } from "typebox/value";
import { requestCertificate } from "./certificates.ts";
import { terminalSettings } from "./settings.ts";

const Document = Type.Object({
  terminals: Type.Array(Type.String({ pattern: "^[0-9A-Za-z]{8}$" }), { minItems: 1 }),
});

try {
  const configuration = readConfiguration(terminalSettings, process.env);
  const given: unknown = await json(process.stdin);
  if (!Value.Check(Document, given)) throw new Error("the document is not as expected");
  const folder = join(configuration.TILLWAY_DATA, "terminal");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const requests: Record<string, string> = {};
  for (const tid of given.terminals) requests[tid] = await requestCertificate(folder, tid);
  process.stdout.write(`${JSON.stringify({ requests })}\n`);
} catch (error) {
  const message = error instanceof Error ? error.message : "failed";
  process.stderr.write(`${JSON.stringify({ level: "error", msg: message })}\n`);
  process.exitCode = 1;
}
