import { type Input, type Output } from "./buffer.ts";
import { charsets } from "./charsets.ts";
import { MessageError } from "./errors.ts";
import { hexOf, nibble } from "./nibbles.ts";
import { type SpecTable } from "./spec-table.ts";

/**
 * The bitmaps of a message, eight bytes each: bit 1 announces the second, bit 65 the third, which
 * stands after the second or in the place of field 65.
 */

/** The bitmaps before the first field, 8, 16 or 24 bytes. */
export function readBitmaps(table: SpecTable, input: Input): Uint8Array {
  const first = readBits(table, input);
  if (((first[0] ?? 0) & 0x80) === 0) return first;
  if (table.bits === 64) {
    const text = "a second bitmap is announced, the spec has one";
    throw new MessageError("bitmap", [], input.at - bitmapSize(table), text);
  }
  const second = readBits(table, input);
  const both = joined(first, second);
  const third = table.bits === 192 && table.third !== "field-65" && ((second[0] ?? 0) & 0x80) !== 0;
  return third ? joined(both, readBits(table, input)) : both;
}

/** One bitmap in the form of the spec. */
export function readBits(table: SpecTable, input: Input): Uint8Array {
  const from = input.at;
  const size = bitmapSize(table);
  if (from + size > input.bytes.length) {
    throw new MessageError("short", [], from, "the message ends inside its bitmap");
  }
  input.at += size;
  if (size === 8) return input.bytes.slice(from, from + 8);
  const { characters } = charsets[table.bitmap === "hex-ebcdic" ? "ebcdic" : "ascii"];
  return Uint8Array.from({ length: 8 }, (_, index) => {
    const at = from + index * 2;
    const high = nibble(characters[input.bytes[at] ?? 0] ?? 0);
    const low = nibble(characters[input.bytes[at + 1] ?? 0] ?? 0);
    if (high < 0 || low < 0) throw new MessageError("bitmap", [], at, "not hex digits");
    return high * 16 + low;
  });
}

/** Bytes that one bitmap takes on the wire. */
function bitmapSize(table: Pick<SpecTable, "bitmap">): 8 | 16 {
  return table.bitmap === "binary" ? 8 : 16;
}

export function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const both = new Uint8Array(head.length + tail.length);
  both.set(head);
  both.set(tail, head.length);
  return both;
}

/** The bits of ascending field numbers with the announcements they need: `least` or more bitmaps. */
export function bitsOf(numbers: readonly number[], least = 1): Uint8Array {
  const highest = numbers.at(-1) ?? 0;
  const bitmaps = Math.max(least, highest > 128 ? 3 : highest > 64 ? 2 : 1);
  const bits = new Uint8Array(bitmaps * 8);
  const set = (number: number): void => {
    const index = (number - 1) >> 3;
    bits[index] = (bits[index] ?? 0) | (0x80 >> ((number - 1) & 7));
  };
  if (bitmaps > 1) set(1);
  if (bitmaps > 2) set(65);
  for (const number of numbers) set(number);
  return bits;
}

/** Writes bitmaps in the form of the spec. */
export function writeBits(table: SpecTable, bits: Uint8Array, output: Output): void {
  if (table.bitmap === "binary") {
    const at = output.take(bits.length);
    output.bytes.set(bits, at);
    return;
  }
  const text = hexOf(bits, 0, bits.length);
  const { bytes } = charsets[table.bitmap === "hex-ebcdic" ? "ebcdic" : "ascii"];
  const at = output.take(text.length);
  for (let index = 0; index < text.length; index += 1) {
    output.bytes[at + index] = bytes[text.charCodeAt(index)] ?? 0;
  }
}
