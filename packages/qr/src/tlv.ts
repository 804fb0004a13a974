import { concat, fromHex, toHex } from "@tillway/bytes";
import { QrError } from "./errors.ts";

/** A BER-TLV element: tag in uppercase hex; value in uppercase hex, or elements if constructed. */
export type Tlv = { readonly tag: string; readonly value: string | readonly Tlv[] };

/** An element as it stands in a code; offsets count its bytes. */
export type PlacedTlv = {
  readonly tag: string;
  /** Of the tag. */
  readonly offset: number;
  /** Of the value. */
  readonly start: number;
  readonly value: Uint8Array;
  readonly children?: readonly PlacedTlv[];
};

const DEEPEST = 4;
const CONSTRUCTED = 0x20;

/**
 * Reads BER-TLV in its one canonical form: tags of at most three bytes without leading zeros,
 * definite lengths in as few bytes as they need, nothing left over, templates four deep at most.
 * Throws QrError `tag`, `length`, `short`, `nesting`. Source: EMV Book 3 annex B.
 */
export function readTlv(
  bytes: Uint8Array,
  path: readonly string[] = [],
  offset = 0,
  depth = 1,
): PlacedTlv[] {
  if (depth > DEEPEST) throw new QrError("nesting", path, offset, "templates are nested too deep");
  const elements: PlacedTlv[] = [];
  for (let at = 0; at < bytes.length;) {
    const tagLength = tagLengthAt(bytes, at, path, offset + at);
    const tag = toHex(bytes.subarray(at, at + tagLength));
    const inside = [...path, tag];
    const { length, size } = lengthAt(bytes, at + tagLength, inside, offset + at + tagLength);
    const from = at + tagLength + size;
    const start = offset + from;
    if (from + length > bytes.length) {
      throw new QrError("short", inside, start, "the value is shorter than its length says");
    }
    const value = bytes.subarray(from, from + length);
    const placed = { tag, offset: offset + at, start, value };
    const isTemplate = ((bytes[at] ?? 0) & CONSTRUCTED) !== 0;
    elements.push(
      isTemplate ? { ...placed, children: readTlv(value, inside, start, depth + 1) } : placed,
    );
    at = from + length;
  }
  return elements;
}

function tagLengthAt(
  bytes: Uint8Array,
  at: number,
  path: readonly string[],
  offset: number,
): number {
  const first = bytes[at] ?? 0;
  if (first === 0) throw new QrError("tag", path, offset, "a tag does not begin with 00");
  if ((first & 0x1f) !== 0x1f) return 1;
  if (bytes[at + 1] === 0x80) throw new QrError("tag", path, offset, "the tag has leading zeros");
  for (let length = 2; length <= 3; length += 1) {
    const byte = bytes[at + length - 1];
    if (byte === undefined) throw new QrError("short", path, offset, "the tag is cut off");
    if (byte < 0x80) return length;
  }
  throw new QrError("tag", path, offset, "the tag is longer than three bytes");
}

function lengthAt(
  bytes: Uint8Array,
  at: number,
  path: readonly string[],
  offset: number,
): { readonly length: number; readonly size: number } {
  const first = bytes[at];
  if (first === undefined) throw new QrError("short", path, offset, "the length is cut off");
  if (first < 0x80) return { length: first, size: 1 };
  if (first > 0x82 || first === 0x80) {
    throw new QrError("length", path, offset, "the length is not of 1 to 3 bytes");
  }
  const count = first - 0x80;
  if (at + count >= bytes.length) {
    throw new QrError("short", path, offset, "the length is cut off");
  }
  const digits = bytes.subarray(at + 1, at + 1 + count);
  const length = digits.reduce((sum, byte) => sum * 256 + byte, 0);
  if (length < (count === 1 ? 0x80 : 0x100)) {
    throw new QrError("length", path, offset, "the length is written in more bytes than it needs");
  }
  return { length, size: 1 + count };
}

/**
 * Elements as bytes, in the order given. Throws QrError `tag` (not a tag, or a value where its tag
 * wants elements or the reverse), `characters` (not hex), `length` (over 65535 bytes).
 */
export function writeTlv(elements: readonly Tlv[], path: readonly string[] = []): Uint8Array {
  const parts = elements.map(({ tag, value }) => {
    const inside = [...path, tag];
    const tagBytes = bytesOf(tag, inside);
    const wrong = tagBytes.length === 0 || tagLengthAt(tagBytes, 0, inside, 0) !== tagBytes.length;
    if (wrong) throw new QrError("tag", inside, 0, "the tag is not one tag");
    const isTemplate = ((tagBytes[0] ?? 0) & CONSTRUCTED) !== 0;
    if (isTemplate === (typeof value === "string")) {
      const message = isTemplate ? "the tag's value is elements" : "the tag's value is hex";
      throw new QrError("tag", inside, 0, message);
    }
    const content = typeof value === "string" ? bytesOf(value, inside) : writeTlv(value, inside);
    return concat(tagBytes, lengthOf(content.length, inside), content);
  });
  return concat(...parts);
}

function bytesOf(hex: string, path: readonly string[]): Uint8Array {
  if (hex.length % 2 !== 0 || !/^[0-9A-Fa-f]*$/.test(hex)) {
    throw new QrError("characters", path, 0, "not an even number of hex digits");
  }
  return fromHex(hex);
}

function lengthOf(length: number, path: readonly string[]): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length);
  if (length < 0x100) return Uint8Array.of(0x81, length);
  if (length < 0x10000) return Uint8Array.of(0x82, length >> 8, length & 0xff);
  throw new QrError("length", path, 0, "a value has at most 65535 bytes");
}

/** Elements without their places: what `writeTlv` writes. */
export function plainTlv(elements: readonly PlacedTlv[]): Tlv[] {
  return elements.map(({ tag, value, children }) => ({
    tag,
    value: children === undefined ? toHex(value) : plainTlv(children),
  }));
}
