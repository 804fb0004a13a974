import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  composeField,
  defineSpec,
  encode,
  MessageError,
  type FieldDefinition,
  type FieldTable,
  type Message,
  type Spec,
} from "./index.ts";

/** Messages of any spec, for the property tests beside this file. */

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex").toUpperCase();
}

/** Hex without the blanks that make it readable. */
export function packed(text: string): string {
  return text.replaceAll(" ", "");
}

const GBK_TEXT = "abc 019 收单通银联，。";

function textOf(characters: string, size: fc.StringConstraints): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(...characters), ...size });
}

/** Content that a field can have, in the form in which it is decoded; long ones cut short. */
export function contentOf(field: FieldDefinition): fc.Arbitrary<string> {
  const { structure } = field;
  if (structure === "tlv") return berContent();
  if (structure !== undefined && "kind" in structure) return compositeContent(field);
  const fixed = field.prefix === undefined;
  const most = fixed ? field.length : Math.min(field.length, 40);
  const size = { minLength: fixed ? most : 0, maxLength: most };
  switch (field.content) {
    case "n":
      return textOf("0123456789", size);
    case "z":
      return textOf("0123456789ABCDEF", size);
    case "xn":
      return textOf("0123456789", { minLength: most - 1, maxLength: most - 1 }).map(
        (digits) => `C${digits}`,
      );
    case "b":
      return fc.uint8Array(size).map(hex);
    case "an":
    case "ans":
      // A fixed text is decoded with its blanks.
      if (field.encoding !== "gbk" || fixed) return textOf("ABCxyz 019-./", size);
      return textOf(GBK_TEXT, { maxLength: most >> 1 });
  }
}

function berContent(): fc.Arbitrary<string> {
  const value = fc.uint8Array({ maxLength: 20 });
  const tag = fc.constantFrom("9F26", "9F10", "95", "5A", "DF31", "72");
  return fc
    .array(fc.tuple(tag, value), { maxLength: 8 })
    .map((objects) =>
      objects.map(([name, bytes]) => name + hex(Uint8Array.of(bytes.length)) + hex(bytes)).join(""),
    );
}

type Parts = { key: string; text: string }[];

/** Parts that a table of fields can have: all of them in a list, some where a bitmap names them. */
function tableParts(table: FieldTable, some: boolean, prefix: string): fc.Arbitrary<Parts> {
  const all = Object.entries<FieldDefinition>(table);
  return fc.shuffledSubarray(all, { minLength: some ? 1 : all.length }).chain((chosen) => {
    const ordered = chosen.sort(([left], [right]) => Number(left) - Number(right));
    return fc.tuple(
      ...ordered.map(([key, field]) =>
        contentOf(field).map((text) => ({ key: prefix + key, text })),
      ),
    );
  });
}

function compositeContent(field: FieldDefinition): fc.Arbitrary<string> {
  const { structure } = field;
  assert.ok(structure !== undefined && structure !== "tlv" && "kind" in structure);
  const spec = defineSpec<FieldTable>({
    name: "one",
    mti: "bcd",
    bitmap: "binary",
    bits: 64,
    rules: [],
    fields: { 2: field },
  });
  const compose = (parts: Parts): string =>
    composeField(spec, { mti: "0200", fields: {} }, "2", parts);
  switch (structure.kind) {
    case "fields":
      return tableParts(structure.fields, false, "").map(compose);
    case "bitmap":
      return tableParts(structure.fields, true, "").map(compose);
    case "datasets": {
      const table = structure.sets["*"];
      const set = table === undefined ? fc.constant([]) : tableParts(table, true, "71.");
      return fc
        .tuple(set, fc.uint8Array({ maxLength: 9 }), fc.uint8Array({ maxLength: 9 }))
        .map(([parts, one, two]) => [
          { key: "01.9F26", text: hex(one) },
          { key: "01.72", text: hex(two) },
          ...parts,
        ])
        .map(compose);
    }
    case "ber":
      return berContent();
    case "tags":
      return fc.constant("");
  }
}

/** A message of at most so many fields. */
export function messageOf(spec: Spec, most = 22): fc.Arbitrary<Message> {
  const content = new Map<string, fc.Arbitrary<string>>();
  for (const number of spec.numbers) {
    const definition = spec.definitions[Number(number)];
    if (definition !== undefined) content.set(number, contentOf(definition));
  }
  const fields = fc.subarray([...content.keys()], { maxLength: most }).chain((numbers) => {
    const chosen: Record<string, fc.Arbitrary<string>> = {};
    for (const number of numbers) chosen[number] = content.get(number) ?? fc.constant("");
    return fc.record(chosen).map((record) => ({ ...record }));
  });
  return fc.record({ mti: textOf("0123456789", { minLength: 4, maxLength: 4 }), fields });
}

/** Bytes of a message in which some were changed, or from which the end was cut. */
export function damaged(spec: Spec): fc.Arbitrary<Uint8Array> {
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 });
  return fc.tuple(messageOf(spec), changes, fc.nat()).map(([message, places, cut]) => {
    const bytes = encode(spec, message).slice();
    for (const [at, value] of places) bytes[at % bytes.length] = value;
    return cut % 3 === 0 ? bytes.slice(0, cut % bytes.length) : bytes;
  });
}

/** What a call gives, or how it refuses, in a form that can be compared. */
export function outcome(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof MessageError)) throw error;
    assert.ok(error.offset >= 0);
    return [error.code, error.path, error.offset, error.message];
  }
}

test("a defect is no outcome", () => {
  assert.throws(() => outcome(() => assert.fail("defect")), /defect/);
});
