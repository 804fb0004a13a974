import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fromHex } from "@tillway/bytes";
import { specimenCaKey } from "../card/specimen.ts";
import { parseContactlessConfiguration } from "./configuration.ts";
import { DEFAULT_COMBINATIONS, DEFAULT_CONTACTLESS_TERMINAL } from "./defaults.ts";
import { unionpayParameters } from "./unionpay-parameters.ts";

const WHOLE = {
  terminal: DEFAULT_CONTACTLESS_TERMINAL,
  keySet: "test",
  caKeys: [specimenCaKey({ aid: "A000000333010101" })],
  combinations: DEFAULT_COMBINATIONS,
};

function problemsOf(change: object): readonly string[] {
  const parsed = parseContactlessConfiguration({ ...WHOLE, ...change });
  return parsed.ok ? [] : parsed.problems;
}

test("the defaults are a configuration, and go through JSON unchanged", () => {
  const parsed = parseContactlessConfiguration(JSON.parse(JSON.stringify(WHOLE)));
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.configuration.combinations, DEFAULT_COMBINATIONS);
});

const [unionpay, , , visa, mastercard] = DEFAULT_COMBINATIONS;

for (const [what, combination, problem] of [
  ["an AID", { ...visa, aid: "A000" }, "combinations[0].aid: hex digits of 5 to 16 bytes"],
  ["a kernel", { ...visa, kernel: 5 }, "combinations[0].kernel: 2 or 3 or 4 or 7"],
  ["qualifiers", { ...visa, ttq: "" }, "combinations[0].ttq: hex digits of 4 bytes"],
  [
    "a limit",
    { ...visa, limits: { cvm: "1.5" } },
    "combinations[0].limits.cvm: one to twelve digits, minor units",
  ],
  ["kernel 2's data", { ...mastercard, mchip: undefined }, "combinations[0].mchip: an object"],
  [
    "the small amount's currency",
    { ...unionpay, smallAmount: { limit: "1", currency: "CNY" } },
    "combinations[0].smallAmount.currency: three digits",
  ],
] as const) {
  test(`a wrong form of ${what} is named`, () => {
    assert.ok(problemsOf({ combinations: [combination] }).includes(problem));
  });
}

test("keys and terminal are checked as for contact; rows are each once", () => {
  assert.ok(
    problemsOf({ keySet: "live" }).some((problem) => problem.startsWith("caKeys[0].label")),
  );
  assert.ok(problemsOf({ terminal: {} }).some((problem) => problem.startsWith("terminal.")));
  assert.deepEqual(problemsOf({ combinations: [visa, visa] }), [
    "combinations: each AID and kernel once",
  ]);
  assert.ok(problemsOf({ combinations: [] }).includes("combinations: at least one"));
  assert.ok(problemsOf({ combinations: 7 }).includes("combinations: a list"));
});

test("the same AID with two kernels is two combinations", () => {
  assert.ok(visa && mastercard);
  const both = [visa, { ...mastercard, aid: visa.aid }];
  assert.deepEqual(problemsOf({ combinations: both }), []);
});

function published(): { tlv: string } {
  const file = new URL("../../../../vectors/unionpay-terminal-params.json", import.meta.url);
  const { vectors } = JSON.parse(readFileSync(file, "utf8")) as {
    vectors: { inputs: { tlv?: string } }[];
  };
  const tlv = vectors[0]?.inputs.tlv;
  assert.ok(tlv);
  return { tlv };
}

test("UnionPay's published parameters: limits and action codes of the row", () => {
  const parsed = unionpayParameters(fromHex(published().tlv));
  assert.ok(parsed.ok);
  const { combination } = parsed;
  assert.equal(combination.aid, "A000000333010101");
  assert.deepEqual(combination.limits, { transaction: "100000", cvm: "10000", floor: "50000" });
  assert.deepEqual(combination.actionCodes, {
    default: "FCF0E40800",
    online: "FCF8E4F880",
    denial: "0010000000",
  });
  assert.deepEqual([combination.partialMatch, combination.onlinePin], [true, true]);
  assert.deepEqual(combination.smallAmount, { limit: "100000", currency: "156" });
  assert.deepEqual(problemsOf({ combinations: [combination] }), []);
});

for (const [what, tlv] of [
  ["garbage", "9F06FF"],
  ["no AID", "DF0101"],
  ["an amount of letters", "9F0608A000000333010101DF200600000010000A"],
  ["a short amount", "9F0608A000000333010101DF20020000"],
  ["nothing", ""],
] as const) {
  test(`UnionPay parameters with ${what} are refused`, () => {
    assert.equal(unionpayParameters(fromHex(tlv)).ok, false);
  });
}
