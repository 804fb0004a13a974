import { areDigits, arePrintable, buffer, LARGEST } from "./buffer.ts";
import {
  ASCII_PREFIX,
  BCD_PREFIX,
  BINARY,
  DIGITS,
  HEX,
  HEX_PREFIX,
  NIBBLES,
  RANGE,
  SIGNED,
  type FastField,
} from "./field.ts";
import { planOf, type FastSpec, type Plan, type Segment } from "./plan.ts";
import { keep } from "./room.ts";

/**
 * Writing without a detour. Each step returns where the next one goes, or -1: anything out of the
 * ordinary (a value that does not fit, a star that may be masking, an unknown field) is left to the
 * careful way, which tells what it is.
 */

/** By character code below 128: the nibble that it is written as, 255 for none. */
const TRACK = nibbles();
const BYTES = nibbles();
TRACK["=".charCodeAt(0)] = 13;

function nibbles(): Uint8Array {
  const table = new Uint8Array(128).fill(255);
  for (let value = 0; value < 16; value += 1) {
    const digit = value.toString(16);
    table[digit.charCodeAt(0)] = value;
    table[digit.toUpperCase().charCodeAt(0)] = value;
  }
  return table;
}

const STAR = 0x2a;

type Fields = Readonly<Partial<Record<string, string>>>;

export function writeFast(
  fast: FastSpec,
  message: { readonly mti: string; readonly fields: Fields },
): Uint8Array | undefined {
  const { mti, fields } = message;
  // In the order of their numbers, as numbered properties are kept; any other key comes after them.
  const values: readonly unknown[] = Object.values(fields);
  const plan = planFor(fast, fields, values.length);
  let at = plan === undefined ? -1 : writeMti(fast, mti);
  if (plan === undefined || at < 0) return undefined;
  const { head, segments } = plan;
  for (let index = 0; index < head.length; index += 1) buffer[at + index] = head[index] ?? 0;
  at += head.length;
  let next = 0;
  for (let index = 0; index < segments.length; index += 1) {
    const segment = segments[index];
    if (segment === undefined) return undefined;
    if (segment.run) {
      at =
        segment.field.kind === DIGITS
          ? writeDigitRun(segment, values, next, at)
          : writeTextRun(segment, values, next, at);
      next += segment.offsets.length;
    } else {
      const value = values[next];
      at = typeof value === "string" ? writeField(segment.field, value, at) : -1;
      next += 1;
    }
    if (at < 0) return undefined;
  }
  return keep(at);
}

/** The plan of exactly these fields: all of the plan's are there, and they are as many. */
function planFor(fast: FastSpec, fields: Fields, count: number): Plan | undefined {
  if (count === 0 || count > 128) return undefined;
  const guess = fast.guesses[count];
  if (guess !== undefined && hasAll(fields, guess.numbers)) return guess;
  const words: [number, number, number, number] = [0, 0, 0, 0];
  let found = 0;
  for (const number of fast.numbers) {
    if (fields[number] === undefined) continue;
    found += 1;
    const index = (number - 1) >> 5;
    words[index] = (words[index] ?? 0) | (0x80000000 >>> ((number - 1) & 31));
  }
  if (found !== count) return undefined;
  if (words[2] !== 0 || words[3] !== 0) words[0] |= 0x80000000;
  const plan = planOf(fast, words[0] | 0, words[1] | 0, words[2] | 0, words[3] | 0);
  fast.guesses[count] = plan;
  return plan;
}

function hasAll(fields: Fields, numbers: readonly number[]): boolean {
  for (let index = 0; index < numbers.length; index += 1) {
    if (fields[numbers[index] ?? 0] === undefined) return false;
  }
  return true;
}

function writeMti(fast: FastSpec, mti: unknown): number {
  if (typeof mti !== "string" || mti.length !== 4) return -1;
  const bcd = fast.packedMti;
  for (let index = 0; index < 4; index += 1) {
    const code = mti.charCodeAt(index);
    if (code < 0x30 || code > 0x39) return -1;
    if (!bcd) buffer[index] = code;
    else if ((index & 1) === 0) buffer[index >> 1] = (code & 15) << 4;
    else buffer[index >> 1] = (buffer[index >> 1] ?? 0) | (code & 15);
  }
  return bcd ? 2 : 4;
}

/** Fixed digits side by side, an even number in each field, two a byte. */
function writeDigitRun(
  { offsets, size }: Segment,
  values: readonly unknown[],
  first: number,
  from: number,
): number {
  if (from + size > LARGEST) return -1;
  let at = from;
  let outside = 0;
  for (let one = 0; one < offsets.length; one += 1) {
    const value = values[first + one];
    if (typeof value !== "string") return -1;
    const end = from + ((offsets[one] ?? 0) >> 1);
    if (value.length !== (end - at) << 1) return -1;
    for (let index = 0; at < end; at += 1, index += 2) {
      const high = value.charCodeAt(index);
      const low = value.charCodeAt(index + 1);
      outside |= (high - 0x30) | (0x39 - high) | (low - 0x30) | (0x39 - low);
      buffer[at] = ((high & 15) << 4) | (low & 15);
    }
  }
  return outside < 0 ? -1 : at;
}

/** Fixed text side by side; what is short is filled with blanks where its field is. */
function writeTextRun(
  { offsets, size, field }: Segment,
  values: readonly unknown[],
  first: number,
  from: number,
): number {
  if (from + size > LARGEST) return -1;
  let at = from;
  let union = 0;
  for (let one = 0; one < offsets.length; one += 1) {
    const value = values[first + one];
    if (typeof value !== "string" || value.charCodeAt(0) === STAR) return -1;
    const end = from + (offsets[one] ?? 0);
    const to = at + value.length;
    if (to > end || (to < end && !field.blanks)) return -1;
    for (let index = 0; at < to; at += 1, index += 1) {
      const code = value.charCodeAt(index);
      union |= code;
      buffer[at] = code;
    }
    for (; at < end; at += 1) buffer[at] = 0x20;
  }
  const good = field.digits ? areDigits(from, at) : arePrintable(from, at);
  return good && union < 128 ? at : -1;
}

/** Writes one field; where the next one goes, or -1. */
function writeField(field: FastField, value: string, from: number): number {
  const { kind, length } = field;
  const size = value.length;
  const inBytes = kind === BINARY || kind === HEX;
  if (inBytes && (size & 1) === 1) return -1;
  const units = inBytes ? size >> 1 : size;
  if (units > length || (units < length && field.prefix === 0)) return -1;
  if (from + size + 8 > LARGEST) return -1;
  const at = field.prefix === 0 ? from : writePrefix(field, units, from);
  if (kind === DIGITS || kind === NIBBLES) return writeNibbles(field, value, at);
  return kind === BINARY ? writeBytes(value, at) : writeText(field, value, at);
}

function writePrefix(field: FastField, units: number, from: number): number {
  const { prefix, prefixKind } = field;
  let rest = prefixKind === HEX_PREFIX ? units * 2 : units;
  for (let at = from + prefix - 1; at >= from; at -= 1) {
    if (prefixKind === ASCII_PREFIX || prefixKind === HEX_PREFIX) {
      const tens = (rest / 10) | 0;
      buffer[at] = 0x30 + rest - tens * 10;
      rest = tens;
    } else if (prefixKind === BCD_PREFIX) {
      const hundreds = (rest / 100) | 0;
      const pair = rest - hundreds * 100;
      const tens = (pair / 10) | 0;
      buffer[at] = (tens << 4) | (pair - tens * 10);
      rest = hundreds;
    } else {
      buffer[at] = rest & 255;
      rest >>= 8;
    }
  }
  return from + prefix;
}

function writeText(field: FastField, value: string, from: number): number {
  const { kind } = field;
  const to = from + value.length;
  if (value.charCodeAt(0) === STAR || (field.starless && value.includes("*"))) return -1;
  let union = 0;
  for (let at = from; at < to; at += 1) {
    const code = value.charCodeAt(at - from);
    union |= code;
    buffer[at] = code;
  }
  if (union > 127) return -1;
  if (kind === RANGE) {
    return (field.digits ? areDigits(from, to) : arePrintable(from, to)) ? to : -1;
  }
  if (kind === SIGNED) {
    const sign = buffer[from];
    return to > from && (sign === 0x43 || sign === 0x44) && areDigits(from + 1, to) ? to : -1;
  }
  const { allowed } = field;
  let all = 1;
  for (let at = from; at < to; at += 1) all &= allowed[buffer[at] ?? 0] ?? 0;
  return all === 1 ? to : -1;
}

function writeNibbles(field: FastField, value: string, from: number): number {
  const table = field.kind === DIGITS ? undefined : TRACK;
  const size = value.length;
  // An odd number of digits has a spare nibble before the first or after the last.
  const spare = size & 1;
  let place = spare === 1 && !field.left ? 1 : 0;
  if (spare === 1)
    buffer[field.left ? from + (size >> 1) : from] = field.left ? field.pad : field.pad << 4;
  let bad = 0;
  for (let index = 0; index < size; index += 1, place += 1) {
    const code = value.charCodeAt(index);
    const digit = table === undefined ? code - 0x30 : code < 128 ? (table[code] ?? 255) : 255;
    bad |= digit | (9 - (table === undefined ? digit : 0));
    const at = from + (place >> 1);
    if ((place & 1) === 0) {
      const low = index + 1 === size && spare === 1 ? field.pad : 0;
      buffer[at] = ((digit & 15) << 4) | low;
    } else buffer[at] = (buffer[at] ?? 0) | (digit & 15);
  }
  return bad < 0 || bad > 15 ? -1 : from + ((size + 1) >> 1);
}

function writeBytes(value: string, from: number): number {
  const size = value.length;
  let at = from;
  let bad = 0;
  for (let index = 0; index < size; index += 2, at += 1) {
    const high = BYTES[value.charCodeAt(index)] ?? 255;
    const low = BYTES[value.charCodeAt(index + 1)] ?? 255;
    bad |= high | low;
    buffer[at] = (high << 4) | low;
  }
  return bad > 15 ? -1 : at;
}
