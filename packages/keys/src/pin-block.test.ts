import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "@tillway/bytes";
import fc from "fast-check";
import {
  decipherFormat4,
  decodeFormat4PinField,
  decodePinBlock,
  encipherFormat4,
  encodePinBlock,
  format4PinField,
  type PinBlockFormat,
  translationAllowed,
} from "./index.ts";

const digits = (minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(..."0123456789".split("")), minLength, maxLength });

const fill = fc.uint8Array({ minLength: 10, maxLength: 10 });

test("a PIN comes out of the block that it went into", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const),
      digits(4, 12),
      digits(12, 19),
      fill,
      (format, pin, pan, random) => {
        const block = encodePinBlock(format, pin, pan, random);
        assert.equal(block.length, 8);
        assert.deepEqual(decodePinBlock(format, block, pan), { ok: true, pin });
      },
    ),
  );
});

test("a PIN comes out of a format 4 block, with the same PAN and key only", () => {
  const keys = fc
    .constantFrom(16, 24, 32)
    .chain((length) => fc.uint8Array({ minLength: length, maxLength: length }));
  const eight = fc.uint8Array({ minLength: 8, maxLength: 8 });
  fc.assert(
    fc.property(keys, digits(4, 12), digits(1, 19), eight, (key, pin, pan, random) => {
      const block = encipherFormat4(key, pin, pan, random);
      assert.equal(block.length, 16);
      assert.deepEqual(decipherFormat4(key, block, pan), { ok: true, pin });
      const last = pan.endsWith("0") ? "1" : "0";
      assert.equal(decipherFormat4(key, block, pan.slice(0, -1) + last).ok, false);
      const other = random.map((byte, at) => (at === 0 ? byte ^ 1 : byte));
      assert.notDeepEqual(encipherFormat4(key, pin, pan, other), block);
    }),
  );
  const field = format4PinField("12345", new Uint8Array(8));
  assert.equal(toHex(field), "4512345AAAAAAAAA0000000000000000");
  assert.throws(() => format4PinField("12345", new Uint8Array(7)), RangeError);
  assert.throws(() => decodeFormat4PinField(field.subarray(1)), RangeError);
  assert.throws(() => encipherFormat4(new Uint8Array(8), "1234", "1", field), RangeError);
});

test("format 1 fills with the random bytes as they are", () => {
  const fill = Uint8Array.of(0xab, 0xcd, 0xef, 0x01, 0x23);
  assert.equal(toHex(encodePinBlock(1, "1234", "", fill)), "141234ABCDEF0123");
  assert.throws(() => encodePinBlock(1, "1234", "", fill.subarray(1)), RangeError);
});

test("any 8 bytes are a PIN or a fault, never an error", () => {
  const block = fc.uint8Array({ minLength: 8, maxLength: 8 });
  const format = fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const);
  fc.assert(
    fc.property(format, block, digits(12, 19), (read, bytes, pan) => {
      const decoded = decodePinBlock(read, bytes, pan);
      if (decoded.ok) assert.match(decoded.pin, /^\d{4,12}$/);
      else assert.match(decoded.fault, /^(control-field|pin-length|pin-digit|filler)$/);
    }),
  );
});

test("any 16 bytes are a PIN of format 4 or a fault, never an error", () => {
  const sixteen = fc.uint8Array({ minLength: 16, maxLength: 16 });
  // Noise alone is never a PIN: the first byte is made a good one half of the time.
  const field = fc
    .tuple(sixteen, fc.option(fc.integer({ min: 0x44, max: 0x4c })))
    .map(([bytes, first]) => (first === null ? bytes : Uint8Array.of(first, ...bytes.subarray(1))));
  fc.assert(
    fc.property(field, sixteen, digits(1, 19), (bytes, key, pan) => {
      for (const decoded of [decodeFormat4PinField(bytes), decipherFormat4(key, bytes, pan)]) {
        if (decoded.ok) assert.match(decoded.pin, /^\d{4,12}$/);
        else assert.match(decoded.fault, /^(control-field|pin-length|pin-digit|filler)$/);
      }
    }),
  );
});

test("format 3 fills with A to F only, and differently for other random bytes", () => {
  const zeros = new Uint8Array(10);
  const one = encodePinBlock(3, "1234", "0000000000000", zeros);
  assert.equal(toHex(one), "341234AAAAAAAAAA");
  const other = encodePinBlock(3, "1234", "0000000000000", zeros.fill(5));
  assert.equal(toHex(other), "341234FFFFFFFFFF");
});

test("a PIN that is too short, too long or no digits is not encoded", () => {
  for (const pin of ["", "123", "1234567890123", "12a4"]) {
    assert.throws(() => encodePinBlock(0, pin, "6200001234567892"), RangeError);
  }
  assert.throws(() => encodePinBlock(0, "1234", "62000012345678x2"), RangeError);
  assert.throws(() => encodePinBlock(3, "1234", "6200001234567892"), RangeError);
});

test("formats go into each other as the table says", () => {
  const formats: PinBlockFormat[] = [0, 1, 2, 3, 4];
  const table = (samePan: boolean, towardsCard: boolean): string[] =>
    formats.map((from) =>
      formats
        .map((to) => (translationAllowed(from, to, { samePan, towardsCard }) ? to : "-"))
        .join(""),
    );
  // Rows: from 0 to 4. Columns: to 0 to 4.
  assert.deepEqual(table(true, false), ["0--34", "0--34", "-----", "0--34", "0--34"]);
  assert.deepEqual(table(false, false), ["-----", "0--34", "-----", "-----", "-----"]);
  assert.deepEqual(table(true, true), ["0-234", "0-234", "-----", "0-234", "0-234"]);
});
