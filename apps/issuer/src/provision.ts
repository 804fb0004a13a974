/**
 * First start: one JSON document in, one out. The members' ZMKs come in components and are kept as
 * key blocks; the bank makes its own keys, the test authorities and the demonstration cards.
 * Running it again changes nothing but what is missing or a ZMK that is another one.
 */
import { randomBytes } from "node:crypto";
import { text } from "node:stream/consumers";
import { ConfigurationError, readConfiguration } from "@tillway/configuration";
import { demonstrationProfiles } from "@tillway/emv";
import type { Random, SecurityModule } from "@tillway/keys";
import { destination, pino } from "pino";
import { BANK_INSTITUTION } from "./bank/index.ts";
import { caKeyOf, issueOnce, openDemonstrationAccounts, openIssuing } from "./cards/index.ts";
import { clock } from "./clock.ts";
import { type Database, migrateIssuer, openPool, withClient } from "./db/index.ts";
import { openModule } from "./files.ts";
import { folderOf } from "./folder.ts";
import { loadKeys, makeOwnKeys, saveKey } from "./keys/index.ts";
import { createCalendar } from "./ledger/index.ts";
import { reasonOf } from "./log.ts";
import { saveMember, saveRoute } from "./network/index.ts";
import { issuerSettings, type IssuerConfiguration } from "./settings.ts";

type Link = { readonly institution: string; readonly components: readonly string[] };

/** Digits of a card number by which the network routes to the bank. */
const PREFIX = 6;

type Surroundings = {
  readonly configuration: IssuerConfiguration;
  readonly database: Database;
  readonly random: Random;
  readonly now: number;
  readonly modules: { readonly network: SecurityModule; readonly bank: SecurityModule };
};

/** The links of the input. Throws with what is wrong in it; nothing of it is repeated. */
export function parseInput(json: unknown): Link[] {
  const links: unknown =
    typeof json === "object" && json !== null && "links" in json ? json.links : undefined;
  if (!Array.isArray(links)) throw new TypeError("links: must be a list");
  return links.map((link: unknown, at) => {
    const given = typeof link === "object" && link !== null ? link : {};
    const institution = "institution" in given ? given.institution : undefined;
    const components: unknown = "components" in given ? given.components : undefined;
    if (typeof institution !== "string" || !/^\d{8,11}$/.test(institution)) {
      throw new TypeError(`links[${at}].institution: must be 8 to 11 digits`);
    }
    const hex = (part: unknown): part is string =>
      typeof part === "string" && /^[0-9A-Fa-f]{32}$/.test(part);
    if (!Array.isArray(components) || components.length < 2 || !components.every(hex)) {
      throw new TypeError(`links[${at}].components: must be two or more of 32 hex digits`);
    }
    return { institution, components };
  });
}

/** Loads everything that the issuer needs before its first start; what the other parties need. */
export async function provision(
  { configuration, database, random, now, modules }: Surroundings,
  links: readonly Link[],
): Promise<{ readonly caKeys: readonly object[]; readonly cards: readonly string[] }> {
  await migrateIssuer(database, now);
  const folder = folderOf(configuration.TILLWAY_DATA, random);
  const profiles = demonstrationProfiles();
  const schemes = [...new Set(profiles.map((profile) => profile.scheme))];
  await makeOwnKeys(database, modules.network, "network_key", [], now);
  await makeOwnKeys(database, modules.bank, "bank_key", schemes, now);
  for (const link of links) await addMember(database, modules.network, link, now);
  const own = links.find(({ institution }) => institution === BANK_INSTITUTION);
  if (own) {
    const zmk = await importZmk(modules.bank, own);
    const key = { name: "zmk", block: zmk.key, kcv: zmk.kcv };
    await withClient(database, (sql) => saveKey(sql, "bank_key", key, now, true));
    const prefixes = new Set(profiles.map(({ pan }) => pan.slice(0, PREFIX)));
    for (const prefix of prefixes) {
      await withClient(database, (sql) => saveRoute(sql, prefix, BANK_INSTITUTION));
    }
  }
  const calendar = createCalendar(database, {
    zone: configuration.TILLWAY_ZONE,
    cutOver: configuration.TILLWAY_CUT_OVER,
  });
  const blocks = await withClient(database, (sql) => loadKeys(sql, "bank_key"));
  const parts = { module: modules.bank, random, database, calendar, folder };
  const issuing = openIssuing(parts, blocks);
  if (!issuing) throw new Error("the bank's own keys are missing");
  await openDemonstrationAccounts(issuing, profiles, now);
  for (const profile of profiles) await issueOnce(issuing, profile, now);
  return {
    caKeys: issuing.bureau.authorities.map(caKeyOf),
    cards: profiles.map(({ name }) => name),
  };
}

async function importZmk(module: SecurityModule, { components }: Link) {
  const imported = await module.run({
    do: "import-components",
    usage: "K0",
    algorithm: "tdes",
    components: [...components],
  });
  if (!imported.ok) throw new Error(imported.message);
  return imported;
}

async function addMember(
  database: Database,
  module: SecurityModule,
  link: Link,
  now: number,
): Promise<void> {
  const zmk = await importZmk(module, link);
  const { institution } = link;
  const role = institution === BANK_INSTITUTION ? "issuer" : "acquirer";
  const member = { institution, role, zmk: zmk.key, kcv: zmk.kcv, name: role, at: now } as const;
  await withClient(database, (sql) => saveMember(sql, member));
}

async function main(): Promise<void> {
  const configuration = readConfiguration(issuerSettings, process.env);
  if (configuration.DATABASE_URL === undefined) {
    throw new ConfigurationError(["DATABASE_URL: must be a postgres:// address"]);
  }
  const links = parseInput(JSON.parse(await text(process.stdin)));
  const database = openPool(configuration.DATABASE_URL, () => undefined);
  const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));
  const log = pino({ level: configuration.TILLWAY_LOG }, destination({ dest: 2, sync: true }));
  const module = openModule({ configuration, clock, random, log });
  try {
    const modules = { network: module, bank: module };
    const surroundings = { configuration, database, random, now: Date.now(), modules };
    const provisioned = await provision(surroundings, links);
    process.stdout.write(`${JSON.stringify(provisioned)}\n`);
  } finally {
    module.close();
    await database.close();
  }
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    // The input holds key components: a parser's message could quote it.
    const known = error instanceof SyntaxError ? "the input is not JSON" : reasonOf(error).error;
    process.stderr.write(`issuer provisioning: ${known}\n`);
    process.exitCode = 1;
  }
}
