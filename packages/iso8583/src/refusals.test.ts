import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex } from "@tillway/bytes";
import { decode, encode, MessageError, unionpayPos } from "./index.ts";

function refusal(run: () => unknown): [string, string[], number] {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof MessageError, String(error));
    return [error.code, error.path, error.offset];
  }
  return assert.fail("nothing was refused");
}

test("a bad message is refused with code, path and offset", () => {
  const at = (hex: string): [string, string[], number] =>
    refusal(() => decode(unionpayPos, fromHex(hex)));
  assert.deepEqual(at("02"), ["short", [], 0]);
  assert.deepEqual(at("02A0"), ["mti", [], 0]);
  assert.deepEqual(at("020020"), ["short", [], 2]);
  assert.deepEqual(at("0200A0000000000000000000000000000000"), ["bitmap", [], 2]);
  assert.deepEqual(at("02000800000000000000"), ["field", ["5"], 2]);
  assert.deepEqual(at("020020000000000000000000"), ["short", ["3"], 10]);
  assert.deepEqual(at("0200200000000000000000A000"), ["characters", ["3"], 11]);
  assert.deepEqual(at("0200200000000000000000000000"), ["leftover", [], 13]);
  assert.deepEqual(at("02000000040000000000021A"), ["padding", ["22"], 11]);
  assert.deepEqual(at("0200000002000000000010 01".replace(" ", "")), ["padding", ["23"], 10]);
  assert.deepEqual(at("02004000000000000000"), ["short", ["2"], 10]);
  assert.deepEqual(at("020040000000000000001A"), ["length", ["2"], 10]);
  assert.deepEqual(at("0200400000000000000020"), ["length", ["2"], 10]);
  assert.deepEqual(at("0200400000000000000004"), ["short", ["2"], 11]);
  assert.deepEqual(at("0200000000000080000041424344 4546 47 0A".replaceAll(" ", "")), [
    "characters",
    ["41"],
    17,
  ]);
  assert.deepEqual(at("0200000000000000020000059F2608A1B2"), ["structure", ["55", "9F26"], 12]);
  assert.deepEqual(at("0200000000000000020000019F"), ["structure", ["55"], 12]);
});

test("what cannot be encoded is refused", () => {
  const of = (fields: Record<string, string>, mti = "0200"): [string, string[], number] =>
    refusal(() => encode(unionpayPos, { mti, fields }));
  assert.deepEqual(of({}, "200"), ["mti", [], 0]);
  assert.deepEqual(of({ "3": "00000" }), ["length", ["3"], 10]);
  assert.deepEqual(of({ "3": "0000000" }), ["length", ["3"], 10]);
  assert.deepEqual(of({ "3": "00000x" }), ["characters", ["3"], 10]);
  assert.deepEqual(of({ "2": "1".repeat(20) }), ["length", ["2"], 10]);
  assert.deepEqual(of({ "52": "01" }), ["length", ["52"], 10]);
  assert.deepEqual(of({ "52": "0123456789ABCDE" }), ["characters", ["52"], 10]);
  assert.deepEqual(of({ "39": "银行" }), ["characters", ["39"], 10]);
  assert.deepEqual(of({ "63": "\u0000" }), ["characters", ["63"], 10]);
  assert.deepEqual(of({ "5": "1" }), ["field", ["5"], 2]);
  assert.deepEqual(of({ "1": "1" }), ["field", ["1"], 2]);
  assert.deepEqual(of({ "03": "000000" }), ["field", [], 2]);
  assert.deepEqual(of({ "6200001234567892": "1" }), ["field", [], 2]);
  assert.deepEqual(of({ "2": "620000******7892" }), ["masked", ["2"], 10]);
  assert.deepEqual(of({ "35": "***" }), ["masked", ["35"], 10]);
  assert.deepEqual(of({ "59": "*" }), ["masked", ["59"], 10]);
  const odd: unknown = { "3": 0 };
  assert.deepEqual(of(odd as Record<string, string>), ["type", ["3"], 10]);
  assert.deepEqual(encode(unionpayPos, { mti: "0200", fields: { "63": "5***" } }).length, 16);
});
