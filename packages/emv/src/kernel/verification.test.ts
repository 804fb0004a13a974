import assert from "node:assert/strict";
import { test } from "node:test";
import { tsiNames, tvrNames } from "../tvr.ts";
import type { TvrBit } from "../tvr.ts";
import { fromHex } from "@tillway/bytes";
import { cryptogramOf, ONLINE, play, tlv } from "./testing/scripted-card.ts";
import type { Scene } from "./testing/scripted-card.ts";

const RANDOM = { threshold: "1000", targetPercentage: 10, maximumTargetPercentage: 60 };
const LIMITS = { "9F14": "02", "9F23": "04" };
const MISSING = ["sdaFailed", "cardDataMissing", "sdaSelected"] as const;

/** The bits a scene sets besides "authentication not performed", which all of them but some set. */
const SCENES: readonly (readonly [string, Scene, readonly TvrBit[]])[] = [
  ["nothing unusual", {}, []],
  ["static authentication without its data", { aip: "5C00" }, MISSING],
  ["dynamic authentication without its data", { aip: "3C00" }, ["cardDataMissing", "ddaFailed"]],
  [
    "dynamic authentication, terminal without",
    { aip: "3C00", terminal: { capabilities: "E06800" } },
    [],
  ],
  ["another application version", { tags: { "9F08": "0021" } }, ["versionsDiffer"]],
  ["the same application version", { tags: { "9F08": "0020" } }, []],
  ["the day after expiry", { tags: { "5F24": "260722" } }, ["expired"]],
  ["the last day", { tags: { "5F24": "260723" } }, []],
  ["a card of the last century", { tags: { "5F24": "991231" } }, ["expired"]],
  ["the day before effect", { tags: { "5F25": "260724" } }, ["notYetEffective"]],
  ["the day of effect", { tags: { "5F25": "260723" } }, []],
  ["only for machines that pay out", { tags: { "9F07": "FE00" } }, ["serviceNotAllowed"]],
  ["only for cash at home", { tags: { "9F07": "8100" } }, ["serviceNotAllowed"]],
  ["only for goods abroad", { tags: { "9F07": "1100" } }, ["serviceNotAllowed"]],
  ["services at home", { tags: { "9F07": "0900" } }, []],
  ["goods abroad with a foreign card", { tags: { "9F07": "1100", "5F28": "0702" } }, []],
  [
    "cash with a card for goods",
    { tags: { "9F07": "3D00" }, transaction: { type: "01" } },
    ["serviceNotAllowed"],
  ],
  [
    "cashback with a card that gives none",
    { transaction: { type: "09", otherAmount: "100" } },
    ["serviceNotAllowed"],
  ],
  ["no issuer country", { tags: { "9F07": "0100", "5F28": "" } }, []],
  [
    "a card that never was online",
    { tags: LIMITS, replies: counters("0001", "0000") },
    ["newCard"],
  ],
  [
    "the lower limit of offline transactions",
    { tags: LIMITS, replies: counters("0008", "0005") },
    ["lowerOfflineLimitExceeded"],
  ],
  [
    "both limits of offline transactions",
    { tags: LIMITS, replies: counters("000A", "0005") },
    ["lowerOfflineLimitExceeded", "upperOfflineLimitExceeded"],
  ],
  ["counters within the limits", { tags: LIMITS, replies: counters("0007", "0005") }, []],
  [
    "counters that run backwards",
    { tags: LIMITS, replies: counters("0005", "0005") },
    ["lowerOfflineLimitExceeded", "upperOfflineLimitExceeded"],
  ],
  [
    "a counter the card does not tell",
    { tags: LIMITS, replies: { "80CA9F36": "6A88" } },
    ["cardDataMissing", "lowerOfflineLimitExceeded", "upperOfflineLimitExceeded"],
  ],
  ["only one of the limits", { tags: { "9F14": "00" } }, []],
  ["an amount at the floor limit", { transaction: { amount: "10000" } }, ["floorLimitExceeded"]],
  ["an amount under the floor limit", { transaction: { amount: "9999" } }, []],
  ["forced online", { transaction: { forceOnline: true } }, ["forcedOnline"]],
  // 10 % below the threshold; (60 - 10) * (5500 - 1000) / (10000 - 1000) + 10 = 35 % at 55.00.
  ["random 10 below the threshold", random("999", 10), ["selectedRandomly"]],
  ["random 11 below the threshold", random("999", 11), []],
  ["random 35 in the middle", random("5500", 35), ["selectedRandomly"]],
  ["random 36 in the middle", random("5500", 36), []],
  ["a hash asked for, no TDOL on the card", hash(""), ["defaultTdolUsed"]],
  ["a hash asked for, TDOL on the card", hash("9F0206"), []],
];

function counters(counter: string, last: string): Record<string, string> {
  return { "80CA9F36": `9F3602${counter}9000`, "80CA9F13": `9F1302${last}9000` };
}

function random(amount: string, drawn: number): Scene {
  return {
    application: { randomSelection: RANDOM },
    transaction: { amount, randomSelection: drawn },
  };
}

function hash(tdol: string): Scene {
  return {
    tags: { "8C": "95059814", "97": tdol },
    application: { defaultTdol: "9F02065F2A02" },
  };
}

for (const [what, scene, bits] of SCENES) {
  test(`TVR: ${what} sets ${bits.length === 0 ? "nothing" : bits.join(", ")}`, () => {
    const { outcome, commands } = play(scene);
    const performed = bits.some((bit) => bit === "sdaFailed" || bit === "ddaFailed");
    const expected = performed ? bits : ["authenticationNotPerformed", ...bits];
    assert.deepEqual(tvrNames(fromHex(outcome.tvr)), expected);
    // The card is told the same TVR: it comes first in this card's CDOL1.
    const generate = commands.find((command) => command.startsWith("80AE"));
    assert.equal(generate?.slice(10, 20), outcome.tvr);
    assert.equal(outcome.result, "approved");
  });
}

test("the TC hash is SHA-1 over what the TDOL lists", () => {
  const { commands } = play(hash("9F0206"));
  const generate = commands.find((command) => command.startsWith("80AE40"));
  // sha1sum of 000000002580.
  assert.equal(generate?.slice(20, 60), "7978A49FD89864314C4DE2C8F41EBCC8A309F7B5");
});

test("TSI: each part that took place leaves its bit", () => {
  const script = tlv("71", tlv("86", "8424000008"));
  const { outcome } = play({
    aip: "3C00",
    application: {
      ...ONLINE,
      actionCodes: { denial: "0000000000", online: "FFFFFFFFFF", default: "0000000000" },
    },
    host: ["00", tlv("91", "1122334455667788") + script],
    replies: { "84": "9000", "80AE40": cryptogramOf("40") },
  });
  assert.deepEqual(tsiNames(fromHex(outcome.tsi)), [
    "authenticationPerformed",
    "cardholderVerificationPerformed",
    "cardRiskManagementPerformed",
    "issuerAuthenticationPerformed",
    "terminalRiskManagementPerformed",
    "scriptProcessingPerformed",
  ]);
});
