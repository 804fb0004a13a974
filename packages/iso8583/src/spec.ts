import { compileField, type FieldCodec } from "./field.ts";
import { type FieldDefinition, type FieldTable, type MessageRule } from "./table.ts";

/** What a dialect's tables say. Everything of a link that sources do not agree on is in here. */
export type SpecTable<T extends FieldTable = FieldTable> = {
  readonly name: string;
  readonly mti: "bcd" | "ascii";
  readonly bitmap: "binary" | "hex";
  /** 64: one bitmap. 128: a second follows where bit 1 is set. */
  readonly bits: 64 | 128;
  readonly fields: T;
  readonly rules: readonly MessageRule[];
};

/** A compiled dialect. `Field` is the union of its field numbers as strings. */
export type Spec<Field extends string = string> = {
  readonly name: string;
  readonly table: SpecTable;
  readonly numbers: readonly Field[];
  /** By field number. */
  readonly definitions: readonly (FieldDefinition | undefined)[];
  readonly codecs: readonly (FieldCodec | undefined)[];
};

/** The fields that a message of a spec may have: a number that the spec lacks does not compile. */
export type FieldsOf<S> = S extends Spec<infer Field> ? Partial<Record<Field, string>> : never;

type NumbersOf<T extends FieldTable> = `${keyof T & number}`;

/** Compiles a dialect's tables once. Throws RangeError for a table that cannot be. */
export function defineSpec<const T extends FieldTable>(table: SpecTable<T>): Spec<NumbersOf<T>> {
  const definitions: (FieldDefinition | undefined)[] = Array.from({ length: table.bits + 1 });
  const codecs: (FieldCodec | undefined)[] = Array.from({ length: table.bits + 1 });
  const numbers: NumbersOf<T>[] = [];
  for (const [key, definition] of Object.entries<FieldDefinition>(table.fields)) {
    const number = Number(key);
    // Bit 1 says whether a second bitmap follows: no spec has a field there.
    if (!Number.isInteger(number) || number < 2 || number > table.bits) {
      throw new RangeError(`${table.name} cannot have a field ${key}`);
    }
    definitions[number] = definition;
    codecs[number] = compileField(key, definition);
    numbers.push(key as NumbersOf<T>);
  }
  return { name: table.name, table, numbers, definitions, codecs };
}

/**
 * The same dialect with some fields or rules of its own, for a link that deviates.
 * `varySpec(unionpayPos, { name: "bank-x", fields: { 35: { ...track2, pad: "F" } } })`
 */
export function varySpec(
  spec: Spec,
  change: { name: string; fields?: FieldTable; rules?: readonly MessageRule[] },
): Spec {
  return defineSpec<FieldTable>({
    ...spec.table,
    name: change.name,
    fields: { ...spec.table.fields, ...change.fields },
    rules: change.rules ?? spec.table.rules,
  });
}
