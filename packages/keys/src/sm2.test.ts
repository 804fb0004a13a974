import assert from "node:assert/strict";
import { test } from "node:test";
import { fromAscii, toHex } from "@tillway/bytes";
import fc from "fast-check";
import { sm2Decrypt, sm2Encrypt, sm2PublicKey, sm2Sign, sm2Verify } from "./index.ts";
import { add, baseMultiple, multiple, order, pointOf, toBytes, toNumber } from "./sm2-curve.ts";

const scalar = fc.bigInt({ min: 1n, max: order - 2n });
const key = scalar.map(toBytes);
const few = { numRuns: 8 };

test("own multiples of the base point are those of OpenSSL", () => {
  const base = pointOf(baseMultiple(1n));
  assert.ok(base);
  fc.assert(
    fc.property(scalar, (value) => {
      assert.deepEqual(multiple(base, value), pointOf(baseMultiple(value)));
    }),
    few,
  );
  assert.equal(multiple(base, order), undefined);
  assert.deepEqual(multiple(base, order + 1n), base);
  assert.equal(add(base, multiple(base, order - 1n)), undefined);
  assert.deepEqual(add(base, base), multiple(base, 2n));
  assert.deepEqual(add(base, undefined), base);
});

test("a signature holds for its key, message and user id, and for no other", () => {
  fc.assert(
    fc.property(key, key, fc.uint8Array({ maxLength: 80 }), fc.nat(), (own, k, message, place) => {
      const publicKey = sm2PublicKey(own);
      const signature = sm2Sign(own, message, () => k);
      assert.ok(sm2Verify(publicKey, message, signature));
      const at = place % 64;
      const changed = signature.map((byte, index) => (index === at ? byte ^ 1 : byte));
      assert.equal(sm2Verify(publicKey, message, changed), false);
      assert.equal(sm2Verify(publicKey, message, signature, fromAscii("another")), false);
      assert.equal(sm2Verify(publicKey, fromAscii(`${toHex(message)}!`), signature), false);
      assert.equal(sm2Verify(sm2PublicKey(k), message, signature), toHex(k) === toHex(own));
    }),
    few,
  );
});

test("bytes that are no signature or no key are false, without an error", () => {
  const publicKey = sm2PublicKey(toBytes(12345n));
  const message = fromAscii("message");
  for (const signature of ["", "00".repeat(64), "FF".repeat(64), "01".repeat(63)]) {
    assert.equal(sm2Verify(publicKey, message, Buffer.from(signature, "hex")), false);
  }
  const signature = sm2Sign(toBytes(12345n), message, () => toBytes(99n));
  assert.equal(sm2Verify(new Uint8Array(64), message, signature), false);
  assert.equal(sm2Verify(new Uint8Array(5), message, signature), false);
  assert.throws(() => sm2PublicKey(new Uint8Array(32)), RangeError);
  assert.throws(() => sm2PublicKey(toBytes(order)), RangeError);
});

test("what is encrypted comes out whole or not at all", () => {
  const clear = fc.uint8Array({ minLength: 1, maxLength: 70 });
  fc.assert(
    fc.property(key, key, clear, fc.nat(), (own, k, text, place) => {
      const cipher = sm2Encrypt(sm2PublicKey(own), text, () => k);
      assert.equal(cipher.length, 97 + text.length);
      assert.deepEqual(sm2Decrypt(own, cipher), text);
      const at = place % cipher.length;
      const changed = cipher.map((byte, index) => (index === at ? byte ^ 1 : byte));
      assert.equal(sm2Decrypt(own, changed), undefined);
    }),
    few,
  );
  const own = toBytes(777n);
  assert.equal(sm2Decrypt(own, new Uint8Array(0)), undefined);
  assert.equal(sm2Decrypt(own, new Uint8Array(120).fill(4)), undefined);
  assert.throws(() => sm2Encrypt(new Uint8Array(64), own, () => own), RangeError);
  assert.throws(() => sm2Encrypt(sm2PublicKey(own), new Uint8Array(0), () => own), RangeError);
});

test("randomness that is out of range is asked for again, and not for ever", () => {
  const numbers = [new Uint8Array(32), toBytes(order), toBytes(7n)];
  const publicKey = sm2PublicKey(toBytes(777n));
  const signature = sm2Sign(toBytes(777n), fromAscii("a"), () => numbers.shift() ?? toBytes(1n));
  assert.equal(numbers.length, 0);
  assert.ok(sm2Verify(publicKey, fromAscii("a"), signature));
  assert.throws(() => sm2Sign(toBytes(777n), publicKey, () => new Uint8Array(32)), RangeError);
  assert.equal(toNumber(toBytes(order)), order);
});
