import { MessageError } from "../errors.ts";
import { type FieldDefinition, type Tags, type Text } from "../table.ts";
import { mediumOf, type As, type Medium, type Sequence } from "./medium.ts";
import { numbered, partValue, type PartValue, type StructureCodec } from "./parts.ts";

/** Tag, length, value in text, one in the other; or tags whose sizes the table tells. */
export function tagsCodec(
  field: Pick<FieldDefinition, "content" | "encoding">,
  tags: Tags,
): StructureCodec {
  const medium = mediumOf(field);
  return {
    strict: true,
    parse: (_message, content) => parseTags(medium, medium.open(content), 0, tags, ""),
    compose: (_message, parts) => composeTags(medium, tags, parts, ""),
    nameOf: (key) => nameOf(tags, key),
  };
}

function parseTags(
  medium: Medium,
  whole: Sequence,
  from: number,
  tags: Tags,
  prefix: string,
): PartValue[] {
  const found: PartValue[] = [];
  const keyOf = numbered("#");
  let at = from;
  const fault = (path: string[], why: string): MessageError =>
    new MessageError("structure", path, medium.offset(at), why);
  while (at < whole.size) {
    const valueAt = at + tags.tag + tags.length;
    if (valueAt > whole.size) throw fault([], "the data end inside a tag or a length");
    const tag = whole.cut(at, at + tags.tag, "text");
    const item = tags.items[tag];
    const digits = whole.cut(at + tags.tag, valueAt, "text");
    if (tags.length > 0 && !/^\d+$/.test(digits)) throw fault([], "a length is not a number");
    const size = tags.length > 0 ? Number.parseInt(digits, 10) : item?.length;
    if (size === undefined) throw fault([], "a tag that the table does not have");
    const end = valueAt + size;
    if (end > whole.size) throw fault([tag], "a value is longer than the data");
    const key = prefix + keyOf(tag);
    if (item?.inner === undefined) {
      found.push(partValue(key, whole.cut(valueAt, end, item?.as), item?.privacy));
    } else {
      const inner = { ...whole, size: end };
      found.push(...parseTags(medium, inner, valueAt, item.inner, `${key}.`));
    }
    at = end;
  }
  return found;
}

function composeTags(
  medium: Medium,
  tags: Tags,
  parts: readonly PartValue[],
  prefix: string,
): string | undefined {
  const pieces: { text: string; as: As }[] = [];
  let at = 0;
  while (at < parts.length) {
    const key = parts[at]?.key.slice(prefix.length) ?? "";
    const tag = key.slice(0, tags.tag);
    const item = tags.items[tag];
    if (tag.length !== tags.tag || (item === undefined && tags.length === 0)) return undefined;
    let text = parts[at]?.text;
    let next = at + 1;
    if (item?.inner !== undefined) {
      const own = ownPrefix(prefix, key);
      while (parts[next]?.key.startsWith(own) === true) next += 1;
      text = composeTags(medium, item.inner, parts.slice(at, next), own);
    }
    const as = item?.inner === undefined ? item?.as : undefined;
    const size = text === undefined ? undefined : medium.measure(text, as);
    if (text === undefined || size === undefined) return undefined;
    const digits = tags.length === 0 ? "" : size.toString().padStart(tags.length, "0");
    if (digits.length > tags.length || (tags.length === 0 && size !== item?.length)) {
      throw new MessageError("length", [key], 0, "the value does not fit its place");
    }
    pieces.push({ text: tag + digits, as: "text" }, { text, as });
    at = next;
  }
  return medium.join(pieces);
}

/** What the keys of the parts inside a tag begin with: "A2.01" is in "A2.", "A2#2.01" in "A2#2.". */
function ownPrefix(prefix: string, key: string): string {
  return `${prefix}${key.slice(0, key.indexOf(".") + 1)}`;
}

function nameOf(tags: Tags, key: string): Text | undefined {
  const item = tags.items[key.slice(0, tags.tag)];
  const dot = key.indexOf(".");
  return item?.inner === undefined || dot < 0 ? item?.name : nameOf(item.inner, key.slice(dot + 1));
}
