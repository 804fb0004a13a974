import { VERSION } from "./consumer.ts";
import { FORMAT_TAG, tagRules, templateRules } from "./consumer-tables.ts";
import { type QrFault } from "./errors.ts";
import { maskDigits, maskTag, printable, tagText } from "./mask.ts";
import { nestedRules, type ObjectRule, rootRules, ruleFor, type Text } from "./merchant-tables.ts";
import { type DataObject } from "./objects.ts";
import { paymentCodes, type ScannedCode } from "./recognise.ts";
import { type Tlv } from "./tlv.ts";

export type DescribeOptions = {
  /** Shows card data, payment codes and account numbers too. Default false. */
  readonly unmask?: boolean;
  /** Default "en". */
  readonly language?: "en" | "zh";
};

/** One object or element of a code; `value` is absent where it is a template. */
export type Row = {
  readonly path: readonly string[];
  readonly name: string;
  readonly value?: string;
};

const kinds: Readonly<Record<ScannedCode["kind"], Text>> = {
  merchant: { en: "merchant-presented code", zh: "商户出示码" },
  consumer: { en: "consumer-presented code", zh: "用户出示码" },
  "payment-code": { en: "payment code", zh: "付款码" },
};

const NAME_WIDTH = 34;

/**
 * A code's objects in its own order, each with its name; card data, long numbers and payment codes
 * masked unless told otherwise. The CRC is the last row of a merchant-presented code, the format
 * indicator the first of a consumer-presented one.
 */
export function dissect(code: ScannedCode, options: DescribeOptions = {}): Row[] {
  const language = options.language ?? "en";
  const unmask = options.unmask === true;
  switch (code.kind) {
    case "merchant": {
      const rows = objectRows(code.reading.objects, rootRules, [], unmask, language);
      return [...rows, { path: ["63"], name: "CRC", value: code.reading.crc }];
    }
    case "consumer": {
      const first = { path: [FORMAT_TAG], name: tagRules[FORMAT_TAG]?.name[language] ?? "" };
      const rows = elementRows(code.reading.elements, [], unmask, language);
      return [{ ...first, value: VERSION }, ...rows];
    }
    case "payment-code": {
      const wallet = paymentCodes.find((one) => one.wallet === code.wallet);
      const value = unmask ? code.digits : maskDigits(code.digits);
      return [{ path: [], name: wallet?.name[language] ?? code.wallet, value }];
    }
  }
}

/** A code dissected for people: its rows, one a line, then its departures from the rules. */
export function describe(code: ScannedCode, options: DescribeOptions = {}): string {
  const lines = [kinds[code.kind][options.language ?? "en"]];
  for (const { path, name, value } of dissect(code, options)) {
    const indent = "  ".repeat(Math.max(1, path.length));
    const head = `${indent}${path.at(-1) ?? ""} ${name}`;
    lines.push(value === undefined ? head : `${padded(head)} ${printable(value)}`);
  }
  if (code.kind !== "payment-code") lines.push(...code.reading.faults.map(faultLine));
  return `${lines.join("\n")}\n`;
}

function faultLine({ code, path, offset, message }: QrFault): string {
  return `! ${path.join(".")} at ${offset}: ${message} (${code})`;
}

function objectRows(
  objects: readonly DataObject[],
  rules: readonly ObjectRule[],
  path: readonly string[],
  unmask: boolean,
  language: "en" | "zh",
): Row[] {
  return objects.flatMap(({ id, value }) => {
    const rule = ruleFor(rules, id);
    const row = { path: [...path, id], name: rule?.name[language] ?? "" };
    if (typeof value === "string") {
      // An AID begins with a letter and has many digits, but is nobody's number.
      const whole = unmask || (rule?.isIdentifier === true && /^[A-Za-z]/.test(value));
      return [{ ...row, value: whole ? value : maskDigits(value) }];
    }
    const inner = objectRows(value, rule?.template ?? nestedRules, row.path, unmask, language);
    return [row, ...inner];
  });
}

function elementRows(
  elements: readonly Tlv[],
  path: readonly string[],
  unmask: boolean,
  language: "en" | "zh",
): Row[] {
  return elements.flatMap(({ tag, value }) => {
    const rules = typeof value === "string" ? tagRules : templateRules;
    const rule = Object.hasOwn(rules, tag) ? rules[tag] : undefined;
    const row = { path: [...path, tag], name: rule?.name[language] ?? "" };
    if (typeof value === "string") {
      return [{ ...row, value: unmask ? tagText(tag, value) : maskTag(tag, value) }];
    }
    return [row, ...elementRows(value, row.path, unmask, language)];
  });
}

/** Padded to a width in columns; a character beyond U+2E80 takes two. */
function padded(text: string): string {
  const columns = [...text].reduce((sum, one) => sum + (one >= "\u2E80" ? 2 : 1), 0);
  return text + " ".repeat(Math.max(0, NAME_WIDTH - columns));
}
