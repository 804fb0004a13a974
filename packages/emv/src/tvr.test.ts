import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex, toHex } from "@tillway/bytes";
import {
  describeTsi,
  describeTvr,
  hasBit,
  TSI_BITS,
  tsiNames,
  TVR_BITS,
  tvrNames,
  withBit,
} from "./tvr.ts";

test("each TVR bit stands where Book 3 Annex C5 puts it", () => {
  const seen = Object.values(TVR_BITS).map((bit) => toHex(withBit(new Uint8Array(5), bit)));
  const expected = `
    8000000000 4000000000 2000000000 1000000000 0800000000 0400000000
    0200000000 0080000000 0040000000 0020000000 0010000000 0008000000
    0000800000 0000400000 0000200000 0000100000 0000080000 0000040000
    0000008000 0000004000 0000002000 0000001000 0000000800 0000000080
    0000000040 0000000020 0000000010`;
  assert.deepEqual(seen, expected.trim().split(/\s+/));
});

test("each TSI bit stands where Book 3 Annex C6 puts it", () => {
  const seen = Object.values(TSI_BITS).map((bit) => toHex(withBit(new Uint8Array(2), bit)));
  assert.deepEqual(seen, ["8000", "4000", "2000", "1000", "0800", "0400"]);
});

test("setting a bit leaves the value given as it was", () => {
  const before = new Uint8Array(5);
  const after = withBit(before, TVR_BITS.expired);
  assert.equal(toHex(before), "0000000000");
  assert.equal(hasBit(after, TVR_BITS.expired), true);
  assert.equal(hasBit(before, TVR_BITS.expired), false);
  assert.equal(hasBit(new Uint8Array(0), TVR_BITS.expired), false);
});

test("values are told by name and by meaning, bits without a meaning as reserved", () => {
  assert.deepEqual(tvrNames(fromHex("0000008040")), [
    "floorLimitExceeded",
    "issuerAuthenticationFailed",
  ]);
  assert.deepEqual(describeTvr(fromHex("8000000001")), [
    "Offline data authentication was not performed",
    "Reserved (byte 5 bit 1)",
  ]);
  assert.deepEqual(tsiNames(fromHex("2400")), [
    "cardRiskManagementPerformed",
    "scriptProcessingPerformed",
  ]);
  assert.deepEqual(describeTsi(fromHex("0001")), ["Reserved (byte 2 bit 1)"]);
});
