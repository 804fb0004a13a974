import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concat, equal, fromAscii, fromHex, toAscii, toHex, xor } from "./index.ts";

test("hex and ASCII round trip for every byte string", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      assert.deepEqual(fromHex(toHex(bytes)), bytes);
      assert.deepEqual(fromHex(toHex(bytes).toLowerCase()), bytes);
      assert.deepEqual(fromAscii(toAscii(bytes)), bytes);
    }),
  );
});

test("hex refuses odd counts and other characters", () => {
  assert.throws(() => fromHex("ABC"), RangeError);
  assert.throws(() => fromHex("0G"), RangeError);
  assert.throws(() => fromHex("0x"), RangeError);
});

test("xor twice gives the first back, and equal sees any difference", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 32 }), fc.nat(), (bytes, at) => {
      const other = bytes.map((byte, index) => (index === at % bytes.length ? byte ^ 1 : byte));
      assert.equal(equal(bytes, other), false);
      assert.equal(equal(bytes, bytes.slice()), true);
      assert.deepEqual(xor(xor(bytes, other), other), bytes);
    }),
  );
  assert.throws(() => xor(new Uint8Array(1), new Uint8Array(2)), RangeError);
  assert.equal(toHex(concat(fromHex("01"), fromHex(""), fromHex("0203"))), "010203");
});
