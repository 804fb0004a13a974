import { bitsOf, writeBits } from "../bitmap.ts";
import { Output } from "../buffer.ts";
import { hexOf } from "../nibbles.ts";
import { type SpecTable } from "../spec-table.ts";
import { type StructureCodec } from "../structure/parts.ts";
import { type FieldDefinition } from "../table.ts";
import { DIGITS, fastField, RANGE, type FastField } from "./field.ts";
import { lazyParts, type LazyParts } from "./lazy.ts";

/**
 * How messages with one bitmap are read and written, worked out when the first of them comes. A
 * stream of messages has a handful of bitmaps; what comes back often is found again.
 */
export type Plan = {
  /** The bitmaps as four words. */
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly bitmap: string;
  /** The bitmaps on the wire. */
  readonly head: Uint8Array;
  readonly numbers: readonly number[];
  readonly segments: readonly Segment[];
  /** An object with a place for every field. */
  readonly places: Readonly<Record<string, string>>;
  /** Whether a field has parts. */
  readonly structured: boolean;
};

/** One field, or (`run`) fixed fields of one alphabet side by side, checked as one stretch of bytes. */
export type Segment = {
  readonly run: boolean;
  /** The field, or the first of the run; what every message asks of it stands here as well. */
  readonly field: FastField;
  readonly kind: FastField["kind"];
  readonly prefix: number;
  /** Bytes of a run, units of a field. */
  readonly size: number;
  /** Where each field of a run ends, in characters from its beginning. */
  readonly offsets: readonly number[];
};

export type FastSpec = {
  readonly table: SpecTable;
  /** Whether the type is two bytes of digits, not four characters. */
  readonly packedMti: boolean;
  readonly hexBitmap: boolean;
  readonly oneBitmap: boolean;
  readonly fields: readonly (FastField | undefined)[];
  readonly structures: readonly (StructureCodec | undefined)[];
  readonly parts: LazyParts;
  /** Plans by a hash of the bitmap; a newer one takes the place of an older one. */
  readonly plans: (Plan | undefined)[];
  /** The plan last used to write a message with so many fields. */
  readonly guesses: (Plan | undefined)[];
  /** The numbers that a message may have here. */
  readonly numbers: readonly number[];
};

/** Plans that a spec keeps at most: strange bitmaps cannot take more memory than this. */
const PLANS = 256;

export function compileFast(
  table: SpecTable,
  definitions: readonly (FieldDefinition | undefined)[],
  structures: readonly (StructureCodec | undefined)[],
): FastSpec | undefined {
  if (table.mti === "ebcdic" || table.bitmap === "hex-ebcdic") return undefined;
  const fields = definitions.map((definition, number) =>
    definition === undefined || number > 128 ? undefined : fastField(number, definition),
  );
  const numbers = fields.flatMap((field) => (field === undefined ? [] : [field.number]));
  return {
    table,
    packedMti: table.mti === "bcd",
    hexBitmap: table.bitmap === "hex",
    oneBitmap: table.bits === 64,
    fields,
    structures,
    parts: lazyParts(structures),
    plans: Array.from({ length: PLANS }),
    guesses: Array.from({ length: 130 }),
    numbers,
  };
}

/** The plan of a bitmap; undefined where one of its fields takes the careful way. */
export function planOf(
  fast: FastSpec,
  a: number,
  b: number,
  c: number,
  d: number,
): Plan | undefined {
  const mixed = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35) ^ d;
  const slot = (mixed ^ (mixed >>> 15)) & (PLANS - 1);
  const known = fast.plans[slot];
  if (known?.a === a && known.b === b && known.c === c && known.d === d) return known;
  const plan = makePlan(fast, [a, b, c, d]);
  if (plan !== undefined) fast.plans[slot] = plan;
  return plan;
}

function makePlan(
  fast: FastSpec,
  words: readonly [number, number, number, number],
): Plan | undefined {
  const fields: FastField[] = [];
  for (let number = 2; number <= 128; number += 1) {
    const word = words[(number - 1) >> 5] ?? 0;
    if ((word & (0x80000000 >>> ((number - 1) & 31))) === 0) continue;
    const field = fast.fields[number];
    if (field === undefined) return undefined;
    fields.push(field);
  }
  const numbers = fields.map(({ number }) => number);
  const second = words[0] < 0;
  // Bit 65 of a spec with three bitmaps is no field, so there is no plan for it.
  const bits = bitsOf(numbers, second ? 2 : 1);
  const head = new Output();
  writeBits(fast.table, bits, head);
  const [a, b, c, d] = words;
  return {
    a,
    b,
    c,
    d,
    bitmap: hexOf(bits, 0, bits.length),
    head: head.done(),
    numbers,
    segments: segmentsOf(fields),
    // Parsed from JSON, so that its room for numbered properties is exact.
    places: JSON.parse(`{${numbers.map((number) => `"${number}":""`).join()}}`) as Plan["places"],
    structured: numbers.some((number) => fast.structures[number] !== undefined),
  };
}

function segmentsOf(fields: readonly FastField[]): Segment[] {
  const segments: (Segment & { size: number; offsets: number[] })[] = [];
  for (const field of fields) {
    const { kind, length, prefix } = field;
    const packed = kind === DIGITS;
    const even = kind === RANGE ? !field.starless : packed && length % 2 === 0;
    const run = prefix === 0 && even;
    const last = segments.at(-1);
    if (run && last?.run === true && last.kind === kind && last.field.blanks === field.blanks) {
      last.size += packed ? length / 2 : length;
      last.offsets.push((last.offsets.at(-1) ?? 0) + length);
    } else {
      const size = run && packed ? length / 2 : length;
      segments.push({ run, field, kind, prefix, size, offsets: [length] });
    }
  }
  return segments;
}
