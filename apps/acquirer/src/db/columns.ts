/** Columns that only this app has: instants, words of a closed list, JSON objects of texts. */
import { textOf, type Row } from "@tillway/database";

function wrong(column: string, expected: string): TypeError {
  return new TypeError(`column ${column} is not ${expected}`);
}

/** A timestamptz column as milliseconds since the epoch. Throws TypeError. */
export function instantOf(row: Row, column: string): number {
  const value = row[column];
  if (!(value instanceof Date)) throw wrong(column, "an instant");
  return value.getTime();
}

export function instantOrNull(row: Row, column: string): number | null {
  return row[column] === null ? null : instantOf(row, column);
}

/** An instant (ms since the epoch) as SQL takes it. */
export function toInstant(ms: number): string {
  return new Date(ms).toISOString();
}

/** One word of a closed list. Throws TypeError. */
export function wordOf<const W extends string>(row: Row, column: string, words: readonly W[]): W {
  const text = textOf(row, column);
  const found = words.find((word) => word === text);
  if (found === undefined) throw wrong(column, `one of ${words.join(", ")}`);
  return found;
}

/** A jsonb column that holds a flat object of texts. Throws TypeError. */
export function fieldsOf(row: Row, column: string): Record<string, string> {
  const value = row[column];
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw wrong(column, "an object of texts");
  }
  const fields: Record<string, string> = {};
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== "string") throw wrong(column, "an object of texts");
    fields[name] = text;
  }
  return fields;
}
