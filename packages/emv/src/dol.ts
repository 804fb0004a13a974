/** Data object lists: what the card asks the terminal for (Book 3 §5.4). */
import { concat } from "@tillway/bytes";
import { readTag, TlvError } from "./tlv.ts";
import { formatOf } from "./tags.ts";

/** One entry of a list: a tag and how many bytes of it are wanted (0 to 255). */
export type DolEntry = { readonly tag: string; readonly length: number };

/** The entries of a list: tags and one-byte lengths, no values. Throws TlvError. */
export function parseDol(bytes: Uint8Array): DolEntry[] {
  const entries: DolEntry[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = readTag(bytes, at, bytes.length);
    const length = bytes[tag.next];
    if (length === undefined) throw new TlvError("length", tag.next, "a length is missing");
    entries.push({ tag: tag.text, length });
    at = tag.next + 1;
  }
  return entries;
}

/** How many bytes the answer to this list has. */
export function dolLength(entries: readonly DolEntry[]): number {
  return entries.reduce((total, entry) => total + entry.length, 0);
}

/**
 * The concatenated values a list asks for (Book 3 §5.4): unknown tags are zeros; numeric values are
 * cut or padded with zeros on the left, compressed numeric ones padded with F and others with zeros
 * on the right.
 */
export function buildDol(
  dol: readonly DolEntry[] | Uint8Array,
  values: ReadonlyMap<string, Uint8Array>,
): Uint8Array {
  const entries = dol instanceof Uint8Array ? parseDol(dol) : dol;
  return concat(...entries.map((entry) => fit(entry, values.get(entry.tag))));
}

function fit(entry: DolEntry, value: Uint8Array | undefined): Uint8Array {
  const fitted = new Uint8Array(entry.length);
  if (value === undefined) return fitted;
  const format = formatOf(entry.tag);
  if (format === "n") {
    const kept = value.subarray(Math.max(0, value.length - entry.length));
    fitted.set(kept, entry.length - kept.length);
    return fitted;
  }
  if (format === "cn") fitted.fill(0xff);
  fitted.set(value.subarray(0, entry.length));
  return fitted;
}

/** The values of an answer to a list, by tag. Undefined where the length does not fit. */
export function splitDol(
  entries: readonly DolEntry[],
  data: Uint8Array,
): Map<string, Uint8Array> | undefined {
  if (dolLength(entries) !== data.length) return undefined;
  const values = new Map<string, Uint8Array>();
  let at = 0;
  for (const entry of entries) {
    values.set(entry.tag, data.slice(at, at + entry.length));
    at += entry.length;
  }
  return values;
}
