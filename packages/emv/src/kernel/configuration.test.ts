import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { caKeyChecksum, parseKernelConfiguration } from "./configuration.ts";
import { DEFAULT_APPLICATIONS, DEFAULT_TERMINAL } from "./defaults.ts";
import { parseTransactionInput } from "./transaction.ts";
import { TRANSACTION } from "./testing/scripted-card.ts";

type CapkVector = {
  readonly name: string;
  readonly inputs: { rid: string; index: string; modulus: string; exponent: string };
  readonly outputs: { sha1: string };
  readonly verified: boolean;
};

const file = new URL("../../../../vectors/emv-capk.json", import.meta.url);
const { vectors } = JSON.parse(readFileSync(file, "utf8")) as { vectors: CapkVector[] };
const published = vectors.filter((vector) => vector.verified);

function keyOf({ inputs, outputs }: CapkVector, label: "test" | "live" = "live"): object {
  const { rid, index, modulus, exponent } = inputs;
  return { rid, index, modulus, exponent, checksum: outputs.sha1, label };
}

function parse(change: object): readonly string[] {
  const json = { terminal: DEFAULT_TERMINAL, keySet: "live", caKeys: [], ...change };
  const parsed = parseKernelConfiguration({ applications: DEFAULT_APPLICATIONS, ...json });
  return parsed.ok ? [] : parsed.problems;
}

test("every published CA key checksum is what this code computes", () => {
  assert.ok(published.length >= 50);
  for (const vector of published) {
    assert.equal(caKeyChecksum(vector.inputs), vector.outputs.sha1, vector.name);
  }
});

test("the default data are a valid configuration, and survive JSON", () => {
  const json: unknown = JSON.parse(
    JSON.stringify({
      terminal: { ...DEFAULT_TERMINAL, terminalId: "10000001", merchantName: "Tillway Cafe" },
      keySet: "live",
      caKeys: published.slice(0, 1).map((vector) => keyOf(vector)),
      applications: DEFAULT_APPLICATIONS,
    }),
  );
  const parsed = parseKernelConfiguration(json);
  assert.ok(parsed.ok);
  assert.deepEqual(JSON.parse(JSON.stringify(parsed.configuration)), json);
});

test("UnionPay's default action codes are those of the published parameter set", () => {
  const parameters = readFileSync(
    new URL("../../../../vectors/unionpay-terminal-params.json", import.meta.url),
    "utf8",
  );
  for (const entry of DEFAULT_APPLICATIONS.slice(0, 3)) {
    assert.ok(parameters.includes(`DF1105${entry.actionCodes.default}`));
    assert.ok(parameters.includes(`DF1205${entry.actionCodes.online}`));
    assert.ok(parameters.includes(`DF1305${entry.actionCodes.denial}`));
  }
});

test("a CA key with one wrong digit is refused", () => {
  const [vector] = published;
  assert.ok(vector);
  const { modulus } = vector.inputs;
  const last = modulus.endsWith("1") ? "3" : "1";
  const key = { ...keyOf(vector), modulus: modulus.slice(0, -1) + last };
  assert.deepEqual(parse({ caKeys: [key] }), [
    "caKeys[0].checksum: SHA-1 of RID, index, modulus and exponent",
  ]);
});

test("test keys are refused in a live terminal and live keys in a test terminal", () => {
  const [vector] = published;
  assert.ok(vector);
  assert.deepEqual(parse({ caKeys: [keyOf(vector, "test")] }), [
    "caKeys[0].label: live, the key set of this terminal",
  ]);
  assert.deepEqual(parse({ keySet: "test", caKeys: [keyOf(vector, "live")] }), [
    "caKeys[0].label: test, the key set of this terminal",
  ]);
  assert.deepEqual(parse({ keySet: "test", caKeys: [keyOf(vector, "test")] }), []);
});

test("a key or an application given twice is refused", () => {
  const keys = published.slice(0, 1).map((vector) => keyOf(vector));
  assert.deepEqual(parse({ caKeys: [...keys, ...keys] }), ["caKeys: each RID and index once"]);
  const twice = [...DEFAULT_APPLICATIONS, ...DEFAULT_APPLICATIONS.slice(0, 1)];
  assert.deepEqual(parse({ applications: twice }), ["applications: each aid once"]);
  assert.deepEqual(parse({ applications: [] }), ["applications: at least one"]);
});

test("every wrong member is named with what is allowed, and no value is repeated", () => {
  const [first] = DEFAULT_APPLICATIONS;
  const applications = [
    { ...first, aid: "A0", floorLimit: "1.50", actionCodes: { denial: "00", online: 1 } },
  ];
  const terminal = { ...DEFAULT_TERMINAL, country: "CHN", serial: "short" };
  assert.deepEqual(parse({ applications, terminal, keySet: "both" }), [
    "keySet: test or live",
    "terminal.country: three digits",
    "terminal.serial: 8 ASCII characters",
    "applications[0].aid: hex digits of 5 to 16 bytes",
    "applications[0].actionCodes.denial: hex digits of 5 bytes",
    "applications[0].actionCodes.online: hex digits of 5 bytes",
    "applications[0].actionCodes.default: hex digits of 5 bytes",
    "applications[0].floorLimit: one to twelve digits, minor units",
  ]);
});

test("a transaction is checked member by member", () => {
  assert.deepEqual(parseTransactionInput(TRANSACTION), { ok: true, transaction: TRANSACTION });
  const wrong = { ...TRANSACTION, amount: "-1", date: "261301", randomSelection: 0 };
  assert.deepEqual(parseTransactionInput(wrong), {
    ok: false,
    problems: [
      "amount: one to twelve digits, minor units",
      "date: YYMMDD",
      "randomSelection: a whole number from 1 to 99",
    ],
  });
});

test("no JSON makes the readers throw", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (json) => {
      assert.equal(parseKernelConfiguration(json).ok, false);
      assert.equal(parseTransactionInput(json).ok, false);
    }),
  );
});
