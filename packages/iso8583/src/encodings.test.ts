import assert from "node:assert/strict";
import { test } from "node:test";
import { packed } from "./generators.test.ts";
import {
  decode,
  defineSpec,
  encode,
  MessageError,
  type FieldDefinition,
  type FieldTable,
  type Spec,
  type SpecTable,
} from "./index.ts";

const name = { en: "x", zh: "x" };
const ll = { digits: 2, encoding: "ascii", unit: "content" } as const;
const digits = (length: number): FieldDefinition => ({
  name,
  content: "n",
  encoding: "bcd",
  length,
});

const spec = (fields: FieldTable, more: Partial<SpecTable> = {}): Spec =>
  defineSpec<FieldTable>({
    name: "test",
    mti: "ascii",
    bitmap: "binary",
    bits: 64,
    rules: [],
    fields,
    ...more,
  });

test("a third bitmap stands after the second, or in the place of field 65", () => {
  const fields = {
    3: digits(6),
    64: digits(2),
    66: digits(2),
    128: digits(2),
    130: digits(4),
    192: digits(2),
  };
  const after = spec(fields, { bits: 192 });
  const within = spec(fields, { bits: 192, third: "field-65" });
  const message = {
    mti: "0200",
    fields: { "3": "000001", "64": "64", "66": "66", "130": "0130", "192": "92" },
  };
  const hex = (one: Spec): string =>
    Buffer.from(encode(one, message)).toString("hex").toUpperCase();
  const [first, second, third] = ["A000000000000001", "C000000000000000", "4000000000000001"];
  assert.equal(hex(after), "30323030" + first + second + third + "0000016466013092");
  assert.equal(hex(within), "30323030" + first + second + "00000164" + third + "66013092");
  for (const one of [after, within]) {
    const decoded = decode(one, encode(one, message));
    assert.deepEqual(decoded.fields, message.fields);
    assert.equal(decoded.bitmap, first + second + third);
    const two = { mti: "0200", fields: { "3": "000001", "128": "12" } };
    assert.deepEqual(decode(one, encode(one, two)).fields, two.fields);
    assert.throws(() => decode(one, encode(one, message).slice(0, 22)), MessageError);
  }
  assert.throws(() => spec({ 65: digits(2) }, { bits: 192 }), RangeError);
});

test("EBCDIC throughout: type, bitmap, lengths, digits, text", () => {
  const one = spec(
    {
      2: {
        name,
        content: "n",
        encoding: "ebcdic",
        length: 19,
        prefix: { ...ll, encoding: "ebcdic" },
      },
      28: { name, content: "xn", encoding: "ebcdic", length: 9 },
      35: {
        name,
        content: "z",
        encoding: "ebcdic",
        length: 37,
        prefix: { ...ll, encoding: "ebcdic" },
      },
      43: { name, content: "ans", encoding: "ebcdic-1047", length: 9 },
    },
    { mti: "ebcdic", bitmap: "hex-ebcdic" },
  );
  const fields = { "2": "6200001", "28": "D00000123", "35": "62=301D", "43": "Caf[e]^ {" };
  const written = encode(one, { mti: "0200", fields });
  assert.equal(
    Buffer.from(written).toString("hex").toUpperCase(),
    packed(
      "F0F2F0F0 F4F0F0F0F0F0F1F0F2F0F2F0F0F0F0F0 F0F7F6F2F0F0F0F0F1 C4F0F0F0F0F0F1F2F3 F0F7F6F27EF3F0F1C4 C38186AD85BD5F40C0",
    ),
  );
  assert.deepEqual(decode(one, written).fields, fields);
  assert.throws(
    () =>
      decode(
        one,
        written.map((byte, at) => (at === 20 ? 0x31 : byte)),
      ),
    MessageError,
  );
});
