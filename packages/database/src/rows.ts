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

/** A whole number (smallint, integer). Throws TypeError. */
export function integerOf(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== "number" || !Number.isSafeInteger(value)) throw wrong(column, "an integer");
  return value;
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

function wrong(column: string, expected: string): TypeError {
  return new TypeError(`column ${column} is not ${expected}`);
}
