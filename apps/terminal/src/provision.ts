/**
 * Provisioning at the first start: one JSON document on standard input, one on standard output.
 * Gives devices their identity and master key; done again it changes nothing but those.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { readConfiguration } from "@tillway/configuration";
import type { SecurityModule } from "@tillway/keys";
import { pino } from "pino";
import { Type, type Static } from "typebox";
import { Value } from "typebox/value";
import { keepCertificate } from "./certificates.ts";
import { clock } from "./clock.ts";
import { openModule, writeSecret } from "./files.ts";
import { SentMasterKey, takeMasterKey } from "./injection.ts";
import { provisionJournal, type Identity } from "./journal/index.ts";
import { kernelConfiguration } from "./payment/index.ts";
import { terminalSettings } from "./settings.ts";

const Device = Type.Object({
  tid: Type.String({ pattern: "^[0-9A-Za-z]{8}$" }),
  mid: Type.String({ pattern: "^[0-9A-Za-z]{15}$" }),
  merchantName: Type.String({ minLength: 1, maxLength: 40 }),
  merchantNameZh: Type.String({ minLength: 1, maxLength: 40 }),
  serial: Type.String({ pattern: "^[0-9A-Za-z]{1,20}$" }),
  ...SentMasterKey.properties,
  /** PEM, for the request that `csr.ts` made of this device. */
  certificate: Type.Optional(Type.String({ pattern: "^-----BEGIN CERTIFICATE-----" })),
});
const Document = Type.Object({
  terminals: Type.Array(Device, { minItems: 1 }),
  caKeys: Type.Array(Type.Unknown()),
  /** PEM: who certifies the acquirer's port. */
  authority: Type.Optional(Type.String({ pattern: "^-----BEGIN CERTIFICATE-----" })),
});

/** The whole of standard input. */
async function readInput(): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of process.stdin) parts.push(part);
  return Buffer.concat(parts).toString("utf8");
}

async function provision(): Promise<readonly string[]> {
  const configuration = readConfiguration(terminalSettings, process.env);
  const given: unknown = JSON.parse(await readInput());
  if (!Value.Check(Document, given)) {
    const [first] = Value.Errors(Document, given);
    throw new Error(`the document is not as expected at ${first?.instancePath ?? "its root"}`);
  }
  const folder = join(configuration.TILLWAY_DATA, "terminal");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));
  const log = pino({ level: configuration.TILLWAY_LOG }, pino.destination({ dest: 2, sync: true }));
  const module = openModule({ configuration, clock, random, log });
  try {
    await provisionDevices(module, folder, given);
  } finally {
    module.close();
  }
  return given.terminals.map((device) => device.tid);
}

async function provisionDevices(
  module: SecurityModule,
  folder: string,
  given: Static<typeof Document>,
): Promise<void> {
  for (const device of given.terminals) {
    const { tid, mid, merchantName, merchantNameZh, serial } = device;
    const identity: Identity = { tid, mid, merchantName, merchantNameZh, serial };
    // Checks the authority's keys before anything is written.
    kernelConfiguration(identity, given.caKeys);
    const taken = await takeMasterKey(module, device);
    if (!taken.ok) throw new Error(`terminal ${tid}: ${taken.why}`);
    const { authority } = given;
    if (device.certificate !== undefined && authority !== undefined) {
      keepCertificate(folder, tid, { certificate: device.certificate, authority });
    }
    provisionJournal(join(folder, `journal-${tid}.sqlite`), identity, taken.key);
  }
  writeSecret(join(folder, "ca-keys.json"), JSON.stringify(given.caKeys));
}

try {
  const terminals = await provision();
  process.stdout.write(`${JSON.stringify({ terminals })}\n`);
} catch (error) {
  const message = error instanceof Error ? error.message : "provisioning failed";
  process.stderr.write(`${JSON.stringify({ level: "error", msg: message })}\n`);
  process.exit(1);
}
