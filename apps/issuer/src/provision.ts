/**
 * First start: one JSON document in, one out. The members' ZMKs come in components and are kept as
 * key blocks; the bank makes its own keys, the test authorities and the demonstration cards.
 * Running it again changes nothing but what is missing or a ZMK that is another one. Further debit
 * cards may be named; with `anew` they are issued again.
 */
import { randomBytes } from "node:crypto";
import { text } from "node:stream/consumers";
import { ConfigurationError, readConfiguration } from "@tillway/configuration";
import { demonstrationProfiles, type CardProfile } from "@tillway/emv";
import type { Random, SecurityModule } from "@tillway/keys";
import { destination, pino } from "pino";
import { BANK_INSTITUTION } from "./bank/index.ts";
import {
  caKeyOf,
  issueAnew,
  issueOnce,
  openDemonstrationAccounts,
  openIssuing,
} from "./cards/index.ts";
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

const NONE = { cards: [], anew: false };

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

/** A debit card beyond those of the demonstration. */
export type FurtherCard = {
  readonly name: string;
  readonly pan: string;
  readonly pin: string;
  /** Minor units as decimal digits. */
  readonly openingBalance: string;
};

/** The further cards of the input, none where it names none. Throws with the place that is wrong. */
export function parseCards(json: unknown): FurtherCard[] {
  const cards: unknown =
    typeof json === "object" && json !== null && "cards" in json ? json.cards : [];
  if (!Array.isArray(cards)) throw new TypeError("cards: must be a list");
  return cards.map((card: unknown, at) => {
    const given = new Map(Object.entries(typeof card === "object" && card !== null ? card : {}));
    const word = (name: keyof FurtherCard, pattern: RegExp): string => {
      const value: unknown = given.get(name);
      if (typeof value === "string" && pattern.test(value)) return value;
      throw new TypeError(`cards[${at}].${name}: must match ${pattern.source}`);
    };
    return {
      name: word("name", /^[a-z0-9]+(-[a-z0-9]+)*$/),
      pan: word("pan", /^\d{13,19}$/),
      pin: word("pin", /^\d{4,12}$/),
      openingBalance: word("openingBalance", /^\d{1,15}$/),
    };
  });
}

/** Profiles of further cards: as the demonstration's debit card in all that is not their own. */
function furtherProfiles(cards: readonly FurtherCard[]): CardProfile[] {
  const pattern = demonstrationProfiles().find(({ account }) => account.kind === "debit");
  if (!pattern) throw new Error("the demonstration has no debit card");
  return cards.map(({ openingBalance, ...own }) => ({
    ...pattern,
    ...own,
    account: { ...pattern.account, openingBalance },
  }));
}

/** Loads everything that the issuer needs before its first start; what the other parties need. */
export async function provision(
  { configuration, database, random, now, modules }: Surroundings,
  links: readonly Link[],
  further: { readonly cards: readonly FurtherCard[]; readonly anew: boolean } = NONE,
): Promise<{ readonly caKeys: readonly object[]; readonly cards: readonly string[] }> {
  await migrateIssuer(database, now);
  const folder = folderOf(configuration.TILLWAY_DATA, random);
  const others = furtherProfiles(further.cards);
  const profiles = [...demonstrationProfiles(), ...others];
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
  for (const profile of profiles) {
    if (further.anew && others.includes(profile)) await issueAnew(issuing, profile, now);
    else await issueOnce(issuing, profile, now);
  }
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
  const json: unknown = JSON.parse(await text(process.stdin));
  const links = parseInput(json);
  const anew = typeof json === "object" && json !== null && "anew" in json && json.anew === true;
  const further = { cards: parseCards(json), anew };
  const database = openPool(configuration.DATABASE_URL, () => undefined);
  const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));
  const log = pino({ level: configuration.TILLWAY_LOG }, destination({ dest: 2, sync: true }));
  const module = openModule({ configuration, clock, random, log });
  try {
    const modules = { network: module, bank: module };
    const surroundings = { configuration, database, random, now: Date.now(), modules };
    const provisioned = await provision(surroundings, links, further);
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
