import { bitsOf, joined, readBitmaps, readBits, writeBits } from "./bitmap.ts";
import { Output, type Input } from "./buffer.ts";
import { charsets } from "./charsets.ts";
import { MessageError, within } from "./errors.ts";
import { type Decoded } from "./message.ts";
import { firstNotDecimal, hexOf } from "./nibbles.ts";
import { type Spec } from "./spec.ts";

/**
 * The plain way through a message, field by field, which knows exactly what is wrong and where. What
 * `fast/` reads or writes gives the same (a test compares them); the rest and every error come here.
 */

/** Throws MessageError, with the path and offset of what is wrong. */
export function decodeCarefully(spec: Spec, bytes: Uint8Array): Decoded {
  const input: Input = { bytes, at: 0, contentAt: 0 };
  const mti = readMti(spec, input);
  const bitmapAt = input.at;
  let bits = readBitmaps(spec.table, input);
  const fields: Record<string, string> = {};
  const parsed: Record<string, Record<string, string>> = {};
  for (let number = 2; number <= bits.length * 8; number += 1) {
    if (((bits[(number - 1) >> 3] ?? 0) & (0x80 >> ((number - 1) & 7))) === 0) continue;
    if (number === 65 && spec.table.bits === 192) {
      if (spec.table.third === "field-65") bits = joined(bits, readBits(spec.table, input));
      continue;
    }
    const codec = spec.codecs[number];
    if (codec === undefined) {
      throw new MessageError("field", [`${number}`], bitmapAt, "the spec has no such field");
    }
    const value = codec.read(input);
    fields[number] = value;
    const structure = spec.structures[number];
    if (structure === undefined) continue;
    const message = { mti, fields };
    const parts = within([`${number}`], input.contentAt, () => structure.parse(message, value));
    if (parts === undefined) continue;
    parsed[number] = Object.fromEntries(parts.map(({ key, text }) => [key, text]));
  }
  if (input.at < bytes.length) {
    throw new MessageError("leftover", [], input.at, "bytes are left after the last field");
  }
  return { mti, bitmap: hexOf(bits, 0, bits.length), fields, parsed };
}

function readMti(spec: Spec, input: Input): string {
  const form = spec.table.mti;
  const size = form === "bcd" ? 2 : 4;
  const { bytes } = input;
  if (bytes.length < size) {
    throw new MessageError("short", [], 0, "the message ends inside its type");
  }
  input.at = size;
  if (form === "bcd") {
    if (firstNotDecimal(bytes, 0, 2) < 0) return hexOf(bytes, 0, 2);
  } else {
    const { characters } = charsets[form];
    const codes = Array.from(bytes.subarray(0, 4), (byte) => characters[byte] ?? 0);
    const mti = String.fromCharCode(...codes);
    if (/^\d{4}$/.test(mti)) return mti;
  }
  throw new MessageError("mti", [], 0, "the message type is not four digits");
}

type Fields = Readonly<Partial<Record<string, string>>>;

/**
 * Throws MessageError: `masked` for values that masking has made, `field` for a number that the spec
 * does not have. `bitmaps`: how many there are at least.
 */
export function encodeCarefully(
  spec: Spec,
  message: { readonly mti: string; readonly fields: Fields },
  bitmaps = 1,
): Uint8Array {
  const { fields } = message;
  const output = new Output();
  writeMti(spec, message.mti, output);
  const numbers = fieldNumbers(spec, fields, output.at);
  const bits = bitsOf(numbers, bitmaps);
  const inField = spec.table.third === "field-65" && bits.length === 24;
  writeBits(spec.table, inField ? bits.subarray(0, 16) : bits, output);
  let thirdDue = inField;
  for (const number of numbers) {
    if (thirdDue && number > 65) {
      writeBits(spec.table, bits.subarray(16), output);
      thirdDue = false;
    }
    const value: unknown = fields[number];
    if (typeof value !== "string") {
      throw new MessageError("type", [`${number}`], output.at, "the value is not a string");
    }
    spec.codecs[number]?.write(output, value);
  }
  return output.done();
}

/** The numbers of the fields, ascending, each known to the spec. */
function fieldNumbers(spec: Spec, fields: Fields, at: number): number[] {
  const numbers: number[] = [];
  for (const key of Object.keys(fields)) {
    const number = /^[1-9]\d{0,2}$/.test(key) ? Number(key) : 0;
    if (spec.codecs[number] === undefined) {
      // Any other key could be data in the wrong place: it is not repeated.
      const path = number === 0 ? [] : [key];
      throw new MessageError("field", path, at, "the spec has no such field");
    }
    numbers.push(number);
  }
  return numbers.sort((left, right) => left - right);
}

function writeMti(spec: Spec, mti: unknown, output: Output): void {
  if (typeof mti !== "string" || !/^\d{4}$/.test(mti)) {
    throw new MessageError("mti", [], 0, "the message type is not four digits");
  }
  if (spec.table.mti === "bcd") {
    const at = output.take(2);
    for (const index of [0, 1]) {
      const high = mti.charCodeAt(index * 2) - 0x30;
      output.bytes[at + index] = (high << 4) | (mti.charCodeAt(index * 2 + 1) - 0x30);
    }
    return;
  }
  const { bytes } = charsets[spec.table.mti];
  const at = output.take(4);
  for (let index = 0; index < 4; index += 1) {
    output.bytes[at + index] = bytes[mti.charCodeAt(index)] ?? 0;
  }
}
