import assert from "node:assert/strict";
import { test } from "node:test";
import {
  bigintOf,
  bigintOrNull,
  booleanOf,
  fieldsOf,
  fieldsOrNull,
  instantOf,
  integerOf,
  integerOrNull,
  textOf,
  textOrNull,
  toInstant,
  wordOf,
  type Row,
} from "./index.ts";

const at = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const row: Row = {
  text: "a",
  whole: 7,
  big: "9007199254740993",
  yes: true,
  at: new Date(at),
  fields: { "39": "00" },
  none: null,
};

test("columns are read as what they are", () => {
  assert.equal(textOf(row, "text"), "a");
  assert.equal(wordOf(row, "text", ["a", "b"]), "a");
  assert.equal(integerOf(row, "whole"), 7);
  assert.equal(bigintOf(row, "big"), 9_007_199_254_740_993n);
  assert.equal(booleanOf(row, "yes"), true);
  assert.equal(instantOf(row, "at"), at);
  assert.equal(toInstant(at), "2026-01-02T03:04:05.678Z");
  assert.deepEqual(fieldsOf(row, "fields"), { "39": "00" });
});

test("null is null only where it may be", () => {
  for (const read of [textOrNull, integerOrNull, bigintOrNull, fieldsOrNull]) {
    assert.equal(read(row, "none"), null);
    assert.throws(() => read(row, "missing"), TypeError);
  }
  for (const read of [textOf, integerOf, bigintOf, booleanOf, instantOf, fieldsOf]) {
    assert.throws(() => read(row, "none"), TypeError);
  }
});

test("an error names the column and never its value", () => {
  const secret: Row = { pan: "6222021234567890", fields: { "2": 6_222_021_234 } };
  const readers = [integerOf, booleanOf, instantOf, fieldsOf];
  const closed = (given: Row, column: string): string => wordOf(given, column, ["open"]);
  for (const read of [...readers, closed]) {
    assert.throws(() => read(secret, "pan"), /^TypeError: column pan is not [a-z ]+$/);
  }
  assert.throws(() => fieldsOf(secret, "fields"), /^TypeError: column fields is not [a-z ]+$/);
});
