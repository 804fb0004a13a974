/** Columns of a driver's row, parsed once. Errors name the column, never its value. */
export type Row = Readonly<Record<string, unknown>>;

/** A text, uuid, or date and number cast to text. Throws TypeError. */
export function textOf(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw wrong(column, "text");
  return value;
}

/** A text that may be null. */
export function textOrNull(row: Row, column: string): string | null {
  return row[column] === null ? null : textOf(row, column);
}

/** One word of a closed list. Throws TypeError. */
export function wordOf<const W extends string>(row: Row, column: string, words: readonly W[]): W {
  const found = words.find((word) => word === row[column]);
  if (found === undefined) throw wrong(column, `one of ${words.join(", ")}`);
  return found;
}

/** A whole number (smallint, integer). Throws TypeError. */
export function integerOf(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== "number" || !Number.isSafeInteger(value)) throw wrong(column, "an integer");
  return value;
}

/** A whole number that may be null. */
export function integerOrNull(row: Row, column: string): number | null {
  return row[column] === null ? null : integerOf(row, column);
}

/** A bigint or a whole numeric, which the driver gives as digits. Throws TypeError. */
export function bigintOf(row: Row, column: string): bigint {
  const value = row[column];
  if (typeof value === "bigint") return value;
  if (typeof value === "string" && /^-?\d+$/.test(value)) return BigInt(value);
  throw wrong(column, "a bigint");
}

/** A bigint that may be null. */
export function bigintOrNull(row: Row, column: string): bigint | null {
  return row[column] === null ? null : bigintOf(row, column);
}

/** A boolean. Throws TypeError. */
export function booleanOf(row: Row, column: string): boolean {
  const value = row[column];
  if (typeof value !== "boolean") throw wrong(column, "a boolean");
  return value;
}

/** A timestamptz, which the driver gives as a Date, in ms since the epoch. Throws TypeError. */
export function instantOf(row: Row, column: string): number {
  const value = row[column];
  if (!(value instanceof Date)) throw wrong(column, "an instant");
  return value.getTime();
}

/** A bytea, which the driver gives as a Buffer. Throws TypeError. */
export function bytesOf(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw wrong(column, "bytes");
  return Uint8Array.from(value);
}

/** An instant (ms since the epoch) as SQL takes it. */
export function toInstant(ms: number): string {
  return new Date(ms).toISOString();
}

/** A jsonb that holds a flat object of texts, such as the kept fields of a message. Throws TypeError. */
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

/** A jsonb as of `fieldsOf` that may be null. */
export function fieldsOrNull(row: Row, column: string): Record<string, string> | null {
  return row[column] === null ? null : fieldsOf(row, column);
}

function wrong(column: string, expected: string): TypeError {
  return new TypeError(`column ${column} is not ${expected}`);
}
