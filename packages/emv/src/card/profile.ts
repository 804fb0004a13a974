/** What a demonstration card is, before it gets keys: data files read and checked at the edge. */
import type { CryptogramVersion } from "@tillway/keys";
import * as check from "../kernel/check.ts";
import type { Problems } from "../kernel/check.ts";
import { dataObjectList, parseOptions } from "./profile-options.ts";
import type { ProfileOptions } from "./profile-options.ts";
import { CRYPTOGRAM_VERSIONS } from "./versions.ts";
import type { AnyCryptogramVersion } from "./versions.ts";

export type CardScheme = "unionpay" | "visa" | "mastercard";
export type Bilingual = { readonly en: string; readonly zh: string };

/** The account behind the card, for the issuer; amounts in minor units as decimal digits. */
export type CardAccount = {
  readonly kind: "debit" | "credit";
  readonly currency: string;
  readonly openingBalance: string;
  readonly creditLimit: string;
};

/**
 * Hex and digits as the tags named want them; dates are YYMMDD. `Version` is narrow where an
 * issuer's security module has to know the cryptogram.
 */
export type CardProfile<Version extends AnyCryptogramVersion = CryptogramVersion> =
  ProfileOptions & {
    readonly name: string;
    readonly scheme: CardScheme;
    readonly label: Bilingual;
    readonly purpose: Bilingual;
    readonly aid: string;
    /** Tag 50, 1 to 16 characters. */
    readonly applicationLabel: string;
    /** Whether the card lists its application in 1PAY.SYS.DDF01. */
    readonly directory: boolean;
    /** Tag 9F38; "" where the card asks for nothing. */
    readonly pdol: string;
    readonly pan: string;
    readonly psn: string;
    readonly effective: string;
    readonly expiry: string;
    readonly serviceCode: string;
    readonly cardholder: string;
    /** 4 to 12 digits; the issuer's PIN and the card's offline PIN alike. */
    readonly pin: string;
    /** Tag 9F42 and 5F28, three digits. */
    readonly currency: string;
    readonly country: string;
    /** Rules of tag 8E, two bytes each, and its two amounts in minor units. */
    readonly cvm: {
      readonly amountX: string;
      readonly amountY: string;
      readonly rules: readonly string[];
    };
    /** Tags 9F0D, 9F0E, 9F0F. */
    readonly actionCodes: {
      readonly default: string;
      readonly denial: string;
      readonly online: string;
    };
    readonly cryptogramVersion: Version;
    /** How issuer authentication comes to the card, and whether it insists on it. */
    readonly issuerAuthentication: {
      readonly way: "external-authenticate" | "generate-ac";
      readonly required: boolean;
    };
    /** Transactions in a row without the issuer: the lower limit asks for it, the upper insists. */
    readonly offlineLimits: {
      readonly lower: number;
      readonly upper: number;
      /** Minor units spent without the issuer, in the card's currency. No limit where absent. */
      readonly amount?: string;
    };
    /** "wrong" gives the card cryptogram keys its issuer does not know. */
    readonly keys: "issuer" | "wrong";
    readonly account: CardAccount;
    /** More applications of the same card, each with an account number of its own. */
    readonly further?: readonly CardProfile<Version>[];
  };

/** Whatever this card can make. */
export type AnyCardProfile = CardProfile<AnyCryptogramVersion>;

export type ParsedProfile =
  | { readonly ok: true; readonly profile: AnyCardProfile }
  | { readonly ok: false; readonly problems: readonly string[] };

/**
 * A profile read from JSON; problems as `path: what is allowed`, without values. An entry of
 * `further` needs only what differs from the first application. Never throws.
 */
export function parseProfile(json: unknown): ParsedProfile {
  const problems: Problems = [];
  const { further: listed, ...first } = check.object(json, "profile", problems);
  const profile = parseApplication(first, problems);
  const further = check.optional(listed, (value) =>
    check.list(value, "further", problems).map((entry, at) => {
      const own: Problems = [];
      const changes = check.object(entry, "entry", own);
      const application = parseApplication({ ...first, ...changes, further: undefined }, own);
      problems.push(...own.map((problem) => `further[${at}].${problem}`));
      return application;
    }),
  );
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, profile: further === undefined ? profile : { ...profile, further } };
}

function parseApplication(entry: Record<string, unknown>, problems: Problems): AnyCardProfile {
  const read = reader(entry, "", problems);
  return {
    name: read.pattern("name", /^[a-z0-9]+(-[a-z0-9]+)*$/, "lower case words joined by -"),
    scheme: check.choice(
      entry["scheme"],
      ["unionpay", "visa", "mastercard"] as const,
      "scheme",
      problems,
    ),
    label: bilingual(entry["label"], "label", problems),
    purpose: bilingual(entry["purpose"], "purpose", problems),
    ...application(entry, problems),
    ...identity(entry, problems),
    ...rules(entry, problems),
    keys: check.choice(entry["keys"], ["issuer", "wrong"] as const, "keys", problems),
    account: account(entry["account"], problems),
    ...parseOptions(entry, problems),
  };
}

function application(
  entry: Record<string, unknown>,
  problems: Problems,
): Pick<
  AnyCardProfile,
  "aid" | "applicationLabel" | "directory" | "pdol" | "cryptogramVersion" | "issuerAuthentication"
> {
  const issuer = check.object(entry["issuerAuthentication"], "issuerAuthentication", problems);
  return {
    aid: check.hex(entry["aid"], 5, 16, "aid", problems),
    applicationLabel: check.text(entry["applicationLabel"], 1, 16, "applicationLabel", problems),
    directory: check.flag(entry["directory"], "directory", problems),
    pdol: dataObjectList(entry["pdol"], "pdol", problems),
    cryptogramVersion: check.choice(
      entry["cryptogramVersion"],
      CRYPTOGRAM_VERSIONS,
      "cryptogramVersion",
      problems,
    ),
    issuerAuthentication: {
      way: check.choice(
        issuer["way"],
        ["external-authenticate", "generate-ac"] as const,
        "issuerAuthentication.way",
        problems,
      ),
      required: check.flag(issuer["required"], "issuerAuthentication.required", problems),
    },
  };
}

function identity(
  entry: Record<string, unknown>,
  problems: Problems,
): Pick<
  AnyCardProfile,
  | "pan"
  | "psn"
  | "effective"
  | "expiry"
  | "serviceCode"
  | "cardholder"
  | "pin"
  | "currency"
  | "country"
> {
  const read = reader(entry, "", problems);
  const date = /^\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$/;
  return {
    pan: read.pattern("pan", /^\d{13,19}$/, "13 to 19 digits"),
    psn: read.pattern("psn", /^\d{2}$/, "two digits"),
    effective: read.pattern("effective", date, "YYMMDD"),
    expiry: read.pattern("expiry", date, "YYMMDD"),
    serviceCode: read.pattern("serviceCode", /^\d{3}$/, "three digits"),
    cardholder: check.text(entry["cardholder"], 2, 26, "cardholder", problems),
    pin: read.pattern("pin", /^\d{4,12}$/, "4 to 12 digits"),
    currency: read.pattern("currency", /^\d{3}$/, "three digits"),
    country: read.pattern("country", /^\d{3}$/, "three digits"),
  };
}

function rules(
  entry: Record<string, unknown>,
  problems: Problems,
): Pick<AnyCardProfile, "cvm" | "actionCodes" | "offlineLimits"> {
  const cvm = check.object(entry["cvm"], "cvm", problems);
  const codes = reader(
    check.object(entry["actionCodes"], "actionCodes", problems),
    "actionCodes.",
    problems,
  );
  const limits = check.object(entry["offlineLimits"], "offlineLimits", problems);
  const limit = (name: string): number =>
    check.integer(limits[name], 0, 255, `offlineLimits.${name}`, problems);
  const amount = check.optional(limits["amount"], (value) =>
    check.amount(value, "offlineLimits.amount", problems),
  );
  const list = check.list(cvm["rules"], "cvm.rules", problems);
  if (list.length === 0 || list.length > 20) problems.push("cvm.rules: one to twenty rules");
  return {
    cvm: {
      amountX: binaryAmount(cvm["amountX"], "cvm.amountX", problems),
      amountY: binaryAmount(cvm["amountY"], "cvm.amountY", problems),
      rules: list.map((rule, at) => check.hex(rule, 2, 2, `cvm.rules[${at}]`, problems)),
    },
    actionCodes: {
      default: codes.hex("default", 5),
      denial: codes.hex("denial", 5),
      online: codes.hex("online", 5),
    },
    offlineLimits: {
      lower: limit("lower"),
      upper: limit("upper"),
      ...(amount === undefined ? {} : { amount }),
    },
  };
}

/** The amounts of a CVM list have four bytes (Book 3 §10.5). */
function binaryAmount(value: unknown, path: string, problems: Problems): string {
  const amount = check.amount(value, path, problems);
  if (BigInt(amount) > 0xffffffffn) problems.push(`${path}: at most 4294967295`);
  return amount;
}

function account(json: unknown, problems: Problems): CardAccount {
  const entry = check.object(json, "account", problems);
  const read = reader(entry, "account.", problems);
  return {
    kind: check.choice(entry["kind"], ["debit", "credit"] as const, "account.kind", problems),
    currency: read.pattern("currency", /^[A-Z]{3}$/, "three capital letters"),
    openingBalance: check.amount(entry["openingBalance"], "account.openingBalance", problems),
    creditLimit: check.amount(entry["creditLimit"], "account.creditLimit", problems),
  };
}

function bilingual(json: unknown, path: string, problems: Problems): Bilingual {
  const read = reader(check.object(json, path, problems), `${path}.`, problems);
  const written = /^[^\p{Cc}]{1,200}$/u;
  return {
    en: read.pattern("en", written, "1 to 200 characters"),
    zh: read.pattern("zh", written, "1 to 200 characters"),
  };
}

type Reader = {
  readonly pattern: (name: string, expected: RegExp, allowed: string) => string;
  readonly hex: (name: string, bytes: number) => string;
};

function reader(entry: Record<string, unknown>, prefix: string, problems: Problems): Reader {
  return {
    pattern: (name, expected, allowed) =>
      check.pattern(entry[name], expected, allowed, prefix + name, problems),
    hex: (name, bytes) => check.hex(entry[name], bytes, bytes, prefix + name, problems),
  };
}
