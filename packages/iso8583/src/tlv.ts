import { hexOf } from "./nibbles.ts";

/** One BER-TLV object: its tag in hex, where it begins, where its value begins and ends. */
export type TlvItem = {
  readonly tag: string;
  readonly at: number;
  readonly valueAt: number;
  readonly end: number;
};

export type TlvWalk =
  | { readonly ok: true; readonly items: readonly TlvItem[] }
  | { readonly ok: false; readonly at: number; readonly tag?: string; readonly why: string };

/**
 * The outermost objects of a BER-TLV string (EMV Book 3 Annex B). Zero bytes between objects are
 * filler. Tags up to three bytes, definite lengths up to two bytes: more does not fit a field.
 */
export function walkTlv(bytes: Uint8Array): TlvWalk {
  const items: TlvItem[] = [];
  let at = 0;
  while (at < bytes.length) {
    const first = bytes[at] ?? 0;
    if (first === 0) {
      at += 1;
      continue;
    }
    let tagEnd = at + 1;
    if ((first & 0x1f) === 0x1f) {
      while (tagEnd < at + 3 && ((bytes[tagEnd] ?? 0) & 0x80) !== 0) tagEnd += 1;
      tagEnd += 1;
      if (tagEnd > at + 3) return { ok: false, at, why: "a tag is longer than three bytes" };
      if (tagEnd > bytes.length) return { ok: false, at, why: "the data end inside a tag" };
    }
    const tag = hexOf(bytes, at, tagEnd);
    const size = lengthAt(bytes, tagEnd);
    if (typeof size === "string") return { ok: false, at: tagEnd, tag, why: size };
    const end = size.valueAt + size.length;
    if (end > bytes.length) return { ok: false, at, tag, why: "a value is longer than the data" };
    items.push({ tag, at, valueAt: size.valueAt, end });
    at = end;
  }
  return { ok: true, items };
}

function lengthAt(bytes: Uint8Array, at: number): { valueAt: number; length: number } | string {
  const first = bytes[at];
  if (first === undefined) return "the data end inside a length";
  if (first < 0x80) return { valueAt: at + 1, length: first };
  if (first !== 0x81 && first !== 0x82) return "a length form that is not used in messages";
  const valueAt = at + 1 + (first & 0x0f);
  if (valueAt > bytes.length) return "the data end inside a length";
  let length = 0;
  for (const byte of bytes.subarray(at + 1, valueAt)) length = length * 256 + byte;
  return { valueAt, length };
}
