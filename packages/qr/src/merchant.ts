import { crcOf, crcOfCode } from "./crc.ts";
import { errorOf, LONGEST, QrError, type QrFault } from "./errors.ts";
import { type Decimals, readMoney } from "./merchant-money.ts";
import { judge } from "./merchant-rules.ts";
import { type MerchantTerms, objectsOf, termsOf } from "./merchant-terms.ts";
import {
  type DataObject,
  HEAD,
  plain,
  type PlacedObject,
  readObjects,
  writeObjects,
} from "./objects.ts";

export type MerchantOptions = { readonly decimals: Decimals };

/** A merchant-presented code of right structure and CRC, whether or not it keeps the rules. */
export type MerchantReading = {
  /** Every data object but the CRC, in the order of the text. */
  readonly objects: readonly DataObject[];
  readonly crc: string;
  readonly terms: Partial<MerchantTerms>;
  /** Departures from the tables. Markets have theirs: VietQR and PromptPay lack 52, 59 and 60. */
  readonly faults: readonly QrFault[];
};

/** A merchant-presented code that keeps all rules. */
export type MerchantCode = {
  readonly objects: readonly DataObject[];
  readonly crc: string;
  readonly terms: MerchantTerms;
};

/**
 * Reads a merchant-presented code and lists its departures from the tables. Throws QrError where
 * the text itself is broken: `too-long`, `characters` (half a surrogate pair), `crc`, `short`,
 * `identifier`, `length`, `duplicate`, `order`, `missing` (00 or 63).
 */
export function inspectMerchantCode(text: string, options: MerchantOptions): MerchantReading {
  const { root, crc, end } = readRoot(text);
  const { tree, faults } = judge(root, end);
  const { money, faults: moneyFaults } = readMoney(tree, end, options.decimals);
  // A value that the tables refuse is not refused a second time as a number.
  const known = new Set(faults.map(({ path }) => path.join(".")));
  const all = [...faults, ...moneyFaults.filter(({ path }) => !known.has(path.join(".")))];
  return { objects: plain(tree), crc, terms: termsOf(tree, money), faults: all };
}

/** Reads a merchant-presented code strictly: the first fault is thrown as QrError. */
export function parseMerchantCode(text: string, options: MerchantOptions): MerchantCode {
  const { objects, crc, terms, faults } = inspectMerchantCode(text, options);
  const [first] = faults;
  if (first !== undefined) throw errorOf(first);
  const { accounts, category, currency, country, name, city } = terms;
  if (
    accounts === undefined ||
    category === undefined ||
    currency === undefined ||
    country === undefined ||
    name === undefined ||
    city === undefined
  ) {
    throw new TypeError("a code without faults has all its mandatory objects");
  }
  return { objects, crc, terms: { ...terms, accounts, category, currency, country, name, city } };
}

/**
 * The canonical text of terms: objects in the order of their IDs, amounts with all decimals, CRC
 * last. Throws QrError where the text would not be accepted by `parseMerchantCode`.
 */
export function buildMerchantCode(terms: MerchantTerms, options: MerchantOptions): string {
  const text = writeMerchantCode(objectsOf(terms, options.decimals));
  parseMerchantCode(text, options);
  return text;
}

/** Data objects as they stand, with the CRC added: the text that `inspectMerchantCode` read. */
export function writeMerchantCode(objects: readonly DataObject[]): string {
  const text = `${writeObjects(objects)}6304`;
  return text + crcOf(text);
}

type Root = { readonly root: readonly PlacedObject[]; readonly crc: string; readonly end: number };

function readRoot(text: string): Root {
  // Counted in UTF-16 units first: no text is too long to refuse quickly.
  const characters = text.length > 2 * LONGEST ? [] : [...text];
  if (text.length > 2 * LONGEST || characters.length > LONGEST) {
    throw new QrError("too-long", [], LONGEST, `a code has at most ${LONGEST} characters`);
  }
  if (!text.isWellFormed()) {
    const at = characters.findIndex((character) => !character.isWellFormed());
    throw new QrError("characters", [], at, "half a surrogate pair is no character");
  }
  // The CRC goes first: of a code that was misread, any other fault would mislead.
  const crc = crcOfCode(text);
  if (crc !== undefined && crc.carried !== crc.computed) {
    const at = characters.length - 4;
    const wrong = /^[0-9A-F]{4}$/.test(crc.carried)
      ? "the CRC is not that of the text"
      : "the CRC is not four uppercase hexadecimal digits";
    throw new QrError("crc", ["63"], at, wrong);
  }
  const objects = readObjects(characters);
  const [first] = objects;
  const last = objects.at(-1);
  if (first?.id !== "00") {
    const late = objects.find(({ id }) => id === "00");
    if (late === undefined) throw new QrError("missing", ["00"], 0, "00 is missing");
    throw new QrError("order", ["00"], late.offset, "00 is not the first object");
  }
  const found = objects.find(({ id }) => id === "63");
  if (found === undefined) {
    throw new QrError("missing", ["63"], characters.length, "the CRC (63) is missing");
  }
  if (found !== last) throw new QrError("order", ["63"], found.offset, "63 is not the last object");
  if (crc === undefined || [...found.value].length !== 4) {
    throw new QrError("length", ["63"], found.offset + HEAD, "the CRC has four characters");
  }
  return { root: objects.slice(0, -1), crc: crc.carried, end: found.offset };
}
