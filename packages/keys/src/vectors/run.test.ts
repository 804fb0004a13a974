import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { runVectors, vectorKinds } from "../index.ts";

type VectorFile = { kind: string; vectors: { name: string; outputs: Record<string, unknown> }[] };

function read(kind: string, folder = ""): VectorFile {
  const path = new URL(`../../../../vectors/${folder}${kind}.json`, import.meta.url);
  return JSON.parse(readFileSync(path, "utf8"));
}

/** Kinds of which another implementation computed some more (vectors/own). */
const OWN = [
  "mac",
  "kcv",
  "pin-block",
  "cvv",
  "pvv",
  "ibm3624",
  "tr31",
  "emv-key-derivation",
  "emv-cryptogram",
  "emv-scheme-cvn",
  "unionpay-crypto",
  "sm2-sm3-sm4",
];

for (const kind of OWN) {
  test(`${kind} vectors computed by another implementation come out`, () => {
    const { results, passed } = runVectors(kind, read(kind, "own/").vectors);
    assert.deepEqual(
      results.filter((result) => !result.pass),
      [],
    );
    assert.ok(passed >= 2);
  });
}

for (const kind of vectorKinds) {
  test(`all published ${kind} vectors come out`, () => {
    const { vectors } = read(kind);
    const { results, passed } = runVectors(kind, vectors);
    assert.deepEqual(
      results.filter((result) => !result.pass),
      [],
    );
    assert.equal(passed, vectors.length);
    assert.ok(passed > 0);
  });

  test(`a changed ${kind} vector fails`, () => {
    const { vectors } = read(kind);
    const changed = vectors.map((vector) => ({ ...vector, outputs: alter(vector.outputs) }));
    const run = runVectors(kind, changed);
    assert.equal(run.passed, 0);
  });
}

/** Another value for every output; a refusal becomes a value. */
function alter(outputs: Record<string, unknown>): Record<string, unknown> {
  if ("error" in outputs) return { pin: "1234", key: "00" };
  return Object.fromEntries(
    Object.entries(outputs).map(([name, value]) => [
      name,
      typeof value === "string" ? value.replace(/.$/, (last) => (last === "0" ? "1" : "0")) : -1,
    ]),
  );
}

test("a kind that is not known fails every row and says so", () => {
  const run = runVectors("horoscope", [{ name: "a", inputs: {}, outputs: {} }]);
  assert.deepEqual(run, {
    kind: "horoscope",
    known: false,
    passed: 0,
    failed: 1,
    results: [
      { name: "a", pass: false, why: "vectors of kind horoscope are not known", covered: false },
    ],
  });
});

test("a row that cannot be read fails with its reason, without a stack", () => {
  const rows = [null, { name: "b", inputs: {} }, { name: "c", inputs: {}, outputs: { pvv: "1" } }];
  const { results, failed } = runVectors("pvv", rows);
  assert.equal(failed, 3);
  assert.match(JSON.stringify(results), /no inputs or no outputs.*input pin is missing/s);
  const wrong = { name: "d", inputs: { algorithm: "TDES", key: "0g" }, outputs: { kcv: "00" } };
  assert.match(JSON.stringify(runVectors("kcv", [wrong]).results), /input key is not hex/);
});

test("what can never be right is a refusal where one is published, and only there", () => {
  const data = { algorithm: 1, cipher: "TDES", key: "0".repeat(32), data: "00", padding: 4 };
  const row = (outputs: Record<string, string>) => [{ name: "e", inputs: data, outputs }];
  assert.equal(runVectors("mac", row({ error: "no such padding" })).passed, 1);
  const [wrong] = runVectors("mac", row({ mac: "00" })).results;
  assert.match(JSON.stringify(wrong), /padding is not 1, 2 or 3/);
  const missing = [{ name: "f", inputs: {}, outputs: { error: "refused" } }];
  assert.equal(runVectors("mac", missing).passed, 0);
});
