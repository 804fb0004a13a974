import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex, toHex } from "@tillway/bytes";
import { tvrNames } from "../tvr.ts";
import { contactlessSpecimen } from "./card/specimen.ts";
import { tap } from "./testing/field.ts";
import type { Scene } from "./testing/field.ts";
import { turnBit } from "./testing/scripted.ts";

const CARD = "contactless-mastercard";

function play(scene: Partial<Scene> = {}): ReturnType<typeof tap> {
  return tap({ card: CARD, ...scene });
}

/** Limits are compared with "more than": at the limit it is still allowed (C-2). */
for (const [amount, limits, path, cvm, type] of [
  ["5000", { floor: "5000" }, ["approved"], "none", "TC"],
  ["5001", { floor: "5000" }, ["online-request", "approved"], "none", "ARQC"],
  ["30000", { cvm: "30000", floor: "0" }, ["online-request", "approved"], "none", "ARQC"],
  ["30001", { cvm: "30000", floor: "0" }, ["online-request", "approved"], "online-pin", "ARQC"],
  ["99999", { transaction: "99999", floor: "0" }, ["online-request", "approved"], "none", "ARQC"],
] as const) {
  test(`amount ${amount}, limits ${JSON.stringify(limits)}: ${path.join(", ")}, ${cvm}`, () => {
    const { outcome } = play({ transaction: { amount }, reader: { combination: { limits } } });
    assert.deepEqual([outcome.path, outcome.cvm, outcome.cryptogram?.type], [path, cvm, type]);
  });
}

test("above the transaction limit the application is left; without another one it ends", () => {
  const { outcome, commands } = play({
    transaction: { amount: "100000" },
    reader: { combination: { limits: { transaction: "99999" } } },
  });
  assert.deepEqual(outcome.path, ["select-next", "end-application"]);
  assert.equal(outcome.reason, "limit-exceeded");
  assert.ok(commands.every((command) => !command.startsWith("80AE")));
});

test("a phone that verifies its owner has a limit of its own", () => {
  const card = contactlessSpecimen(CARD, { onDevice: true });
  const reader = {
    combination: { limits: { transaction: "1000", onDevice: "5000", cvm: "9000" } },
  };
  assert.equal(play({ card, reader }).outcome.result, "approved");
  const beyond = play({ card, reader, transaction: { amount: "5001" } });
  assert.equal(beyond.outcome.reason, "limit-exceeded");
  const refused = { combination: { ...reader.combination, mchip: { onDeviceCvm: false } } };
  assert.equal(play({ card, reader: refused }).outcome.reason, "limit-exceeded");
});

for (const [what, date, names] of [
  ["in time", "260723", []],
  ["expired", "351101", ["expired"]],
  ["not yet effective", "231231", ["notYetEffective"]],
] as const) {
  test(`processing restrictions, ${what}`, () => {
    const { outcome } = play({ transaction: { date } });
    const found = tvrNames(fromHex(outcome.tvr)).filter((name) => name !== "floorLimitExceeded");
    assert.deepEqual(found, names);
  });
}

test("action codes deny, and the card is asked for nothing else than a refusal", () => {
  const { outcome, commands } = play({
    transaction: { date: "351101" },
    reader: {
      combination: {
        actionCodes: { denial: "0040000000", online: "F45084800C", default: "F45084800C" },
      },
    },
  });
  assert.deepEqual([outcome.outcome, outcome.reason], ["declined", "declined-offline"]);
  assert.equal(outcome.cryptogram?.type, "AAC");
  assert.ok(commands.some((command) => command.startsWith("80AE0000")));
});

test("terminal types: online only always asks, offline only never", () => {
  const limits = { floor: "10000" };
  const online = play({ reader: { terminal: { type: "21" }, combination: { limits } } });
  assert.deepEqual(online.outcome.path, ["online-request", "approved"]);
  const never = { terminal: { type: "23" }, combination: { limits: { floor: "0" } } };
  // Above the floor limit the default action code refuses.
  assert.deepEqual(play({ reader: never }).outcome.path, ["declined"]);
});

test("without the authority's key: CDA failed, no signature asked for, the issuer decides", () => {
  const { outcome, commands } = play({ reader: { keys: false } });
  assert.deepEqual(outcome.path, ["online-request", "approved"]);
  assert.ok(tvrNames(fromHex(outcome.tvr)).includes("cdaFailed"));
  assert.ok(commands.some((command) => command.startsWith("80AE8000")));
  assert.equal(outcome.authentication.result, "not-performed");
});

test("a reader without combined authentication says that it was not performed", () => {
  const { outcome } = play({ reader: { combination: { mchip: { security: "00" } } } });
  assert.ok(tvrNames(fromHex(outcome.tvr)).includes("authenticationNotPerformed"));
});

test("a tampered signature ends it, whatever the card decided", () => {
  for (const limits of [{ floor: "0" }, { floor: "10000" }]) {
    const { outcome } = play({
      reader: { combination: { limits } },
      spoil: (response, command) =>
        command.startsWith("80AE") ? turnBit(response, response.length - 20) : response,
    });
    assert.deepEqual(
      [outcome.outcome, outcome.reason],
      ["end-application", "authentication-failed"],
    );
    assert.equal(outcome.authentication.result, "failed");
  }
});

test("a counter changed on its way is caught by the signature", () => {
  const { outcome } = play({
    spoil: (response, command) => (command.startsWith("80AE") ? turnBit(response, 11) : response),
  });
  assert.equal(outcome.reason, "authentication-failed");
});

for (const [what, answer] of [
  ["a status word", "6985"],
  ["garbage", "77059F99"],
  ["a certificate nobody asked for", "800B40000100000000000000009000"],
  ["nothing", ""],
] as const) {
  test(`GENERATE AC answered with ${what}: the card is in error`, () => {
    const { outcome } = play({
      reader: { keys: false },
      spoil: (response, command) => (command.startsWith("80AE") ? fromHex(answer) : response),
    });
    assert.deepEqual([outcome.outcome, outcome.reason], ["end-application", "card-error"]);
  });
}

test("a refusal by the card is declined, unless it wants the phone looked at", () => {
  const refuse = (more: string) => ({
    spoil: (response: Uint8Array, command: string) => {
      if (!command.startsWith("80AE")) return response;
      const objects = `9F2701009F360200019F2608A1A2A3A4A5A6A7A8${more}`;
      return fromHex(`77${(objects.length / 2).toString(16).padStart(2, "0")}${objects}9000`);
    },
  });
  const plain = play(refuse("")).outcome;
  assert.deepEqual([plain.outcome, plain.reason], ["declined", "declined-by-card"]);
  assert.equal(play(refuse("DF4B03001000")).outcome.reason, "declined-by-card");
  const phone = play(refuse("DF4B03000100")).outcome;
  assert.deepEqual([phone.outcome, phone.reason], ["end-application", "see-phone"]);
});

test("any refusal of GET PROCESSING OPTIONS leaves the application", () => {
  for (const sw of ["6985", "6A80", "6984"]) {
    const { outcome } = play({
      spoil: (response, command) => (command.startsWith("80A8") ? fromHex(sw) : response),
    });
    assert.deepEqual(outcome.path, ["select-next", "end-application"], sw);
  }
});

test("a card without EMV mode at a reader without stripe mode is not accepted", () => {
  const { outcome } = play({
    card: "contactless-mastercard-stripe",
    reader: { combination: { mchip: { magstripeMode: false } } },
  });
  assert.deepEqual([outcome.outcome, outcome.reason], ["end-application", "not-accepted"]);
});

test("CVM results: as the list has them, or the method alone", () => {
  const large = { transaction: { amount: "100001" } };
  const rules = { cvm: { amountX: "0", amountY: "0", rules: ["4203", "1F03"] } };
  const card = contactlessSpecimen(CARD, {}, rules);
  const results = (style: "as-listed" | "method") =>
    toHex(
      play({
        ...large,
        card,
        reader: { combination: { mchip: { cvmResults: style } } },
      }).request?.store.get("9F34") ?? fromHex(""),
    );
  assert.deepEqual([results("as-listed"), results("method")], ["420300", "020300"]);
});

test("the terminal's means: signature where there is no PIN pad, and none below the limit", () => {
  const mchip = { cvmRequired: "28" };
  const rules = { cvm: { amountX: "0", amountY: "0", rules: ["4203", "5E03", "1F03"] } };
  const card = contactlessSpecimen(CARD, {}, rules);
  const reader = { combination: { mchip } };
  assert.equal(play({ card, reader, transaction: { amount: "30001" } }).outcome.cvm, "signature");
  assert.equal(play({ card, reader, transaction: { amount: "30000" } }).outcome.cvm, "none");
});

test("no method the reader has: told in the TVR, and the issuer decides", () => {
  const rules = { cvm: { amountX: "0", amountY: "0", rules: ["0200"] } };
  const { outcome } = play({ card: contactlessSpecimen(CARD, {}, rules) });
  assert.equal(outcome.cvm, "failed");
  assert.ok(tvrNames(fromHex(outcome.tvr)).includes("cardholderVerificationFailed"));
  assert.deepEqual(outcome.path, ["online-request", "approved"]);
});

test("a card milder than it was asked to be is in error", () => {
  const denied = { denial: "0040000000", online: "F45084800C", default: "F45084800C" };
  const answered = (information: string) => (response: Uint8Array, command: string) =>
    command.startsWith("80AE")
      ? fromHex(`77149F2701${information}9F360200019F2608A1A2A3A4A5A6A7A89000`)
      : response;
  for (const information of ["80", "40"]) {
    const { outcome } = play({
      transaction: { date: "351101" },
      reader: { keys: false, combination: { actionCodes: denied } },
      spoil: answered(information),
    });
    assert.deepEqual([outcome.outcome, outcome.reason], ["end-application", "card-error"]);
  }
  const { outcome } = play({ reader: { keys: false }, spoil: answered("40") });
  assert.equal(outcome.reason, "card-error");
});
