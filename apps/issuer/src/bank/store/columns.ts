/** Sets of rows as arrays: one parameter a column, so that a statement is the same for any number. */

import { jsonArray, jsonTexts } from "@tillway/database";

/** A column: its name, its SQL type, its value of a row. */
export type Column<R> = readonly [
  name: string,
  type: string,
  value: (row: R) => string | number | null | undefined,
];

/** Text of `unnest` over the columns, as a table `u`; parameters count on from `first`. */
export function unnested<R>(columns: readonly Column<R>[], first = 1): string {
  const arrays = columns.map(([, type], at) =>
    type === "jsonb" ? jsonArray(first + at) : `$${first + at}::${type}[]`,
  );
  return `unnest(${arrays.join(", ")}) as u (${namesOf(columns)})`;
}

export function namesOf<R>(columns: readonly Column<R>[]): string {
  return columns.map(([name]) => name).join(", ");
}

/** The arrays of the columns, as parameters. */
export function arraysOf<R>(columns: readonly Column<R>[], rows: readonly R[]): unknown[] {
  return columns.map(([, type, value]) => {
    const values = rows.map((row) => value(row) ?? null);
    return type === "jsonb" ? jsonTexts(values.map((one) => one?.toString() ?? null)) : values;
  });
}
