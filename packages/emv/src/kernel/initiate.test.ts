import assert from "node:assert/strict";
import { test } from "node:test";
import { AID, fciOf, ONLINE, PAN, play, tlv } from "./testing/scripted-card.ts";
import type { Scene } from "./testing/scripted-card.ts";

const ENDED = ["terminated", "card-error"];

function outcomeOf(scene: Scene): readonly (string | undefined)[] {
  const { outcome } = play(scene);
  return [outcome.result, outcome.reason];
}

test("the PDOL is answered with what it asks for, unknown tags as zeros", () => {
  const { commands } = play({ pdol: "9F1A025F2A029F02069C01DF8001029F3501" });
  const options = commands.find((command) => command.startsWith("80A8"));
  assert.equal(options, "80A8000010830E015601560000000025800000002200");
});

test("profile and file locator come in both formats", () => {
  const tagged = tlv("77", tlv("82", "1C00") + tlv("94", "08010100"));
  assert.deepEqual(outcomeOf({ replies: { "80A8": `${tagged}9000` } }), ["approved", undefined]);
  assert.deepEqual(outcomeOf({}), ["approved", undefined]);
});

for (const [what, reply] of [
  ["a refusal", "6A81"],
  ["nothing but a status word", "9000"],
  ["no status word", "80"],
  ["a profile of one byte", "80011C9000"],
  ["no file locator", "80021C009000"],
  ["format 2 without a profile", `${tlv("77", tlv("94", "08010100"))}9000`],
  ["format 2 without a file locator", `${tlv("77", tlv("82", "1C00"))}9000`],
  ["another template", `${tlv("70", tlv("82", "1C00"))}9000`],
  ["a length beyond the end", "800A1C009000"],
] as const) {
  test(`GET PROCESSING OPTIONS answered with ${what}: terminated`, () => {
    assert.deepEqual(outcomeOf({ replies: { "80A8": reply } }), ENDED);
  });
}

for (const [what, afl] of [
  ["three bytes", "080101"],
  ["file 0", "00010100"],
  ["file 31", "F8010100"],
  ["low bits of the file", "09010100"],
  ["record 0", "08000100"],
  ["a last record before the first", "08020100"],
  ["more signed records than records", "08010102"],
  ["more than 255 records", "0801FF001001FF00"],
] as const) {
  test(`an AFL with ${what}: terminated before any record is read`, () => {
    const { outcome, commands } = play({ afl });
    assert.deepEqual([outcome.result, outcome.reason], ENDED);
    assert.ok(commands.every((command) => !command.startsWith("00B2")));
  });
}

for (const [what, reply] of [
  ["not found", "6A83"],
  ["in another template", "71009000"],
  ["cut off", "70055A0162109000"],
  ["followed by more", "7000FF9000"],
] as const) {
  test(`a record ${what}: terminated`, () => {
    assert.deepEqual(outcomeOf({ replies: { "00B2010C": reply } }), ENDED);
  });
}

for (const tag of ["5A", "5F24", "8C", "8D"]) {
  test(`mandatory ${tag} missing: terminated`, () => {
    assert.deepEqual(outcomeOf({ tags: { [tag]: "" } }), ENDED);
  });
}

for (const [what, tags] of [
  ["a PAN with letters", { "5A": "62109400000000AB" }],
  ["a thirteenth month", { "5F24": "301331" }],
  ["an effective date of day 0", { "5F25": "300100" }],
  ["a CDOL that ends within a tag", { "8C": "9F" }],
] as const) {
  test(`${what}: terminated`, () => {
    assert.deepEqual(outcomeOf({ tags }), ENDED);
  });
}

test("the same data object in two records: terminated", () => {
  const scene = {
    afl: "0801010010010100",
    replies: { "00B20114": `${tlv("70", tlv("5F34", "02"))}9000` },
  };
  assert.deepEqual(outcomeOf(scene), ENDED);
  const other = { ...scene, replies: { "00B20114": `${tlv("70", tlv("9F44", "02"))}9000` } };
  assert.deepEqual(outcomeOf(other), ["approved", undefined]);
});

test("files 11 to 30 need no template", () => {
  const afl = "0801010058010100";
  assert.deepEqual(outcomeOf({ afl, replies: { "00B2015C": "1234569000" } }), [
    "approved",
    undefined,
  ]);
});

test("the card cannot set what the terminal sets", () => {
  const foreign = tlv(
    "70",
    tlv("95", "FFFFFFFFFF") +
      tlv("9F02", "000000000001") +
      tlv("8A", "3030") +
      tlv("9F1E", "41".repeat(8)),
  );
  const { request } = play({
    afl: "0801010010010100",
    application: ONLINE,
    replies: { "00B20114": `${foreign}9000` },
  });
  assert.deepEqual(request?.store.get("9F02"), Uint8Array.of(0, 0, 0, 0, 0x25, 0x80));
  assert.equal(request?.store.get("95")?.[0], 0x80);
  assert.equal(request?.store.has("8A"), false);
  assert.equal(request?.store.has("9F1E"), false);
});

test("an answer in two parts is put together, a corrected length is used", () => {
  const record = play().steps.length;
  const fci = fciOf(AID, tlv("50", "4445424954"));
  const body = fci.slice(0, -4);
  const { outcome, steps } = play({
    replies: {
      [`00A4040008${AID}00`]: "6110",
      "00C0000010": `${body.slice(0, 20)}6104`,
      "00C0000004": `${body.slice(20)}9000`,
      "80CA": "6A88",
    },
  });
  assert.equal(outcome.result, "approved");
  assert.equal(outcome.label, "DEBIT");
  assert.equal(steps.length, record + 4);
  assert.equal(outcome.pan, PAN);
});

test("a card that only ever promises more is given up", () => {
  const { outcome, steps } = play({ replies: { "80A8": "6110", "00C0": "6110" } });
  assert.deepEqual([outcome.result, outcome.reason], ENDED);
  assert.ok(steps.length < 30);
});
