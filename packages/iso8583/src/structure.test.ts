import assert from "node:assert/strict";
import { test } from "node:test";
import { packed } from "./generators.test.ts";
import {
  composeField,
  decode,
  defineSpec,
  describe,
  encode,
  fieldParts,
  iso2003,
  maskFields,
  MessageError,
  varySpec,
  type FieldDefinition,
  type FieldTable,
  type Spec,
  type SpecTable,
  type Structure,
} from "./index.ts";

const name = { en: "x", zh: "x" };
const ll = { digits: 2, encoding: "ascii", unit: "content" } as const;
const lll = { digits: 3, encoding: "ascii", unit: "content" } as const;

const digits = (length: number): FieldDefinition => ({
  name,
  content: "n",
  encoding: "bcd",
  length,
});
const text = (length: number): FieldDefinition => ({
  name,
  content: "ans",
  encoding: "ascii",
  length,
  prefix: ll,
});
const bytes = (structure: Structure): FieldDefinition => ({
  name,
  content: "b",
  encoding: "binary",
  length: 999,
  prefix: lll,
  structure,
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

type Parts = Readonly<Record<string, string>>;

/** Parts to content, over the wire, and back. */
function throughWire(one: Spec, parts: Parts | readonly { key: string; text: string }[]): string {
  const content = composeField(one, { mti: "0200", fields: {} }, "48", parts);
  const decoded = decode(one, encode(one, { mti: "0200", fields: { "48": content } }));
  assert.equal(decoded.fields["48"], content);
  const expected = Array.isArray(parts)
    ? parts
    : Object.entries(parts).map(([key, value]) => ({ key, text: value }));
  assert.deepEqual(
    fieldParts(one, decoded, "48")?.map(({ key, text: value }) => ({ key, text: value })),
    expected,
  );
  return content;
}

function refusal(one: Spec, content: string): [string, string[], number] {
  try {
    decode(one, encode(one, { mti: "0200", fields: { "48": content } }));
  } catch (error) {
    assert.ok(error instanceof MessageError, String(error));
    return [error.code, error.path, error.offset];
  }
  return assert.fail("nothing was refused");
}

/** The content of DE 48 begins after type, bitmap and length. */
const AT = 4 + 8 + 3;

test("fields one after the other, each in its own encoding", () => {
  const list = spec({
    48: bytes({ kind: "fields", fields: { 0: digits(6), 1: text(9), 2: digits(3) } }),
  });
  assert.equal(
    throughWire(list, { "0": "000123", "1": "abc", "2": "051" }),
    packed("000123303361626300 51"),
  );
  assert.equal(throughWire(list, { "0": "000123" }), "000123");
  assert.deepEqual(refusal(list, "0001"), ["short", ["48", "0"], AT]);
  assert.deepEqual(refusal(list, packed("000123 3031 61 0051 00")), ["leftover", ["48"], AT + 8]);
  assert.deepEqual(refusal(list, "00012A"), ["characters", ["48", "0"], AT + 2]);
  assert.throws(() => throughWire(list, { "1": "abc" }), MessageError);
});

test("a composite with its own bitmap, in bytes or in hex", () => {
  const fields = { 1: digits(2), 5: text(9), 9: digits(4) };
  const binary = spec({ 48: bytes({ kind: "bitmap", bitmap: "binary", size: 2, fields }) });
  assert.equal(
    throughWire(binary, { "1": "12", "5": "ab", "9": "0001" }),
    packed("8880 12 30326162 0001"),
  );
  assert.equal(throughWire(binary, { "9": "0001" }), packed("0080 0001"));
  const hex = spec({ 48: bytes({ kind: "bitmap", bitmap: "hex", size: 2, fields }) });
  assert.equal(throughWire(hex, { "9": "0001" }), packed("30303830 0001"));
  assert.deepEqual(refusal(binary, "4000"), ["field", ["48", "2"], AT]);
  assert.deepEqual(refusal(binary, "80"), ["short", ["48"], AT]);
  assert.deepEqual(refusal(binary, packed("80 00")), ["short", ["48", "1"], AT + 2]);
  assert.deepEqual(refusal(hex, "3G30".replace("G", "A") + "3030"), ["bitmap", ["48"], AT]);
});

test("structures within structures: a bitmap in a list in a data set", () => {
  const inner = bytes({ kind: "bitmap", bitmap: "binary", size: 1, fields: { 2: digits(2) } });
  const one = spec({
    48: bytes({
      kind: "datasets",
      sets: { "71": { 1: bytes({ kind: "fields", fields: { 0: inner } }) } },
    }),
  });
  const content = packed("71 000A 4000 303035 303032 40 12");
  const decoded = decode(one, encode(one, { mti: "0200", fields: { "48": content } }));
  assert.deepEqual(decoded.parsed["48"], {
    "71.1": "3030324012",
    "71.1.0": "4012",
    "71.1.0.2": "12",
  });
  assert.deepEqual(refusal(one, content.slice(0, -2) + "1A"), [
    "characters",
    ["48", "71", "1", "0", "2"],
    AT + 12,
  ]);
});

test("tags with told lengths and tags whose sizes the table tells, in text and in bytes", () => {
  const told: Structure = {
    kind: "tags",
    tag: 2,
    length: 3,
    items: { A2: { inner: { kind: "tags", tag: 2, length: 2, items: {} } } },
  };
  const inText = spec({ 48: { ...text(99), structure: told } });
  const parts = { "A2.X1": "04", "A2.X2": "abc", B1: "", "B1#2": "z" };
  assert.equal(throughWire(inText, parts), "A2013X10204X203abcB1000B1001z");
  assert.equal(throughWire(inText, { "A2.X1": "1", "A2#2.X1": "2" }), "A2005X1011A2005X1012");
  assert.deepEqual(refusal(inText, "A20"), ["structure", ["48"], AT - 1]);
  assert.deepEqual(refusal(inText, "A2x01"), ["structure", ["48"], AT - 1]);
  assert.deepEqual(refusal(inText, "B1002z"), ["structure", ["48", "B1"], AT - 1]);

  const sized: Structure = {
    kind: "tags",
    tag: 2,
    length: 0,
    items: { "11": { length: 2, as: "text" }, "26": { length: 4 } },
  };
  const inBytes = spec({ 48: bytes(sized) });
  assert.equal(
    throughWire(inBytes, { "11": "60", "26": "0000FFFF" }),
    packed("31313630 32360000FFFF"),
  );
  assert.deepEqual(refusal(inBytes, "3939"), ["structure", ["48"], AT]);
});

test("BER-TLV with leading parts; tags that come again are numbered, order is kept", () => {
  const ber = spec({
    48: bytes({ kind: "ber", lead: [{ key: "control", length: 1, as: "text" }] }),
  });
  const parts = [
    { key: "control", text: "2" },
    { key: "9F06", text: "A000000333" },
    { key: "82", text: "7C00" },
    { key: "9F06.2", text: "A000000004" },
    { key: "70", text: "00".repeat(200) },
  ];
  assert.equal(
    throughWire(ber, parts),
    packed("32 9F0605A000000333 82027C00 9F0605A000000004 7081C8") + "00".repeat(200),
  );
  assert.deepEqual(refusal(ber, ""), ["structure", ["48"], AT]);
  assert.deepEqual(refusal(ber, "329F0605"), ["structure", ["48", "9F06"], AT + 1]);
  const control = { key: "control", text: "2" };
  for (const key of ["9F", "1F8080", "XX", "00", "9F0"]) {
    assert.throws(() => throughWire(ber, [control, { key, text: "00" }]), MessageError, key);
  }
});

test("data sets of ISO 8583:2003: objects, bitmaps with continuation, objects behind fields", () => {
  const compose = (parts: Parts): string =>
    composeField(iso2003, { mti: "2100", fields: {} }, "43", parts);
  const parsed = (content: string): unknown =>
    decode(iso2003, encode(iso2003, { mti: "2100", fields: { "43": content } })).parsed["43"];
  const named = { "71.2": "TILLWAY CAFE", "71.7": "156" };
  assert.equal(
    compose(named),
    packed("710012 2100 12") + Buffer.from("TILLWAY CAFE156").toString("hex").toUpperCase(),
  );
  assert.deepEqual(parsed(compose(named)), named);
  const mixed = { "01.9F26": "0102", "71.14": "here", "71.tlv.9F10": "07", "71#2.7": "840" };
  assert.deepEqual(parsed(compose(mixed)), mixed);
  // The last bit of a first word that another word follows is field 15, which the table lacks.
  const name43 = (hex: string): [string, string[], number] => {
    try {
      parsed(hex);
    } catch (error) {
      if (error instanceof MessageError) return [error.code, error.path, error.offset];
    }
    return assert.fail("nothing was refused");
  };
  const at = 2 + 8 + 2;
  assert.deepEqual(name43(packed("710003 800100")), ["field", ["43", "71", "15"], at + 3]);
  assert.deepEqual(name43(packed("710001 80")), ["short", ["43", "71"], at + 3]);
  assert.deepEqual(name43(packed("710003 0000 00")), ["leftover", ["43", "71"], at + 5]);
  assert.deepEqual(name43("710009"), ["structure", ["43", "71"], at]);

  const wide = varySpec(iso2003, {
    name: "wide",
    fields: {
      43: bytes({
        kind: "datasets",
        sets: {
          "*": { 15: digits(2), 16: digits(2), 22: digits(2), 23: digits(2), 30: digits(2) },
        },
      }),
    },
  });
  for (const numbers of [["15"], ["16"], ["22"], ["23"], ["15", "16", "22", "23", "30"]]) {
    const parts = Object.fromEntries(numbers.map((number) => [`72.${number}`, number]));
    const content = composeField(wide, { mti: "2100", fields: {} }, "43", parts);
    const decoded = decode(wide, encode(wide, { mti: "2100", fields: { "43": content } }));
    assert.deepEqual(decoded.parsed["43"], parts);
  }
  assert.throws(() => compose({ "71.99": "x" }), MessageError);
});

test("parts are named and masked where the table says so", () => {
  const secretive = spec({
    48: {
      ...bytes({
        kind: "fields",
        fields: {
          0: { ...digits(4), name: { en: "code", zh: "代码" } },
          1: { ...digits(4), privacy: "secret" },
        },
      }),
      privacy: "parts",
    },
  });
  const decoded = decode(
    secretive,
    encode(secretive, { mti: "0200", fields: { "48": "12345678" } }),
  );
  assert.deepEqual(maskFields(secretive, decoded).parsed["48"], { "0": "1234", "1": "****" });
  assert.equal(maskFields(secretive, decoded).fields["48"], "************");
  assert.match(describe(secretive, decoded), /48 x +\*{12}\n +0 code +1234\n +1 x +\*{4}\n$/);
  assert.match(describe(secretive, decoded, { language: "zh" }), / 0 代码 +1234\n/);
});
