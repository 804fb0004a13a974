/** A kept message, read back. */
import type { Row } from "@tillway/database";
import type { Kept } from "../transaction.ts";

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function texts(value: unknown): Record<string, string> {
  if (!isObject(value)) throw new TypeError("a kept message has a part that is no object of texts");
  const read: Record<string, string> = {};
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== "string") throw new TypeError("a kept message holds what is no text");
    read[name] = text;
  }
  return read;
}

/** The kept message of a jsonb column. Throws TypeError where it is none. */
export function keptOf(row: Row, column: string): Kept {
  const value = row[column];
  if (!isObject(value)) throw new TypeError(`column ${column} is not a kept message`);
  const { spec, mti, fields, notKept } = value;
  if (typeof spec !== "string" || typeof mti !== "string" || !Array.isArray(notKept)) {
    throw new TypeError(`column ${column} is not a kept message`);
  }
  return { spec, mti, fields: texts(fields), notKept: notKept.map(String) };
}
