import { type FieldTable, type MessageRule } from "./table.ts";

/** What a dialect's tables say. Everything of a link that sources do not agree on is in here. */
export type SpecTable<T extends FieldTable = FieldTable> = {
  readonly name: string;
  readonly mti: "bcd" | "ascii" | "ebcdic";
  readonly bitmap: "binary" | "hex" | "hex-ebcdic";
  /** 64: one bitmap. 128: a second follows where bit 1 is set. 192: a third where bit 65 is. */
  readonly bits: 64 | 128 | 192;
  /** Where the third bitmap stands. Default after the second. */
  readonly third?: "after-second" | "field-65";
  readonly fields: T;
  readonly rules: readonly MessageRule[];
};
