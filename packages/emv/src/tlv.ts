/** BER-TLV as EMV uses it (Book 3 Annex B): tags of up to four bytes, definite lengths. */
import { concat, fromHex, toHex } from "@tillway/bytes";

/** One data object. `children` is empty for a primitive tag; `offset` of errors counts from 0. */
export type Tlv = {
  readonly tag: string;
  readonly value: Uint8Array;
  readonly children: readonly Tlv[];
};

/** Values by tag in uppercase hex, for example "9F02". */
export type TlvStore = Map<string, Uint8Array>;

export type TlvFault = "tag" | "length" | "value" | "depth";

/** What `parseTlv` throws: where the reading stopped and why; never any value. */
export class TlvError extends Error {
  readonly offset: number;
  readonly code: TlvFault;
  constructor(code: TlvFault, offset: number, message: string) {
    super(`${message} at byte ${offset}`);
    this.name = "TlvError";
    this.code = code;
    this.offset = offset;
  }
}

const DEEPEST = 16;
const LONGEST_TAG = 4;

/** Whether a tag holds other data objects: bit 6 of its first byte (Book 3 Annex B1). */
export function isConstructed(tag: string): boolean {
  return (Number.parseInt(tag.slice(0, 2), 16) & 0x20) !== 0;
}

/**
 * The data objects of a byte string, constructed ones with their children.
 * Zero bytes before, between and after data objects are skipped (Book 3 Annex B1).
 * Throws TlvError and nothing else.
 */
export function parseTlv(bytes: Uint8Array): Tlv[] {
  return parseWithin(bytes, 0, bytes.length, 0);
}

function parseWithin(bytes: Uint8Array, from: number, to: number, depth: number): Tlv[] {
  if (depth > DEEPEST) throw new TlvError("depth", from, "data objects are nested too deep");
  const nodes: Tlv[] = [];
  let at = from;
  while (at < to) {
    if (bytes[at] === 0) {
      at += 1;
      continue;
    }
    const tag = readTag(bytes, at, to);
    const length = readLength(bytes, tag.next, to);
    const end = length.next + length.value;
    if (end > to) throw new TlvError("value", length.next, "a value ends beyond its container");
    const children = isConstructed(tag.text) ? parseWithin(bytes, length.next, end, depth + 1) : [];
    nodes.push({ tag: tag.text, value: bytes.slice(length.next, end), children });
    at = end;
  }
  return nodes;
}

/** One data object as it stands in its bytes: `whole` with tag and length, `value` without. */
export type RawTlv = {
  readonly tag: string;
  readonly value: Uint8Array;
  readonly whole: Uint8Array;
};

/** The outermost data objects of a byte string, their inside not looked at. Throws TlvError. */
export function splitTlv(bytes: Uint8Array): RawTlv[] {
  const objects: RawTlv[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (bytes[at] === 0) {
      at += 1;
      continue;
    }
    const tag = readTag(bytes, at, bytes.length);
    const length = readLength(bytes, tag.next, bytes.length);
    const end = length.next + length.value;
    if (end > bytes.length) throw new TlvError("value", length.next, "a value ends too late");
    const value = bytes.slice(length.next, end);
    objects.push({ tag: tag.text, value, whole: bytes.slice(at, end) });
    at = end;
  }
  return objects;
}

/** The tag at `at`: its uppercase hex text and the offset behind it. Throws TlvError. */
export function readTag(bytes: Uint8Array, at: number, to: number): { text: string; next: number } {
  let next = at + 1;
  const first = at < to ? bytes[at] : undefined;
  if (first === undefined) throw new TlvError("tag", at, "a tag is missing");
  if ((first & 0x1f) === 0x1f) {
    let more = true;
    while (more) {
      const byte = next < to ? bytes[next] : undefined;
      if (byte === undefined) throw new TlvError("tag", at, "a tag is cut off");
      next += 1;
      if (next - at > LONGEST_TAG) throw new TlvError("tag", at, "a tag is too long");
      more = (byte & 0x80) !== 0;
    }
  }
  return { text: toHex(bytes.subarray(at, next)), next };
}

function readLength(bytes: Uint8Array, at: number, to: number): { value: number; next: number } {
  const first = at < to ? bytes[at] : undefined;
  if (first === undefined) throw new TlvError("length", at, "a length is missing");
  if (first < 0x80) return { value: first, next: at + 1 };
  const count = first & 0x7f;
  if (count === 0 || count > 3) throw new TlvError("length", at, "a length has a bad form");
  let value = 0;
  for (let index = 1; index <= count; index += 1) {
    const byte = at + index < to ? bytes[at + index] : undefined;
    if (byte === undefined) throw new TlvError("length", at, "a length is cut off");
    value = value * 256 + byte;
  }
  return { value, next: at + 1 + count };
}

/** A tag and a value as bytes, with the shortest length form. Throws RangeError on a bad tag. */
export function encodeTlv(tag: string, value: Uint8Array): Uint8Array {
  const name = fromHex(tag);
  if (readTag(name, 0, name.length).next !== name.length) throw new RangeError("not one tag");
  return concat(name, encodeLength(value.length), value);
}

/** Several data objects, one after the other, for example the content of a template. */
export function encodeTlvs(entries: Iterable<readonly [string, Uint8Array]>): Uint8Array {
  return concat(...Array.from(entries, ([tag, value]) => encodeTlv(tag, value)));
}

function encodeLength(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length);
  if (length < 0x100) return Uint8Array.of(0x81, length);
  if (length < 0x10000) return Uint8Array.of(0x82, length >> 8, length & 0xff);
  if (length < 0x1000000) {
    return Uint8Array.of(0x83, length >> 16, (length >> 8) & 0xff, length & 0xff);
  }
  throw new RangeError("a value is too long for a TLV");
}

/** The primitive data objects in the order in which they stand, without their templates. */
export function flatten(nodes: readonly Tlv[]): Tlv[] {
  return nodes.flatMap((node) => (isConstructed(node.tag) ? flatten(node.children) : [node]));
}

/** The primitive data objects by tag; of a repeated tag the first one counts. */
export function toStore(nodes: readonly Tlv[]): TlvStore {
  const store: TlvStore = new Map();
  for (const node of flatten(nodes)) if (!store.has(node.tag)) store.set(node.tag, node.value);
  return store;
}

/** The first data object with this tag, looked for in depth, or undefined. */
export function findTlv(nodes: readonly Tlv[], tag: string): Tlv | undefined {
  for (const node of nodes) {
    if (node.tag === tag) return node;
    const inside = findTlv(node.children, tag);
    if (inside !== undefined) return inside;
  }
  return undefined;
}
