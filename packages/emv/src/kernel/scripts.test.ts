import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex, toHex } from "@tillway/bytes";
import { parseTlv, toStore } from "../tlv.ts";
import { tvrNames } from "../tvr.ts";
import { cryptogramOf, ONLINE, play, tlv } from "./testing/scripted-card.ts";
import type { Scene } from "./testing/scripted-card.ts";

const UNBLOCK_PIN = "8424000008A1A1A1A1A1A1A1A1";
const BLOCK = "841E000008B2B2B2B2B2B2B2B2";

function script(tag: "71" | "72", identifier: string, ...commands: readonly string[]): string {
  const content = commands.map((command) => tlv("86", command)).join("");
  return tlv(tag, (identifier === "" ? "" : tlv("9F18", identifier)) + content);
}

function play55(issuerData: string, scene: Scene = {}): ReturnType<typeof play> {
  return play({ application: ONLINE, host: ["00", issuerData], ...scene });
}

/** Where a command came relative to the second GENERATE AC. */
function order(commands: readonly string[]): readonly string[] {
  return commands
    .filter((command) => /^(8424|841E|80AE)/.test(command))
    .map((command) => command.slice(0, 6));
}

test("scripts 71 go to the card before, scripts 72 after the second GENERATE AC", () => {
  const data = script("72", "AABBCCDD", BLOCK) + script("71", "11223344", UNBLOCK_PIN);
  const { outcome, commands } = play55(data, { replies: { "84": "9000" } });
  assert.deepEqual(order(commands), ["80AE80", "842400", "80AE40", "841E00"]);
  assert.equal(toHex(outcome.scriptResults ?? fromHex("")), "201122334420AABBCCDD");
  assert.equal(outcome.result, "approved");
});

test("a command the card refuses ends its script; the others are still sent", () => {
  const data =
    script("71", "11223344", UNBLOCK_PIN, BLOCK, UNBLOCK_PIN) +
    script("71", "55667788", UNBLOCK_PIN);
  const { outcome, commands } = play55(data, { replies: { "8424": "9000", "841E": "6988" } });
  assert.deepEqual(order(commands), ["80AE80", "842400", "841E00", "842400", "80AE40"]);
  assert.equal(toHex(outcome.scriptResults ?? fromHex("")), "12112233442055667788");
  assert.deepEqual(tvrNames(fromHex(outcome.tvr)), [
    "authenticationNotPerformed",
    "scriptFailedBefore",
  ]);
});

test("warnings are no failures", () => {
  for (const status of ["6283", "63C1"]) {
    const { outcome } = play55(script("71", "11223344", UNBLOCK_PIN), {
      replies: { "84": status },
    });
    assert.equal(toHex(outcome.scriptResults ?? fromHex("")), "2011223344");
  }
});

test("a failure after the second GENERATE AC has its own bit and changes no decision", () => {
  const { outcome } = play55(script("72", "", BLOCK), { replies: { "84": "6985" } });
  assert.equal(outcome.result, "approved");
  assert.equal(toHex(outcome.scriptResults ?? fromHex("")), "1100000000");
  assert.deepEqual(tvrNames(fromHex(outcome.tvr)), [
    "authenticationNotPerformed",
    "scriptFailedAfter",
  ]);
});

test("a script spoilt inside is told as not performed, its neighbours are not touched", () => {
  const data =
    tlv("91", "1122334455667788") + tlv("71", "8609") + script("71", "55667788", UNBLOCK_PIN);
  const { outcome, commands } = play55(data, { replies: { "84": "9000" } });
  assert.equal(toHex(outcome.scriptResults ?? fromHex("")), "00000000002055667788");
  assert.ok(commands.some((command) => command.startsWith("0082")));
  assert.deepEqual(tvrNames(fromHex(outcome.tvr)), [
    "authenticationNotPerformed",
    "scriptFailedBefore",
  ]);
});

test("scripts are carried out for a declined transaction too, and reported", () => {
  const { outcome } = play55("", {
    host: ["43", script("72", "AABBCCDD", BLOCK)],
    replies: { "84": "9000" },
  });
  assert.equal(outcome.result, "declined");
  const notice = toStore(parseTlv(outcome.data.scriptNotice));
  assert.equal(toHex(notice.get("DF31") ?? fromHex("")), "20AABBCCDD");
  assert.deepEqual([...notice.keys()], "95 9F10 9F26 9F36 82 DF31 9F1A 9A 9F33 9F37".split(" "));
});

test("a card removed during scripts 72 has decided already", () => {
  const { outcome } = play55(script("72", "AABBCCDD", BLOCK), { replies: { "84": "removed" } });
  assert.equal(outcome.result, "approved");
  assert.equal(outcome.reversalRequired, false);
});

test("a card removed during scripts 71 leaves an approval to reverse", () => {
  const { outcome } = play55(script("71", "AABBCCDD", BLOCK), { replies: { "84": "removed" } });
  assert.deepEqual([outcome.result, outcome.reason], ["declined", "card-removed"]);
  assert.equal(outcome.reversalRequired, true);
});

test("an AAC after an approval, with scripts: declined, reversed, and both DE 55 tell of it", () => {
  const { outcome } = play55(script("71", "AABBCCDD", UNBLOCK_PIN), {
    replies: { "84": "9000", "80AE40": cryptogramOf("00") },
  });
  assert.equal(outcome.reversalRequired, true);
  const reversal = toStore(parseTlv(outcome.data.reversal));
  assert.deepEqual([...reversal.keys()], ["9F36", "95", "9F10", "DF31"]);
});

const ASKING = "84CA000000";

test("a script command with another length than the card has is sent again with that length", () => {
  const { outcome, commands } = play55(script("71", "11223344", ASKING, UNBLOCK_PIN), {
    replies: { "84CA000000": "6C04", "84CA000004": "DEADBEEF9000", "8424": "9000" },
  });
  assert.ok(commands.includes("84CA000004"));
  assert.equal(toHex(outcome.scriptResults ?? fromHex("")), "2011223344");
});

test("a script command that expects nothing is not repeated: 6Cxx is its failure", () => {
  const bare = "841E000008B2B2B2B2B2B2B200";
  const { outcome, commands } = play55(script("71", "11223344", bare), {
    replies: { "841E": "6C08" },
  });
  assert.equal(commands.filter((command) => command.startsWith("841E")).length, 1);
  assert.equal(toHex(outcome.scriptResults ?? fromHex("")), "1111223344");
});

test("a card that only ever names other lengths is given up", () => {
  const { outcome } = play55(script("71", "11223344", ASKING), {
    replies: { "84CA000000": "6C01", "84CA000001": "6C02", "84CA000002": "6C01" },
  });
  assert.equal(toHex(outcome.scriptResults ?? fromHex("")), "1111223344");
});
