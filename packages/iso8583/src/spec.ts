import { checkTable } from "./check-table.ts";
import { compileFast, type FastSpec } from "./fast/plan.ts";
import { compileField, type FieldCodec } from "./field.ts";
import { type SpecTable } from "./spec-table.ts";
import { structureCodec } from "./structure/compile.ts";
import { type StructureCodec } from "./structure/parts.ts";
import { type FieldDefinition, type FieldTable, type MessageRule } from "./table.ts";

export { type SpecTable } from "./spec-table.ts";

/** A compiled dialect. `Field` is the union of its field numbers as strings. */
export type Spec<Field extends string = string> = {
  readonly name: string;
  readonly table: SpecTable;
  readonly numbers: readonly Field[];
  /** By field number. */
  readonly definitions: readonly (FieldDefinition | undefined)[];
  readonly codecs: readonly (FieldCodec | undefined)[];
  readonly structures: readonly (StructureCodec | undefined)[];
  readonly rules: ReadonlyMap<string, readonly MessageRule[]>;
  readonly fast: FastSpec | undefined;
};

/** The fields that a message of a spec may have: a number that the spec lacks does not compile. */
export type FieldsOf<S> = S extends Spec<infer Field> ? Partial<Record<Field, string>> : never;

/** A message of a spec, its fields by name. */
export type MessageOf<S> = { readonly mti: string; readonly fields: Readonly<FieldsOf<S>> };

type NumbersOf<T extends FieldTable> = `${keyof T & number}`;

/** Compiles a dialect's tables once. Throws RangeError for a table that cannot be. */
export function defineSpec<const T extends FieldTable>(table: SpecTable<T>): Spec<NumbersOf<T>> {
  const [problem] = checkTable(table);
  if (problem !== undefined) {
    throw new RangeError(`${table.name}: ${problem.path.join(".")}: ${problem.message}`);
  }
  const places = { length: table.bits + 1 };
  const definitions: (FieldDefinition | undefined)[] = Array.from(places);
  const codecs: (FieldCodec | undefined)[] = Array.from(places);
  const structures: (StructureCodec | undefined)[] = Array.from(places);
  const numbers: NumbersOf<T>[] = [];
  for (const [key, definition] of Object.entries<FieldDefinition>(table.fields)) {
    const number = Number(key);
    definitions[number] = definition;
    codecs[number] = compileField(key, definition);
    structures[number] = structureCodec(definition);
    numbers.push(key as NumbersOf<T>);
  }
  const rules = new Map<string, MessageRule[]>();
  for (const rule of table.rules) {
    for (const mti of rule.mti) rules.set(mti, [...(rules.get(mti) ?? []), rule]);
  }
  const fast = compileFast(table, definitions, structures);
  return { name: table.name, table, numbers, definitions, codecs, structures, rules, fast };
}

/**
 * The same dialect with some fields or rules of its own, for a link that deviates.
 * `varySpec(unionpayPos, { name: "bank-x", fields: { 35: { ...track2, pad: "F" } } })`
 */
export function varySpec(
  spec: Spec,
  change: { name: string; fields?: FieldTable; rules?: readonly MessageRule[] } & Partial<
    Pick<SpecTable, "mti" | "bitmap" | "bits" | "third">
  >,
): Spec {
  return defineSpec<FieldTable>({
    ...spec.table,
    ...change,
    fields: { ...spec.table.fields, ...change.fields },
    rules: change.rules ?? spec.table.rules,
  });
}
