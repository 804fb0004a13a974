import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fromHex, toHex } from "@tillway/bytes";
import { encodeTlvs } from "@tillway/emv";
import { parseSale } from "./request.ts";

const chip = toHex(
  encodeTlvs(
    [
      ["9F26", "1122334455667788"],
      ["9F27", "80"],
      ["9F10", "07010103A0B00001"],
      ["9F37", "01020304"],
      ["9F36", "0102"],
      ["95", "0000000000"],
      ["9A", "261123"],
      ["9C", "00"],
      ["9F02", "000000002580"],
      ["5F2A", "0156"],
      ["82", "7C00"],
      ["9F1A", "0156"],
      ["9F03", "000000000000"],
    ].map(([tag = "", value = ""]) => [tag, fromHex(value)] as const),
  ),
);

const sale = {
  "2": "6226000000001235",
  "3": "000000",
  "4": "000000002580",
  "7": "1123041500",
  "11": "000001",
  "14": "3012",
  "22": "051",
  "23": "001",
  "25": "00",
  "32": "48021000",
  "33": "48021000",
  "41": "10000001",
  "42": "898290058120001",
  "49": "156",
  "52": "0011223344556677",
  "55": chip,
};

function read(changes: Record<string, string | undefined>) {
  const fields = Object.entries({ ...sale, ...changes }).filter(([, value]) => value !== undefined);
  return parseSale(Object.fromEntries(fields));
}

test("a chip sale is read with its counter, amount and card sequence number", () => {
  const parsed = read({});
  assert.ok(parsed.ok);
  const { request } = parsed;
  assert.deepEqual([request.amount, request.psn, request.chip?.atc], [2580n, "01", 0x0102]);
  assert.deepEqual([request.byChip, request.expiry, request.currency], [true, "3012", "156"]);
});

test("a missing field is named", () => {
  for (const number of ["2", "3", "22", "41", "42", "49"]) {
    const parsed = read({ [number]: undefined });
    assert.ok(!parsed.ok && parsed.problem.includes(`field ${number} `));
  }
});

test("a track of another card than field 2 is a format problem", () => {
  assert.ok(!read({ "35": "6226000000009999=30122201234" }).ok);
  assert.ok(read({ "35": "6226000000001235=30122201234" }).ok);
  assert.ok(!read({ "35": "rubbish" }).ok);
});

test("chip data without a mandatory tag is a format problem, no chip data is not", () => {
  assert.ok(!read({ "55": chip.slice(0, -18) }).ok);
  const without = read({ "55": undefined });
  assert.ok(without.ok && without.request.chip === undefined);
});

test("an amount that is not digits is left to the amount rule", () => {
  const parsed = read({ "4": "00000000258x" });
  assert.ok(parsed.ok && parsed.request.amount === undefined);
});

test("whatever stands in field 55, reading it never throws", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const parsed = read({ "55": toHex(bytes) || "00" });
      assert.equal(parsed.ok, false);
    }),
  );
});
