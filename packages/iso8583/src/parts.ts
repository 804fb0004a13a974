import { MessageError } from "./errors.ts";
import { type Spec } from "./spec.ts";
import { type MessageView, type PartValue } from "./structure/parts.ts";

export { type MessageView, type PartValue } from "./structure/parts.ts";

/**
 * The parts of a field's content in their order (`parsed` has them by key); undefined for a field
 * without parts or a content that has none of its forms. Throws MessageError where decode would.
 */
export function fieldParts(
  spec: Spec,
  message: MessageView,
  number: string,
): readonly PartValue[] | undefined {
  const content = message.fields[number];
  if (content === undefined) return undefined;
  return spec.structures[Number(number)]?.parse(message, content);
}

/**
 * The content of a field made of its parts, as `encode` takes it: `composeField(unionpayPos, message,
 * "60", { "1": "22", "2": "000001", "3": "000" })`. The parts stand in the order given (for an object,
 * numbers first), in BER-TLV too. `message`: its type and the fields that decide which form the
 * content has. Throws MessageError: `structure` where the field has no form for these parts.
 */
export function composeField(
  spec: Spec,
  message: MessageView,
  number: string,
  parts: Readonly<Record<string, string>> | readonly Pick<PartValue, "key" | "text">[],
): string {
  const list: readonly PartValue[] = Array.isArray(parts)
    ? parts
    : Object.entries(parts).map(([key, text]) => ({ key, text }));
  const content = spec.structures[Number(number)]?.compose(message, list);
  if (content === undefined) {
    throw new MessageError("structure", [number], 0, "the field has no form with these parts");
  }
  return content;
}
