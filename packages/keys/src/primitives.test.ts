import assert from "node:assert/strict";
import { test } from "node:test";
import { fromAscii, fromHex, toAscii, toHex, xor } from "@tillway/bytes";
import fc from "fast-check";
import {
  applicationCryptogram,
  cbcDecrypt,
  cbcEncrypt,
  cryptogramScheme,
  decryptTrack,
  deriveIccKey,
  ecbDecrypt,
  ecbEncrypt,
  encryptTrack,
  isEncryptedTrack,
  isTrack,
  oddParity,
  open,
  pbocSessionKey,
  retailMac,
  seal,
  tdesEncrypt,
  unionpayCbcMac,
  unionpayRetailMac,
} from "./index.ts";
import { algorithm3Mac, retailMacer } from "./mac.ts";

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });

test("every cipher gives back what it hid, in both modes", () => {
  const cases = fc.constantFrom(
    ["tdes", 8] as const,
    ["tdes", 16] as const,
    ["tdes", 24] as const,
    ["aes", 16] as const,
    ["aes", 32] as const,
    ["sm4", 16] as const,
  );
  const data = fc.nat(4).chain((blocks) => bytes(blocks * 16));
  fc.assert(
    fc.property(cases, bytes(32), data, bytes(16), ([cipher, length], keyBytes, clear, ivBytes) => {
      const key = keyBytes.slice(0, length);
      const iv = ivBytes.slice(0, cipher === "tdes" ? 8 : 16);
      assert.deepEqual(ecbDecrypt(cipher, key, ecbEncrypt(cipher, key, clear)), clear);
      assert.deepEqual(cbcDecrypt(cipher, key, iv, cbcEncrypt(cipher, key, iv, clear)), clear);
    }),
  );
});

test("a single-length key is used three times, a double-length one as K1, K2, K1", () => {
  const block = fromHex("4E6F772069732074");
  const one = fromHex("0123456789ABCDEF");
  // FIPS 81 table B1: single DES.
  assert.equal(toHex(tdesEncrypt(one, block)), "3FA40E8A984D4815");
  const two = fromHex("0123456789ABCDEFFEDCBA9876543210");
  assert.deepEqual(
    tdesEncrypt(two, block),
    tdesEncrypt(fromHex("0123456789ABCDEFFEDCBA98765432100123456789ABCDEF"), block),
  );
});

test("keys, IVs and data of another length are refused", () => {
  const key = new Uint8Array(16);
  assert.throws(() => tdesEncrypt(new Uint8Array(7), new Uint8Array(8)), RangeError);
  assert.throws(() => ecbEncrypt("sm4", new Uint8Array(32), new Uint8Array(16)), RangeError);
  assert.throws(() => ecbEncrypt("aes", key, new Uint8Array(15)), RangeError);
  assert.throws(() => cbcEncrypt("aes", key, new Uint8Array(8), new Uint8Array(16)), RangeError);
});

test("odd parity changes the last bit of a byte only", () => {
  fc.assert(
    fc.property(bytes(24), (key) => {
      const odd = oddParity(key);
      for (const [at, byte] of odd.entries()) {
        assert.equal(byte & 0xfe, key[at]! & 0xfe);
        assert.equal(byte.toString(2).replaceAll("0", "").length % 2, 1);
      }
    }),
  );
});

test("UnionPay's chained MAC is block after block folded in and encrypted", () => {
  const keys = fc.constantFrom(8, 16).chain((length) => bytes(length));
  fc.assert(
    fc.property(keys, fc.uint8Array({ minLength: 1, maxLength: 60 }), (key, data) => {
      let block: Uint8Array = new Uint8Array(8);
      for (let at = 0; at < data.length; at += 8) {
        const part = new Uint8Array(8);
        part.set(data.subarray(at, at + 8));
        block = tdesEncrypt(key, xor(block, part));
      }
      assert.deepEqual(unionpayCbcMac(key, data), block);
    }),
  );
  const key = fromHex("0123456789ABCDEFFEDCBA9876543210");
  const written = toAscii(unionpayRetailMac(key, fromAscii("0200")));
  assert.equal(written, toHex(retailMac(key, fromAscii("0200"), 1)).slice(0, 8));
});

test("a retail MAC kept for many messages gives each what algorithm 3 gives", () => {
  const key = fromHex("0123456789ABCDEFFEDCBA9876543210");
  const mac = retailMacer(key);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 700 }), fc.constantFrom(1, 2, 3), (data, padding) => {
      const expected = algorithm3Mac(key.subarray(0, 8), key.subarray(8), data, padding);
      assert.deepEqual(mac(data, padding), expected);
    }),
  );
});

test("a track comes back from its encryption, and only one block of it changes", () => {
  const key = fromHex("0F1E2D3C4B5A69788796A5B4C3D2E1F0");
  const unit = fc.constantFrom(..."0123456789=".split(""));
  const text = fc.string({ unit, minLength: 1, maxLength: 104 });
  fc.assert(
    fc.property(text, (track) => {
      const hidden = encryptTrack(key, track);
      assert.equal(hidden.length, Math.max(track.length, 17));
      assert.equal(decryptTrack(key, hidden), track);
      // A codec may show a nibble of 13 either way.
      assert.equal(decryptTrack(key, hidden.replaceAll("D", "=")), track);
      assert.equal(hidden.slice(0, -18), track.slice(0, -18));
    }),
  );
  assert.equal(decryptTrack(key, "0".repeat(17)), undefined);
});

test("any text that may be an encrypted track is a track or none, never an error", () => {
  const unit = fc.constantFrom(..."0123456789=ABCDEF".split(""));
  const text = fc.string({ unit, minLength: 17, maxLength: 104 });
  const key = fc.uint8Array({ minLength: 16, maxLength: 16 });
  fc.assert(
    fc.property(key, text, (tdk, hidden) => {
      assert.ok(isEncryptedTrack(hidden));
      const track = decryptTrack(tdk, hidden);
      if (track !== undefined) assert.ok(isTrack(track));
      assert.equal(decryptTrack(tdk, hidden), track);
    }),
  );
  for (const none of ["", "0".repeat(16), "0".repeat(105), "0".repeat(17) + "G"]) {
    assert.equal(isEncryptedTrack(none), false);
  }
});

test("a published PBOC card's cryptogram is reproduced", () => {
  // Keys and values: "PBOC联机交易中ARQC及ARPC的计算", shuzhiduo.com/A/l1dyep1Vde.
  const key = fromHex("0D2E3CB0BC1F9E03AED58F663A2F9679");
  const atc = fromHex("000E");
  const session = pbocSessionKey(key, atc);
  assert.deepEqual(session, oddParity(fromHex("C3D3F062E9992B4E923D338D66193526")));
  const data = fromHex(
    "0000000012340000000000340156D86004A800015612051601010101017C00000E03A4B904",
  );
  const scheme = cryptogramScheme("unionpay", key, atc, new Uint8Array(4), "pboc");
  const arqc = applicationCryptogram(scheme.cryptogramKey, data, scheme.padding);
  assert.equal(toHex(arqc), "F294D7022FA9B058");
  assert.deepEqual(scheme.arpcKey, session);
});

test("a published Visa test card's cryptogram is reproduced through the scheme", () => {
  const issuer = fromHex("0123456789ABCDEFFEDCBA9876543210");
  const key = deriveIccKey(issuer, "1234567890123456", "00", "A");
  const data = fromHex(
    "0000000040000000000000000124800004800001241911050152BF45851800001C03A06010",
  );
  const scheme = cryptogramScheme("visa-10", key, fromHex("001C"), fromHex("52BF4585"));
  const arqc = applicationCryptogram(scheme.cryptogramKey, data, scheme.padding);
  assert.equal(toHex(arqc), "29CCA15AE665FA2E");
});

test("what is sealed opens with the same key and context only, and not when changed", () => {
  fc.assert(
    fc.property(bytes(32), bytes(12), fc.uint8Array(), fc.nat(), (key, nonce, clear, place) => {
      const sealed = seal(key, nonce, clear, "card");
      assert.deepEqual(open(key, sealed, "card"), clear);
      assert.equal(open(key, sealed, "cards"), undefined);
      const other = key.map((byte, at) => (at === 0 ? byte ^ 1 : byte));
      assert.equal(open(other, sealed, "card"), undefined);
      const at = place % sealed.length;
      const changed = sealed.map((byte, index) => (index === at ? byte ^ 1 : byte));
      assert.equal(open(key, changed, "card"), undefined);
    }),
  );
  assert.equal(open(new Uint8Array(32), fromAscii("short"), "card"), undefined);
});
