import { hexOf } from "./nibbles.ts";
import { type Layout, type Part } from "./table.ts";
import { type TlvItem } from "./tlv.ts";

/** The layout that a field's content has in messages of this type, if any fits. */
export function layoutOf(
  layouts: readonly Layout[],
  mti: string,
  content: string,
): Layout | undefined {
  return layouts.find((layout) => {
    if (layout.mti !== undefined && !layout.mti.includes(mti)) return false;
    if (layout.size !== undefined && layout.size !== content.length) return false;
    if (layout.group === undefined) return true;
    const rest = content.length - total(layout.parts);
    return rest >= 0 && rest % total(layout.group) === 0;
  });
}

function total(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

/** A content cut into its parts, in order. What follows the last part has the key "rest". */
export function cut(layout: Layout, content: string): { part: Part; key: string; text: string }[] {
  const pieces: { part: Part; key: string; text: string }[] = [];
  let at = 0;
  const take = (part: Part, key: string): void => {
    if (at < content.length) pieces.push({ part, key, text: content.slice(at, at + part.length) });
    at += part.length;
  };
  for (const part of layout.parts) take(part, part.key);
  for (let number = 1; layout.group !== undefined && at < content.length; number += 1) {
    for (const part of layout.group) take(part, `${number}.${part.key}`);
  }
  if (at < content.length) take({ key: "rest", length: content.length - at }, "rest");
  return pieces;
}

/** The parts of a content by key. */
export function partsOf(layout: Layout, content: string): Record<string, string> {
  return Object.fromEntries(cut(layout, content).map(({ key, text }) => [key, text]));
}

/** TLV values in hex by tag; a tag that comes again is numbered: "72", "72.2". */
export function tagsOf(bytes: Uint8Array, items: readonly TlvItem[]): Record<string, string> {
  const parsed: Record<string, string> = {};
  for (const [index, key] of tagKeys(items).entries()) {
    const item = items[index];
    if (item !== undefined) parsed[key] = hexOf(bytes, item.valueAt, item.end);
  }
  return parsed;
}

/** The key of each object in `parsed`. */
export function tagKeys(items: readonly TlvItem[]): string[] {
  const seen = new Map<string, number>();
  return items.map(({ tag }) => {
    const count = (seen.get(tag) ?? 0) + 1;
    seen.set(tag, count);
    return count === 1 ? tag : `${tag}.${count}`;
  });
}
