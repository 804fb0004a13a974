import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { concat, fromHex, toHex } from "@tillway/bytes";
import fc from "fast-check";
import { buildDol, dolLength, parseDol, splitDol } from "./dol.ts";
import { formatOf, lengthFits, TAGS, tagEntry } from "./tags.ts";
import { TlvError } from "./tlv.ts";

describe("data object lists", () => {
  test("a list is tags and lengths", () => {
    const entries = parseDol(fromHex("9F02069A039F3704"));
    assert.deepEqual(entries, [
      { tag: "9F02", length: 6 },
      { tag: "9A", length: 3 },
      { tag: "9F37", length: 4 },
    ]);
    assert.equal(dolLength(entries), 13);
  });

  test("a list that ends within an entry is refused", () => {
    assert.throws(() => parseDol(fromHex("9F02069A")), TlvError);
    assert.throws(() => parseDol(fromHex("9F")), TlvError);
  });

  const build = (dol: string, tag: string, value: string): string =>
    toHex(buildDol(fromHex(dol), new Map([[tag, fromHex(value)]])));

  for (const [what, dol, tag, value, expected] of [
    ["an unknown tag is zeros", "9F7C03", "9A", "250101", "000000"],
    ["a short numeric value is filled on the left", "9F0206", "9F02", "2580", "000000002580"],
    ["a long numeric value loses its left", "9F1A01", "9F1A", "0156", "56"],
    ["a short compressed value is filled with F", "5A0A", "5A", "6216", "6216FFFFFFFFFFFFFFFF"],
    ["a short binary value is filled with zeros", "9F1003", "9F10", "07", "070000"],
    ["a long binary value loses its right", "9F3702", "9F37", "01020304", "0102"],
    ["text is filled with zeros", "9F1C0A", "9F1C", "3130303030303031", "31303030303030310000"],
  ] as const) {
    test(what, () => assert.equal(build(dol, tag, value), expected));
  }

  test("an answer splits into what was built, and only at its length", () => {
    const entry = fc.record({
      tag: fc.uniqueArray(fc.constantFrom(...TAGS.keys()), { minLength: 1, maxLength: 1 }),
      length: fc.nat(40),
    });
    fc.assert(
      fc.property(
        fc.array(entry, { maxLength: 12 }),
        fc.uint8Array({ maxLength: 20 }),
        (list, value) => {
          const entries = list.map(({ tag: [tag = ""], length }) => ({ tag, length }));
          const bytes = concat(
            ...entries.map(({ tag, length }) => concat(fromHex(tag), Uint8Array.of(length))),
          );
          assert.deepEqual(parseDol(bytes), entries);
          const data = buildDol(bytes, new Map(entries.map(({ tag }) => [tag, value])));
          assert.equal(data.length, dolLength(entries));
          assert.ok(splitDol(entries, data));
          assert.equal(splitDol(entries, concat(data, Uint8Array.of(0))), undefined);
        },
      ),
    );
  });
});

describe("the dictionary", () => {
  test("knows names, formats and lengths; every row is well formed", () => {
    assert.equal(tagEntry("9F02")?.name, "Amount, Authorised (Numeric)");
    assert.equal(formatOf("9F02"), "n");
    assert.equal(formatOf("9F7F"), "b");
    assert.equal(lengthFits("9A", 3), true);
    assert.equal(lengthFits("9A", 4), false);
    assert.equal(lengthFits("DF99", 200), true);
    for (const entry of TAGS.values()) {
      assert.deepEqual(parseDol(fromHex(`${entry.tag}01`)), [{ tag: entry.tag, length: 1 }]);
      assert.ok(entry.minimum <= entry.maximum, entry.tag);
    }
  });
});
