import assert from "node:assert/strict";
import { test } from "node:test";
import { cardOf, tlv } from "../kernel/testing/scripted-card.ts";
import { rehearseTap } from "./rehearsal.ts";
import { readerOf, TRANSACTION } from "./testing/field.ts";
import { directoryOf, entryOf } from "./testing/scripted.ts";

const AID = "A0000000041010";
const TRACK = "5413339000001513D4912101000990000000F";

/** Maps of the published transcript: value in places 2 to 4, number in 5 to 7, counter in 10 to 12. */
const RECORD = {
  "9F65": "000E",
  "9F66": "0E70",
  "9F6B": TRACK.padEnd(38, "F"),
  "9F67": "03",
  "9F69": "9F6A049F7E019F02065F2A029F1A02",
};

function play(
  change: Readonly<Record<string, string>> = {},
  answer = "77109F6102A2C49F360203F9DF4B030000009000",
  profile = "0000",
  amount = "1500",
) {
  const objects = Object.entries({ ...RECORD, ...change }).filter(([, value]) => value !== "");
  const record = tlv("70", objects.map(([name, value]) => tlv(name, value)).join(""));
  const fci = tlv("6F", tlv("84", AID) + tlv("A5", tlv("50", "4D43")));
  return rehearseTap(
    readerOf(),
    { ...TRANSACTION, amount, unpredictableNumber: "33BCA47D" },
    {
      card: cardOf({
        "00A404000E": directoryOf(entryOf(AID)),
        [`00A4040007${AID}`]: `${fci}9000`,
        "80A8": `${tlv("77", tlv("82", profile) + tlv("94", "08010100"))}9000`,
        "00B2010C": `${record}9000`,
        "802A8E80": answer,
      }),
      host: () => "00",
    },
  );
}

test("the number's last digits go to the card, value and counter come into the track", () => {
  const { commands, request, outcome } = play();
  // 33BCA47D is 868000893: 893 fits; A2C4 is 41668: 668; 03F9 is 1017: 017; 3 digits told.
  assert.equal(commands.at(-1), "802A8E800F00000893010000000015000156015600");
  assert.equal(request?.track2, "5413339000001513D4912101017998936683");
  assert.deepEqual([outcome.result, outcome.pan], ["approved", "5413339000001513"]);
});

test("a card without a list of its own gets the number alone", () => {
  const { commands } = play({ "9F69": "" });
  assert.equal(commands.at(-1), "802A8E80040000089300");
});

for (const [what, change] of [
  ["no track", { "9F6B": "" }],
  ["no map of the value", { "9F65": "" }],
  ["no map of the number", { "9F66": "" }],
  ["a map of another length", { "9F66": "0E7000" }],
  ["more places for the counter than places", { "9F67": "07" }],
  ["places outside the track", { "9F65": "E000", "9F6B": "5413339000001513D4912101000F" }],
  ["a track without room", { "9F6B": "5413339000001513D4912101" }],
  ["half of a first track", { "56": "42", "9F62": "000000000007" }],
  [
    "a first track that counts otherwise",
    { "56": "42", "9F62": "000000000007", "9F63": "000000000000", "9F64": "00" },
  ],
] as const) {
  test(`${what}: the card is in error`, () => {
    const { outcome } = play(change);
    assert.deepEqual([outcome.outcome, outcome.reason], ["end-application", "card-error"]);
  });
}

test("a first track that agrees is no obstacle", () => {
  const { outcome } = play({
    "56": "42",
    "9F62": "000000000007",
    "9F63": "000000000038",
    "9F64": "00",
  });
  assert.equal(outcome.result, "approved");
});

for (const [what, answer, reason] of [
  ["a status word", "6985", "card-error"],
  ["no counter", "77059F6102A2C49000", "card-error"],
  ["no value", "77059F360203F99000", "declined-by-card"],
  ["no value and a phone to look at", "770B9F360203F9DF4B030001009000", "see-phone"],
  ["garbage", "77FF9000", "card-error"],
] as const) {
  test(`the checksum answered with ${what}: ${reason}`, () => {
    assert.equal(play({}, answer).outcome.reason, reason);
  });
}

test("a phone: verified where it says so, refused where it promised and did not", () => {
  const verified = "77109F6102A2C49F360203F9DF4B030010009000";
  const large = play({}, verified, "0200", "30001");
  assert.deepEqual([large.outcome.result, large.outcome.cvm], ["approved", "on-device"]);
  // The last digit tells of it: three digits, and five more.
  assert.equal(large.request?.track2.at(-1), "8");
  assert.ok(large.commands.at(-1)?.startsWith("802A8E800F0000089303"));
  const unverified = play({}, undefined, "0200", "30001");
  assert.equal(unverified.outcome.reason, "verification-failed");
  assert.equal(play({}, undefined, "0200", "30000").outcome.cvm, "none");
});

test("a PIN is asked for above the limit", () => {
  const { outcome, steps } = play({}, undefined, "0000", "30001");
  assert.deepEqual([outcome.cvm, outcome.entryMode], ["online-pin", "911"]);
  assert.ok(steps.some((step) => step.type === "enter-online-pin"));
});
