import { Output, type Input } from "./buffer.ts";
import { MessageError } from "./errors.ts";
import { firstNotDecimal, hexOf, nibble } from "./nibbles.ts";
import { type Spec } from "./spec.ts";
import { layoutOf, partsOf, tagsOf } from "./structure.ts";
import { type FieldDefinition } from "./table.ts";
import { walkTlv } from "./tlv.ts";

/** DE number → content: digits, text, or UPPERCASE hex for bytes. */
export type MessageFields = Readonly<Record<string, string>>;

export type Message = { readonly mti: string; readonly fields: MessageFields };

/** `bitmap` in hex; `parsed` the parts of structured fields by DE number. */
export type Decoded = Message & {
  readonly bitmap: string;
  readonly parsed: Record<string, Record<string, string>>;
};

/**
 * Reads one message (without framing). Throws MessageError, with the path and offset of what is
 * wrong; bytes after the last field are refused.
 */
export function decode(spec: Spec, bytes: Uint8Array): Decoded {
  const input: Input = { bytes, at: 0, contentAt: 0 };
  const mti = readMti(spec, input);
  const bitmapAt = input.at;
  const bits = readBitmap(spec, input);
  const fields: Record<string, string> = {};
  const parsed: Record<string, Record<string, string>> = {};
  for (let index = 0; index < bits.length; index += 1) {
    const byte = bits[index] ?? 0;
    for (let bit = 0; bit < 8; bit += 1) {
      const number = index * 8 + bit + 1;
      if ((byte & (0x80 >> bit)) === 0 || number === 1) continue;
      const codec = spec.codecs[number];
      const definition = spec.definitions[number];
      if (codec === undefined || definition === undefined) {
        throw new MessageError("field", [`${number}`], bitmapAt, "the spec has no such field");
      }
      const value = codec.read(input);
      fields[number] = value;
      if (definition.structure !== undefined) {
        const parts = readParts(definition, mti, value, input, `${number}`);
        if (parts !== undefined) parsed[number] = parts;
      }
    }
  }
  if (input.at < bytes.length) {
    throw new MessageError("leftover", [], input.at, "bytes are left after the last field");
  }
  return { mti, bitmap: hexOf(bits, 0, bits.length), fields, parsed };
}

function readMti(spec: Spec, input: Input): string {
  const size = spec.table.mti === "bcd" ? 2 : 4;
  const { bytes } = input;
  if (bytes.length < size) {
    throw new MessageError("short", [], 0, "the message ends inside its type");
  }
  input.at = size;
  if (spec.table.mti === "bcd") {
    if (firstNotDecimal(bytes, 0, 2) < 0) return hexOf(bytes, 0, 2);
  } else {
    const mti = String.fromCharCode(...bytes.subarray(0, 4));
    if (/^\d{4}$/.test(mti)) return mti;
  }
  throw new MessageError("mti", [], 0, "the message type is not four digits");
}

function readBitmap(spec: Spec, input: Input): Uint8Array {
  const first = readBits(spec, input);
  if (((first[0] ?? 0) & 0x80) === 0) return first;
  if (spec.table.bits === 64) {
    const text = "a second bitmap is announced, the spec has one";
    throw new MessageError("bitmap", [], input.at - first.length, text);
  }
  const both = new Uint8Array(16);
  both.set(first);
  both.set(readBits(spec, input), 8);
  return both;
}

function readBits(spec: Spec, input: Input): Uint8Array {
  const from = input.at;
  const size = spec.table.bitmap === "binary" ? 8 : 16;
  if (from + size > input.bytes.length) {
    throw new MessageError("short", [], from, "the message ends inside its bitmap");
  }
  input.at += size;
  if (size === 8) return input.bytes.slice(from, from + 8);
  return Uint8Array.from({ length: 8 }, (_, index) => {
    const at = from + index * 2;
    const high = nibble(input.bytes[at] ?? 0);
    const low = nibble(input.bytes[at + 1] ?? 0);
    if (high < 0 || low < 0) throw new MessageError("bitmap", [], at, "not hex digits");
    return high * 16 + low;
  });
}

function readParts(
  definition: FieldDefinition,
  mti: string,
  value: string,
  input: Input,
  path: string,
): Record<string, string> | undefined {
  if (definition.structure === undefined) return undefined;
  if (definition.structure !== "tlv") {
    const layout = layoutOf(definition.structure, mti, value);
    return layout === undefined ? undefined : partsOf(layout, value);
  }
  const content = input.bytes.subarray(input.contentAt, input.at);
  const walk = walkTlv(content);
  if (walk.ok) return tagsOf(content, walk.items);
  const trail = walk.tag === undefined ? [path] : [path, walk.tag];
  throw new MessageError("structure", trail, input.contentAt + walk.at, walk.why);
}

/**
 * Writes one message (without framing); the bitmap follows from the fields. Throws MessageError:
 * `masked` for values that masking has made, `field` for a number that the spec does not have.
 */
export function encode<Field extends string>(
  spec: Spec<Field>,
  message: {
    readonly mti: string;
    readonly fields: Partial<Readonly<Record<NoInfer<Field>, string>>>;
  },
): Uint8Array {
  const output = new Output();
  writeMti(spec, message.mti, output);
  const numbers = fieldNumbers(spec, message.fields, output.at);
  const second = (numbers.at(-1) ?? 0) > 64;
  const bits = new Uint8Array(second ? 16 : 8);
  if (second) bits[0] = 0x80;
  for (const number of numbers) {
    const index = (number - 1) >> 3;
    bits[index] = (bits[index] ?? 0) | (0x80 >> ((number - 1) & 7));
  }
  writeBits(spec, bits, output);
  const fields: Partial<Record<string, string>> = message.fields;
  for (const number of numbers) {
    const value: unknown = fields[number];
    if (typeof value !== "string") {
      throw new MessageError("type", [`${number}`], output.at, "the value is not a string");
    }
    spec.codecs[number]?.write(output, value);
  }
  return output.done();
}

/** The numbers of the fields, ascending, each known to the spec. */
function fieldNumbers(spec: Spec, fields: object, at: number): number[] {
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
  } else writeText(mti, output);
}

function writeBits(spec: Spec, bits: Uint8Array, output: Output): void {
  if (spec.table.bitmap === "hex") return writeText(hexOf(bits, 0, bits.length), output);
  const at = output.take(bits.length);
  output.bytes.set(bits, at);
}

function writeText(text: string, output: Output): void {
  const at = output.take(text.length);
  for (let index = 0; index < text.length; index += 1) {
    output.bytes[at + index] = text.charCodeAt(index);
  }
}
