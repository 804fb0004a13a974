import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import known from "../../data/known-cryptograms.json" with { type: "json" };
import { toHex } from "@tillway/bytes";
import { evidenceIn } from "./known-keys.ts";
import { runEmvVectors } from "./run.ts";

type Row = {
  name: string;
  inputs: Record<string, unknown>;
  outputs: Record<string, unknown>;
};

function vectorsOf(kind: string): Row[] {
  const url = new URL(`../../../../vectors/${kind}.json`, import.meta.url);
  return (JSON.parse(readFileSync(url, "utf8")) as { vectors: Row[] }).vectors;
}

const transcripts = ["emv-contact-transcripts", "emv-contactless-transcripts"].flatMap(vectorsOf);

function only(kind: string, row: unknown): ReturnType<typeof runEmvVectors>["results"][number] {
  const [result] = runEmvVectors(kind, [row]).results;
  assert.ok(result);
  return result;
}

for (const kind of ["emv-oda", "emv-capk", "emv-known-test-keys"]) {
  describe(`published ${kind}`, () => {
    const rows = vectorsOf(kind);

    test("all pass", () => {
      const run = runEmvVectors(kind, rows, { transcripts });
      assert.deepEqual(
        run.results.filter(({ pass }) => !pass),
        [],
      );
      assert.deepEqual([run.known, run.passed, run.failed], [true, rows.length, 0]);
    });

    test("any other published value fails", () => {
      for (const row of rows.slice(0, 20)) {
        for (const [name, value] of Object.entries(row.outputs)) {
          if (typeof value !== "string" || name === "sha1Origin") continue;
          const other = value.startsWith("0") ? `1${value.slice(1)}` : `0${value.slice(1)}`;
          const result = only(kind, { ...row, outputs: { ...row.outputs, [name]: other } });
          assert.equal(result.pass, false, `${row.name} ${name}`);
        }
      }
    });
  });
}

describe("refusals", () => {
  const [certificate] = vectorsOf("emv-oda");
  const dda = vectorsOf("emv-oda").find(({ name }) => name.startsWith("DDA"));
  assert.ok(certificate && dda);
  const tampered = (text: unknown): string =>
    `${String(text).slice(0, 40)}00${String(text).slice(42)}`;

  for (const outputs of [{ error: "signature" }, { valid: false }, { recovered: false }]) {
    test(`a tampered certificate published as ${JSON.stringify(outputs)} passes as refused`, () => {
      const inputs = { ...certificate.inputs, tag90: tampered(certificate.inputs["tag90"]) };
      assert.equal(only("emv-oda", { name: "x", inputs, outputs }).pass, true);
      assert.equal(only("emv-oda", { ...certificate, outputs }).pass, false);
    });
  }

  test("a tampered signature is refused; a right one published as true passes", () => {
    const inputs = { ...dda.inputs, tag9F4B: tampered(dda.inputs["tag9F4B"]) };
    assert.equal(only("emv-oda", { inputs, outputs: { valid: false } }).pass, true);
    assert.equal(only("emv-oda", { ...dda, inputs }).pass, false);
    assert.equal(only("emv-oda", { ...dda, outputs: { valid: true } }).pass, true);
  });

  test("rows that cannot be read fail with their reason", () => {
    for (const row of [
      7,
      { inputs: {}, outputs: {} },
      { inputs: {}, outputs: { hash: "00" } },
      { inputs: { tag90: "00", capk: { rid: "00", index: "00" } }, outputs: { serial: "00" } },
      { inputs: { tag9F4B: "00" }, outputs: { hash: "00" } },
      { inputs: { tag93: "00" }, outputs: { hash: "00" } },
    ]) {
      const result = only("emv-oda", row);
      assert.ok(!result.pass && result.why.length > 0);
    }
    assert.equal(runEmvVectors("emv-qr", [dda]).known, false);
  });
});

describe("issuers' test keys", () => {
  const rows = vectorsOf("emv-known-test-keys");

  test("the cryptograms known by heart are those of the transcripts", () => {
    const evidence = evidenceIn(transcripts);
    for (const { cryptogram, pan, psn, values } of known) {
      const found = evidence.some(
        (entry) =>
          entry.pan === pan &&
          entry.psn === psn &&
          Object.entries(values).every(
            ([tag, value]) => toHex(entry.values.get(tag) ?? new Uint8Array(0)) === value,
          ),
      );
      assert.ok(found, cryptogram);
    }
  });

  test("another key is refuted by what it makes of the same transactions", () => {
    for (const row of rows) {
      const result = only("emv-known-test-keys", {
        ...row,
        inputs: { imkAc: "0123456789ABCDEFFEDCBA9876543210" },
      });
      assert.ok(!result.pass && result.why.startsWith("another cryptogram than"));
    }
  });

  test("cryptograms without a transaction at hand are named, and prove nothing alone", () => {
    const [visa] = rows;
    assert.ok(visa);
    const result = only("emv-known-test-keys", visa);
    assert.deepEqual([result.pass, result.notCompared], [true, ["48325309BE82CBA2"]]);
    const alone = { ...visa, outputs: { matches: ["48325309BE82CBA2 (4761739001010010)"] } };
    const unproven = only("emv-known-test-keys", alone);
    assert.ok(!unproven.pass && !unproven.covered);
  });

  test("claims that cannot be read fail with their reason", () => {
    for (const row of [
      { inputs: { imkAc: "00" }, outputs: { matches: ["48325309BE82CBA2"] } },
      { inputs: { imkAc: "00".repeat(16) }, outputs: { matches: "48325309BE82CBA2" } },
    ]) {
      assert.equal(only("emv-known-test-keys", row).pass, false);
    }
  });
});
