import { fromHex, toHex } from "@tillway/bytes";
import { MessageError } from "../errors.ts";
import { hexOf } from "../nibbles.ts";
import { type Ber, type FieldDefinition } from "../table.ts";
import { walkTlv } from "../tlv.ts";
import { layoutCodec } from "./layout.ts";
import { numbered, type PartValue, type StructureCodec } from "./parts.ts";

/** BER-TLV after some leading parts (EMV Book 3 Annex B); the outermost objects, values in hex. */
export function berCodec(ber: Ber): StructureCodec {
  const lead = layoutCodec({ content: "b", encoding: "binary" }, { parts: ber.lead ?? [] });
  const leadSize = (ber.lead ?? []).reduce((sum, part) => sum + part.length, 0);
  const leadCount = ber.lead?.length ?? 0;
  return {
    strict: true,
    parse: (message, content) => {
      const bytes = fromHex(content);
      if (bytes.length < leadSize) {
        throw new MessageError("structure", [], 0, "the data end before the first object");
      }
      const parts = [...(lead.parse(message, content.slice(0, leadSize * 2)) ?? [])];
      parts.push(...berParts(bytes.subarray(leadSize), leadSize));
      return parts;
    },
    compose: (message, parts) => {
      const head = parts.slice(0, leadCount);
      const before = leadCount === 0 ? "" : lead.compose(message, head);
      if (before === undefined || before.length !== leadSize * 2) return undefined;
      return before + composeBer(parts.slice(leadCount));
    },
    nameOf: (key) => ber.names?.[key.replace(/\.\d+$/, "")] ?? lead.nameOf(key),
  };
}

/** The objects of BER-TLV data as parts. `base`: where the data begin, for offsets. */
export function berParts(bytes: Uint8Array, base: number): PartValue[] {
  const walk = walkTlv(bytes);
  if (!walk.ok) {
    const path = walk.tag === undefined ? [] : [walk.tag];
    throw new MessageError("structure", path, base + walk.at, walk.why);
  }
  const keyOf = numbered();
  return walk.items.map(({ tag, valueAt, end }) => ({
    key: keyOf(tag),
    text: hexOf(bytes, valueAt, end),
  }));
}

/** BER-TLV in hex from parts whose keys are tags; lengths in their shortest form. */
export function composeBer(parts: readonly PartValue[]): string {
  return parts
    .map(({ key, text }) => {
      const tag = key.replace(/\.\d+$/, "");
      const size = text.length / 2;
      if (!/^(?:[0-9A-F]{2})*$/.test(text) || size > 0xffff) {
        throw new MessageError("structure", [key], 0, "the value is not hex, or too long");
      }
      const length =
        size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 255];
      const written = tag + toHex(Uint8Array.from(length)) + text;
      const back = /^(?:[0-9A-F]{2}){1,3}$/.test(tag) ? walkTlv(fromHex(written)) : undefined;
      if (back?.ok !== true || back.items.length !== 1 || back.items[0]?.tag !== tag) {
        throw new MessageError("structure", [key], 0, "not a tag");
      }
      return written;
    })
    .join("");
}

/** Whether a field is BER-TLV from its first byte on. */
export function isPlainBer({ structure }: FieldDefinition): boolean {
  if (structure === "tlv") return true;
  if (structure === undefined || !("kind" in structure)) return false;
  return structure.kind === "ber" && structure.lead === undefined;
}
