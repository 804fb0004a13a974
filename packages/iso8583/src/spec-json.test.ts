import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { packed } from "./generators.test.ts";
import {
  decode,
  encode,
  exportSpec,
  importSpec,
  iso87Binary,
  SpecError,
  specs,
  unionpayPos,
  type SpecProblem,
} from "./index.ts";

function problems(json: string): readonly SpecProblem[] {
  try {
    importSpec(json);
  } catch (error) {
    assert.ok(error instanceof SpecError, String(error));
    assert.ok(error.problems.length > 0);
    return error.problems;
  }
  return [];
}

test("every spec comes back from its JSON, whole", () => {
  for (const spec of specs.values()) {
    const again = importSpec(exportSpec(spec));
    assert.deepEqual(again.table, spec.table);
    assert.equal(exportSpec(again), exportSpec(spec));
    assert.deepEqual(again.numbers, spec.numbers);
  }
  const again = importSpec(exportSpec(unionpayPos));
  const message = { mti: "0200", fields: { "2": "6200001234567892", "60": "2200000100050" } };
  assert.deepEqual(encode(again, message), encode(unionpayPos, message));
  const parts = decode(again, encode(again, message)).parsed["60"];
  assert.deepEqual(parts, { "1": "22", "2": "000001", "3": "000", "4": "5", "5": "0" });
});

test("a user's dialect needs no code", () => {
  const dialect = `{
    "format": "tillway-iso8583-spec-1", "name": "bank-x", "mti": "ebcdic", "bitmap": "binary", "bits": 64,
    "fields": {
      "3": { "name": { "en": "code", "zh": "代码" }, "content": "n", "encoding": "ebcdic", "length": 6 },
      "48": {
        "name": { "en": "data", "zh": "数据" }, "content": "ans", "encoding": "ebcdic", "length": 99,
        "prefix": { "digits": 2, "encoding": "ebcdic", "unit": "content" },
        "structure": { "kind": "tags", "tag": 2, "length": 2, "items": {} }
      }
    },
    "rules": [{
      "name": "sale", "mti": ["0200"], "match": [{ "field": "3", "values": ["000000"] }],
      "mandatory": ["3"], "forbidden": [], "when": []
    }]
  }`;
  const spec = importSpec(dialect);
  const bytes = encode(spec, { mti: "0200", fields: { "3": "000000", "48": "AB03xyz" } });
  assert.equal(
    Buffer.from(bytes).toString("hex").toUpperCase(),
    packed("F0F2F0F0 2000000000010000 F0F0F0F0F0F0 F0F7 C1C2F0F3A7A8A9"),
  );
  assert.deepEqual(decode(spec, bytes).parsed, { "48": { AB: "xyz" } });
});

test("everything that is wrong is told with its place", () => {
  const table = JSON.parse(exportSpec(iso87Binary)) as Record<string, unknown>;
  const changed = (change: object): string[] =>
    problems(JSON.stringify({ ...table, ...change })).map(
      ({ path, message }) => `${path.join(".")}: ${message}`,
    );
  const field = { name: { en: "x", zh: "x" }, content: "n", encoding: "bcd", length: 6 };
  assert.deepEqual(problems("{")[0]?.message, "not JSON");
  assert.deepEqual(problems("{}")[0]?.path, ["format"]);
  assert.deepEqual(changed({ name: "Bank X", bits: 100, extra: 1 }), [
    "name: must be lower-case letters, digits, dots and dashes",
    "bits: must be one of 64, 128, 192",
    "fields.101: must be from 2 to 100",
    ...Array.from({ length: 27 }, (_, index) => `fields.${102 + index}: must be from 2 to 100`),
    "extra: is no setting",
  ]);
  assert.deepEqual(changed({ fields: { 3: { ...field, length: 0, encoding: "gbk" } } }), [
    "fields.3.length: must be a whole number from 1 to 65535",
  ]);
  assert.deepEqual(changed({ fields: { 3: { ...field, encoding: "gbk" } } }), [
    "fields.3: n cannot be in gbk",
  ]);
  const prefix = { digits: 2, encoding: "ascii", unit: "content" };
  assert.deepEqual(changed({ fields: { 3: { ...field, length: 100, prefix } } }), [
    "fields.3: the length before the field cannot tell its longest content",
  ]);
  assert.deepEqual(changed({ fields: { 3: { ...field, structure: { kind: "xml" } } } }), [
    "fields.3.structure.kind: must be one of tags, ber, fields, bitmap, datasets",
  ]);
  const rule = { name: "x", mti: ["0200"], match: [], mandatory: ["4"], forbidden: [], when: [] };
  assert.deepEqual(changed({ fields: { 3: field }, rules: [rule] }), ["rules.0.x: no field 4"]);
  let deep: object = field;
  for (let level = 0; level < 9; level += 1) {
    const own = { ...field, content: "b", encoding: "binary" };
    deep = { ...own, structure: { kind: "fields", fields: { 0: deep } } };
  }
  assert.ok(changed({ fields: { 3: deep } }).some((text) => text.endsWith("is too deep")));
});

test("damaged JSON is a spec or a SpecError, whatever was put where", () => {
  const table = JSON.parse(exportSpec(unionpayPos)) as object;
  const places: (readonly string[])[] = [];
  const collect = (value: unknown, path: readonly string[]): void => {
    if (typeof value !== "object" || value === null || path.length > 6) return;
    for (const [key, one] of Object.entries(value)) {
      places.push([...path, key]);
      collect(one, [...path, key]);
    }
  };
  collect(table, []);
  fc.assert(
    fc.property(fc.constantFrom(...places), fc.jsonValue(), (path, value) => {
      const copy: unknown = structuredClone(table);
      let at = copy as Record<string, unknown>;
      for (const key of path.slice(0, -1)) at = at[key] as Record<string, unknown>;
      at[path.at(-1) ?? ""] = value;
      problems(JSON.stringify(copy));
    }),
    { numRuns: 150 },
  );
});
