import { MessageError } from "../errors.ts";
import { type Alternative, type Applies, type Composite, type FieldDefinition } from "../table.ts";
import { holds } from "../probe.ts";
import { berCodec } from "./ber.ts";
import { datasetsCodec } from "./datasets.ts";
import { bitmapSetCodec, fieldListCodec } from "./fields.ts";
import { layoutCodec } from "./layout.ts";
import { mediumOf } from "./medium.ts";
import { type MessageView, type PartValue, type StructureCodec } from "./parts.ts";
import { tagsCodec } from "./tags.ts";

/** The two directions of a field's structure, made once; undefined for a field without parts. */
export function structureCodec(definition: FieldDefinition): StructureCodec | undefined {
  const { structure } = definition;
  if (structure === undefined) return undefined;
  if (structure === "tlv") return berCodec({ kind: "ber" });
  if ("kind" in structure) return compositeCodec(definition, structure);
  return firstThatFits(definition, structure);
}

function compositeCodec(definition: FieldDefinition, composite: Composite): StructureCodec {
  switch (composite.kind) {
    case "tags":
      return tagsCodec(definition, composite);
    case "ber":
      return berCodec(composite);
    case "fields":
      return fieldListCodec(composite, structureCodec);
    case "bitmap":
      return bitmapSetCodec(composite, structureCodec);
    case "datasets":
      return datasetsCodec(composite, structureCodec);
  }
}

function firstThatFits(
  definition: FieldDefinition,
  alternatives: readonly Alternative[],
): StructureCodec {
  const medium = mediumOf(definition);
  const choices = alternatives.map((alternative) => ({
    alternative,
    codec:
      "composite" in alternative
        ? compositeCodec(definition, alternative.composite)
        : layoutCodec(definition, alternative),
  }));
  const sized = choices.some(({ alternative }) => alternative.size !== undefined);

  return {
    strict: false,
    parse: (message, content) => {
      const size = sized ? medium.open(content).size : 0;
      for (const { alternative, codec } of choices) {
        if (!applies(alternative, message)) continue;
        if (alternative.size !== undefined && alternative.size !== size) continue;
        const parts = fitting(codec, message, content);
        if (parts !== undefined) return parts;
      }
      return undefined;
    },
    compose: (message, parts) => {
      let refused: MessageError | undefined;
      for (const { alternative, codec } of choices) {
        if (!applies(alternative, message)) continue;
        try {
          const content = codec.compose(message, parts);
          if (content !== undefined) return content;
        } catch (error) {
          if (!(error instanceof MessageError)) throw error;
          refused ??= error;
        }
      }
      if (refused !== undefined) throw refused;
      return undefined;
    },
    nameOf: (key) => {
      for (const { codec } of choices) {
        const name = codec.nameOf(key);
        if (name !== undefined) return name;
      }
      return undefined;
    },
  };
}

function fitting(
  codec: StructureCodec,
  message: MessageView,
  content: string,
): readonly PartValue[] | undefined {
  try {
    return codec.parse(message, content);
  } catch (error) {
    if (error instanceof MessageError) return undefined;
    throw error;
  }
}

function applies({ mti, when }: Applies, message: MessageView): boolean {
  if (mti !== undefined && !mti.includes(message.mti)) return false;
  return when === undefined || when.every((probe) => holds(probe, message.fields));
}
