import assert from "node:assert/strict";
import { test } from "node:test";
import { concat, fromAscii, fromHex, toHex } from "@tillway/bytes";
import { arpc1, arpc2, cryptogramScheme } from "@tillway/keys";
import { answer, newCardState, resetCard } from "../card/index.ts";
import type { AnyCardImage, AnyCardProfile, CardState } from "../card/index.ts";
import { countingRandom, specimenCaKey, specimenCard, specimenProfile } from "../card/specimen.ts";
import { parseTlv, toStore } from "../tlv.ts";
import { tsiNames, tvrNames } from "../tvr.ts";
import type { TvrBit } from "../tvr.ts";
import { parseKernelConfiguration } from "./configuration.ts";
import type { KernelConfiguration } from "./configuration.ts";
import { DEFAULT_APPLICATIONS, DEFAULT_TERMINAL } from "./defaults.ts";
import { rehearse } from "./rehearsal.ts";
import type { Rehearsal } from "./rehearsal.ts";
import type { AnyVerification, OnlineRequest } from "./steps.ts";
import { TRANSACTION, tlv } from "./testing/scripted-card.ts";

const PROFILES = ["unionpay-debit", "unionpay-credit", "visa", "mastercard"] as const;

function terminalFor(profile: AnyCardProfile): KernelConfiguration {
  const parsed = parseKernelConfiguration({
    terminal: DEFAULT_TERMINAL,
    keySet: "test",
    caKeys: [specimenCaKey(profile)],
    applications: DEFAULT_APPLICATIONS,
  });
  assert.ok(parsed.ok);
  return parsed.configuration;
}

type HostAnswer = { readonly responseCode: string; readonly issuerData: Uint8Array };
type Host = (
  request: OnlineRequest<AnyVerification>,
  image: AnyCardImage,
) => HostAnswer | undefined;

/** The issuer's answer cryptogram under the card's own key: tag 91. */
function issuerData(
  request: OnlineRequest<AnyVerification>,
  image: AnyCardImage,
  code: string,
): Uint8Array {
  const value = (tag: string): Uint8Array => request.store.get(tag) ?? new Uint8Array(0);
  const scheme = cryptogramScheme(
    image.profile.cryptogramVersion,
    fromHex(image.keys.ac),
    value("9F36"),
    value("9F37"),
  );
  const arqc = value("9F26");
  if (scheme.arpcMethod === 1) {
    const response = fromAscii(code);
    return concat(arpc1(scheme.arpcKey, arqc, response), response);
  }
  const update = fromHex(code === "00" ? "00800000" : "00000000");
  return concat(arpc2(scheme.arpcKey, arqc, update, new Uint8Array(0)), update);
}

function reply(
  code: string,
): (request: OnlineRequest<AnyVerification>, image: AnyCardImage) => HostAnswer {
  return (request, image) => ({
    responseCode: code,
    issuerData: fromHex(tlv("91", toHex(issuerData(request, image, code)))),
  });
}

const approve = reply("00");

type Options = {
  readonly host?: Host;
  readonly image?: AnyCardImage;
  /** The card is pulled out instead of answering this command, counted from 0. */
  readonly removedAt?: number;
  readonly card?: { state: CardState };
};

function pay(profile: AnyCardProfile, options: Options = {}): Rehearsal {
  const image = options.image ?? specimenCard(profile);
  const memory = options.card ?? { state: newCardState(image) };
  memory.state = resetCard(memory.state);
  let sent = 0;
  return rehearse(terminalFor(profile), TRANSACTION, {
    card: (command) => {
      if (sent === options.removedAt) return undefined;
      sent += 1;
      const next = answer(image, memory.state, command, countingRandom);
      memory.state = next.state;
      return next.response;
    },
    host: (request) => (options.host ?? approve)(request, image),
  });
}

/** A first use of these cards: no CVM bit for the PIN, floor limit 0. */
const USUAL: readonly TvrBit[] = ["newCard", "onlinePinEntered", "floorLimitExceeded"];
const FIRST_USE: readonly TvrBit[] = [
  ...USUAL,
  "lowerOfflineLimitExceeded",
  "upperOfflineLimitExceeded",
];

for (const name of PROFILES) {
  const profile = specimenProfile(name);

  test(`${name}: approved online with a PIN, authenticated both ways`, () => {
    const { outcome, request } = pay(profile);
    assert.deepEqual([outcome.result, outcome.reason], ["approved", undefined]);
    assert.equal(outcome.online, true);
    assert.equal(outcome.reversalRequired, false);
    assert.equal(outcome.cryptogram?.type, "TC");
    assert.equal(outcome.cvm, "online-pin");
    assert.equal(outcome.aid, profile.aid);
    assert.equal(request?.pan, profile.pan);
    assert.equal(request?.expiry, profile.expiry.slice(0, 4));
    assert.equal(request?.psn, profile.psn);
    assert.ok(request?.track2.startsWith(`${profile.pan}D`));
    assert.deepEqual(tvrNames(fromHex(outcome.tvr)), FIRST_USE);
    const external = profile.issuerAuthentication.way === "external-authenticate";
    assert.equal(
      tsiNames(fromHex(outcome.tsi)).includes("issuerAuthenticationPerformed"),
      external,
    );
    assert.ok(tsiNames(fromHex(outcome.tsi)).includes("authenticationPerformed"));
  });

  test(`${name}: declined by the host, the card answers AAC, nothing is reversed`, () => {
    const { outcome } = pay(profile, { host: reply("51") });
    assert.deepEqual([outcome.result, outcome.reason], ["declined", "declined-by-host"]);
    assert.equal(outcome.cryptogram?.type, "AAC");
    assert.equal(outcome.reversalRequired, false);
  });

  test(`${name}: an approval with a wrong ARPC is declined by the card and reversed`, () => {
    const spoil: Host = (request, image) => {
      const given = approve(request, image);
      const data = given.issuerData.map((byte, at) => (at === 2 ? byte ^ 0x01 : byte));
      return { ...given, issuerData: data };
    };
    const { outcome } = pay(profile, { host: spoil });
    assert.deepEqual([outcome.result, outcome.reason], ["declined", "declined-by-card"]);
    assert.equal(outcome.reversalRequired, true);
    const external = profile.issuerAuthentication.way === "external-authenticate";
    assert.equal(tvrNames(fromHex(outcome.tvr)).includes("issuerAuthenticationFailed"), external);
    assert.ok(toStore(parseTlv(outcome.data.reversal)).has("9F36"));
  });

  test(`${name}: pulled out before any answer, each ends with the right need for a reversal`, () => {
    const whole = pay(profile);
    for (let at = 0; at < whole.commands.length; at += 1) {
      const { outcome, request } = pay(profile, { removedAt: at });
      const answered = request !== undefined;
      assert.equal(outcome.reason, "card-removed", `command ${at}`);
      assert.equal(outcome.result, answered ? "declined" : "terminated", `command ${at}`);
      assert.equal(outcome.reversalRequired, answered, `command ${at}`);
      const declined = pay(profile, { removedAt: at, host: reply("51") });
      assert.equal(declined.outcome.reversalRequired, false, `command ${at}, declined`);
    }
    const after = whole.commands.findIndex((command) => command.startsWith("80AE80"));
    assert.ok(after > 0 && after < whole.commands.length - 1);
  });

  test(`${name}: no way to go online declines a new card`, () => {
    const { outcome } = pay(profile, { host: () => undefined });
    assert.equal(outcome.result, "declined");
    assert.equal(outcome.online, false);
    assert.equal(outcome.reversalRequired, false);
  });
}

test("a second use is no new card any more", () => {
  const profile = specimenProfile("unionpay-debit");
  const card = { state: newCardState(specimenCard(profile)) };
  const first = pay(profile, { card });
  const second = pay(profile, { card });
  assert.ok(tvrNames(fromHex(first.outcome.tvr)).includes("newCard"));
  assert.ok(!tvrNames(fromHex(second.outcome.tvr)).includes("newCard"));
  assert.notEqual(first.outcome.cryptogram?.value, second.outcome.cryptogram?.value);
});

test("an expired card says so in the TVR and still asks its issuer", () => {
  const { outcome, request } = pay(specimenProfile("unionpay-expired"));
  assert.ok(request);
  assert.deepEqual(tvrNames(fromHex(outcome.tvr)), ["expired", ...FIRST_USE]);
});

for (const [what, change] of [
  ["issuer certificate", (image: AnyCardImage) => spoilt(image, "3.2")],
  ["card certificate", (image: AnyCardImage) => spoilt(image, "3.3")],
  ["signed data", (image: AnyCardImage) => spoilt(image, "2.1", 6)],
] as const) {
  test(`a tampered ${what}: DDA failed, and the issuer is told`, () => {
    const profile = specimenProfile("unionpay-debit");
    const { outcome, request } = pay(profile, { image: change(specimenCard(profile)) });
    const names = tvrNames(fromHex(outcome.tvr));
    assert.ok(names.includes("ddaFailed"));
    assert.ok(!names.includes("authenticationNotPerformed"));
    assert.equal(toHex(request?.store.get("95") ?? fromHex("")).slice(0, 2), "08");
  });
}

/** The image with one bit of a record turned. */
function spoilt(image: AnyCardImage, place: string, at = 40): AnyCardImage {
  const record = fromHex(image.records[place] ?? "");
  record[at] = (record[at] ?? 0) ^ 0x01;
  return { ...image, records: { ...image.records, [place]: toHex(record) } };
}

test("a card signed by another key than its certificate's: DDA failed", () => {
  const profile = specimenProfile("visa");
  const image = specimenCard(profile);
  const { primes: _, ...icc } = image.keys.icc;
  const exponent = (BigInt(`0x${icc.privateExponent}`) - 2n).toString(16);
  const other = { ...icc, privateExponent: exponent.padStart(icc.privateExponent.length, "0") };
  const { outcome } = pay(profile, { image: { ...image, keys: { ...image.keys, icc: other } } });
  assert.ok(tvrNames(fromHex(outcome.tvr)).includes("ddaFailed"));
});

test("a terminal without the authority's key cannot authenticate", () => {
  const profile = specimenProfile("mastercard");
  const image = specimenCard(profile);
  const kernel = { ...terminalFor(profile), caKeys: [] };
  let state = newCardState(image);
  const { outcome } = rehearse(kernel, TRANSACTION, {
    card: (command) => {
      const next = answer(image, state, command, countingRandom);
      state = next.state;
      return next.response;
    },
    host: (request) => approve(request, image),
  });
  assert.ok(tvrNames(fromHex(outcome.tvr)).includes("ddaFailed"));
  assert.equal(outcome.result, "approved");
});

test("a card whose DDOL leaves out the terminal's number proves nothing: DDA failed, not asked", () => {
  const profile = specimenProfile("unionpay-debit");
  const image = specimenCard(profile);
  const last = image.records["3.4"] ?? "";
  assert.ok(last.includes("9F49039F3704"));
  const records = { ...image.records, "3.4": last.replace("9F49039F3704", "9F49039F0204") };
  const { outcome, commands } = pay(profile, { image: { ...image, records } });
  assert.ok(tvrNames(fromHex(outcome.tvr)).includes("ddaFailed"));
  assert.ok(commands.every((command) => !command.startsWith("0088")));
});
