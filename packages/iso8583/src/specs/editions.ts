import {
  type Content,
  type FieldDefinition,
  type Prefix,
  type Privacy,
  type Structure,
} from "../table.ts";

/**
 * The editions of ISO 8583 say what a field holds; ASCII or binary says how it stands on the wire.
 * A row is the first, a style the second, and a spec's table is one applied to the other.
 */

export type Row = {
  readonly content: Content;
  readonly length: number;
  readonly en: string;
  readonly zh: string;
  /** Digits of the length before a variable field. */
  readonly digits?: 2 | 3 | 4;
  readonly privacy?: Privacy;
  readonly structure?: Structure;
};

type More = { readonly privacy?: Privacy; readonly structure?: Structure };

/** A field of exactly so many digits, characters or bytes. */
export const fixed = (
  content: Content,
  length: number,
  en: string,
  zh: string,
  more: More = {},
): Row => ({ content, length, en, zh, ...more });

const variable =
  (digits: 2 | 3 | 4) =>
  (content: Content, length: number, en: string, zh: string, more: More = {}): Row => ({
    content,
    length,
    en,
    zh,
    digits,
    ...more,
  });

/** Fields of at most so many, after a length of two, three, four digits. */
export const ll = variable(2);
export const lll = variable(3);
export const llll = variable(4);

export const secret: More = { privacy: "secret" };
export const pan: More = { privacy: "pan" };
export const expiry: More = { privacy: "expiry" };

export type Style = (row: Row) => FieldDefinition;

/** Everything in ASCII; bytes as hex, whose length counts characters. */
export const asciiStyle: Style = (row) => {
  const hex = row.content === "b";
  return definition(row, hex ? "hex" : "ascii", "ascii", hex ? "bytes" : "content");
};

/** The same, but the length of bytes in hex counts the bytes. */
export const asciiByteStyle: Style = (row) =>
  definition(row, row.content === "b" ? "hex" : "ascii", "ascii", "content");

/** Digits two a byte, odd tracks filled with F; text in ASCII; lengths in digits two a byte. */
export const binaryStyle: Style = (row) => {
  const { content } = row;
  const encoding =
    content === "b" ? "binary" : content === "an" || content === "ans" ? "ascii" : "bcd";
  return {
    ...definition(row, encoding, "bcd", "content"),
    ...(content === "z" && { pad: "F" as const }),
  };
};

/** The same, but with tracks as text, as 1993 and 2003 networks have them. */
export const textTrackStyle: Style = (row) =>
  row.content === "z" ? definition(row, "ascii", "bcd", "content") : binaryStyle(row);

function definition(
  { content, length, en, zh, digits, privacy, structure }: Row,
  encoding: FieldDefinition["encoding"],
  prefixEncoding: Prefix["encoding"],
  unit: Prefix["unit"],
): FieldDefinition {
  return {
    name: { en, zh },
    content,
    encoding,
    length,
    ...(digits !== undefined && { prefix: { digits, encoding: prefixEncoding, unit } }),
    ...(privacy !== undefined && { privacy }),
    ...(structure !== undefined && { structure }),
  };
}

/** A spec's table from an edition's rows; the numbers stay known to the compiler. */
export function styled<const T extends Readonly<Record<number, Row>>>(
  rows: T,
  style: Style,
): { readonly [N in keyof T]: FieldDefinition } {
  const table: Partial<Record<keyof T, FieldDefinition>> = {};
  for (const key of Object.keys(rows)) {
    const row = rows[Number(key)];
    if (row !== undefined) table[Number(key) as keyof T] = style(row);
  }
  return table as { readonly [N in keyof T]: FieldDefinition };
}

/** The same row for numbers from..to, for those that an edition reserves. */
export function rowsOf<const N extends number>(
  numbers: readonly N[],
  row: Row,
): { readonly [K in N]: Row } {
  return Object.fromEntries(numbers.map((number) => [number, row])) as { readonly [K in N]: Row };
}
