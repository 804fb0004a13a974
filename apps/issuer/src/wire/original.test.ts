import assert from "node:assert/strict";
import { test } from "node:test";
import { matchKey, originalElements, originalKey, transmissionTime } from "./original.ts";

const fields = { "7": "1231235959", "11": "000042", "32": "48021000", "33": "48021000" };

test("a reversal names its original by the key that the original was known under", () => {
  const elements = originalElements("0200", fields);
  assert.equal(elements, "020000004212312359590004802100000048021000");
  assert.equal(originalKey(elements), matchKey(fields));
});

test("a message without one of the four fields has no key", () => {
  for (const number of ["7", "11", "32", "33"]) {
    assert.equal(matchKey({ ...fields, [number]: "" }), undefined);
  }
});

test("elements of another length name nothing", () => {
  assert.equal(originalKey("0200000042"), undefined);
  assert.equal(originalKey(undefined), undefined);
});

test("transmission time is UTC, without a year", () => {
  assert.equal(transmissionTime(Date.UTC(2026, 11, 31, 23, 59, 58)), "1231235958");
});
