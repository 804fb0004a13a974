import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { gbkBytes, printable, readGbk } from "./gbk.ts";

test("any bytes become text and the same bytes again", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const text = readGbk(bytes, 0, bytes.length);
      assert.deepEqual(gbkBytes(text), bytes);
      assert.ok(!/[\p{Cc}\uD800-\uDFFF]/u.test(text));
      assert.ok(!/[\p{Cc}\uF700-\uF7FF]/u.test(printable(text)));
    }),
  );
});

test("every pair of bytes comes back", () => {
  for (let pair = 0; pair < 0x10000; pair += 1) {
    const bytes = Uint8Array.of(pair >> 8, pair & 255);
    const back = gbkBytes(readGbk(bytes, 0, 2));
    if (back?.[0] !== bytes[0] || back?.[1] !== bytes[1]) assert.fail(pair.toString(16));
  }
});

test("Chinese is two bytes a character, and what GBK lacks is refused", () => {
  assert.deepEqual(gbkBytes("银A"), Uint8Array.of(0xd2, 0xf8, 0x41));
  assert.equal(readGbk(Uint8Array.of(0x41, 0xd2, 0xf8, 0xd2), 0, 4), "A银\uF7D2");
  assert.equal(gbkBytes("😀"), undefined);
  assert.equal(gbkBytes("\n"), undefined);
});
