/** Every bit of TVR and TSI has a situation that sets it: none is only in the table. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex } from "@tillway/bytes";
import { specimenProfile } from "../card/specimen.ts";
import { TSI_BITS, tsiNames, TVR_BITS, tvrNames } from "../tvr.ts";
import type { TsiBit, TvrBit } from "../tvr.ts";
import { hold, pay } from "./testing/paying.ts";
import { cryptogramOf, ONLINE, play, tlv } from "./testing/scripted-card.ts";
import type { Scene } from "./testing/scripted-card.ts";

const rule = (codes: string): Record<string, string> => ({ "8E": `0000000000000000${codes}` });
const NEVER_ONLINE = { "9F14": "02", "9F23": "04" };
const script = (tag: string): string => tlv(tag, tlv("86", "841E000008B2B2B2B2B2B2B2B2"));
const DRAW = { threshold: "9000", targetPercentage: 99, maximumTargetPercentage: 99 };

const SCENES: Readonly<Record<Exclude<TvrBit, "cdaFailed">, Scene>> = {
  authenticationNotPerformed: {},
  sdaFailed: { aip: "5C00" },
  cardDataMissing: { aip: "5C00" },
  onExceptionFile: {
    terminal: { cardCheck: true },
    checkCard: () => ({ onExceptionFile: true }),
  },
  ddaFailed: { aip: "3C00" },
  sdaSelected: { aip: "5C00" },
  versionsDiffer: { tags: { "9F08": "0021" } },
  expired: { tags: { "5F24": "260722" } },
  notYetEffective: { tags: { "5F25": "260724" } },
  serviceNotAllowed: { tags: { "9F07": "0000" } },
  newCard: { tags: NEVER_ONLINE, replies: { "80CA9F13": "9F130200009000" } },
  cardholderVerificationFailed: { tags: rule("0000") },
  cvmUnrecognised: { tags: rule("2A00") },
  pinTryLimitExceeded: {
    tags: rule("0100"),
    terminal: { capabilities: "E0F8C0" },
    replies: { "80CA9F17": "9F1701009000" },
  },
  pinPadUnavailable: { tags: rule("0100") },
  pinNotEntered: { tags: rule("0200"), application: { onlinePin: true }, pin: "pin-bypassed" },
  onlinePinEntered: { tags: rule("0200"), application: { onlinePin: true } },
  floorLimitExceeded: { transaction: { amount: "10000" } },
  lowerOfflineLimitExceeded: { tags: { "9F14": "00", "9F23": "04" } },
  upperOfflineLimitExceeded: { tags: { "9F14": "00", "9F23": "00" } },
  selectedRandomly: { application: { randomSelection: DRAW }, transaction: { randomSelection: 1 } },
  forcedOnline: { transaction: { forceOnline: true } },
  defaultTdolUsed: { tags: { "8C": "95059814" }, application: { defaultTdol: "9F0206" } },
  issuerAuthenticationFailed: {
    application: ONLINE,
    host: ["00", tlv("91", "1122334455667788")],
    replies: { "0082": "6300" },
  },
  scriptFailedBefore: { application: ONLINE, host: ["00", script("71")] },
  scriptFailedAfter: { application: ONLINE, host: ["00", script("72")] },
};

test("every bit of the TVR is set by a situation of its own", () => {
  const reached = new Set<string>();
  for (const [bit, scene] of Object.entries(SCENES)) {
    const names: readonly string[] = tvrNames(fromHex(play(scene).outcome.tvr));
    assert.ok(names.includes(bit), bit);
    reached.add(bit);
  }
  const combined = pay(hold(specimenProfile("visa-cda")), {
    meddle: (_, command) => (command[1] === 0xae ? fromHex(cryptogramOf("80")) : undefined),
  });
  assert.ok(tvrNames(fromHex(combined.outcome.tvr)).includes("cdaFailed"));
  reached.add("cdaFailed");
  assert.deepEqual([...reached].sort(), Object.keys(TVR_BITS).sort());
});

test("every bit of the TSI is set in a transaction with everything, and none without", () => {
  const { outcome } = play({
    aip: "3C00",
    application: {
      actionCodes: { denial: "0000000000", online: "FFFFFFFFFF", default: "0000000000" },
    },
    host: ["00", tlv("91", "1122334455667788") + script("71")],
  });
  const all: readonly TsiBit[] = tsiNames(fromHex(outcome.tsi));
  assert.deepEqual([...all].sort(), Object.keys(TSI_BITS).sort());
  const { outcome: nothing } = play({ replies: { "80A8": "6F00" } });
  assert.equal(nothing.tsi, "0000");
});
