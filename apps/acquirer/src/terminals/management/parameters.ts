/** What terminals work by: values inherited institution → merchant → store → terminal (spec §2.5). */
import { composeField, unionpayPos } from "@tillway/iso8583";

/** From the widest to the narrowest: a narrower value takes the place of a wider one. */
export const scopes = ["institution", "merchant", "store", "terminal"] as const;
export type Scope = (typeof scopes)[number];

type Form = { readonly pattern: RegExp; readonly allowed: string };

const digits = (count: number): Form => ({
  pattern: new RegExp(`^\\d{${count}}$`),
  allowed: `${count} digits`,
});
const flag: Form = { pattern: /^[01]$/, allowed: "0 or 1" };
const phone: Form = { pattern: /^[0-9 ]{1,14}$/, allowed: "up to 14 digits" };

type Parameter = {
  /** The code in DE 62 of a parameter download. */
  readonly code: string;
  /** Length of the value on the wire, filled with spaces. */
  readonly length: number;
  readonly form: Form;
  readonly byDefault?: string;
  readonly meaning: string;
};

/** Parameters by name, in the order of their codes. */
export const parameters = {
  applicationType: {
    code: "11",
    length: 2,
    form: digits(2),
    byDefault: "60",
    meaning: "application class of the header",
  },
  timeoutSeconds: {
    code: "12",
    length: 2,
    form: digits(2),
    byDefault: "60",
    meaning: "how long an answer is waited for",
  },
  retries: {
    code: "13",
    length: 1,
    form: digits(1),
    byDefault: "3",
    meaning: "how often the line is tried",
  },
  phone1: { code: "14", length: 14, form: phone, meaning: "first number of the host" },
  phone2: { code: "15", length: 14, form: phone, meaning: "second number of the host" },
  phone3: { code: "16", length: 14, form: phone, meaning: "third number of the host" },
  managementPhone: {
    code: "17",
    length: 14,
    form: phone,
    meaning: "number of the management host",
  },
  tips: { code: "18", length: 1, form: flag, byDefault: "1", meaning: "whether tips are taken" },
  tipPercent: {
    code: "19",
    length: 2,
    form: digits(2),
    byDefault: "15",
    meaning: "the most that a tip may be, percent",
  },
  manualEntry: {
    code: "20",
    length: 1,
    form: flag,
    byDefault: "0",
    meaning: "whether a card number may be typed in",
  },
  automaticSignOff: {
    code: "21",
    length: 1,
    form: flag,
    byDefault: "0",
    meaning: "whether the terminal signs off after its batch",
  },
  merchantName: {
    code: "22",
    length: 40,
    form: { pattern: /^[ -~]{1,40}$/, allowed: "up to 40 printable characters" },
    meaning: "the name on receipts",
  },
  resends: {
    code: "23",
    length: 1,
    form: digits(1),
    byDefault: "3",
    meaning: "how often a reversal is sent again at once",
  },
  offlineUpload: {
    code: "24",
    length: 1,
    form: digits(1),
    byDefault: "0",
    meaning: "when offline payments are sent",
  },
  keyIndex: {
    code: "25",
    length: 1,
    form: digits(1),
    byDefault: "1",
    meaning: "master key in use",
  },
} as const satisfies Readonly<Record<string, Parameter>>;

export type ParameterName = keyof typeof parameters;

const table: Readonly<Record<string, Parameter>> = parameters;

export const isParameter = (name: string): name is ParameterName => Object.hasOwn(parameters, name);

/** What a value of a parameter must be, where this one is not; undefined where it is good. */
export function wrongValue(name: ParameterName, value: string): string | undefined {
  const { pattern, allowed } = parameters[name].form;
  return pattern.test(value) ? undefined : `${name}: must be ${allowed}`;
}

export type Given = { readonly scope: Scope; readonly name: string; readonly value: string };
export type Resolved = {
  readonly name: ParameterName;
  readonly value: string;
  /** Where the value comes from; "default" where nobody set it. */
  readonly from: Scope | "default";
};

/** The values of one terminal, of what its scopes give. The narrowest wins. */
export function resolve(given: readonly Given[]): Resolved[] {
  return Object.entries(table).flatMap(([name, { byDefault }]): Resolved[] => {
    if (!isParameter(name)) return [];
    for (const scope of scopes.toReversed()) {
      const found = given.find((one) => one.scope === scope && one.name === name);
      if (found) return [{ name, value: found.value, from: scope }];
    }
    return byDefault === undefined ? [] : [{ name, value: byDefault, from: "default" }];
  });
}

/** DE 62 of the answer to a parameter download, as hex. */
export function parameterField(resolved: readonly Resolved[]): string {
  const parts = resolved.map(({ name, value }) => {
    const { code, length } = parameters[name];
    return { key: code, text: value.padEnd(length) };
  });
  const message = { mti: "0810", fields: { "60": "00000001360" } };
  return composeField(unionpayPos, message, "62", parts);
}
