import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import fc from "fast-check";
import { fromHex, toHex } from "@tillway/bytes";
import { SPECIMEN_CA, SPECIMEN_ICC } from "../card/specimen-keys.ts";
import { SPECIMEN_MASTER_KEYS, specimenProfile } from "../card/specimen.ts";
import { approve, hold, known, pay } from "../kernel/testing/paying.ts";
import type { Paying } from "../kernel/testing/paying.ts";
import { runTranscripts } from "./run.ts";

type Exchange = { c: string; r: string };
type Vector = {
  name: string;
  inputs: { apdus: Exchange[]; [name: string]: unknown };
  outputs: Record<string, unknown>;
  verified: boolean;
};

const KIND = "emv-contact-transcripts";
const url = new URL(`../../../../vectors/${KIND}.json`, import.meta.url);
const { vectors } = JSON.parse(readFileSync(url, "utf8")) as { vectors: Vector[] };
const verified = vectors.filter((vector) => vector.verified);

function only(vector: unknown): ReturnType<typeof runTranscripts>["results"][number] {
  const [result] = runTranscripts(KIND, [vector]).results;
  assert.ok(result);
  return result;
}

describe("published transcripts", () => {
  for (const vector of verified) {
    test(`reproduced whole: ${vector.name}`, () => {
      const result = only(vector);
      assert.ok(result.pass, JSON.stringify(result));
      const named = [...result.reproduced, ...result.notCompared].sort();
      assert.deepEqual(named, Object.keys(vector.outputs).sort());
      assert.deepEqual(result.notCompared, "notes" in vector.outputs ? ["notes"] : []);
    });

    test(`other published values all fail: ${vector.name}`, () => {
      const names = Object.keys(vector.outputs).filter((name) => name !== "notes");
      const outputs = Object.fromEntries(
        names.map((name) => {
          const value = vector.outputs[name];
          return [name, typeof value === "boolean" ? !value : `${String(value).slice(0, -2)}??`];
        }),
      );
      const result = only({ ...vector, outputs });
      assert.ok(!result.pass && result.why === `not reproduced: ${names.join(", ")}`);
      assert.deepEqual(result.reproduced, []);
    });
  }

  test("end as they were recorded; where the record ends at the request, no host answers", () => {
    const outcomes = runTranscripts(KIND, verified).results.map(({ outcome }) => outcome);
    assert.deepEqual(outcomes, ["declined", "approved", "approved", "approved"]);
  });

  test("lists without published outputs pass when they can be read, and fail when they cannot", () => {
    const others = vectors.filter((vector) => !vector.verified);
    const run = runTranscripts(KIND, others);
    assert.equal(run.passed, others.length);
    assert.ok(run.results.every((result) => result.reproduced.length === 0));
    const spoilt = { ...others[0], inputs: { apdus: [{ c: "00A4040", r: "6A81" }] } };
    assert.equal(runTranscripts(KIND, [spoilt]).failed, 1);
  });
});

/** A payment with one of our own cards, written down as published transcripts are. */
function recorded(name: string, paying: Paying, fresh = true): Vector {
  const profile = specimenProfile(name);
  const apdus: Exchange[] = [];
  const paid = pay(fresh ? hold(profile) : known(profile), {
    ...paying,
    meddle: (_, command, right) => {
      apdus.push({ c: toHex(command), r: toHex(right) });
      return undefined;
    },
  });
  const { modulus, exponent } = SPECIMEN_CA;
  const rid = profile.aid.slice(0, 10);
  const first = paid.request?.store.get("9F26");
  return {
    name,
    verified: true,
    inputs: { apdus, caPublicKey: { rid, index: "94", modulus, exponent }, pin: profile.pin },
    outputs: {
      aid: profile.aid,
      pan: profile.pan,
      psn: profile.psn,
      expiry: profile.expiry,
      ...(paid.request?.store.has("9F46") === false ? {} : { iccCertificateOk: true }),
      issuerMasterKeyAC: SPECIMEN_MASTER_KEYS.ac,
      outcome: paid.outcome.result,
      tsi: paid.outcome.tsi,
      ...(first === undefined
        ? { ac: paid.outcome.cryptogram?.value }
        : { ac1: toHex(first), ac2: paid.outcome.cryptogram?.value, ac2Tvr: paid.outcome.tvr }),
    },
  };
}

const ONLINE = {
  application: {
    actionCodes: { denial: "00".repeat(5), online: "FF".repeat(5), default: "00".repeat(5) },
  },
  transaction: { forceOnline: true },
  host: approve,
} satisfies Paying;

describe("our own cards as recorded", () => {
  const own: readonly (readonly [string, Vector, Record<string, unknown>])[] = [
    [
      "DDA and online PIN",
      recorded("unionpay-debit", {
        ...ONLINE,
        application: { ...ONLINE.application, onlinePin: true },
      }),
      { ddaOk: true },
    ],
    [
      "CDA twice",
      recorded("visa-cda", { ...ONLINE, pins: ["1234"] }),
      { cdaOk: true, cdaTransactionDataHashOk: true },
    ],
    ["M/Chip, CDA, counters", recorded("mastercard-offline", ONLINE), { cdaOk: true }],
    [
      "CDA at the first cryptogram only",
      recorded("visa-cda", { ...ONLINE, terminal: { cdaMode: 2 } }),
      { cdaOk: true },
    ],
    ["CDA without the host", recorded("mastercard-offline", {}, false), { cdaOk: true }],
    [
      "static data, PIN in clear and signature",
      recorded("visa-static", { ...ONLINE, pins: ["1234"] }),
      { sdaOk: true, dataAuthenticationCode: "DAC0" },
    ],
    ["PIN bypassed", recorded("visa-static", ONLINE), { sdaOk: true }],
    [
      "declined by the host",
      recorded("unionpay-credit", {
        ...ONLINE,
        host: () => ({ responseCode: "05", issuerData: new Uint8Array(0) }),
      }),
      { ddaOk: true },
    ],
    [
      "unable to go online",
      recorded("unionpay-offline-pin", { ...ONLINE, host: () => undefined }, false),
      { ddaOk: true },
    ],
  ];
  for (const [what, vector, more] of own) {
    test(`${vector.name}, ${what}: reproduced`, () => {
      const outputs = { ...vector.outputs, ...more };
      const result = only({ ...vector, outputs });
      assert.ok(result.pass, JSON.stringify(result));
      assert.deepEqual([...result.reproduced].sort(), Object.keys(outputs).sort());
    });
  }

  test("an enciphered PIN is the recorded one, byte for byte, under the card's own key", () => {
    const vector = recorded("unionpay-offline-pin", { pins: ["123456"] }, false);
    const { modulus: n, privateExponent: d } = SPECIMEN_ICC;
    const challenge = vector.inputs.apdus.find(({ c }) => c.startsWith("0084"))?.r.slice(0, 16);
    const result = only({
      ...vector,
      inputs: { ...vector.inputs, iccPrivateKeyForTestOnly: { n, d } },
      outputs: { encipheredPinPlaintext: `7F26123456FFFFFFFF${challenge}0102…`, ddaOk: true },
    });
    assert.ok(result.pass, JSON.stringify(result));
  });

  test("an enciphered PIN that nobody can open is followed by its header", () => {
    const vector = recorded("unionpay-offline-pin", { pins: ["123456"] }, false);
    const { pin: _, ...inputs } = vector.inputs;
    const result = only({ ...vector, inputs });
    assert.ok(result.pass, JSON.stringify(result));
    assert.equal(result.outcome, "approved");
  });

  test("a recorded signature with one bit changed is not ok", () => {
    const vector = recorded("visa-cda", { ...ONLINE, pins: ["1234"] });
    const apdus = vector.inputs.apdus.map(({ c, r }) =>
      c.startsWith("80AE90")
        ? { c, r: r.slice(0, 100) + (r[100] === "0" ? "1" : "0") + r.slice(101) }
        : { c, r },
    );
    const result = only({
      ...vector,
      inputs: { ...vector.inputs, apdus },
      outputs: { cdaOk: true },
    });
    assert.ok(!result.pass && result.why === "not reproduced: cdaOk");
  });
});

describe("what is no transcript", () => {
  for (const [what, vector] of [
    ["no object", 7],
    ["no exchanges", { name: "x", inputs: {}, outputs: { aid: "A0" } }],
    [
      "exchanges that are no hex",
      { inputs: { apdus: [{ c: "0", r: "9000" }] }, outputs: { aid: "A0" } },
    ],
    ["no outputs", { inputs: { apdus: [{ c: "00", r: "9000" }] } }],
    [
      "no application",
      { inputs: { apdus: [{ c: "00B2010C00", r: "6A83" }] }, outputs: { aid: "A0" } },
    ],
  ] as const) {
    test(`${what}: failed with its reason`, () => {
      const result = only(vector);
      assert.ok(!result.pass && result.why.length > 0);
    });
  }

  test("another kind is not known", () => {
    const run = runTranscripts("emv-qr", verified);
    assert.equal(run.known, false);
    assert.equal(run.failed, verified.length);
  });

  test("a spoilt recording of any kind never throws", () => {
    const [vector] = verified.filter(({ name }) => name.startsWith("UnionPay"));
    assert.ok(vector);
    const count = vector.inputs.apdus.length;
    fc.assert(
      fc.property(
        fc.nat({ max: count - 1 }),
        fc.nat({ max: 400 }),
        fc.integer({ min: 1, max: 255 }),
        fc.constantFrom("c", "r"),
        (at, place, bit, side) => {
          const apdus = vector.inputs.apdus.map((entry, index) => {
            if (index !== at) return entry;
            const bytes = fromHex(entry[side]);
            if (bytes.length === 0) return entry;
            const target = place % bytes.length;
            bytes[target] = (bytes[target] ?? 0) ^ bit;
            return { ...entry, [side]: toHex(bytes) };
          });
          only({ ...vector, inputs: { ...vector.inputs, apdus } });
        },
      ),
      { numRuns: 15 },
    );
  });
});
