import { fromHex } from "@tillway/bytes";
import { Output, type Input } from "../buffer.ts";
import { MessageError, within } from "../errors.ts";
import { hexOf } from "../nibbles.ts";
import { type Datasets } from "../table.ts";
import { berParts, composeBer } from "./ber.ts";
import {
  nestedFields,
  nestedName,
  ownParts,
  readNested,
  written,
  type NestedFields,
} from "./fields.ts";
import {
  numbered,
  type CompileStructure,
  type MessageView,
  type PartValue,
  type StructureCodec,
} from "./parts.ts";

/** Data sets with an identifier up to this hold BER-TLV, the others a bitmap and fields. */
const LAST_TLV_SET = 0x70;

/** Before the key of an object that follows the fields of a data set: "71.tlv.9F26". */
const TRAILING = "tlv.";

export function datasetsCodec(datasets: Datasets, compile: CompileStructure): StructureCodec {
  const tables = new Map<string, NestedFields>();
  for (const [id, table] of Object.entries(datasets.sets)) {
    tables.set(id, nestedFields(table, compile));
  }
  const tableOf = (id: string): NestedFields | undefined => tables.get(id) ?? tables.get("*");

  return {
    strict: true,
    parse: (message, content) => {
      const bytes = fromHex(content);
      const found: PartValue[] = [];
      const keyOf = numbered("#");
      let at = 0;
      while (at < bytes.length) {
        const [id = 0, high = 0, low = 0] = bytes.subarray(at, at + 3);
        const from = at + 3;
        const to = from + high * 256 + low;
        const name = hexOf(bytes, at, at + 1);
        if (to > bytes.length || from > bytes.length) {
          throw new MessageError("structure", [name], at, "a data set is longer than the data");
        }
        const key = keyOf(name);
        const part = bytes.subarray(from, to);
        const table = tableOf(name);
        const parts = within([name], from, () => {
          if (id <= LAST_TLV_SET) return berParts(part, 0);
          return table === undefined ? undefined : readSet(table, message, part);
        });
        if (parts === undefined) found.push({ key, text: hexOf(part, 0, part.length) });
        else found.push(...parts.map((one) => ({ ...one, key: `${key}.${one.key}` })));
        at = to;
      }
      return found;
    },
    compose: (_message, parts) => {
      let content = "";
      for (const [key, own] of bySet(parts)) {
        const id = key.slice(0, 2);
        const inner = composeSet(id, tableOf(id), own);
        const size = inner.length / 2;
        if (!/^[0-9A-F]{2}(?:#\d+)?$/.test(key) || size > 0xffff) {
          throw new MessageError("structure", [key], content.length / 2, "not a data set");
        }
        content += id + size.toString(16).toUpperCase().padStart(4, "0") + inner;
      }
      return content;
    },
    nameOf: (key) => {
      const [set = "", ...rest] = key.split(".");
      const table = tableOf(set.slice(0, 2));
      return table === undefined || rest[0] === "tlv"
        ? undefined
        : nestedName(table, rest.join("."));
    },
  };
}

/** A bitmap of 15 bits and a mark, words of 7 and a mark while bit 1 is set, then the fields. */
function readSet(table: NestedFields, message: MessageView, bytes: Uint8Array): PartValue[] {
  const { numbers, tlvFollows, end } = readMarks(bytes);
  const input: Input = { bytes, at: end, contentAt: 0 };
  const found: PartValue[] = [];
  for (const number of numbers) {
    const field = table.get(number);
    if (field === undefined) {
      throw new MessageError("field", [`${number}`], 0, "the data set has no such field");
    }
    found.push(...readNested(field, message, input));
  }
  if (tlvFollows) {
    const trailing = berParts(bytes.subarray(input.at), input.at);
    found.push(...trailing.map(({ key, text }) => ({ key: TRAILING + key, text })));
  } else if (input.at < bytes.length) {
    throw new MessageError("leftover", [], input.at, "bytes are left after the last field");
  }
  return found;
}

/**
 * Bit 1 of each word: another word follows. The last bit of the last word: BER-TLV follows the
 * fields; in the words before it is a field like the others.
 */
function readMarks(bytes: Uint8Array): { numbers: number[]; tlvFollows: boolean; end: number } {
  const numbers: number[] = [];
  let number = 1;
  let at = 0;
  for (let size = 2; ; size = 1) {
    if (at + size > bytes.length) {
      throw new MessageError("short", [], at, "the data set ends inside its bitmap");
    }
    const word = size === 2 ? (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0) : (bytes[at] ?? 0);
    const bits = size * 8;
    const more = (word & (1 << (bits - 1))) !== 0;
    for (let bit = bits - 2; bit >= (more ? 0 : 1); bit -= 1, number += 1) {
      if ((word & (1 << bit)) !== 0) numbers.push(number);
    }
    at += size;
    if (!more) return { numbers, tlvFollows: (word & 1) !== 0, end: at };
  }
}

function writeMarks(numbers: readonly number[], tlvFollows: boolean): string {
  const words: { size: number; value: number }[] = [];
  const highest = numbers.at(-1) ?? 0;
  let number = 1;
  for (let size = 2; ; size = 1) {
    const bits = size * 8;
    // The last bit is a field's only where another word follows.
    const more = highest > number + bits - 3;
    let value = more ? 1 << (bits - 1) : 0;
    for (let bit = bits - 2; bit >= (more ? 0 : 1); bit -= 1, number += 1) {
      if (numbers.includes(number)) value |= 1 << bit;
    }
    if (!more && tlvFollows) value |= 1;
    words.push({ size, value });
    if (!more) return spelled(words);
  }
}

function spelled(words: readonly { readonly size: number; readonly value: number }[]): string {
  return words
    .map(({ size, value }) =>
      value
        .toString(16)
        .toUpperCase()
        .padStart(size * 2, "0"),
    )
    .join("");
}

function composeSet(
  id: string,
  table: NestedFields | undefined,
  parts: readonly PartValue[],
): string {
  if (Number.parseInt(id, 16) <= LAST_TLV_SET) return composeBer(parts);
  if (table === undefined) return parts[0]?.text ?? "";
  const output = new Output();
  const trailing = parts.filter(({ key }) => key.startsWith(TRAILING));
  const own = ownParts(
    table,
    parts.filter(({ key }) => !key.startsWith(TRAILING)),
  );
  for (const { field, text } of own) field.codec.write(output, text);
  const tlv = trailing.map(({ key, text }) => ({ key: key.slice(TRAILING.length), text }));
  const numbers = own.map(({ number }) => number);
  return writeMarks(numbers, tlv.length > 0) + written(output) + composeBer(tlv);
}

/** Parts by data set, in order: "71.2" is "2" of "71", "72" is the whole of "72". */
function bySet(parts: readonly PartValue[]): [string, PartValue[]][] {
  const sets: [string, PartValue[]][] = [];
  for (const part of parts) {
    const dot = part.key.indexOf(".");
    const key = dot < 0 ? part.key : part.key.slice(0, dot);
    const own = { ...part, key: dot < 0 ? "" : part.key.slice(dot + 1) };
    const last = sets.at(-1);
    if (last?.[0] === key) last[1].push(own);
    else sets.push([key, [own]]);
  }
  return sets;
}
