import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeCarefully } from "./careful.ts";
import { readFast } from "./fast/read.ts";
import { writeFast } from "./fast/write.ts";
import { messageOf } from "./generators.test.ts";
import {
  decode,
  encode,
  iso2003,
  iso87Ascii,
  iso87Binary,
  iso93Ascii,
  iso93Binary,
  unionpayPos,
  type Spec,
} from "./index.ts";

const message = {
  mti: "0200",
  fields: {
    "2": "6200001234567892",
    "11": "000003",
    "14": "3012",
    "37": "112200000003",
    "41": "10000001",
    "52": "7611F9FA7025EBA3",
  },
};

/** The message with what the 2003 edition has longer. */
const later = {
  ...message,
  fields: { ...message.fields, "11": "000000000003", "41": "10000001".padEnd(16) },
};

test("ordinary messages of every spec in ASCII or BCD go the quick way", () => {
  const specs: readonly Spec[] = [unionpayPos, iso87Ascii, iso87Binary, iso93Ascii, iso93Binary];
  for (const [spec, one] of [
    ...specs.map((spec) => [spec, message] as const),
    [iso2003, later] as const,
  ]) {
    assert.ok(spec.fast);
    const bytes = writeFast(spec.fast, one);
    assert.ok(bytes, spec.name);
    assert.deepEqual(readFast(spec.fast, bytes)?.fields, one.fields, spec.name);
  }
});

test("what comes out is not changed by what comes after", () => {
  fc.assert(
    fc.property(fc.array(messageOf(unionpayPos, 8), { minLength: 2, maxLength: 6 }), (messages) => {
      const written = messages.map((one) => encode(unionpayPos, one));
      const copies = written.map((bytes) => Uint8Array.from(bytes));
      const read = written.map((bytes) => decode(unionpayPos, bytes));
      for (const [index, one] of read.entries()) {
        assert.deepEqual(written[index], copies[index]);
        assert.deepEqual(one.fields, messages[index]?.fields);
        const careful = decodeCarefully(unionpayPos, copies[index] ?? new Uint8Array());
        assert.deepEqual(one.parsed, careful.parsed);
      }
    }),
    { numRuns: 40 },
  );
});

test("a decoded message is plain: its parts are there to list, copy, compare and clone", () => {
  const bytes = encode(unionpayPos, { mti: "0200", fields: { "22": "051", "60": "22000001" } });
  const parsed = { "22": { "1": "05", "2": "1" }, "60": { "1": "22", "2": "000001" } };
  const whole = {
    mti: "0200",
    bitmap: "0000040000000010",
    fields: { "22": "051", "60": "22000001" },
  };
  assert.deepEqual(Object.keys(decode(unionpayPos, bytes)), ["mti", "bitmap", "fields", "parsed"]);
  assert.deepEqual({ ...decode(unionpayPos, bytes) }, { ...whole, parsed });
  assert.deepEqual(decode(unionpayPos, bytes), { ...whole, parsed });
  assert.deepEqual(structuredClone(decode(unionpayPos, bytes)), { ...whole, parsed });
  assert.equal(JSON.stringify(decode(unionpayPos, bytes)), JSON.stringify({ ...whole, parsed }));
  const decoded = decode(unionpayPos, bytes);
  assert.equal(decoded.parsed, decoded.parsed);
});

test("strange bitmaps cannot take memory without end", () => {
  const { fast } = iso87Binary;
  assert.ok(fast);
  fc.assert(
    fc.property(messageOf(iso87Binary, 12), (one) => {
      decode(iso87Binary, encode(iso87Binary, one));
      assert.ok(fast.plans.length <= 256 && fast.guesses.length <= 130);
    }),
    { numRuns: 400 },
  );
});

test("lengths that promise more than there is allocate nothing and end at once", () => {
  // DE 48 of 9999 bytes, DE 2 of 99 digits, DE 55 whose objects are longer than it is.
  const began = process.memoryUsage().arrayBuffers;
  for (const hex of [
    "02000000000000010000099901",
    "0200400000000000000099",
    "02000000000000000200000555FFFFFFFF",
  ]) {
    const bytes = Uint8Array.from(Buffer.from(hex, "hex"));
    for (let turn = 0; turn < 200; turn += 1) {
      assert.throws(() => decode(unionpayPos, bytes), { name: "MessageError" });
    }
  }
  assert.ok(process.memoryUsage().arrayBuffers - began < 4_000_000);
});
