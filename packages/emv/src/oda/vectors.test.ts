/** Published certificates and signatures: vectors/emv-oda.json, keys of vectors/emv-capk.json. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { concat, fromHex, toHex } from "@tillway/bytes";
import { parseTlv, toStore } from "../tlv.ts";
import {
  openCertificate,
  recoverIccKey,
  recoverIssuerKey,
  staticDataToAuthenticate,
  verifyCda,
  verifyDda,
  verifySda,
} from "./recover.ts";
import type { RsaPublicKey } from "./rsa.ts";

type Vector = {
  readonly name: string;
  readonly inputs: Record<string, string> & {
    readonly capk?: { readonly rid: string; readonly index: string };
    readonly apdus?: readonly { readonly c: string; readonly r: string }[];
  };
  readonly outputs: Record<string, string>;
};

function vectorsOf(file: string): Vector[] {
  const url = new URL(`../../../../vectors/${file}`, import.meta.url);
  const { vectors } = JSON.parse(readFileSync(url, "utf8")) as { vectors: Vector[] };
  return vectors;
}

const hex = (text: string | undefined): Uint8Array => fromHex(text ?? "");
const vectors = vectorsOf("emv-oda.json");
const authorities = vectorsOf("emv-capk.json");

function caKey(rid: string, index: string): RsaPublicKey {
  const found = authorities.find(
    (row) => row.inputs["rid"] === rid && row.inputs["index"] === index,
  );
  assert.ok(found, `${rid} ${index}`);
  return { modulus: hex(found.inputs["modulus"]), exponent: hex(found.inputs["exponent"]) };
}

function vector(start: string): Vector {
  const found = vectors.find((row) => row.name.startsWith(start));
  assert.ok(found, start);
  return found;
}

describe("published offline data authentication", () => {
  for (const { name, inputs, outputs } of vectors) {
    if (inputs.capk === undefined) continue;
    test(name, () => {
      const { rid = "", index = "" } = inputs.capk ?? {};
      const result = recoverIssuerKey({
        caKey: caKey(rid, index),
        certificate: hex(inputs["tag90"]),
        remainder: hex(inputs["tag92"]),
        exponent: hex(inputs["tag9F32"]),
        pan: inputs["pan"] ?? "",
        date: "220101",
      });
      assert.ok(result.ok);
      assert.equal(toHex(result.key.modulus), outputs["issuerModulus"]);
      assert.equal(result.expiry, outputs["expiryMMYY"]);
      if (outputs["serial"] !== undefined) {
        assert.equal(result.identity, outputs["issuerIdentifier"]);
        assert.equal(result.serial, outputs["serial"]);
      }
    });
  }

  test("ICC public key certificate", () => {
    const { inputs, outputs } = vector("ICC public key certificate");
    const result = openCertificate(
      { modulus: hex(inputs["issuerModulus"]), exponent: hex(inputs["issuerExponent"]) },
      {
        certificate: hex(inputs["tag9F46"]),
        remainder: hex(inputs["tag9F48"]),
        exponent: hex(inputs["tag9F47"]),
      },
      "icc",
    );
    assert.ok(result.ok);
    assert.equal(toHex(result.key.modulus), outputs["iccModulus"]);
    assert.equal(result.identity, inputs["pan"]?.padEnd(20, "F"));
    assert.equal(result.expiry, outputs["expiryMMYY"]);
    assert.equal(toHex(result.hash), outputs["staticDataHash"]);
  });

  test("DDA: signed dynamic application data, refused for another terminal's data", () => {
    const { inputs, outputs } = vector("DDA");
    const iccKey = { modulus: hex(inputs["iccModulus"]), exponent: hex(inputs["iccExponent"]) };
    const signature = hex(inputs["tag9F4B"]);
    const result = verifyDda({ iccKey, signature, ddolData: hex(inputs["ddolData"]) });
    assert.ok(result.ok);
    assert.equal(toHex(result.iccDynamicNumber), outputs["iccDynamicNumber"]);
    assert.deepEqual(verifyDda({ iccKey, signature, ddolData: fromHex("7FBC404A") }), {
      ok: false,
      fault: "hash",
    });
  });

  test("CDA: signed dynamic application data of GENERATE AC", () => {
    const { inputs, outputs } = vector("CDA");
    const certificate = openCertificate(
      { modulus: hex(inputs["issuerModulus"]), exponent: fromHex("03") },
      {
        certificate: hex(inputs["tag9F46"]),
        remainder: hex(inputs["tag9F48"]),
        exponent: hex(inputs["tag9F47"]),
      },
      "icc",
    );
    assert.ok(certificate.ok);
    assert.equal(toHex(certificate.key.modulus), outputs["iccModulus"]);
    const result = verifyCda({
      iccKey: certificate.key,
      signature: hex(inputs["tag9F4B"]),
      unpredictableNumber: hex(inputs["unpredictableNumber"]),
    });
    assert.ok(result.ok);
    assert.equal(toHex(result.iccDynamicNumber), outputs["iccDynamicNumber"]);
    assert.equal(toHex(Uint8Array.of(result.cid)), outputs["cid"]);
    assert.equal(toHex(result.cryptogram), outputs["applicationCryptogram"]);
    assert.equal(toHex(result.transactionDataHash), outputs["transactionDataHash"]);
  });
});

type Exchange = { readonly c: string; readonly r: string };

function recordedCard(start: string): readonly Exchange[] {
  const found = vectorsOf("emv-contact-transcripts.json").find((row) => row.name.startsWith(start));
  assert.ok(found?.inputs.apdus, start);
  return found.inputs.apdus;
}

/** The data of the answer to the first command that begins like this. */
function answered(card: readonly Exchange[], command: string): Uint8Array {
  const found = card.find(({ c }) => c.startsWith(command));
  assert.ok(found, command);
  return fromHex(found.r).slice(0, -2);
}

test("a recorded UnionPay card passes SDA and DDA under UnionPay's key 09", () => {
  const card = recordedCard("UnionPay contact");
  const certificates = ["00B20214", "00B20314", "00B20414", "00B20514", "00B20114"];
  const store = toStore(certificates.flatMap((place) => parseTlv(answered(card, place))));
  const get = (tag: string): Uint8Array => store.get(tag) ?? new Uint8Array(0);
  const pan = "6210948000000011";
  const issuer = recoverIssuerKey({
    caKey: caKey("A000000333", toHex(get("8F"))),
    certificate: get("90"),
    remainder: get("92"),
    exponent: get("9F32"),
    pan,
    date: "150316",
  });
  assert.ok(issuer.ok);
  const signed = staticDataToAuthenticate({
    records: [{ sfi: 2, data: answered(card, "00B20114") }],
    tagList: get("9F4A"),
    aip: fromHex("7C00"),
  });
  assert.ok(signed.ok);
  const sda = verifySda({ issuerKey: issuer.key, signature: get("93"), staticData: signed.data });
  assert.ok(sda.ok);
  assert.equal(toHex(sda.dataAuthenticationCode), "DAC5");
  const icc = recoverIccKey({
    issuerKey: issuer.key,
    certificate: get("9F46"),
    remainder: get("9F48"),
    exponent: get("9F47"),
    staticData: signed.data,
    pan,
    date: "150316",
  });
  assert.ok(icc.ok);
  const [signature] = parseTlv(answered(card, "0088"));
  assert.ok(signature);
  const dda = verifyDda({
    iccKey: icc.key,
    signature: signature.value,
    ddolData: fromHex("7863AFC6"),
  });
  assert.ok(dda.ok);
  const tampered = concat(signed.data.slice(0, -1), Uint8Array.of(0xff));
  assert.deepEqual(
    verifySda({ issuerKey: issuer.key, signature: get("93"), staticData: tampered }),
    { ok: false, fault: "hash" },
  );
});
