/**
 * First start: one JSON document in, one out. The zone master key and the devices' transport keys
 * come in components and rest as key blocks; every terminal gets a fresh master key. Running it
 * again gives the terminals new master keys; everything else stays as it is. A list of documents
 * brings as many merchants; the zone master key need not be told again.
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { ConfigurationError, readConfiguration } from "@tillway/configuration";
import {
  DEFAULT_APPLICATIONS,
  DEFAULT_TERMINAL,
  parseKernelConfiguration,
  type CaKey,
} from "@tillway/emv";
import type { Random, SecurityModule } from "@tillway/keys";
import { destination, pino } from "pino";
import { isGoodKey, makeApiKey } from "./access/index.ts";
import { authorityCertificate, certify, ensureCertificates } from "./certificates.ts";
import { clock } from "./clock.ts";
import { migrateSchema, openPool, type Database } from "./db/index.ts";
import { openModule, readIfThere, writeSecret } from "./files.ts";
import { reasonOf } from "./log.ts";
import { defaultLimits, insertLimits } from "./payments/index.ts";
import { acquirerSettings, type AcquirerConfiguration } from "./settings.ts";
import {
  ensurePanKeys,
  registerMerchant,
  registerTerminal,
  storeDownloads,
  storeZmk,
  type ProvisionedTerminal,
  type ProvisionMerchant,
  type ProvisionTerminal,
} from "./terminals/index.ts";

export type ProvisionInput = {
  /** Undefined: the zone master key stays as it is. */
  readonly zmkComponents?: readonly string[];
  readonly merchant: ProvisionMerchant;
  readonly terminals: readonly (ProvisionTerminal & {
    /** PEM; its key gets a certificate for the TLS port. */
    readonly certificateRequest?: string;
  })[];
  /** Public keys of the certification authorities, for terminals to download; none where left out. */
  readonly caKeys?: readonly CaKey[];
};

type CertifiedTerminal = ProvisionedTerminal & { readonly certificate?: string };

export type Provisioned = {
  readonly terminals: readonly CertifiedTerminal[];
  /** PEM of the authority that certifies terminals and the port for them. */
  readonly authority: string | null;
  /** The operator's key, where none was made before; also in the file api-key. */
  readonly apiKey: string | null;
};

type Given = Readonly<Record<string, unknown>>;

export function object(value: unknown, place: string): Given {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(`${place}: must be an object`);
  }
  return Object.fromEntries(Object.entries(value));
}

export function word(from: Given, name: string, pattern: RegExp, place: string): string {
  const value = from[name];
  if (typeof value !== "string" || !pattern.test(value)) {
    throw new TypeError(`${place}${name}: must match ${pattern.source}`);
  }
  return value;
}

export function components(value: unknown, place: string): string[] {
  const hex = (part: unknown): part is string =>
    typeof part === "string" && /^[0-9A-Fa-f]{32}$/.test(part);
  if (!Array.isArray(value) || value.length < 2 || !value.every(hex)) {
    throw new TypeError(`${place}: must be two or more of 32 hex digits`);
  }
  return value;
}

/** The keys of the authorities; each is checked as a terminal would check it. */
function caKeysOf(value: unknown): readonly CaKey[] {
  const parsed = parseKernelConfiguration({
    keySet: "test",
    terminal: DEFAULT_TERMINAL,
    caKeys: value,
    applications: DEFAULT_APPLICATIONS,
  });
  if (!parsed.ok) throw new TypeError(parsed.problems.join("; "));
  return parsed.configuration.caKeys;
}

/** Reads the input. Throws TypeError with the place that is wrong; no value is repeated. */
export function parseInput(json: unknown): ProvisionInput {
  const all = object(json, "the input");
  const merchant = object(all["merchant"], "merchant");
  const feePpm = merchant["feePpm"];
  if (typeof feePpm !== "number" || !Number.isInteger(feePpm) || feePpm < 0 || feePpm > 1_000_000) {
    throw new TypeError("merchant.feePpm: must be a whole number from 0 to 1000000");
  }
  if (!Array.isArray(all["terminals"])) throw new TypeError("terminals: must be a list");
  const zmk = all["zmkComponents"];
  return {
    caKeys: caKeysOf(all["caKeys"] ?? []),
    ...(zmk === undefined ? {} : { zmkComponents: components(zmk, "zmkComponents") }),
    merchant: {
      mid: word(merchant, "mid", /^[0-9A-Z]{15}$/, "merchant."),
      name: word(merchant, "name", /^[ -~]{1,40}$/, "merchant."),
      nameZh: word(merchant, "nameZh", /^.{1,40}$/u, "merchant."),
      mcc: word(merchant, "mcc", /^\d{4}$/, "merchant."),
      feePpm,
    },
    terminals: all["terminals"].map((given: unknown, at) => {
      const place = `terminals[${at}].`;
      const terminal = object(given, place);
      const request = terminal["certificateRequest"];
      return {
        ...(typeof request === "string" ? { certificateRequest: request } : {}),
        tid: word(terminal, "tid", /^[0-9A-Z]{8}$/, place),
        serial: word(terminal, "serial", /^[0-9A-Za-z-]{1,40}$/, place),
        transportComponents: components(
          terminal["transportComponents"],
          `${place}transportComponents`,
        ),
      };
    }),
  };
}

/** Loads everything that the acquirer needs before its first start; what the terminals need. */
export async function provision(
  parts: {
    readonly configuration: AcquirerConfiguration;
    readonly random: Random;
    readonly now: number;
    readonly module: SecurityModule;
  },
  input: ProvisionInput,
): Promise<Provisioned> {
  const { configuration, random, now, module } = parts;
  const { TILLWAY_DATA: data, DATABASE_URL: url } = configuration;
  if (url === undefined)
    throw new ConfigurationError(["DATABASE_URL: must be a postgres:// address"]);
  const database = openPool(url, () => undefined);
  const surroundings = { database, module, now };
  try {
    await migrateSchema(database, now);
    await ensurePanKeys(surroundings);
    if (input.zmkComponents) await storeZmk(surroundings, input.zmkComponents);
    await registerMerchant(surroundings, input.merchant);
    await database.use((sql) => insertLimits(sql, defaultLimits, now));
    await storeDownloads(surroundings, input.caKeys ?? []);
    await ensureCertificates({ data, random, now }, [configuration.TILLWAY_HOST]);
    const terminals: CertifiedTerminal[] = [];
    for (const terminal of input.terminals) {
      const { tid, certificateRequest: request } = terminal;
      const registered = await registerTerminal(surroundings, input.merchant.mid, terminal);
      const certificate = request && (await certify({ data, random, now }, tid, request));
      terminals.push({ ...registered, ...(certificate ? { certificate } : {}) });
    }
    const apiKey = await operatorsKey(database, data, random, now);
    return { terminals, authority: authorityCertificate(data) ?? null, apiKey };
  } finally {
    await database.close();
  }
}

/** The operator's API key, told once and kept in the file api-key; null where that one is good. */
async function operatorsKey(
  database: Database,
  data: string,
  random: Random,
  now: number,
): Promise<string | null> {
  const path = join(data, "api-key");
  const kept = readIfThere(path);
  if (kept && (await isGoodKey(database, Buffer.from(kept).toString().trim()))) return null;
  const key = await makeApiKey(database, "operator", random, now);
  writeSecret(path, `${key}\n`);
  return key;
}

async function main(): Promise<void> {
  const configuration = readConfiguration(acquirerSettings, process.env);
  const json: unknown = JSON.parse(await text(process.stdin));
  const inputs = Array.isArray(json) ? json.map(parseInput) : [parseInput(json)];
  const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));
  const log = pino({ level: configuration.TILLWAY_LOG }, destination({ dest: 2, sync: true }));
  const module = openModule({ configuration, clock, random, log });
  try {
    const all: Provisioned[] = [];
    for (const input of inputs) {
      all.push(await provision({ configuration, random, now: Date.now(), module }, input));
    }
    const terminals = all.flatMap((one) => one.terminals);
    const apiKey = all.find((one) => one.apiKey !== null)?.apiKey ?? null;
    process.stdout.write(`${JSON.stringify({ ...all[0], terminals, apiKey })}\n`);
  } finally {
    module.close();
  }
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    // The input holds key components: a parser's message could quote it.
    const known = error instanceof SyntaxError ? "the input is not JSON" : reasonOf(error).error;
    process.stderr.write(`acquirer provisioning: ${known}\n`);
    process.exitCode = 1;
  }
}
