/** The dictionary of data objects: EMV Book 3 Annex A and the UnionPay (PBOC) additions. */
import { TAG_TABLE } from "./tag-table.ts";
import type { TagFormat, TagSource } from "./tag-table.ts";

export type { TagFormat, TagSource } from "./tag-table.ts";

/** `minimum` and `maximum` are lengths in bytes. */
export type TagEntry = {
  readonly tag: string;
  readonly name: string;
  readonly format: TagFormat;
  readonly minimum: number;
  readonly maximum: number;
  readonly source: TagSource;
};

/** All known data objects by tag in uppercase hex. */
export const TAGS: ReadonlyMap<string, TagEntry> = new Map(
  TAG_TABLE.map(([tag, name, format, minimum, maximum, source]) => [
    tag,
    { tag, name, format, minimum, maximum, source },
  ]),
);

/** What is known about a tag, or undefined. */
export function tagEntry(tag: string): TagEntry | undefined {
  return TAGS.get(tag);
}

/** The format of a tag; unknown tags count as binary. */
export function formatOf(tag: string): TagFormat {
  return TAGS.get(tag)?.format ?? "b";
}

/** Whether a value has a length the dictionary allows; unknown tags may have any. */
export function lengthFits(tag: string, length: number): boolean {
  const entry = TAGS.get(tag);
  return entry === undefined || (length >= entry.minimum && length <= entry.maximum);
}
