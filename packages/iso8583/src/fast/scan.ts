import { nibble } from "../nibbles.ts";
import { areDigits, arePrintable, buffer, pairs, words } from "./buffer.ts";
import {
  BCD_PREFIX,
  BINARY,
  BINARY_PREFIX,
  DIGITS,
  HEX,
  HEX_PREFIX,
  NIBBLES,
  RANGE,
  SIGNED,
  type FastField,
} from "./field.ts";
import { latin1 } from "./latin1.ts";
import { type Plan, type Segment } from "./plan.ts";

/**
 * Looks through the message in the buffer, checks every byte, and notes where the content of each
 * field stands. Digits and bytes are spelled out after the message; then all becomes text at once.
 */

/** Where the content of the plan's first, second … field begins and ends in the buffer. */
const begins = new Int32Array(130);
const ends = new Int32Array(130);

/** By byte: its two hex digits as they stand in memory. */
const SPELLED = new Uint16Array(256);
const both = new Uint8Array(SPELLED.buffer);
for (let byte = 0; byte < 256; byte += 1) {
  const text = byte.toString(16).toUpperCase().padStart(2, "0");
  both[byte * 2] = text.charCodeAt(0);
  both[byte * 2 + 1] = text.charCodeAt(1);
}

/**
 * Goes through the fields of a message of so many bytes. Where the letters end (where the message
 * ends, rounded up to an even place, if there are none), or -1 if something is out of the ordinary.
 */
export function scan(plan: Plan, from: number, length: number): number {
  const { segments } = plan;
  let at = from;
  let noted = 0;
  // Letters go by twos.
  let letters = (length + 1) & ~1;
  for (let index = 0; index < segments.length; index += 1) {
    const segment = segments[index];
    if (segment === undefined) return -1;
    const { field, kind, prefix } = segment;
    const units = prefix === 0 ? segment.size : unitsAt(field, at, length);
    if (units < 0) return -1;
    const start = at + prefix;
    const to = start + bytesOf(kind, units, segment.run);
    if (to > length) return -1;
    at = to;
    if (kind < DIGITS) {
      if (!fits(field, start, to, letters)) return -1;
      noted = note(segment, start, to, noted);
      continue;
    }
    const begin = letters;
    letters = spell(start, to, begin);
    if (kind === DIGITS ? !areDigits(begin, letters) : field.ber && !berFits(start, to)) return -1;
    if (kind === BINARY || segment.run || (units & 1) === 0) {
      noted = note(segment, begin, letters, noted);
    } else {
      const spare = buffer[field.left ? letters - 1 : begin];
      if (spare !== 0x30 && (kind !== NIBBLES || spare !== 0x46)) return -1;
      noted = note(
        segment,
        field.left ? begin : begin + 1,
        field.left ? letters - 1 : letters,
        noted,
      );
    }
  }
  return at === length ? letters : -1;
}

/** Bytes of so many units; a run's size is in bytes. */
function bytesOf(kind: FastField["kind"], units: number, run: boolean): number {
  if (run) return units;
  if (kind === DIGITS || kind === NIBBLES) return (units + 1) >> 1;
  return kind === HEX ? units * 2 : units;
}

/** Notes where a field, or each field of a run, begins and ends; how many there are now. */
function note(segment: Segment, from: number, to: number, noted: number): number {
  if (!segment.run) {
    begins[noted] = from;
    ends[noted] = to;
    return noted + 1;
  }
  const { offsets } = segment;
  const count = offsets.length;
  let begin = from;
  for (let index = 0; index < count; index += 1) {
    const end = from + (offsets[index] ?? 0);
    begins[noted + index] = begin;
    ends[noted + index] = end;
    begin = end;
  }
  return noted + count;
}

/** Whether text holds what its field may; `free` is room behind the message. */
function fits(field: FastField, from: number, to: number, free: number): boolean {
  const { kind } = field;
  if (kind === RANGE) return field.digits ? areDigits(from, to) : arePrintable(from, to);
  if (kind === SIGNED) {
    const sign = buffer[from];
    return to > from && (sign === 0x43 || sign === 0x44) && areDigits(from + 1, to);
  }
  if (!areAllowed(field.allowed, from, to)) return false;
  return !field.ber || hexBerFits(from, to, free);
}

/** Sets the fields that were noted, from so many bytes of the buffer as text. */
export function cut(plan: Plan, size: number, fields: Record<string, string>): void {
  const text = latin1(buffer, size);
  const { numbers } = plan;
  for (let index = 0; index < numbers.length; index += 1) {
    fields[numbers[index] ?? 0] = text.substring(begins[index] ?? 0, ends[index] ?? 0);
  }
}

/** Digits four at a time; what is among them by itself. */
function areAllowed(allowed: Uint8Array, from: number, to: number): boolean {
  let at = from;
  while (at < to) {
    const four = at + 4 <= to ? words.getInt32(at) : 0;
    const other = (four ^ 0x30303030) | (((four + 0x06060606) | 0) ^ 0x30303030);
    if ((other & 0xf0f0f0f0) === 0) at += 4;
    else {
      if (allowed[buffer[at] ?? 0] !== 1) return false;
      at += 1;
    }
  }
  return true;
}

/** Spells bytes from..to at an even place; where the letters end. */
function spell(from: number, to: number, letters: number): number {
  let next = letters >> 1;
  let at = from;
  for (const last = to - 3; at < last; at += 4, next += 4) {
    pairs[next] = SPELLED[buffer[at] ?? 0] ?? 0;
    pairs[next + 1] = SPELLED[buffer[at + 1] ?? 0] ?? 0;
    pairs[next + 2] = SPELLED[buffer[at + 2] ?? 0] ?? 0;
    pairs[next + 3] = SPELLED[buffer[at + 3] ?? 0] ?? 0;
  }
  for (; at < to; at += 1, next += 1) pairs[next] = SPELLED[buffer[at] ?? 0] ?? 0;
  return next << 1;
}

/** Units of a variable field from the length at this place; -1 if there is something wrong. */
function unitsAt(field: FastField, from: number, length: number): number {
  const { prefixKind } = field;
  const to = from + field.prefix;
  if (to > length) return -1;
  let units = 0;
  for (let at = from; at < to; at += 1) {
    const byte = buffer[at] ?? 0;
    if (prefixKind === BCD_PREFIX) {
      if (byte > 0x99 || (byte & 15) > 9) return -1;
      units = units * 100 + (byte >> 4) * 10 + (byte & 15);
    } else if (prefixKind === BINARY_PREFIX) units = units * 256 + byte;
    else {
      if (byte < 0x30 || byte > 0x39) return -1;
      units = units * 10 + byte - 0x30;
    }
  }
  if (prefixKind === HEX_PREFIX) {
    if ((units & 1) === 1) return -1;
    units >>= 1;
  }
  return units > field.length ? -1 : units;
}

/** Turns hex text back into the bytes that it spells, behind the letters, and looks at those. */
function hexBerFits(from: number, to: number, free: number): boolean {
  let next = free;
  for (let at = from; at < to; at += 2, next += 1) {
    buffer[next] = (nibble(buffer[at] ?? 0) << 4) | nibble(buffer[at + 1] ?? 0);
  }
  return berFits(free, next);
}

/** Whether bytes are BER-TLV as `walkTlv` takes it: a tag in one to three, a length in one to three. */
function berFits(from: number, to: number): boolean {
  let at = from;
  while (at < to) {
    const first = buffer[at] ?? 0;
    at += 1;
    if (first === 0) continue;
    if ((first & 0x1f) === 0x1f) {
      const second = buffer[at] ?? 0;
      at += 1;
      if ((second & 0x80) !== 0) {
        if (((buffer[at] ?? 0) & 0x80) !== 0) return false;
        at += 1;
      }
    }
    if (at >= to) return false;
    const length = buffer[at] ?? 0;
    at += 1;
    if (length < 0x80) at += length;
    else if (length === 0x81) at += 1 + (buffer[at] ?? 0);
    else if (length === 0x82) at += 2 + (buffer[at] ?? 0) * 256 + (buffer[at + 1] ?? 0);
    else return false;
  }
  return at === to;
}
