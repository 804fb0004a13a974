import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, test } from "node:test";
import { fromHex, toHex } from "@tillway/bytes";
import fc from "fast-check";
import { SPECIMEN_CA, SPECIMEN_ICC, SPECIMEN_ISSUER } from "../card/specimen-keys.ts";
import { caKeyChecksum } from "../kernel/configuration.ts";
import {
  recoverIccKey,
  recoverIssuerKey,
  staticDataToAuthenticate,
  verifyCda,
  verifyDda,
} from "./recover.ts";
import type { OdaFault } from "./recover.ts";
import { publicKeyOf, recover, sign } from "./rsa.ts";
import {
  makeCaKey,
  rsaKeyOf,
  signDynamicData,
  signIccCertificate,
  signIssuerCertificate,
} from "./sign.ts";
import type { Certificate } from "./sign.ts";

const PAN = "6216261000000000018";
const STATIC = fromHex("5F24033312315A0A6216261000000000018F3C00");

const issuerCertificate = signIssuerCertificate(SPECIMEN_CA, SPECIMEN_ISSUER, {
  identity: "62162610",
  expiry: "1239",
  serial: "0000A1",
});
const iccCertificate = signIccCertificate(SPECIMEN_ISSUER, SPECIMEN_ICC, {
  expiry: "1239",
  serial: "0000B2",
  pan: PAN,
  staticData: STATIC,
});

const parts = (
  made: Certificate,
): { certificate: Uint8Array; remainder: Uint8Array; exponent: Uint8Array } => ({
  certificate: fromHex(made.certificate),
  remainder: fromHex(made.remainder),
  exponent: fromHex(made.exponent),
});

const asIssuer = {
  ...parts(issuerCertificate),
  caKey: publicKeyOf(SPECIMEN_CA),
  pan: PAN,
  date: "261130",
};
const asIcc = {
  ...parts(iccCertificate),
  issuerKey: publicKeyOf(SPECIMEN_ISSUER),
  pan: PAN,
  date: "261130",
  staticData: STATIC,
};

const faultOf = (result: { ok: true } | { ok: false; fault: OdaFault }): OdaFault | "none" =>
  result.ok ? "none" : result.fault;

/** A copy with one bit turned. */
function turned(bytes: Uint8Array, at: number, bit: number): Uint8Array {
  const copy = bytes.slice();
  const index = at % bytes.length;
  copy[index] = copy[index]! ^ (1 << bit);
  return copy;
}

describe("certificates", () => {
  test("an issuer's key comes back from its certificate", () => {
    const result = recoverIssuerKey(asIssuer);
    assert.ok(result.ok);
    assert.deepEqual(result.key, publicKeyOf(SPECIMEN_ISSUER));
    assert.equal(result.identity, "62162610");
    assert.equal(result.serial, "0000A1");
    assert.equal(issuerCertificate.remainder.length / 2, 144 - (176 - 36));
  });

  test("a card's key comes back from its certificate", () => {
    const result = recoverIccKey(asIcc);
    assert.ok(result.ok);
    assert.deepEqual(result.key, publicKeyOf(SPECIMEN_ICC));
    assert.equal(result.identity, `${PAN}F`);
  });

  test("a key that fits inside needs no remainder", () => {
    const made = signIssuerCertificate(SPECIMEN_CA, SPECIMEN_ICC, {
      identity: "621",
      expiry: "1239",
      serial: "000001",
    });
    assert.equal(made.remainder, "");
    const result = recoverIssuerKey({ ...asIssuer, ...parts(made), remainder: undefined });
    assert.ok(result.ok);
    assert.deepEqual(result.key, publicKeyOf(SPECIMEN_ICC));
    assert.equal(result.identity, "621FFFFF");
    const superfluous = recoverIssuerKey({ ...asIssuer, ...parts(made), remainder: fromHex("01") });
    assert.equal(faultOf(superfluous), "key-length");
  });

  test("any turned bit of what is certified is noticed", () => {
    const place = fc.record({ at: fc.nat(400), bit: fc.nat(7) });
    fc.assert(
      fc.property(place, ({ at, bit }) => {
        for (const part of ["certificate", "remainder"] as const) {
          const issuer = { ...asIssuer, [part]: turned(asIssuer[part], at, bit) };
          assert.notEqual(faultOf(recoverIssuerKey(issuer)), "none");
        }
        for (const part of ["certificate", "remainder", "staticData"] as const) {
          const icc = { ...asIcc, [part]: turned(asIcc[part], at, bit) };
          assert.notEqual(faultOf(recoverIccKey(icc)), "none");
        }
      }),
      { numRuns: 60 },
    );
  });

  for (const [what, change, fault] of [
    ["another issuer's PAN", { pan: "6217261000000000018" }, "identity"],
    ["the month after its last", { date: "400101" }, "expired"],
    ["a revoked serial number", { revoked: new Set(["0000A1"]) }, "revoked"],
    ["a missing remainder", { remainder: undefined }, "key-length"],
    ["another exponent", { exponent: fromHex("03") }, "hash"],
    ["a cut certificate", { certificate: asIssuer.certificate.slice(1) }, "signature"],
    ["no certificate", { certificate: new Uint8Array(0) }, "signature"],
    [
      "an authority's key of zero",
      { caKey: { modulus: new Uint8Array(176), exponent: fromHex("03") } },
      "signature",
    ],
    [
      "an exponent of zero in the authority's key",
      { caKey: { ...asIssuer.caKey, exponent: fromHex("00") } },
      "signature",
    ],
  ] as const) {
    test(`an issuer certificate is refused for ${what}`, () => {
      assert.equal(faultOf(recoverIssuerKey({ ...asIssuer, ...change })), fault);
    });
  }

  test("a certificate holds to the end of its month", () => {
    assert.equal(faultOf(recoverIssuerKey({ ...asIssuer, date: "391231" })), "none");
    assert.equal(faultOf(recoverIccKey({ ...asIcc, date: "400101" })), "expired");
  });

  test("a card certificate is refused for another PAN, even one that begins alike", () => {
    assert.equal(faultOf(recoverIccKey({ ...asIcc, pan: PAN.slice(0, -1) })), "identity");
  });

  test("an issuer certificate is no card certificate", () => {
    const result = recoverIccKey({
      ...asIcc,
      certificate: asIcc.certificate,
      issuerKey: asIssuer.caKey,
    });
    assert.equal(faultOf(result), "signature");
  });

  test("a longer key than its signer's is a defect of the caller", () => {
    const terms = { identity: "621626", expiry: "1239", serial: "000001" };
    assert.throws(() => signIssuerCertificate(SPECIMEN_ICC, SPECIMEN_CA, terms), RangeError);
  });
});

describe("dynamic signatures", () => {
  const number = fromHex("0102030405060708");
  const data = fromHex("DEADBEEF");
  const iccKey = publicKeyOf(SPECIMEN_ICC);
  const signature = signDynamicData(SPECIMEN_ICC, number, data);

  test("verify for the terminal's own data only", () => {
    const result = verifyDda({ iccKey, signature, ddolData: data });
    assert.ok(result.ok);
    assert.deepEqual(result.iccDynamicNumber, number);
    assert.equal(faultOf(verifyDda({ iccKey, signature, ddolData: fromHex("DEADBEEE") })), "hash");
    assert.equal(
      faultOf(verifyDda({ iccKey, signature: signature.slice(1), ddolData: data })),
      "signature",
    );
  });

  test("any turned bit is noticed", () => {
    fc.assert(
      fc.property(fc.nat(127), fc.nat(7), (at, bit) => {
        const wrong = turned(signature, at, bit);
        assert.notEqual(faultOf(verifyDda({ iccKey, signature: wrong, ddolData: data })), "none");
      }),
      { numRuns: 60 },
    );
  });

  test("a dynamic number of another length than 2 to 8 bytes is refused", () => {
    for (const length of [0, 1, 9]) {
      const odd = signDynamicData(SPECIMEN_ICC, new Uint8Array(length), data);
      assert.equal(faultOf(verifyDda({ iccKey, signature: odd, ddolData: data })), "signature");
    }
  });

  test("a signature without cryptogram is no combined one", () => {
    assert.equal(faultOf(verifyCda({ iccKey, signature, unpredictableNumber: data })), "signature");
  });

  test("arbitrary bytes never verify and never throw", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 130 }),
        fc.uint8Array({ maxLength: 8 }),
        (wrong, covered) => {
          assert.notEqual(
            faultOf(verifyDda({ iccKey, signature: wrong, ddolData: covered })),
            "none",
          );
          const odd = { modulus: wrong, exponent: covered };
          assert.notEqual(
            faultOf(verifyDda({ iccKey: odd, signature: wrong, ddolData: covered })),
            "none",
          );
        },
      ),
    );
  });
});

describe("static data to authenticate", () => {
  const aip = fromHex("3C00");
  const record = fromHex("70035A0111");

  test("is record contents, then the profile where the list names it", () => {
    const data = (sfi: number, tagList?: Uint8Array): string => {
      const result = staticDataToAuthenticate({ records: [{ sfi, data: record }], tagList, aip });
      return result.ok ? toHex(result.data) : result.fault;
    };
    assert.equal(data(10), "5A0111");
    assert.equal(data(11), "70035A0111");
    assert.equal(data(2, fromHex("82")), "5A01113C00");
    assert.equal(data(2, fromHex("8284")), "records");
    assert.equal(data(2, new Uint8Array(0)), "records");
  });

  test("needs records in template 70", () => {
    for (const wrong of ["5A0111", "70045A0111", "70035A0111870101", ""]) {
      const records = [{ sfi: 2, data: fromHex(wrong) }];
      assert.equal(faultOf(staticDataToAuthenticate({ records, aip })), "records", wrong);
    }
  });
});

describe("keys", () => {
  test("an authority's key carries its checksum", () => {
    const key = makeCaKey({
      rid: "A000000333",
      index: "94",
      key: SPECIMEN_CA,
      label: "test",
      expiry: "20391231",
    });
    assert.equal(key.checksum, caKeyChecksum(key));
    assert.equal(key.label, "test");
  });

  test("the numbers of a generated key sign what its public half recovers", () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 768, publicExponent: 3 });
    const key = rsaKeyOf(privateKey);
    const message = new Uint8Array(96).fill(0x5a);
    assert.deepEqual(recover(publicKeyOf(key), sign(key, message)), message);
    assert.throws(() => sign(key, message.slice(1)), RangeError);
    const { privateKey: curve } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    assert.throws(() => rsaKeyOf(curve), RangeError);
  });
});
