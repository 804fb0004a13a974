import { fromAscii, fromHex, toAscii, toHex } from "@tillway/bytes";
import { fromBase64, toBase64 } from "./base64.ts";
import {
  APPLICATION,
  FORMAT_TAG,
  type TagFormat,
  tagRules,
  templateRules,
} from "./consumer-tables.ts";
import { errorOf, fault, LONGEST, QrError, type QrFault } from "./errors.ts";
import { type PlacedTlv, plainTlv, readTlv, type Tlv, writeTlv } from "./tlv.ts";

/** One way to pay that a consumer-presented code offers (template 61). */
export type PaymentApplication = {
  /** ADF name, uppercase hex. */
  readonly aid: string;
  readonly label?: string;
  /** Card number: 5A, or that of the track. Card data: never to be shown, logged or kept. */
  readonly pan?: string;
  /** Track 2 equivalent as digits with D as separator. Card data too. */
  readonly track2?: string;
  /** YYMM. */
  readonly expiry?: string;
  /** Two digits (5F34). */
  readonly sequence?: string;
  /** Eight bytes (9F26), uppercase hex. */
  readonly cryptogram?: string;
  /** Primitive elements by tag, in hex: its own, and the code's common ones that it has not. */
  readonly data: Readonly<Record<string, string>>;
};

/** A consumer-presented code of version CPV01. */
export type ConsumerCode = {
  readonly applications: readonly PaymentApplication[];
  /** All elements after the format indicator (85), in the order of the code. */
  readonly elements: readonly Tlv[];
};

/** A consumer-presented code whose structure is right, whether or not it keeps the rules. */
export type ConsumerReading = ConsumerCode & { readonly faults: readonly QrFault[] };

/** The only version there is: the content of the format indicator. */
export const VERSION = "CPV01";

/**
 * Reads a consumer-presented code and lists its departures from the tables. Throws QrError where
 * the text itself is broken: `too-long`, `base64`, `tag`, `length`, `short`, `nesting`, `order` (85
 * comes first), `missing` (85), `value` (another version than CPV01).
 */
export function inspectConsumerCode(text: string): ConsumerReading {
  if (text.length > LONGEST) {
    throw new QrError("too-long", [], LONGEST, `a code has at most ${LONGEST} characters`);
  }
  const elements = readTlv(fromBase64(text));
  const [first, ...rest] = elements;
  if (first?.tag !== FORMAT_TAG) {
    const late = elements.find(({ tag }) => tag === FORMAT_TAG);
    if (late === undefined) throw new QrError("missing", [FORMAT_TAG], 0, "85 is missing");
    throw new QrError("order", [FORMAT_TAG], late.offset, "85 is not the first element");
  }
  if (toAscii(first.value) !== VERSION) {
    throw new QrError("value", [FORMAT_TAG], first.start, `only ${VERSION} is known`);
  }
  const end = rest.at(-1);
  const faults: QrFault[] = [];
  if (!rest.some(({ tag }) => tag === APPLICATION)) {
    const at = end === undefined ? first.start + first.value.length : end.start + end.value.length;
    faults.push(fault("missing", [APPLICATION], at, "an application template is missing"));
  }
  level(elements, "", [], faults);
  return { applications: applicationsOf(rest), elements: plainTlv(rest), faults };
}

/** Reads a consumer-presented code strictly: the first fault is thrown as QrError. */
export function parseConsumerCode(text: string): ConsumerCode {
  const { applications, elements, faults } = inspectConsumerCode(text);
  const [first] = faults;
  if (first !== undefined) throw errorOf(first);
  return { applications, elements };
}

/**
 * The text of a code with these elements after the format indicator. Throws QrError where
 * `parseConsumerCode` would not accept the text.
 */
export function buildConsumerCode(elements: readonly Tlv[]): string {
  const text = writeConsumerCode(elements);
  parseConsumerCode(text);
  return text;
}

/** Elements as they stand: the text that `inspectConsumerCode` read. Throws as `writeTlv`. */
export function writeConsumerCode(elements: readonly Tlv[]): string {
  const first = { tag: FORMAT_TAG, value: toHex(fromAscii(VERSION)) };
  return toBase64(writeTlv([first, ...elements]));
}

function level(
  elements: readonly PlacedTlv[],
  parent: string,
  path: readonly string[],
  faults: QrFault[],
): void {
  const seen = new Set<string>();
  for (const element of elements) {
    const { tag, offset, start, value, children } = element;
    const inside = [...path, tag];
    if (seen.has(tag) && tag !== APPLICATION) {
      faults.push(fault("duplicate", inside, offset, "the tag stands twice"));
    }
    seen.add(tag);
    if (children === undefined) {
      const wrong = valueFault(element, inside);
      if (wrong !== undefined) faults.push(wrong);
      continue;
    }
    const rule = Object.hasOwn(templateRules, tag) ? templateRules[tag] : undefined;
    if (rule !== undefined && rule.inside !== parent) {
      faults.push(fault("template", inside, offset, `${rule.name.en} stands elsewhere`));
    }
    if (tag === APPLICATION && !children.some((child) => child.tag === "4F")) {
      faults.push(fault("missing", [...inside, "4F"], start + value.length, "4F is missing"));
    }
    level(children, tag, inside, faults);
  }
}

const printable = /^[\x20-\x7e]*$/;

const formats: Readonly<Record<TagFormat, readonly [(value: Uint8Array) => boolean, string]>> = {
  b: [() => true, "bytes"],
  cn: [(value) => /^\d*F*$/.test(toHex(value)), "digits filled with F"],
  n: [(value) => /^\d*$/.test(toHex(value)), "digits"],
  ans: [(value) => printable.test(toAscii(value)), "printable ASCII"],
  a: [(value) => /^[A-Za-z]*$/.test(toAscii(value)), "letters"],
};

function valueFault(
  { tag, start, value }: PlacedTlv,
  path: readonly string[],
): QrFault | undefined {
  const rule = Object.hasOwn(tagRules, tag) ? tagRules[tag] : undefined;
  if (rule === undefined) return undefined;
  const [least, most] = rule.length;
  if (value.length < least || value.length > most) {
    const size = least === most ? `${most}` : `${least} to ${most}`;
    return fault("length", path, start, `${rule.name.en} has ${size} bytes`);
  }
  const [fits, called] = formats[rule.format];
  if (!fits(value)) {
    return fault("characters", path, start, `${rule.name.en} must be ${called}`);
  }
  if (rule.privacy === "track2" && !/^\d{1,19}D\d{7,}F?$/.test(toHex(value))) {
    return fault("value", path, start, `${rule.name.en} must be number, D, expiry, service code`);
  }
  return undefined;
}

function applicationsOf(elements: readonly PlacedTlv[]): PaymentApplication[] {
  const common = primitives(elements.filter(({ tag }) => tag !== APPLICATION));
  return elements.flatMap(({ tag, children = [] }) => {
    if (tag !== APPLICATION) return [];
    const own = primitives(children);
    const aid = own["4F"];
    return aid === undefined ? [] : [applicationOf(aid, { ...common, ...own })];
  });
}

function applicationOf(aid: string, data: Readonly<Record<string, string>>): PaymentApplication {
  const track2 = data["57"]?.replace(/F+$/, "");
  const [number, rest = ""] = track2?.split("D") ?? [];
  const expiry = data["5F24"]?.slice(0, 4) ?? rest.slice(0, 4);
  const known = {
    label: textOf(data["50"]),
    pan: data["5A"]?.replace(/F+$/, "") ?? number,
    track2,
    expiry: /^\d{4}$/.test(expiry) ? expiry : undefined,
    sequence: data["5F34"],
    cryptogram: data["9F26"],
  };
  const there = Object.entries(known).filter(([, value]) => value !== undefined);
  return {
    aid,
    ...(Object.fromEntries(there) as Partial<Record<keyof typeof known, string>>),
    data,
  };
}

function textOf(hex: string | undefined): string | undefined {
  if (hex === undefined) return undefined;
  return toAscii(fromHex(hex));
}

/** Primitive elements by tag, templates opened; the first of a tag counts. */
function primitives(elements: readonly PlacedTlv[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { tag, value, children } of elements) {
    const inner = children === undefined ? { [tag]: toHex(value) } : primitives(children);
    for (const [key, hex] of Object.entries(inner)) found[key] ??= hex;
  }
  return found;
}
