/** Columns of a row beside those that @tillway/database reads; errors name the column only. */
import { integerOf, textOf, type Row } from "@tillway/database";

export { bigintOf, booleanOf, integerOf, textOf, type Row } from "@tillway/database";

function wrong(column: string, wanted: string): TypeError {
  return new TypeError(`column ${column} is not ${wanted}`);
}

export function maybeText(row: Row, column: string): string | undefined {
  return row[column] === null ? undefined : textOf(row, column);
}

export function maybeInteger(row: Row, column: string): number | undefined {
  return row[column] === null ? undefined : integerOf(row, column);
}

/** A timestamptz column as milliseconds since the epoch. */
export function instantOf(row: Row, column: string): number {
  const value = row[column];
  if (!(value instanceof Date)) throw wrong(column, "an instant");
  return value.getTime();
}

/** A jsonb column that holds a flat object of texts, such as the kept fields of a message. */
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

export function maybeFields(row: Row, column: string): Record<string, string> | undefined {
  return row[column] === null ? undefined : fieldsOf(row, column);
}

/** One of a closed list of words. */
export function wordOf<const W extends string>(row: Row, column: string, words: readonly W[]): W {
  const found = words.find((word) => word === row[column]);
  if (found === undefined) throw wrong(column, `one of ${words.join(", ")}`);
  return found;
}

/** An instant (ms since the epoch) as SQL takes it. */
export function toInstant(ms: number): string {
  return new Date(ms).toISOString();
}
