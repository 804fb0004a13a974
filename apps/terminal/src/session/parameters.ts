/** The parameters that a terminal works by: DE 62 of a parameter download (spec §2.5). */
import { fromHex, toAscii } from "@tillway/bytes";

export type Parameters = {
  readonly tips: boolean;
  /** The most a tip may be, percent of the amount. */
  readonly tipPercent: number;
  /** Whether a card number may be keyed in. */
  readonly manualEntry: boolean;
  /** Signs off after the end of a batch. */
  readonly autoSignOff: boolean;
  /** How often an unanswered query is repeated at once. */
  readonly resends: number;
};

/** What holds until the acquirer says otherwise. */
export const defaultParameters: Parameters = {
  tips: true,
  tipPercent: 30,
  manualEntry: true,
  autoSignOff: false,
  resends: 2,
};

/** Lengths by code, in bytes; 26 is binary, the others are text. */
const lengths: ReadonlyMap<string, number> = new Map([
  ["11", 2],
  ["12", 2],
  ["13", 1],
  ["14", 14],
  ["15", 14],
  ["16", 14],
  ["17", 14],
  ["18", 1],
  ["19", 2],
  ["20", 1],
  ["21", 1],
  ["22", 40],
  ["23", 1],
  ["24", 1],
  ["25", 1],
  ["26", 4],
]);

/** Values by code. Undefined where the field has an unknown code or ends too soon. */
export function readParameters(field62: string): ReadonlyMap<string, string> | undefined {
  const text = toAscii(fromHex(field62));
  const values = new Map<string, string>();
  let at = 0;
  while (at < text.length) {
    const code = text.slice(at, at + 2);
    const length = lengths.get(code);
    if (length === undefined || at + 2 + length > text.length) return undefined;
    values.set(code, text.slice(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return values;
}

/** The parameters of a stored field; what it does not say stays as it is by default. */
export function parametersOf(field62: string | undefined): Parameters {
  const values = field62 === undefined ? undefined : readParameters(field62);
  if (!values) return defaultParameters;
  const flag = (code: string, otherwise: boolean): boolean =>
    values.has(code) ? values.get(code) === "1" : otherwise;
  const digits = (code: string, otherwise: number): number => {
    const value = values.get(code) ?? "";
    return /^\d+$/.test(value) ? Number.parseInt(value, 10) : otherwise;
  };
  return {
    tips: flag("18", defaultParameters.tips),
    tipPercent: digits("19", defaultParameters.tipPercent),
    manualEntry: flag("20", defaultParameters.manualEntry),
    autoSignOff: flag("21", defaultParameters.autoSignOff),
    resends: Math.min(digits("23", defaultParameters.resends), 9),
  };
}
