import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { concat, fromHex, toHex } from "@tillway/bytes";
import { SPECIMEN_ICC, SPECIMEN_PIN_KEY } from "../card/specimen-keys.ts";
import { decipherPin, encipherPin, pinPaddingLength } from "./pin.ts";
import { publicKeyOf, sign } from "./rsa.ts";
import type { RsaKey } from "./rsa.ts";

const key = publicKeyOf(SPECIMEN_PIN_KEY);
const CHALLENGE = fromHex("0102030405060708");
const PIN = fromHex("241234FFFFFFFFFF");
const padding = new Uint8Array(pinPaddingLength(key)).fill(0xa5);

test("what the terminal enciphers the card deciphers", () => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  fc.assert(
    fc.property(bytes(8), bytes(8), bytes(pinPaddingLength(key)), (pin, challenge, random) => {
      const sent = encipherPin(key, pin, challenge, random);
      assert.ok(sent);
      assert.deepEqual(decipherPin(SPECIMEN_PIN_KEY, sent, challenge), pin);
    }),
    { numRuns: 30 },
  );
});

test("the same PIN never looks the same, whatever else is the same", () => {
  const once = encipherPin(key, PIN, CHALLENGE, padding);
  const other = encipherPin(
    key,
    PIN,
    CHALLENGE,
    padding.map((byte) => byte ^ 1),
  );
  assert.notDeepEqual(once, other);
  assert.ok(!toHex(once ?? PIN).includes("241234"));
});

test("parts of other lengths are not enciphered", () => {
  assert.equal(encipherPin(key, PIN.slice(1), CHALLENGE, padding), undefined);
  assert.equal(encipherPin(key, PIN, CHALLENGE.slice(1), padding), undefined);
  assert.equal(encipherPin(key, PIN, CHALLENGE, padding.slice(1)), undefined);
  assert.equal(pinPaddingLength({ modulus: new Uint8Array(10) }), 0);
});

test("another challenge, header, length or key gives no PIN", () => {
  const sent = encipherPin(key, PIN, CHALLENGE, padding) ?? PIN;
  assert.equal(decipherPin(SPECIMEN_PIN_KEY, sent, new Uint8Array(8)), undefined);
  assert.equal(decipherPin(SPECIMEN_PIN_KEY, sent.slice(1), CHALLENGE), undefined);
  assert.equal(decipherPin(SPECIMEN_ICC, sent, CHALLENGE), undefined);
  assert.equal(
    decipherPin(SPECIMEN_PIN_KEY, new Uint8Array(sent.length).fill(0xff), CHALLENGE),
    undefined,
  );
});

test("a recorded terminal's enciphered PIN opens under its test card's published key", () => {
  const url = new URL("../../../../vectors/emv-contact-transcripts.json", import.meta.url);
  const { vectors } = JSON.parse(readFileSync(url, "utf8")) as {
    vectors: {
      inputs: { apdus: { c: string }[]; iccPrivateKeyForTestOnly?: { n: string; d: string } };
    }[];
  };
  const found = vectors.find(({ inputs }) => inputs.iccPrivateKeyForTestOnly);
  const published = found?.inputs.iccPrivateKeyForTestOnly;
  const sent = found?.inputs.apdus.find(({ c }) => c.startsWith("00200088"))?.c.slice(10);
  assert.ok(published && sent);
  const own: RsaKey = { modulus: published.n, exponent: "03", privateExponent: published.d };
  assert.equal(
    toHex(decipherPin(own, fromHex(sent), fromHex("B34571E839F2E14F")) ?? CHALLENGE),
    "241234FFFFFFFFFF",
  );
});

test("a key with its primes signs what it signs without them", () => {
  const { primes: _, ...plain } = SPECIMEN_ICC;
  for (const fill of [0x00, 0x01, 0x5a, 0x7f]) {
    const message = concat(Uint8Array.of(0x6a), new Uint8Array(127).fill(fill));
    assert.deepEqual(sign(SPECIMEN_ICC, message), sign(plain, message));
  }
});
