import { prefixSize } from "../prefix.ts";
import { isPlainBer } from "../structure/ber.ts";
import { type FieldDefinition } from "../table.ts";

/**
 * What the fast way needs to know of a field, flat and of one shape. Fields that it does not do
 * (EBCDIC, lengths in bytes of BCD) have none, and their messages take the careful way.
 */
export type FastField = {
  readonly number: number;
  readonly kind: Kind;
  /** Of text: digits, else anything printable. */
  readonly digits: boolean;
  readonly allowed: Uint8Array;
  /** Units: exact when fixed, else the most. */
  readonly length: number;
  /** Bytes of length before the field; 0 when fixed. */
  readonly prefix: number;
  readonly prefixKind: PrefixKind;
  /** Whether an odd number of digits stands left, and the nibble beside it. */
  readonly left: boolean;
  readonly pad: number;
  /** Fixed text is filled with blanks. */
  readonly blanks: boolean;
  /** Any star in the text is masking. */
  readonly starless: boolean;
  readonly ber: boolean;
};

export const RANGE = 0;
export const TABLE = 1;
/** A sign and digits in text. */
export const SIGNED = 2;
export const HEX = 3;
export const DIGITS = 4;
export const NIBBLES = 5;
export const BINARY = 6;
type Kind = 0 | 1 | 2 | 3 | 4 | 5 | 6;

export const NO_PREFIX = 0;
export const ASCII_PREFIX = 1;
export const BCD_PREFIX = 2;
export const BINARY_PREFIX = 3;
/** ASCII digits that count characters of hex. */
export const HEX_PREFIX = 4;
type PrefixKind = 0 | 1 | 2 | 3 | 4;

function tableOf(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const character of characters) table[character.charCodeAt(0)] = 1;
  return table;
}

const TRACK = tableOf("0123456789ABCDEFabcdef=");
const UPPER_HEX = tableOf("0123456789ABCDEF");
const NONE = new Uint8Array(256);

export function fastField(number: number, field: FieldDefinition): FastField | undefined {
  const kind = kindOf(field);
  const prefixKind = prefixKindOf(field);
  if (kind === undefined || prefixKind === undefined) return undefined;
  const digits = field.content === "n" || kind === SIGNED;
  const text = field.content === "an" || field.content === "ans";
  return {
    number,
    kind,
    digits,
    allowed: kind === TABLE ? TRACK : kind === HEX ? UPPER_HEX : NONE,
    length: field.length,
    prefix: field.prefix === undefined ? 0 : prefixSize(field.prefix),
    prefixKind,
    left: (field.justify ?? (field.prefix === undefined ? "right" : "left")) === "left",
    pad: field.pad === "F" ? 15 : 0,
    blanks: text && field.prefix === undefined,
    starless: text && field.privacy === "pan",
    ber: isPlainBer(field),
  };
}

function kindOf(field: FieldDefinition): Kind | undefined {
  const { content, encoding, structure } = field;
  // Of structures that refuse a message, only plain BER-TLV is looked through here.
  if (structure !== undefined && "kind" in Object(structure) && !isPlainBer(field))
    return undefined;
  switch (encoding) {
    case "ascii":
      return content === "z" ? TABLE : content === "xn" ? SIGNED : RANGE;
    case "gbk":
      return RANGE;
    case "bcd":
      return content === "n" ? DIGITS : content === "z" ? NIBBLES : undefined;
    case "binary":
      return BINARY;
    case "hex":
      return HEX;
    case "ebcdic":
    case "ebcdic-1047":
      return undefined;
  }
}

function prefixKindOf({ prefix, encoding }: FieldDefinition): PrefixKind | undefined {
  if (prefix === undefined) return NO_PREFIX;
  const inBytes = prefix.unit === "bytes";
  if (inBytes && encoding === "bcd") return undefined;
  switch (prefix.encoding) {
    case "ascii":
      return inBytes && encoding === "hex" ? HEX_PREFIX : ASCII_PREFIX;
    case "bcd":
      return inBytes && encoding === "hex" ? undefined : BCD_PREFIX;
    case "binary":
      return inBytes && encoding === "hex" ? undefined : BINARY_PREFIX;
    case "ebcdic":
      return undefined;
  }
}
