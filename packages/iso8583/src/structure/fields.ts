import { fromHex } from "@tillway/bytes";
import { Output, type Input } from "../buffer.ts";
import { MessageError, within } from "../errors.ts";
import { compileField, type FieldCodec } from "../field.ts";
import { hexOf, nibble } from "../nibbles.ts";
import { type BitmapSet, type FieldDefinition, type FieldList, type FieldTable } from "../table.ts";
import {
  partValue,
  type CompileStructure,
  type MessageView,
  type PartValue,
  type StructureCodec,
} from "./parts.ts";

/** Fields within a field: one after the other, or those that a bitmap of their own names. */

type Nested = {
  readonly key: string;
  readonly definition: FieldDefinition;
  readonly codec: FieldCodec;
  readonly structure: StructureCodec | undefined;
};

export type NestedFields = ReadonlyMap<number, Nested>;

/** Compiles the table of a composite; its numbers ascend. */
export function nestedFields(table: FieldTable, compile: CompileStructure): NestedFields {
  const fields = new Map<number, Nested>();
  for (const [key, definition] of Object.entries<FieldDefinition>(table)) {
    const codec = compileField(key, definition);
    fields.set(Number(key), { key, definition, codec, structure: compile(definition) });
  }
  return fields;
}

/** Reads one nested field into parts: itself, then its own parts as "3.1". */
export function readNested(field: Nested, message: MessageView, input: Input): PartValue[] {
  const { key, definition, codec, structure } = field;
  const text = codec.read(input);
  const { privacy } = definition;
  const hidden = privacy === undefined ? undefined : privacy === "pan" ? "pan" : "secret";
  const found = [partValue(key, text, hidden)];
  if (structure === undefined) return found;
  const parts = within([key], input.contentAt, () => structure.parse(message, text)) ?? [];
  return [...found, ...parts.map((part) => ({ ...part, key: `${key}.${part.key}` }))];
}

export function nestedName(
  fields: NestedFields,
  key: string,
): ReturnType<StructureCodec["nameOf"]> {
  const [first = "", ...rest] = key.split(".");
  const field = fields.get(Number(first));
  return rest.length === 0 ? field?.definition.name : field?.structure?.nameOf(rest.join("."));
}

/** The parts that are fields of the table themselves, by number, ascending. */
export function ownParts(
  fields: NestedFields,
  parts: readonly PartValue[],
): { number: number; field: Nested; text: string }[] {
  const own = parts
    .filter(({ key }) => !key.includes("."))
    .map(({ key, text }) => ({ number: Number(key), field: fields.get(Number(key)), key, text }));
  return own
    .map(({ number, field, key, text }) => {
      if (field === undefined || field.key !== key) {
        throw new MessageError("field", [key], 0, "the structure has no such field");
      }
      return { number, field, text };
    })
    .sort((left, right) => left.number - right.number);
}

export function fieldListCodec(list: FieldList, compile: CompileStructure): StructureCodec {
  const fields = nestedFields(list.fields, compile);
  return {
    strict: true,
    parse: (message, content) => {
      const input: Input = { bytes: fromHex(content), at: 0, contentAt: 0 };
      const found: PartValue[] = [];
      for (const field of fields.values()) {
        // A content may end before its last fields; it cannot leave one out.
        if (input.at < input.bytes.length) found.push(...readNested(field, message, input));
      }
      return whole(input, found);
    },
    compose: (_message, parts) => {
      const output = new Output();
      const own = ownParts(fields, parts);
      for (const [index, { field, text }] of own.entries()) {
        if (field !== [...fields.values()][index]) {
          throw new MessageError("structure", [field.key], 0, "a field before it is missing");
        }
        field.codec.write(output, text);
      }
      return written(output);
    },
    nameOf: (key) => nestedName(fields, key),
  };
}

export function bitmapSetCodec(set: BitmapSet, compile: CompileStructure): StructureCodec {
  const fields = nestedFields(set.fields, compile);
  const size = set.bitmap === "hex" ? set.size * 2 : set.size;
  return {
    strict: true,
    parse: (message, content) => {
      const input: Input = { bytes: fromHex(content), at: size, contentAt: 0 };
      const bits = bitsAt(set, input.bytes);
      const found: PartValue[] = [];
      for (let number = 1; number <= set.size * 8; number += 1) {
        if (((bits[(number - 1) >> 3] ?? 0) & (0x80 >> ((number - 1) & 7))) === 0) continue;
        const field = fields.get(number);
        if (field === undefined) {
          throw new MessageError("field", [`${number}`], 0, "the structure has no such field");
        }
        found.push(...readNested(field, message, input));
      }
      return whole(input, found);
    },
    compose: (_message, parts) => {
      const bits = new Uint8Array(set.size);
      const output = new Output();
      for (const { number, field, text } of ownParts(fields, parts)) {
        const at = (number - 1) >> 3;
        bits[at] = (bits[at] ?? 0) | (0x80 >> ((number - 1) & 7));
        field.codec.write(output, text);
      }
      const head = hexOf(bits, 0, bits.length);
      const shown = new TextEncoder().encode(head);
      return (set.bitmap === "hex" ? hexOf(shown, 0, shown.length) : head) + written(output);
    },
    nameOf: (key) => nestedName(fields, key),
  };
}

function bitsAt(set: BitmapSet, bytes: Uint8Array): Uint8Array {
  const width = set.bitmap === "hex" ? 2 : 1;
  if (bytes.length < set.size * width) {
    throw new MessageError("short", [], 0, "the content ends inside its bitmap");
  }
  if (width === 1) return bytes.subarray(0, set.size);
  return Uint8Array.from({ length: set.size }, (_, index) => {
    const high = nibble(bytes[index * 2] ?? 0);
    const low = nibble(bytes[index * 2 + 1] ?? 0);
    if (high < 0 || low < 0) throw new MessageError("bitmap", [], index * 2, "not hex digits");
    return high * 16 + low;
  });
}

function whole(input: Input, found: PartValue[]): PartValue[] {
  if (input.at < input.bytes.length) {
    throw new MessageError("leftover", [], input.at, "bytes are left after the last field");
  }
  return found;
}

export function written(output: Output): string {
  return hexOf(output.bytes, 0, output.at);
}
