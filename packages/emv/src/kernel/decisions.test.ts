import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex, toHex } from "@tillway/bytes";
import { tvrNames } from "../tvr.ts";
import { parseTlv, toStore } from "../tlv.ts";
import { cryptogramOf, ONLINE, play, tlv } from "./testing/scripted-card.ts";
import type { Scene } from "./testing/scripted-card.ts";

const NOTHING = "0000000000";
const UNPERFORMED = "8000000000";

function codes(
  denial: string,
  online: string,
  standard: string,
): NonNullable<Scene["application"]> {
  return { actionCodes: { denial, online, default: standard } };
}

/** What the first GENERATE AC asks for: 00 AAC, 40 TC, 80 ARQC. */
function asked(scene: Scene): string | undefined {
  const { commands } = play(scene);
  return commands.find((command) => command.startsWith("80AE"))?.slice(4, 6);
}

test("no action code agrees with the TVR: a certificate is asked for", () => {
  assert.equal(asked({}), "40");
});

test("denial goes before online, of terminal or issuer alike", () => {
  assert.equal(asked({ application: codes(UNPERFORMED, UNPERFORMED, NOTHING) }), "00");
  assert.equal(asked({ application: codes(NOTHING, UNPERFORMED, NOTHING) }), "80");
  assert.equal(asked({ tags: { "9F0E": UNPERFORMED } }), "00");
  assert.equal(asked({ tags: { "9F0F": UNPERFORMED } }), "80");
  assert.equal(asked({ tags: { "9F0D": UNPERFORMED } }), "40");
});

test("an issuer without action codes denies nothing and sends what the TVR shows online", () => {
  assert.equal(asked({ tags: { "9F0D": "", "9F0E": "", "9F0F": "" } }), "80");
});

test("a terminal that is never online takes the default codes", () => {
  const terminal = { type: "23" };
  assert.equal(asked({ terminal, application: codes(NOTHING, UNPERFORMED, NOTHING) }), "40");
  assert.equal(asked({ terminal, application: codes(NOTHING, NOTHING, UNPERFORMED) }), "00");
});

test("approved offline: TC, Y1 in the advice, nothing to reverse", () => {
  const { outcome } = play();
  assert.equal(outcome.result, "approved");
  assert.equal(outcome.online, false);
  assert.deepEqual(outcome.cryptogram, { type: "TC", value: "A1".repeat(8) });
  assert.equal(outcome.reversalRequired, false);
  assert.equal(toHex(toStore(parseTlv(outcome.data.advice)).get("8A") ?? fromHex("")), "5931");
});

test("declined offline by the terminal and by the card", () => {
  const denied = play({ application: codes(UNPERFORMED, NOTHING, NOTHING) });
  assert.deepEqual(
    [denied.outcome.result, denied.outcome.reason],
    ["declined", "declined-offline"],
  );
  const stricter = play({ application: ONLINE, replies: { "80AE80": cryptogramOf("00") } });
  assert.deepEqual(
    [stricter.outcome.result, stricter.outcome.reason],
    ["declined", "declined-offline"],
  );
  const refused = play({ replies: { "80AE40": cryptogramOf("01") } });
  assert.deepEqual([refused.outcome.result, refused.outcome.reason], ["declined", "not-accepted"]);
});

test("a card may ask to go online where a certificate was asked for", () => {
  const { outcome, request } = play({
    replies: { "80AE40001": cryptogramOf("80"), "80AE40000": cryptogramOf("40") },
  });
  assert.ok(request);
  assert.equal(outcome.online, true);
  assert.equal(outcome.result, "approved");
});

for (const [what, reply] of [
  ["a certificate for a request", cryptogramOf("40")],
  ["the reserved type", cryptogramOf("C0")],
  ["a refusal", "6985"],
  ["too short an answer", "80038000019000"],
  ["format 2 without cryptogram", `${tlv("77", tlv("9F27", "80") + tlv("9F36", "0001"))}9000`],
] as const) {
  test(`GENERATE AC for an ARQC answered with ${what}: terminated`, () => {
    const { outcome } = play({ application: ONLINE, replies: { "80AE80": reply } });
    assert.deepEqual([outcome.result, outcome.reason], ["terminated", "card-error"]);
    assert.equal(outcome.reversalRequired, false);
  });
}

test("an ARQC where an AAC was asked for: terminated, nothing goes online", () => {
  const { outcome, request } = play({
    application: codes(UNPERFORMED, NOTHING, NOTHING),
    replies: { "80AE00": cryptogramOf("80") },
  });
  assert.deepEqual([outcome.result, outcome.reason], ["terminated", "card-error"]);
  assert.equal(request, undefined);
});

test("format 2 of GENERATE AC is read, issuer data included", () => {
  const body =
    tlv("9F27", "80") + tlv("9F36", "0102") + tlv("9F26", "B2".repeat(8)) + tlv("9F10", "0601");
  const { request } = play({
    application: ONLINE,
    replies: { "80AE80": `${tlv("77", body)}9000` },
  });
  assert.equal(toHex(request?.store.get("9F36") ?? fromHex("")), "0102");
  assert.equal(toHex(request?.store.get("9F10") ?? fromHex("")), "0601");
});

test("DE 55 of the request has the tags of the protocol, as the cryptogram covers them", () => {
  const { request, commands } = play({
    application: ONLINE,
    terminal: { serial: "TW000001" },
    tags: { "9F63": "00010203040506070809" },
  });
  assert.ok(request);
  const objects = parseTlv(request.data);
  assert.deepEqual(
    objects.map(({ tag }) => tag),
    "9F26 9F27 9F10 9F37 9F36 95 9A 9C 9F02 5F2A 82 9F1A 9F03 9F33 9F34 9F35 9F1E 84 9F09 9F41 9F63".split(
      " ",
    ),
  );
  const store = toStore(objects);
  const first = commands.find((command) => command.startsWith("80AE80"));
  assert.equal(toHex(store.get("95") ?? fromHex("")), first?.slice(10, 20));
  assert.equal(toHex(store.get("9F02") ?? fromHex("")), "000000002580");
  assert.equal(toHex(store.get("9F41") ?? fromHex("")), "00000017");
  assert.ok(request.data.length <= 255);
  assert.equal(request.expiry, "3012");
  assert.equal(request.track2, "6210940000000004D3012201");
  assert.equal(request.psn, "01");
});

function online(scene: Scene): ReturnType<typeof play> {
  return play({ application: ONLINE, ...scene });
}

test("approved by host and card", () => {
  const { outcome, commands } = online({ host: ["00", tlv("91", "1122334455667788")] });
  assert.equal(outcome.result, "approved");
  assert.equal(outcome.reason, undefined);
  assert.equal(outcome.online, true);
  assert.equal(outcome.reversalRequired, false);
  // CDOL2 begins with 8A: "00".
  assert.equal(commands.at(-1)?.slice(0, 14), "80AE40000D3030");
});

test("declined by the host: an AAC is asked for, nothing is reversed", () => {
  const { outcome, commands } = online({ host: ["51", ""] });
  assert.deepEqual([outcome.result, outcome.reason], ["declined", "declined-by-host"]);
  assert.equal(outcome.reversalRequired, false);
  assert.equal(commands.at(-1)?.slice(0, 14), "80AE00000D3531");
  assert.equal(outcome.cryptogram?.type, "AAC");
});

for (const [what, reply, reason] of [
  ["declines", cryptogramOf("00"), "declined-by-card"],
  ["asks to go online again", cryptogramOf("80"), "declined-by-card"],
  ["answers with an error", "6F00", "card-error"],
  ["answers nonsense", "01", "card-error"],
] as const) {
  test(`the host approves and the card ${what}: declined, and the host's approval is reversed`, () => {
    const { outcome } = online({ replies: { "80AE40": reply } });
    assert.deepEqual([outcome.result, outcome.reason], ["declined", reason]);
    assert.equal(outcome.reversalRequired, true);
    assert.ok(toStore(parseTlv(outcome.data.reversal)).has("9F36"));
  });
}

test("the host declines and the card answers an error: declined, nothing is reversed", () => {
  const { outcome } = online({ host: ["05", ""], replies: { "80AE00": "6F00" } });
  assert.deepEqual([outcome.result, outcome.reason], ["declined", "declined-by-host"]);
  assert.equal(outcome.reversalRequired, false);
});

test("a TC where an AAC was asked for changes nothing", () => {
  const { outcome } = online({ host: ["05", ""], replies: { "80AE00": cryptogramOf("40") } });
  assert.equal(outcome.result, "declined");
});

test("no way to go online: default codes decide, Y3 or Z3", () => {
  const approved = online({ host: "unable" });
  assert.equal(approved.outcome.result, "approved");
  assert.equal(approved.outcome.online, false);
  assert.equal(approved.commands.at(-1)?.slice(0, 14), "80AE40000D5933");
  const declined = play({ application: codes(NOTHING, UNPERFORMED, UNPERFORMED), host: "unable" });
  assert.deepEqual(
    [declined.outcome.result, declined.outcome.reason],
    ["declined", "unable-to-go-online"],
  );
  assert.equal(declined.commands.at(-1)?.slice(0, 14), "80AE00000D5A33");
  assert.equal(declined.outcome.reversalRequired, false);
});

test("issuer authentication that the card refuses sets its bit before the second GENERATE AC", () => {
  const { outcome, commands } = online({
    host: ["00", tlv("91", "1122334455667788")],
    replies: { "0082": "6300" },
  });
  assert.deepEqual(tvrNames(fromHex(outcome.tvr)), [
    "authenticationNotPerformed",
    "issuerAuthenticationFailed",
  ]);
  assert.equal(commands.at(-1)?.slice(14, 24), outcome.tvr);
});

test("without the profile's bit, or without data, the card is not asked to authenticate", () => {
  const noBit = online({ aip: "1800", host: ["00", tlv("91", "1122334455667788")] });
  assert.ok(noBit.commands.every((command) => !command.startsWith("0082")));
  const noData = online({ host: ["00", ""] });
  assert.ok(noData.commands.every((command) => !command.startsWith("0082")));
  const inSecond = online({
    aip: "1800",
    tags: { "8D": "91088A02" },
    host: ["00", tlv("91", "1122334455667788")],
  });
  assert.equal(inSecond.commands.at(-1), "80AE40000A1122334455667788303000");
});
