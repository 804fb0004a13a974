/** What a terminal is told before a card comes: JSON-able data, checked once where it enters. */
import { createHash } from "node:crypto";
import { concat, fromHex, toHex } from "@tillway/bytes";
import * as check from "./check.ts";
import type { Problems } from "./check.ts";

/** Test keys and live keys share indexes, so a terminal holds one set or the other, never both. */
export type KeySet = "test" | "live";

/** A certification authority's public key; hex digits. `expiry` is YYYYMMDD, the last day. */
export type CaKey = {
  readonly rid: string;
  readonly index: string;
  readonly modulus: string;
  readonly exponent: string;
  /** SHA-1 over RID, index, modulus and exponent (Book 2 §11.2.2). */
  readonly checksum: string;
  readonly label: KeySet;
  readonly expiry?: string;
  /** Serial numbers of issuer certificates revoked under this key, three bytes each. */
  readonly revoked?: readonly string[];
};

/** Data of one application the terminal accepts. Action codes are 10 hex digits. */
export type ApplicationConfiguration = {
  readonly name: string;
  readonly aid: string;
  /** Whether longer names on the card match too (Book 1 §12.3.1, selection indicator). */
  readonly partialMatch: boolean;
  /** Tag 9F09, 4 hex digits. */
  readonly version: string;
  readonly actionCodes: {
    readonly denial: string;
    readonly online: string;
    readonly default: string;
  };
  /** Minor units, decimal digits. Transactions of this amount or more go online. */
  readonly floorLimit: string;
  /** Random selection (Book 3 §10.6.2): threshold in minor units, percentages 0 to 99. */
  readonly randomSelection: {
    readonly threshold: string;
    readonly targetPercentage: number;
    readonly maximumTargetPercentage: number;
  };
  /** Hex; "" where there is none. */
  readonly defaultDdol: string;
  readonly defaultTdol: string;
  /** Whether a PIN is taken online for this application (tag DF18 of UnionPay's parameters). */
  readonly onlinePin: boolean;
};

/** Data of the device and its merchant. Codes are those of the tags named. */
export type TerminalConfiguration = {
  /** 9F35, 2 hex digits. */
  readonly type: string;
  /** 9F33, 6 hex digits. */
  readonly capabilities: string;
  /** 9F40, 10 hex digits. */
  readonly additionalCapabilities: string;
  /** 9F1A, ISO 3166 numeric, 3 digits. */
  readonly country: string;
  /** 9F1C and 9F1E, 8 characters; 9F16, 15 characters; 9F15, 4 digits. */
  readonly terminalId?: string;
  readonly serial?: string;
  readonly merchantId?: string;
  readonly merchantCategory?: string;
  /** 9F4E, ASCII; padded with zeros to what the card asks for. */
  readonly merchantName?: string;
  /** 9F01, up to 11 digits. */
  readonly acquirer?: string;
  /** Whether the payment system environment is tried before the list of applications. */
  readonly directory: boolean;
  /** Whether the cardholder may choose; otherwise the card's first priority is taken. */
  readonly cardholderSelection: boolean;
  /**
   * When the card signs with its cryptogram (Book 4 §6.3.2): 1 first and second GENERATE AC, 2 the
   * first only, 3 neither an ARQC nor what follows one, 4 no ARQC but the second. 1 where absent.
   */
  readonly cdaMode?: CdaMode;
  /** Whether the terminal keeps an exception file or a log to be asked for every card. */
  readonly cardCheck?: boolean;
  /** Host response codes that approve: a certificate is asked for. All others decline. */
  readonly approvalCodes: readonly string[];
};

export type CdaMode = 1 | 2 | 3 | 4;

export type KernelConfiguration = {
  readonly terminal: TerminalConfiguration;
  readonly keySet: KeySet;
  readonly caKeys: readonly CaKey[];
  readonly applications: readonly ApplicationConfiguration[];
};

export type ParsedConfiguration =
  | { readonly ok: true; readonly configuration: KernelConfiguration }
  | { readonly ok: false; readonly problems: readonly string[] };

/** SHA-1(RID | index | modulus | exponent) in hex: the checksum a key is published with. */
export function caKeyChecksum(key: Pick<CaKey, "rid" | "index" | "modulus" | "exponent">): string {
  const parts = [key.rid, key.index, key.modulus, key.exponent].map(fromHex);
  return toHex(
    createHash("sha1")
      .update(concat(...parts))
      .digest(),
  );
}

/**
 * A configuration read from JSON. Every problem is named as `path: what is allowed`: formats,
 * keys whose checksum or label is wrong, the same key or application twice. Never throws.
 */
export function parseKernelConfiguration(json: unknown): ParsedConfiguration {
  const problems: Problems = [];
  const root = check.object(json, "configuration", problems);
  const keySet = check.choice(root["keySet"], ["test", "live"] as const, "keySet", problems);
  const terminal = parseTerminal(root["terminal"], problems);
  const caKeys = check
    .list(root["caKeys"], "caKeys", problems)
    .map((key, at) => parseCaKey(key, keySet, `caKeys[${at}]`, problems));
  const applications = check
    .list(root["applications"], "applications", problems)
    .map((entry, at) => parseApplication(entry, `applications[${at}]`, problems));
  if (applications.length === 0) problems.push("applications: at least one");
  unique(caKeys.map(caKeyName), "caKeys: each RID and index once", problems);
  unique(
    applications.map((entry) => entry.aid),
    "applications: each aid once",
    problems,
  );
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, configuration: { terminal, keySet, caKeys, applications } };
}

/** RID and index as one text, for example "A00000033309". */
export function caKeyName(key: Pick<CaKey, "rid" | "index">): string {
  return key.rid + key.index;
}

function unique(names: readonly string[], problem: string, problems: Problems): void {
  if (new Set(names).size !== names.length) problems.push(problem);
}

function parseCaKey(json: unknown, keySet: KeySet, path: string, problems: Problems): CaKey {
  const entry = check.object(json, path, problems);
  const before = problems.length;
  const hex = (name: string, least: number, most: number): string =>
    check.hex(entry[name], least, most, `${path}.${name}`, problems);
  const key = {
    rid: hex("rid", 5, 5),
    index: hex("index", 1, 1),
    modulus: hex("modulus", 48, 256),
    exponent: hex("exponent", 1, 3),
    checksum: hex("checksum", 20, 20),
  };
  const label = check.choice(entry["label"], ["test", "live"] as const, `${path}.label`, problems);
  const expiry = check.optional(entry["expiry"], (value) =>
    check.pattern(value, /^\d{8}$/, "eight digits YYYYMMDD", `${path}.expiry`, problems),
  );
  const revoked = check.optional(entry["revoked"], (value) =>
    check
      .list(value, `${path}.revoked`, problems)
      .map((serial) => check.hex(serial, 3, 3, `${path}.revoked`, problems)),
  );
  if (problems.length === before) {
    if (!["03", "010001"].includes(key.exponent)) problems.push(`${path}.exponent: 03 or 010001`);
    if (caKeyChecksum(key) !== key.checksum) {
      problems.push(`${path}.checksum: SHA-1 of RID, index, modulus and exponent`);
    }
    if (label !== keySet) problems.push(`${path}.label: ${keySet}, the key set of this terminal`);
  }
  return {
    ...key,
    label,
    ...(expiry === undefined ? {} : { expiry }),
    ...(revoked && { revoked }),
  };
}

function parseApplication(
  json: unknown,
  path: string,
  problems: Problems,
): ApplicationConfiguration {
  const entry = check.object(json, path, problems);
  const at = (name: string): string => `${path}.${name}`;
  const hex = (name: string, least: number, most: number): string =>
    check.hex(entry[name], least, most, at(name), problems);
  const codes = check.object(entry["actionCodes"], at("actionCodes"), problems);
  const code = (name: string): string =>
    check.hex(codes[name], 5, 5, at(`actionCodes.${name}`), problems);
  const random = check.object(entry["randomSelection"], at("randomSelection"), problems);
  const percentage = (name: string): number =>
    check.integer(random[name], 0, 99, at(`randomSelection.${name}`), problems);
  const targetPercentage = percentage("targetPercentage");
  const maximumTargetPercentage = percentage("maximumTargetPercentage");
  if (maximumTargetPercentage < targetPercentage) {
    problems.push(`${at("randomSelection.maximumTargetPercentage")}: at least the target`);
  }
  return {
    name: check.text(entry["name"], 1, 40, at("name"), problems),
    aid: hex("aid", 5, 16),
    partialMatch: check.flag(entry["partialMatch"], at("partialMatch"), problems),
    version: hex("version", 2, 2),
    actionCodes: { denial: code("denial"), online: code("online"), default: code("default") },
    floorLimit: check.amount(entry["floorLimit"], at("floorLimit"), problems),
    randomSelection: {
      threshold: check.amount(random["threshold"], at("randomSelection.threshold"), problems),
      targetPercentage,
      maximumTargetPercentage,
    },
    defaultDdol: hex("defaultDdol", 0, 252),
    defaultTdol: hex("defaultTdol", 0, 252),
    onlinePin: check.flag(entry["onlinePin"], at("onlinePin"), problems),
  };
}

const inTerminal = (name: string): string => `terminal.${name}`;

function parseTerminal(json: unknown, problems: Problems): TerminalConfiguration {
  const entry = check.object(json, "terminal", problems);
  const text = (name: string, least: number, most: number): Record<string, string> => {
    const value = check.optional(entry[name], (given) =>
      check.text(given, least, most, inTerminal(name), problems),
    );
    return value === undefined ? {} : { [name]: value };
  };
  const digits = (name: string, pattern: RegExp, allowed: string): Record<string, string> => {
    const value = check.optional(entry[name], (given) =>
      check.pattern(given, pattern, allowed, inTerminal(name), problems),
    );
    return value === undefined ? {} : { [name]: value };
  };
  const cardCheck = check.optional(entry["cardCheck"], (given) =>
    check.flag(given, inTerminal("cardCheck"), problems),
  );
  return {
    type: check.hex(entry["type"], 1, 1, inTerminal("type"), problems),
    capabilities: check.hex(entry["capabilities"], 3, 3, inTerminal("capabilities"), problems),
    additionalCapabilities: check.hex(
      entry["additionalCapabilities"],
      5,
      5,
      inTerminal("additionalCapabilities"),
      problems,
    ),
    country: check.pattern(
      entry["country"],
      /^\d{3}$/,
      "three digits",
      inTerminal("country"),
      problems,
    ),
    ...text("terminalId", 8, 8),
    ...text("serial", 8, 8),
    ...text("merchantId", 15, 15),
    ...digits("merchantCategory", /^\d{4}$/, "four digits"),
    ...text("merchantName", 1, 40),
    ...digits("acquirer", /^\d{1,11}$/, "one to eleven digits"),
    directory: check.flag(entry["directory"], inTerminal("directory"), problems),
    cardholderSelection: check.flag(
      entry["cardholderSelection"],
      inTerminal("cardholderSelection"),
      problems,
    ),
    ...cdaModeIn(entry["cdaMode"], problems),
    ...(cardCheck === undefined ? {} : { cardCheck }),
    approvalCodes: check
      .list(entry["approvalCodes"], inTerminal("approvalCodes"), problems)
      .map((code) =>
        check.pattern(
          code,
          /^[0-9A-Z]{2}$/,
          "two characters",
          inTerminal("approvalCodes"),
          problems,
        ),
      ),
  };
}

function cdaModeIn(value: unknown, problems: Problems): { readonly cdaMode?: CdaMode } {
  if (value === undefined) return {};
  const known = ([1, 2, 3, 4] as const).find((mode) => mode === value);
  if (known === undefined) problems.push("terminal.cdaMode: a whole number from 1 to 4");
  return known === undefined ? {} : { cdaMode: known };
}
