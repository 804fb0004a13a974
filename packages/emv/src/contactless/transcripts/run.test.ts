import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { fromHex, toHex } from "@tillway/bytes";
import { applicationCryptogram, deriveIccKey } from "@tillway/keys";
import { cryptogramData } from "../../card/cryptogram.ts";
import { readTranscript } from "./read.ts";
import type { Transcript } from "./read.ts";
import { CONTACTLESS_TRANSCRIPTS, playTranscript, runContactlessTranscripts } from "./run.ts";
import type { Replay } from "./replay.ts";

type Row = { name: string; inputs: Record<string, unknown>; outputs: Record<string, unknown> };

function rowsOf(name: string): Row[] {
  const file = new URL(`../../../../../vectors/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { vectors: Row[] }).vectors;
}

const rows = rowsOf("emv-contactless-transcripts");

for (const row of rows) {
  test(`reproduced: ${row.name}`, () => {
    const run = runContactlessTranscripts([row]);
    const [result] = run.results;
    assert.deepEqual([result?.pass, result && "why" in result ? result.why : ""], [true, ""]);
    const compared = [...(result?.reproduced ?? []), ...(result?.notCompared ?? [])];
    assert.deepEqual(compared.sort(), Object.keys(row.outputs).sort());
    const texts = ["notes", "sessionKeyDerivation"];
    assert.deepEqual(
      result?.notCompared.filter((name) => !texts.includes(name)),
      [],
    );
    assert.deepEqual([run.kind, run.known], [CONTACTLESS_TRANSCRIPTS, true]);
  });
}

function transcriptOf(start: string): Transcript {
  const row = rows.find((entry) => entry.name.startsWith(start));
  const transcript = readTranscript(row);
  assert.ok(typeof transcript === "object", start);
  return transcript;
}

function playOf(start: string): Replay {
  const played = playTranscript(transcriptOf(start));
  assert.ok(played);
  return played;
}

for (const [start, path, method, cvm, tvr] of [
  ["Mastercard kernel 2 contactless", ["approved"], "cda", "signature", "0000000000"],
  ["Mastercard kernel 2 with IDS", ["online-request", "approved"], "cda", "none", "0000000001"],
  [
    "Mastercard kernel 2 EMV mode",
    ["online-request", "approved"],
    "cda",
    "online-pin",
    "0000040001",
  ],
  ["Amex", ["online-request", "approved"], "cda", "none", "0000000000"],
  ["Visa kernel 3", ["approved"], "fdda", "none", "0000000000"],
  ["UnionPay qPBOC", ["online-request", "approved"], "none", "none", "0000000000"],
] as const) {
  test(`${start}: every command as recorded, ${path.join(" then ")}`, () => {
    const { outcome, matches } = playOf(start);
    assert.deepEqual([...new Set(matches)], ["exact"]);
    assert.deepEqual([outcome.path, outcome.cvm, outcome.tvr], [path, cvm, tvr]);
    assert.equal(outcome.authentication.method, method);
    if (method !== "none") assert.equal(outcome.authentication.result, "passed");
  });
}

test("the Visa cryptogram is the one its known issuer key makes (CVN 17)", () => {
  const keys = rowsOf("emv-known-test-keys");
  const key = keys.find((row) => row.name.startsWith("Visa"))?.inputs["imkAc"];
  assert.ok(typeof key === "string");
  const { tap, outcome } = playOf("Visa kernel 3");
  assert.ok(tap);
  const values = new Map([...tap.emv.card, ...tap.emv.terminal]);
  const data = cryptogramData("visa-17", values);
  assert.ok(data);
  const iccKey = deriveIccKey(fromHex(key), outcome.pan ?? "", outcome.psn ?? "00", "A");
  const made = toHex(applicationCryptogram(iccKey, data, "visa"));
  assert.equal(made, outcome.cryptogram?.value);
});

function tampered(start: string, command: string, at: number): Transcript {
  const transcript = transcriptOf(start);
  const apdus = transcript.apdus.map(({ c, r }) => {
    if (!c.startsWith(command)) return { c, r };
    const bytes = fromHex(r);
    bytes[at] = (bytes[at] ?? 0) ^ 0x01;
    return { c, r: toHex(bytes) };
  });
  return { ...transcript, apdus };
}

for (const [start, command, at] of [
  ["Mastercard kernel 2 contactless", "80AE", 40],
  ["Mastercard kernel 2 contactless", "00B2011400", 60],
  ["Mastercard kernel 2 EMV mode", "00B2011C00", 60],
  ["Visa kernel 3", "80A8", 20],
  ["Visa kernel 3", "00B2011C00", 16],
  ["Visa kernel 3", "00B2031400", 40],
  ["Amex", "80AE", 40],
] as const) {
  test(`${start}, tampered answer to ${command}: not reproduced`, () => {
    const { apdus, inputs, outputs } = tampered(start, command, at);
    const run = runContactlessTranscripts([
      { name: "tampered", inputs: { ...inputs, apdus }, outputs },
    ]);
    assert.equal(run.failed, 1);
  });
}

test("another published value, or a row of another shape, fails with its reason", () => {
  const row = rows.find((entry) => entry.name.startsWith("UnionPay"));
  assert.ok(row);
  const changed = { ...row, outputs: { ...row.outputs, ac: "0000000000000000" } };
  const { results } = runContactlessTranscripts([
    changed,
    { name: "odd" },
    7,
    { ...row, inputs: {} },
  ]);
  assert.deepEqual(
    results.map((result) => ("why" in result ? result.why : "passed")),
    [
      "not reproduced: ac",
      "the vector has no inputs or no outputs",
      "the vector has no inputs or no outputs",
      "the vector has no exchanges",
    ],
  );
});

test("transcripts of any bytes never make it throw", () => {
  const whole = rows.map((row) => JSON.stringify(row));
  const hex = "0123456789ABCDEF";
  fc.assert(
    fc.property(
      fc.nat({ max: rows.length - 1 }),
      fc.array(fc.tuple(fc.nat(), fc.nat({ max: 15 })), { minLength: 1, maxLength: 4 }),
      (which, changes) => {
        let text = whole[which] ?? "";
        const start = text.indexOf('"apdus"');
        for (const [at, digit] of changes) {
          const place = start + (at % (text.indexOf('"outputs"') - start));
          if (!hex.includes(text.charAt(place))) continue;
          text = text.slice(0, place) + hex.charAt(digit) + text.slice(place + 1);
        }
        const run = runContactlessTranscripts([JSON.parse(text)]);
        assert.equal(run.results.length, 1);
      },
    ),
    { numRuns: 200 },
  );
});

test("an application no kernel takes is told as not covered", () => {
  const select = "6F0E8409F00000000102030405A5015000";
  const row = {
    name: "unknown",
    inputs: { apdus: [{ c: "00A4040009F0000000010203040500", r: `${select}9000` }] },
    outputs: { aid: "F00000000102030405" },
  };
  const [result] = runContactlessTranscripts([row]).results;
  assert.deepEqual(result, {
    name: "unknown",
    pass: false,
    why: "not covered: no kernel for this application",
    covered: false,
    reproduced: [],
    notCompared: [],
  });
});
