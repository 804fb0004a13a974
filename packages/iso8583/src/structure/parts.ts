import { type FieldDefinition, type PartPrivacy, type Text } from "../table.ts";

/** One part of a field: its key in `parsed`, its content as shown, whether it is hidden. */
export type PartValue = {
  readonly key: string;
  readonly text: string;
  readonly privacy?: PartPrivacy;
};

/** What a structure may look at beside its own content: the type and the fields of the message. */
export type MessageView = {
  readonly mti: string;
  readonly fields: Readonly<Partial<Record<string, string>>>;
};

/**
 * One structure's two directions. Both throw MessageError whose path begins at the part and whose
 * offset counts from the first byte of the content.
 */
export type StructureCodec = {
  /** Whether decode refuses content that does not fit. */
  readonly strict: boolean;
  /** The parts in their order; undefined where no alternative fits. */
  readonly parse: (message: MessageView, content: string) => readonly PartValue[] | undefined;
  /** The content made of parts; undefined where no alternative takes them. */
  readonly compose: (message: MessageView, parts: readonly PartValue[]) => string | undefined;
  /** What a part is called, for people. */
  readonly nameOf: (key: string) => Text | undefined;
};

/** Compiles the structure of a field within a field. */
export type CompileStructure = (definition: FieldDefinition) => StructureCodec | undefined;

/** Keys of tags that may come again: "72", "72.2", "72.3", with "." or another mark. */
export function numbered(mark: "." | "#" = "."): (key: string) => string {
  const seen = new Map<string, number>();
  return (key) => {
    const count = (seen.get(key) ?? 0) + 1;
    seen.set(key, count);
    return count === 1 ? key : `${key}${mark}${count}`;
  };
}

/** A part with its privacy, if it has one. */
export function partValue(key: string, text: string, privacy: PartPrivacy | undefined): PartValue {
  return privacy === undefined ? { key, text } : { key, text, privacy };
}
