import { MessageError } from "../errors.ts";
import { type FieldDefinition, type Layout, type Part, type Text } from "../table.ts";
import { mediumOf, type As } from "./medium.ts";
import { partValue, type PartValue, type StructureCodec } from "./parts.ts";

/** Parts of fixed size. What it is asked for, it cuts: whether it applies is decided before. */
export function layoutCodec(
  field: Pick<FieldDefinition, "content" | "encoding">,
  layout: Layout,
): StructureCodec {
  const medium = mediumOf(field);
  const names = namesOf(layout);
  const head = total(layout.parts);
  const step = layout.group === undefined ? 0 : total(layout.group);

  return {
    strict: false,
    parse: (_message, content) => {
      const whole = medium.open(content);
      if (layout.size !== undefined && layout.size !== whole.size) return undefined;
      const rest = whole.size - head;
      if (step > 0 && (rest < 0 || rest % step !== 0)) return undefined;
      const found: PartValue[] = [];
      let at = 0;
      const take = (part: Part, key: string): void => {
        if (at < whole.size) {
          found.push(partValue(key, whole.cut(at, at + part.length, part.as), part.privacy));
        }
        at += part.length;
      };
      for (const part of layout.parts) take(part, part.key);
      for (let number = 1; layout.group !== undefined && at < whole.size; number += 1) {
        for (const part of layout.group) take(part, `${number}.${part.key}`);
      }
      if (at < whole.size) found.push({ key: "rest", text: whole.cut(at, whole.size, undefined) });
      return found;
    },
    compose: (_message, parts) => {
      const pieces: { text: string; as: As }[] = [];
      const expected = keysOf(layout, parts.length);
      let size = 0;
      for (const [index, { key, text }] of parts.entries()) {
        const part = expected[index];
        const isRest = key === "rest" && part === undefined;
        if (!isRest && part?.key !== key) return undefined;
        const units = medium.measure(text, part?.as);
        const last = index === parts.length - 1;
        // Only the last part may be cut short by the end of the content.
        if (units === undefined || (part !== undefined && units > part.length)) return undefined;
        if (part !== undefined && units < part.length && (!last || step > 0)) {
          throw new MessageError("length", [key], size, `must be ${part.length} long`);
        }
        pieces.push({ text, as: part?.as });
        size += units;
      }
      if (layout.size !== undefined && size !== layout.size) return undefined;
      return medium.join(pieces);
    },
    nameOf: (key) => names.get(key.replace(/^\d+\./, "")) ?? names.get(key),
  };
}

function total(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

/** The parts that a content of so many parts has, in order, with their keys. */
function keysOf(layout: Layout, count: number): Part[] {
  const keys: Part[] = [...layout.parts];
  for (let number = 1; layout.group !== undefined && keys.length < count; number += 1) {
    for (const part of layout.group) keys.push({ ...part, key: `${number}.${part.key}` });
  }
  return keys;
}

function namesOf(layout: Layout): Map<string, Text> {
  const names = new Map<string, Text>();
  for (const { key, name } of [...layout.parts, ...(layout.group ?? [])]) {
    if (name !== undefined) names.set(key, name);
  }
  return names;
}
