/** Data objects told to people: names, formats, fields and bits; card data masked unless asked for. */
import { toAscii, toHex } from "@tillway/bytes";
import { lengthFits, tagEntry } from "../tags.ts";
import type { TagFormat } from "../tags.ts";
import { isConstructed, parseTlv } from "../tlv.ts";
import type { Tlv } from "../tlv.ts";
import { describeBits } from "./bits.ts";
import { describeFields } from "./lists.ts";

export type DescribedTlv = {
  readonly tag: string;
  /** "Unknown" where the dictionary does not have it. */
  readonly name: string;
  /** Undefined where the dictionary does not have it. */
  readonly format?: TagFormat;
  readonly length: number;
  /** Hex, masked where it is card data; "" for a template. */
  readonly value: string;
  readonly masked: boolean;
  /** The value as people write it: text, digits, a date. */
  readonly text?: string;
  /** Fields and bits. */
  readonly details: readonly string[];
  readonly children: readonly DescribedTlv[];
};

/** Data of which a card could be copied or its holder known. */
const SECRET = ["56", "57", "5A", "5F20", "99", "9F0B", "9F1F", "9F20", "9F61", "9F6B"];
const PAN = "5A";

/**
 * The data objects of a byte string. `unmask` shows card data whole. Throws TlvError with the offset
 * where the bytes are malformed, and nothing else.
 */
export function describeTlv(
  bytes: Uint8Array,
  options: { readonly unmask?: boolean } = {},
): DescribedTlv[] {
  return parseTlv(bytes).map((node) => described(node, options.unmask === true));
}

function described(node: Tlv, unmask: boolean): DescribedTlv {
  const { tag, value } = node;
  const entry = tagEntry(tag);
  const constructed = isConstructed(tag);
  const masked = !unmask && SECRET.includes(tag);
  const text = constructed || masked ? undefined : textOf(tag, entry?.format, value);
  return {
    tag,
    name: entry?.name ?? "Unknown",
    ...(entry === undefined ? {} : { format: entry.format }),
    length: value.length,
    value: constructed ? "" : masked ? maskedHex(tag, value) : toHex(value),
    masked,
    ...(text === undefined ? {} : { text }),
    details: constructed ? [] : detailsOf(tag, value),
    children: node.children.map((child) => described(child, unmask)),
  };
}

function detailsOf(tag: string, value: Uint8Array): readonly string[] {
  const odd = lengthFits(tag, value.length) ? [] : ["Length not allowed for this tag"];
  return [...odd, ...(describeBits(tag, value) ?? describeFields(tag, value) ?? [])];
}

/** First six and last four digits of a PAN; of everything else only how long it is. */
function maskedHex(tag: string, value: Uint8Array): string {
  const hex = toHex(value);
  if (tag !== PAN) return "*".repeat(hex.length);
  const digits = hex.replace(/F+$/, "");
  if (digits.length < 11) return "*".repeat(digits.length);
  return digits.slice(0, 6) + "*".repeat(digits.length - 10) + digits.slice(-4);
}

const DATES = ["5F24", "5F25", "9A"];
const TIME = "9F21";

function textOf(tag: string, format: TagFormat | undefined, value: Uint8Array): string | undefined {
  const hex = toHex(value);
  const pairs = hex.match(/../g) ?? [];
  if (DATES.includes(tag)) return pairs.join("-");
  if (tag === TIME) return pairs.join(":");
  switch (format) {
    case "n":
      return /^\d*$/.test(hex) ? hex.replace(/^0+(?=\d)/, "") : undefined;
    case "cn":
      return hex.replace(/F+$/, "");
    case "a":
    case "an":
    case "ans":
      return toAscii(value).replace(/[^\x20-\x7e\xa0-\xff]/g, ".");
    case "b":
    case "dol":
    case "template":
    case undefined:
      return undefined;
  }
}

/** The same as lines of text, children indented by two spaces. */
export function tlvText(described: readonly DescribedTlv[], indent = ""): string {
  return described.map((node) => `${nodeText(node, indent)}\n`).join("");
}

function nodeText(node: DescribedTlv, indent: string): string {
  const { tag, name, format, length, value, text, details, children } = node;
  const kind = format === undefined ? "" : ` (${format}, ${length})`;
  const shown = [value, ...(text === undefined || text === value ? [] : [`"${text}"`])].join(" ");
  const lines = [
    `${indent}${tag} ${name}${kind}${shown === "" ? "" : `: ${shown}`}`,
    ...details.map((detail) => `${indent}  - ${detail}`),
  ];
  const inner = tlvText(children, `${indent}  `).trimEnd();
  return [...lines, ...(inner === "" ? [] : [inner])].join("\n");
}
