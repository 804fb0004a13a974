import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  inspectConsumerCode,
  inspectMerchantCode,
  runQrVectors,
  writeConsumerCode,
  writeMerchantCode,
} from "./index.ts";

type Row = {
  readonly name: string;
  readonly inputs: { readonly payload?: string; readonly base64?: string };
  readonly outputs: Record<string, unknown>;
};
type File = { readonly kind: string; readonly vectors: readonly Row[] };

const file = JSON.parse(
  readFileSync(new URL("../../../vectors/emv-qr.json", import.meta.url), "utf8"),
) as File;

const decimals = (): number => 2;

test("every published vector passes", () => {
  const run = runQrVectors(file.kind, file.vectors);
  assert.deepEqual(
    run.results.filter((result) => !result.pass),
    [],
  );
  assert.equal(run.known, true);
  assert.equal(run.passed, file.vectors.length);
  assert.ok(run.passed >= 13);
});

test("a vector with any other published value fails with the output's name", () => {
  const altered = file.vectors.flatMap((row) =>
    Object.keys(row.outputs).map((name) => ({
      ...row,
      outputs: { ...row.outputs, [name]: name === "tlv" ? [["85", "00"]] : "0000" },
    })),
  );
  const run = runQrVectors(file.kind, altered);
  assert.equal(run.passed, 0);
  for (const result of run.results) {
    assert.ok(!result.pass && result.covered && result.why.startsWith("another value of"));
  }
});

test("an altered amount is a wrong CRC, as a flag, as an error and with either CRC", () => {
  const published = file.vectors.find(({ name }) => name === "Pix with amount BR");
  const payload = published?.inputs.payload?.replace("150.00", "850.00");
  const inputs = { payload };
  const rows = [
    { name: "flag", inputs, outputs: { crcValid: false } },
    { name: "carried", inputs, outputs: { crcValid: false, crc: "5F53" } },
    { name: "error", inputs, outputs: { error: "crc" } },
    { name: "neither", inputs, outputs: { crcValid: false, crc: "5F54" } },
    { name: "taken for right", inputs, outputs: { crcValid: true } },
    { name: "right after all", inputs: published?.inputs, outputs: { error: "crc" } },
  ];
  const passes = runQrVectors("emv-qr", rows).results.map(({ pass }) => pass);
  assert.deepEqual(passes, [true, true, true, false, false, false]);
});

test("rows that cannot be read, and kinds that are not known, fail with their reason", () => {
  const whys = (kind: string, rows: unknown): (string | undefined)[] =>
    runQrVectors(kind, rows).results.map((result) => (result.pass ? undefined : result.why));
  assert.deepEqual(whys("emv-qr", [null, { inputs: {}, outputs: {} }]), [
    "the vector has no inputs or no outputs",
    "nothing is published",
  ]);
  assert.deepEqual(whys("emv-qr", [{ inputs: { nothing: 1 }, outputs: { crc: "29B1" } }]), [
    "no known inputs",
  ]);
  assert.deepEqual(whys("emv-qr", [{ inputs: { base64: "hQ=" }, outputs: { hex: "85" } }]), [
    "refused: base64 comes in groups of four characters",
  ]);
  assert.deepEqual(whys("emv-qr", [{ inputs: { payload: "000201" }, outputs: { crc: "" } }]), [
    "refused: the CRC (63) is missing",
  ]);
  assert.equal(runQrVectors("cvv", [{}]).known, false);
});

test("every published code is read, and written again to the same text", () => {
  let merchant = 0;
  let consumer = 0;
  for (const { inputs } of file.vectors) {
    if (inputs.payload !== undefined) {
      const { objects } = inspectMerchantCode(inputs.payload, { decimals });
      assert.equal(writeMerchantCode(objects), inputs.payload);
      merchant += 1;
    }
    if (inputs.base64 !== undefined) {
      assert.equal(writeConsumerCode(inspectConsumerCode(inputs.base64).elements), inputs.base64);
      consumer += 1;
    }
  }
  assert.deepEqual([merchant, consumer], [8, 4]);
});

test("departures of published codes are named, and those that keep the rules have none", () => {
  const faults = file.vectors.flatMap(({ inputs }) => {
    const reading =
      inputs.payload !== undefined
        ? inspectMerchantCode(inputs.payload, { decimals: (code) => (code === "392" ? 0 : 2) })
        : inputs.base64 !== undefined
          ? inspectConsumerCode(inputs.base64)
          : undefined;
    const found = reading?.faults.map(({ code, path }) => `${path.join(".")} ${code}`);
    return found === undefined ? [] : [found.join(", ")];
  });
  assert.deepEqual(faults, [
    "54 value",
    "",
    "62.09 value, 62.50 template",
    "62.09 length, 56 conflict, 57 conflict",
    "",
    "",
    "52 missing, 59 missing, 60 missing, 38.01 template",
    "52 missing, 59 missing, 60 missing",
    "",
    "",
    "",
    "62.9F19 length",
  ]);
});
