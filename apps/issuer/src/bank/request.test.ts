import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fromHex, toHex } from "@tillway/bytes";
import { encodeTlvs } from "@tillway/emv";
import type { TransactionName } from "@tillway/transactions";
import { parseRequest } from "./request.ts";

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

function read(changes: Record<string, string | undefined>, type: TransactionName = "sale") {
  const fields = Object.entries({ ...sale, ...changes }).filter(([, value]) => value !== undefined);
  return parseRequest(type, Object.fromEntries(fields));
}

test("a chip sale is read with its counter, amount and card sequence number", () => {
  const parsed = read({});
  assert.ok(parsed.ok);
  const { request } = parsed;
  assert.deepEqual([request.amount, request.psn, request.chip?.atc], [2580n, "01", 0x0102]);
  assert.deepEqual([request.entry, request.expiry, request.currency], ["chip", "3012", "156"]);
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

test("a stripe gives expiry, service code and discretionary data", () => {
  const stripe = {
    "14": undefined,
    "22": "021",
    "35": "6226000000001235=30122200000012",
    "55": undefined,
  };
  const parsed = read(stripe);
  assert.ok(parsed.ok);
  const { request } = parsed;
  assert.deepEqual([request.entry, request.expiry], ["stripe", "3012"]);
  assert.deepEqual(request.stripe, {
    expiry: "3012",
    serviceCode: "220",
    discretionary: "0000012",
  });
});

test("what follows another message names it, and its chip may be silent", () => {
  const original = "020000000111230415000004802100000048021000";
  assert.ok(!read({ "90": undefined }, "sale void").ok);
  assert.ok(!read({ "90": "1" }, "sale void").ok);
  const parsed = read({ "90": original, "55": "9F36020001" }, "sale void");
  assert.ok(parsed.ok);
  assert.equal(parsed.request.originalKey, "11230415000000010004802100000048021000");
  assert.equal(parsed.request.chip, undefined);
});

test("an instalment sale has a plan, a transfer's receiver is a card number", () => {
  assert.ok(!read({ "122": "IP12" }, "instalment sale").ok);
  const plan = read({ "122": "IP12A11               " }, "instalment sale");
  assert.ok(plan.ok);
  assert.deepEqual(plan.request.plan, { periods: 12, code: "A1", feePayer: "merchant" });
  assert.ok(!read({ "103": "friend" }, "transfer").ok);
  assert.ok(read({ "103": "6216261000000000018" }, "transfer").ok);
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
