import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cups, decode, encode, MessageError } from "@tillway/iso8583";
import { readablePart } from "./partial.ts";

const fields = {
  "3": "000000",
  "7": "1123041500",
  "11": "000001",
  "32": "48021000",
  "33": "48021000",
  "37": "632704000001",
  "90": "0".repeat(42),
};
const bytes = encode(cups, { mti: "0200", fields });

function partOf(payload: Uint8Array) {
  try {
    return decode(cups, payload);
  } catch (error) {
    if (!(error instanceof MessageError)) throw error;
    return readablePart(payload, error);
  }
}

test("the fields before the wrong one are read", () => {
  const spoiled = bytes.slice();
  spoiled[Buffer.from(bytes).indexOf("632704000001")] = 0x01;
  const part = partOf(spoiled);
  assert.equal(part?.mti, "0200");
  const { 37: _wrong, 90: _after, ...before } = fields;
  assert.deepEqual(part?.fields, before);
});

test("a message that ends too early is read up to there", () => {
  const { 90: _cut, ...before } = fields;
  assert.deepEqual(partOf(bytes.subarray(0, -3))?.fields, before);
});

test("a message with something behind it is read without that", () => {
  const longer = new Uint8Array(bytes.length + 4);
  longer.set(bytes);
  assert.deepEqual(partOf(longer)?.fields, fields);
});

test("what has no type or no bitmap gives nothing, and nothing ever throws", () => {
  assert.equal(partOf(new TextEncoder().encode("rubbish")), undefined);
  assert.equal(partOf(bytes.subarray(0, 9)), undefined);
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
      const spoiled = bytes.slice();
      spoiled[at] = value;
      partOf(spoiled);
    }),
  );
});
