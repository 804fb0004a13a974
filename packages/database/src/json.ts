/** Columns of JSON as one text: quoting each as an element of an array costs more on both sides. */

/** Between JSON texts, where it cannot stand by itself: JSON escapes control characters. */
const SEPARATOR = "\u001e";

/** JSON texts as the one parameter that `jsonArray` takes apart; null stays null. */
export function jsonTexts(values: readonly (string | null)[]): string {
  return values.map((value) => value ?? "").join(SEPARATOR);
}

/**
 * SQL of the array of JSON in parameter number `at`. Nulls at the end may be missing: `unnest` of
 * several arrays fills up the shorter ones.
 */
export function jsonArray(at: number): string {
  return `string_to_array($${at}::text, E'\\x1e', '')::jsonb[]`;
}
