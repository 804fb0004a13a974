import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concat, fromHex, toHex } from "@tillway/bytes";
import { SPECIMEN_ICC, SPECIMEN_ISSUER, SPECIMEN_PIN_KEY } from "../card/specimen-keys.ts";
import { encodeTlv, encodeTlvs, splitTlv, TlvError } from "../tlv.ts";
import { checkCombined, transactionDataHash } from "./combined.ts";
import { recoverIccKey, verifySda } from "./recover.ts";
import { publicKeyOf } from "./rsa.ts";
import { signCombinedData, signPinKeyCertificate, signStaticData } from "./sign.ts";

const UN = fromHex("DEADBEEF");
const AC = fromHex("1122334455667788");
const SAID = { pdol: fromHex("0156"), cdols: [fromHex("0102"), fromHex("0304")] };
const start = encodeTlvs([
  ["9F27", Uint8Array.of(0x80)],
  ["9F36", fromHex("0001")],
]);
const iad = encodeTlv("9F10", fromHex("06010A03A00000"));

function answer(change: Partial<Parameters<typeof signCombinedData>[1]> = {}): Uint8Array {
  const signature = signCombinedData(SPECIMEN_ICC, {
    iccDynamicNumber: fromHex("0011223344556677"),
    cid: 0x80,
    cryptogram: AC,
    transactionDataHash: transactionDataHash(SAID, concat(start, iad)),
    unpredictableNumber: UN,
    ...change,
  });
  return concat(start, encodeTlv("9F4B", signature), iad);
}

const check = (bytes: Uint8Array, said = SAID): ReturnType<typeof checkCombined> =>
  checkCombined({
    iccKey: publicKeyOf(SPECIMEN_ICC),
    unpredictableNumber: UN,
    said,
    answer: bytes,
  });

test("a right signature gives the cryptogram that only it holds", () => {
  const checked = check(answer());
  assert.ok(checked.ok);
  assert.equal(toHex(checked.proven.cryptogram), "1122334455667788");
  assert.equal(toHex(checked.proven.iccDynamicNumber), "0011223344556677");
});

test("the transaction's data are the hash's, in the order in which they were said", () => {
  for (const said of [
    { ...SAID, pdol: fromHex("0157") },
    { ...SAID, cdols: [fromHex("0304"), fromHex("0102")] },
    { ...SAID, cdols: [fromHex("0102")] },
  ]) {
    const checked = check(answer(), said);
    assert.ok(!checked.ok && checked.fault === "transaction");
    assert.equal(toHex(checked.proven?.cryptogram ?? UN), "1122334455667788");
  }
});

test("every other change has its own fault", () => {
  const fault = (bytes: Uint8Array): string => {
    const checked = check(bytes);
    return checked.ok ? "none" : checked.fault;
  };
  assert.equal(fault(answer({ unpredictableNumber: fromHex("DEADBEEE") })), "signature");
  assert.equal(fault(answer({ cid: 0x40 })), "cid");
  assert.equal(fault(concat(start, iad)), "malformed");
  assert.equal(fault(fromHex("9F27")), "malformed");
  assert.equal(fault(new Uint8Array(0)), "malformed");
});

test("lengths written the long way are hashed as they stand", () => {
  const long = fromHex("9F278101809F3681020001");
  const hash = transactionDataHash(SAID, long);
  assert.notDeepEqual(hash, transactionDataHash(SAID, start));
  const signed = answer({ transactionDataHash: transactionDataHash(SAID, concat(long, iad)) });
  const signature = splitTlv(signed).find(({ tag }) => tag === "9F4B")?.whole ?? UN;
  assert.ok(check(concat(long, signature, iad)).ok);
});

test("bytes of any kind never throw but their own error", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      assert.equal(check(bytes).ok, false);
      try {
        const parts = splitTlv(bytes).map(({ whole }) => whole);
        assert.ok(concat(...parts).length <= bytes.length);
      } catch (cause) {
        assert.ok(cause instanceof TlvError);
      }
    }),
  );
});

test("a static signature proves its data and tells its code", () => {
  const staticData = fromHex("5A0812345678901234563C00");
  const signature = signStaticData(SPECIMEN_ISSUER, fromHex("DAC0"), staticData);
  const issuerKey = publicKeyOf(SPECIMEN_ISSUER);
  const right = verifySda({ issuerKey, signature, staticData });
  assert.ok(right.ok);
  assert.equal(toHex(right.dataAuthenticationCode), "DAC0");
  const wrong = verifySda({ issuerKey, signature, staticData: staticData.slice(1) });
  assert.deepEqual(wrong, { ok: false, fault: "hash" });
});

test("the certificate of a key for PINs covers no static data", () => {
  const terms = { expiry: "1239", serial: "000007", pan: "4761739001010119" };
  const made = signPinKeyCertificate(SPECIMEN_ISSUER, SPECIMEN_PIN_KEY, terms);
  const input = {
    issuerKey: publicKeyOf(SPECIMEN_ISSUER),
    certificate: fromHex(made.certificate),
    remainder: fromHex(made.remainder),
    exponent: fromHex(made.exponent),
    pan: terms.pan,
    date: "260723",
  };
  const recovered = recoverIccKey({ ...input, staticData: new Uint8Array(0) });
  assert.ok(recovered.ok);
  assert.equal(toHex(recovered.key.modulus), SPECIMEN_PIN_KEY.modulus);
  assert.equal(recoverIccKey({ ...input, staticData: UN }).ok, false);
  assert.equal(recoverIccKey({ ...input, staticData: new Uint8Array(0), pan: "1" }).ok, false);
});
