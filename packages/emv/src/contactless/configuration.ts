/** What a contactless reader is told before a card comes: one combination of AID and kernel a row. */
import * as check from "../kernel/check.ts";
import type { Problems } from "../kernel/check.ts";
import { parseKernelConfiguration } from "../kernel/configuration.ts";
import type {
  ApplicationConfiguration,
  CaKey,
  KernelConfiguration,
  KeySet,
  TerminalConfiguration,
} from "../kernel/configuration.ts";
import type { KernelNumber } from "./steps.ts";

/** Limits in minor units as decimal digits; one that is absent does not limit. */
export type TapLimits = {
  /** From this amount on (kernel 2: above it) no contactless transaction. */
  readonly transaction?: string;
  /** Kernel 2: the same for phones that verify their cardholder. */
  readonly onDevice?: string;
  /** From this amount on (kernel 2: above it) the cardholder must be verified. */
  readonly cvm?: string;
  /** Above this amount the transaction goes online. */
  readonly floor?: string;
};

/** Kernel 2 (EMV Contactless Book C-2, data of the reader). Single bytes are 2 hex digits. */
export type MchipConfiguration = {
  readonly magstripeMode: boolean;
  /** Whether phones may verify their cardholder themselves. */
  readonly onDeviceCvm: boolean;
  /** 9F33 byte 1; byte 2 with and without the need of a CVM; byte 3. */
  readonly cardInput: string;
  readonly cvmRequired: string;
  readonly cvmNotRequired: string;
  readonly security: string;
  /** Magnetic-stripe mode: 00 no CVM, 10 signature, 20 online PIN (DF811E, DF812C). */
  readonly magstripeCvmRequired: string;
  readonly magstripeCvmNotRequired: string;
  readonly defaultUdol: string;
  /** 9F1D and 9F7E. */
  readonly riskManagementData: string;
  readonly mobileSupport: string;
  /** Whether TVR byte 5 says that the relay resistance protocol was not performed (C-2 from 2.5). */
  readonly relayResistanceInTvr: boolean;
  /** Whether 9F34 byte 1 repeats the rule's code or only names its method: readers differ. */
  readonly cvmResults: "as-listed" | "method";
};

/** The acquirer's rule for small amounts (小额免密免签). */
export type SmallAmountRule = {
  /** Minor units, inclusive; ISO 4217 numeric. */
  readonly limit: string;
  readonly currency: string;
};

export type CombinationConfiguration = {
  readonly name: string;
  readonly aid: string;
  /** Whether longer names on the card match too. */
  readonly partialMatch: boolean;
  readonly kernel: KernelNumber;
  /** Tag 9F09, 4 hex digits. */
  readonly version: string;
  readonly actionCodes: ApplicationConfiguration["actionCodes"];
  readonly onlinePin: boolean;
  readonly limits: TapLimits;
  /** Whether an amount of zero may be taken: it always goes online. */
  readonly zeroAmountAllowed: boolean;
  /** Whether one unit of the currency asks for the card's status, online. */
  readonly statusCheck: boolean;
  /** Kernels 3 and 7: tag 9F66, 8 hex digits, byte 2 without its two dynamic bits; else "". */
  readonly ttq: string;
  readonly smallAmount?: SmallAmountRule;
  /** Kernels 2 and 4. */
  readonly mchip?: MchipConfiguration;
};

export type ContactlessConfiguration = {
  readonly terminal: TerminalConfiguration;
  readonly keySet: KeySet;
  readonly caKeys: readonly CaKey[];
  readonly combinations: readonly CombinationConfiguration[];
};

export type ParsedContactless =
  | { readonly ok: true; readonly configuration: ContactlessConfiguration }
  | { readonly ok: false; readonly problems: readonly string[] };

/** What the contact kernel's parts need to know of a combination. */
export function applicationOf(combination: CombinationConfiguration): ApplicationConfiguration {
  return {
    name: combination.name,
    aid: combination.aid,
    partialMatch: combination.partialMatch,
    version: combination.version,
    actionCodes: combination.actionCodes,
    floorLimit: combination.limits.floor ?? "0",
    randomSelection: { threshold: "0", targetPercentage: 0, maximumTargetPercentage: 0 },
    defaultDdol: "9F3704",
    defaultTdol: "",
    onlinePin: combination.onlinePin,
  };
}

/** The configuration of the contact kernel's parts while this combination is at work. */
export function kernelConfigurationOf(
  configuration: ContactlessConfiguration,
  combination: CombinationConfiguration,
): KernelConfiguration {
  const { terminal, keySet, caKeys } = configuration;
  return { terminal, keySet, caKeys, applications: [applicationOf(combination)] };
}

/**
 * A configuration read from JSON: terminal and keys as for contact, then the combinations. Every
 * problem is named as `path: what is allowed`. Never throws.
 */
export function parseContactlessConfiguration(json: unknown): ParsedContactless {
  const problems: Problems = [];
  const root = check.object(json, "configuration", problems);
  const combinations = check
    .list(root["combinations"], "combinations", problems)
    .map((entry, at) => parseCombination(entry, `combinations[${at}]`, problems));
  if (combinations.length === 0) problems.push("combinations: at least one");
  const names = combinations.map(({ aid, kernel }) => `${aid}/${kernel}`);
  if (new Set(names).size !== names.length) {
    problems.push("combinations: each AID and kernel once");
  }
  // Terminal and keys are the contact kernel's: checked once, there.
  const byAid = new Map(combinations.map((entry) => [entry.aid, applicationOf(entry)]));
  const shared = parseKernelConfiguration({ ...root, applications: [...byAid.values()] });
  if (!shared.ok) {
    problems.push(...shared.problems.filter((entry) => !entry.startsWith("applications")));
  }
  if (problems.length > 0 || !shared.ok) return { ok: false, problems };
  const { terminal, keySet, caKeys } = shared.configuration;
  return { ok: true, configuration: { terminal, keySet, caKeys, combinations } };
}

const KERNELS = ["2", "3", "4", "7"] as const;
const NUMBERS: Readonly<Record<(typeof KERNELS)[number], KernelNumber>> = {
  "2": 2,
  "3": 3,
  "4": 4,
  "7": 7,
};

function parseCombination(
  json: unknown,
  path: string,
  problems: Problems,
): CombinationConfiguration {
  const entry = check.object(json, path, problems);
  const at = (name: string): string => `${path}.${name}`;
  const hex = (name: string, least: number, most: number): string =>
    check.hex(entry[name], least, most, at(name), problems);
  const codes = check.object(entry["actionCodes"], at("actionCodes"), problems);
  const code = (name: string): string =>
    check.hex(codes[name], 5, 5, at(`actionCodes.${name}`), problems);
  const kernel = NUMBERS[check.choice(String(entry["kernel"]), KERNELS, at("kernel"), problems)];
  const ttq = hex("ttq", 0, 4);
  const mchip = check.optional(entry["mchip"], (value) => parseMchip(value, at("mchip"), problems));
  const quick = kernel === 3 || kernel === 7;
  if (quick && ttq.length !== 8) problems.push(`${at("ttq")}: hex digits of 4 bytes`);
  if (!quick && mchip === undefined) problems.push(`${at("mchip")}: an object`);
  const smallAmount = check.optional(entry["smallAmount"], (value) =>
    parseSmallAmount(value, at("smallAmount"), problems),
  );
  return {
    name: check.text(entry["name"], 1, 40, at("name"), problems),
    aid: hex("aid", 5, 16),
    partialMatch: check.flag(entry["partialMatch"], at("partialMatch"), problems),
    kernel,
    version: hex("version", 2, 2),
    actionCodes: { denial: code("denial"), online: code("online"), default: code("default") },
    onlinePin: check.flag(entry["onlinePin"], at("onlinePin"), problems),
    limits: parseLimits(entry["limits"], at("limits"), problems),
    zeroAmountAllowed: check.flag(entry["zeroAmountAllowed"], at("zeroAmountAllowed"), problems),
    statusCheck: check.flag(entry["statusCheck"], at("statusCheck"), problems),
    ttq,
    ...(smallAmount === undefined ? {} : { smallAmount }),
    ...(mchip === undefined ? {} : { mchip }),
  };
}

function parseLimits(json: unknown, path: string, problems: Problems): TapLimits {
  const entry = check.object(json, path, problems);
  const limits: Record<string, string> = {};
  for (const name of ["transaction", "onDevice", "cvm", "floor"]) {
    const value = check.optional(entry[name], (given) =>
      check.amount(given, `${path}.${name}`, problems),
    );
    if (value !== undefined) limits[name] = value;
  }
  return limits;
}

function parseSmallAmount(json: unknown, path: string, problems: Problems): SmallAmountRule {
  const entry = check.object(json, path, problems);
  return {
    limit: check.amount(entry["limit"], `${path}.limit`, problems),
    currency: check.pattern(
      entry["currency"],
      /^\d{3}$/,
      "three digits",
      `${path}.currency`,
      problems,
    ),
  };
}

function parseMchip(json: unknown, path: string, problems: Problems): MchipConfiguration {
  const entry = check.object(json, path, problems);
  const at = (name: string): string => `${path}.${name}`;
  const hex = (name: string, least: number, most: number): string =>
    check.hex(entry[name], least, most, at(name), problems);
  const byte = (name: string): string => hex(name, 1, 1);
  const flag = (name: string): boolean => check.flag(entry[name], at(name), problems);
  const magstripeCvm = (name: string): string =>
    check.choice(entry[name], ["00", "10", "20"] as const, at(name), problems);
  return {
    magstripeMode: flag("magstripeMode"),
    onDeviceCvm: flag("onDeviceCvm"),
    cardInput: byte("cardInput"),
    cvmRequired: byte("cvmRequired"),
    cvmNotRequired: byte("cvmNotRequired"),
    security: byte("security"),
    magstripeCvmRequired: magstripeCvm("magstripeCvmRequired"),
    magstripeCvmNotRequired: magstripeCvm("magstripeCvmNotRequired"),
    defaultUdol: hex("defaultUdol", 0, 64),
    riskManagementData: hex("riskManagementData", 8, 8),
    mobileSupport: byte("mobileSupport"),
    relayResistanceInTvr: flag("relayResistanceInTvr"),
    cvmResults: check.choice(
      entry["cvmResults"],
      ["as-listed", "method"] as const,
      at("cvmResults"),
      problems,
    ),
  };
}
