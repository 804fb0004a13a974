import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex, toHex } from "@tillway/bytes";
import { applicationCryptogram, cryptogramScheme, dynamicVerificationCode } from "@tillway/keys";
import { cryptogramData } from "../card/cryptogram.ts";
import { parseTlv, toStore } from "../tlv.ts";
import { contactlessSpecimen, SPECIMEN_CVC3 } from "./card/specimen.ts";
import { unlockPhone } from "./card/state.ts";
import { tap } from "./testing/field.ts";
import type { TapRequest } from "./steps.ts";

const ONLINE_CARDS = [
  "contactless-unionpay-debit",
  "contactless-unionpay-credit",
  "contactless-unionpay-phone",
  "contactless-visa",
  "contactless-mastercard",
] as const;

/** The issuer's check of a request, with the card's own key. */
function cryptogramFits(name: string, request: TapRequest): boolean {
  const { image } = contactlessSpecimen(name);
  const version = image.profile.cryptogramVersion;
  const told = toStore(parseTlv(request.data));
  const of = (tag: string): Uint8Array => told.get(tag) ?? new Uint8Array(0);
  const data = cryptogramData(version, told);
  const scheme = cryptogramScheme(version, fromHex(image.keys.ac), of("9F36"), of("9F37"));
  assert.ok(data, "DE 55 holds everything the issuer needs");
  const made = applicationCryptogram(scheme.cryptogramKey, data, scheme.padding);
  return toHex(made) === toHex(of("9F26"));
}

const MANDATORY = "9F26 9F27 9F10 9F37 9F36 95 9A 9C 9F02 5F2A 82 9F1A 9F03 9F33".split(" ");

for (const name of ONLINE_CARDS) {
  test(`${name}: online, and the issuer can check it from DE 55`, () => {
    const { outcome, request } = tap({ card: name });
    assert.deepEqual(outcome.path, ["online-request", "approved"]);
    assert.deepEqual([outcome.result, outcome.online], ["approved", true]);
    assert.deepEqual([outcome.responseCode, outcome.reversalRequired], ["00", false]);
    assert.ok(request && cryptogramFits(name, request));
    const told = toStore(parseTlv(request.data));
    assert.deepEqual(
      MANDATORY.filter((tag) => !told.has(tag)),
      [],
    );
    assert.equal(toHex(told.get("9F27") ?? fromHex("")), "80");
    assert.equal(request.track2.startsWith(`${request.pan}D${request.expiry}`), true);
    assert.deepEqual([request.mode, request.entryMode], ["emv", "072"]);
  });

  test(`${name}: what the host declines is declined, nothing is reversed`, () => {
    const { outcome } = tap({ card: name, host: "51" });
    assert.deepEqual([outcome.outcome, outcome.reason], ["declined", "declined-by-host"]);
    assert.equal(outcome.ui.message, "not-authorised");
    assert.equal(outcome.reversalRequired, false);
  });

  test(`${name}: without a host it is declined`, () => {
    const { outcome } = tap({ card: name, host: "unable" });
    assert.deepEqual([outcome.outcome, outcome.reason], ["declined", "unable-to-go-online"]);
    assert.equal(outcome.online, false);
  });

  test(`${name}: torn before any answer, presented again, it still ends approved, once`, () => {
    const whole = tap({ card: name });
    for (let at = 0; at < whole.commands.length; at += 1) {
      const { outcome, steps } = tap({ card: name, tornAt: at });
      assert.deepEqual(outcome.path, ["try-again", "online-request", "approved"], `command ${at}`);
      const asked = steps.flatMap((step) => (step.type === "present-card" ? [step.ui] : []));
      assert.deepEqual(
        asked.map((ui) => ui.message),
        ["present-card", "present-again"],
      );
      assert.equal(steps.filter((step) => step.type === "go-online").length, 1);
    }
  });
}

for (const [name, method] of [
  ["contactless-unionpay-credit", "fdda"],
  ["contactless-visa", "fdda"],
  ["contactless-mastercard", "cda"],
] as const) {
  const offline = { combination: { limits: { floor: "5000", cvm: "30000" } } };

  test(`${name}: below the floor limit the card approves by itself and proves it`, () => {
    const { outcome, request } = tap({ card: name, reader: offline });
    assert.deepEqual([outcome.path, request], [["approved"], undefined]);
    assert.deepEqual(outcome.authentication, { method, result: "passed" });
    assert.equal(outcome.cryptogram?.type, "TC");
    assert.equal(toHex(toStore(parseTlv(outcome.data.advice)).get("8A") ?? fromHex("")), "5931");
  });

  test(`${name}: at the floor limit still offline, above it online`, () => {
    const at = { card: name, reader: { combination: { limits: { floor: "2580" } } } };
    assert.deepEqual(tap(at).outcome.path, ["approved"]);
    const above = { ...at, transaction: { amount: "2581" } };
    assert.deepEqual(tap(above).outcome.path, ["online-request", "approved"]);
  });

  test(`${name}: without the authority's key nothing offline is believed`, () => {
    const { outcome } = tap({ card: name, reader: { ...offline, keys: false } });
    assert.notDeepEqual(outcome.path, ["approved"]);
    if (method === "fdda") assert.equal(outcome.reason, "authentication-failed");
  });

  test(`${name}: a card that approved often enough asks for its issuer`, () => {
    const specimen = contactlessSpecimen(name, { offline: { amount: "5000", transactions: 2 } });
    const memory = { state: specimen.state };
    const paths = [1, 2, 3].map(
      () => tap({ card: specimen, reader: offline, memory }).outcome.path,
    );
    assert.deepEqual(paths, [["approved"], ["approved"], ["online-request", "approved"]]);
    assert.equal(memory.state.chip.atc, 3);
  });
}

test("UnionPay debit: up to 1,000 CNY neither PIN nor signature, above it a PIN", () => {
  const card = "contactless-unionpay-debit";
  const small = tap({ card, transaction: { amount: "100000" } });
  assert.deepEqual([small.outcome.cvm, small.outcome.noPinNoSignature], ["none", true]);
  assert.deepEqual([small.request?.entryMode, small.request?.noPinNoSignature], ["072", true]);
  const large = tap({ card, transaction: { amount: "100001" } });
  assert.deepEqual([large.outcome.cvm, large.outcome.noPinNoSignature], ["online-pin", false]);
  assert.equal(large.request?.entryMode, "071");
  assert.ok(large.steps.some((step) => step.type === "enter-online-pin"));
});

test("UnionPay: a PIN not entered goes to the issuer without one; Visa and Mastercard end", () => {
  const large = { amount: "100001" };
  const unionpay = tap({
    card: "contactless-unionpay-debit",
    transaction: large,
    pin: "pin-bypassed",
  });
  assert.deepEqual([unionpay.outcome.result, unionpay.request?.entryMode], ["approved", "072"]);
  assert.equal(unionpay.outcome.noPinNoSignature, false);
  for (const card of ["contactless-visa", "contactless-mastercard"]) {
    const { outcome } = tap({ card, transaction: large, pin: "pin-bypassed" });
    assert.deepEqual([outcome.result, outcome.reason], ["declined", "verification-failed"]);
  }
});

test("a PIN entry cancelled ends it, with nothing to reverse", () => {
  const { outcome, request } = tap({
    card: "contactless-visa",
    transaction: { amount: "100001" },
    pin: "pin-cancelled",
  });
  assert.deepEqual([outcome.outcome, outcome.reason], ["end-application", "cancelled"]);
  assert.deepEqual([request, outcome.reversalRequired], [undefined, false]);
});

test("a locked phone asks to be looked at; unlocked it has verified its owner", () => {
  const large = { amount: "100001" };
  const specimen = contactlessSpecimen("contactless-unionpay-phone");
  const memory = { state: specimen.state };
  const { outcome, steps } = tap({
    card: specimen,
    memory,
    transaction: large,
    field: (presented) => {
      if (presented === 2) memory.state = unlockPhone(memory.state);
      return { type: "card-detected" };
    },
  });
  const shown = steps.flatMap((step) => (step.type === "present-card" ? [step.ui.message] : []));
  assert.deepEqual(shown, ["present-card", "see-phone"]);
  assert.deepEqual(outcome.path, ["try-again", "online-request", "approved"]);
  assert.deepEqual([outcome.cvm, outcome.entryMode], ["on-device", "072"]);
  assert.equal(memory.state.unlocked, false);
});

test("a Mastercard phone: locked it refuses and asks to be looked at, unlocked it verifies", () => {
  const large = { amount: "100001" };
  const specimen = contactlessSpecimen("contactless-mastercard", { onDevice: true });
  const locked = tap({ card: specimen, transaction: large });
  assert.equal(locked.outcome.reason, "see-phone");
  const unlocked = { ...specimen, state: unlockPhone(specimen.state) };
  const { outcome, request } = tap({ card: unlocked, transaction: large });
  assert.deepEqual([outcome.result, outcome.cvm], ["approved", "on-device"]);
  assert.equal(toHex(request?.store.get("9F34") ?? fromHex("")), "010002");
});

test("magnetic-stripe mode: the track carries the value that the card's issuer computes", () => {
  const card = "contactless-mastercard-stripe";
  const { outcome, request } = tap({ card, transaction: { unpredictableNumber: "0012D687" } });
  assert.deepEqual(
    [outcome.mode, outcome.result, outcome.entryMode],
    ["magstripe", "approved", "912"],
  );
  assert.ok(request);
  assert.deepEqual([request.data.length, request.mode], [0, "magstripe"]);
  const { image } = contactlessSpecimen(card);
  // 0012D687 is 1234567: three digits fit.
  const value = dynamicVerificationCode(
    fromHex(SPECIMEN_CVC3),
    fromHex(image.track2),
    fromHex("0001"),
    fromHex("00000567"),
  );
  const tail = request.track2.slice(-13);
  assert.equal(tail, `000100567${value.slice(-3)}3`);
  assert.match(request.track2, /^5413330089600044D3510201\d{13}$/);
});

test("a blocked application is passed over, a blocked card has none", () => {
  const specimen = contactlessSpecimen("contactless-visa");
  const blocked = (change: object): typeof specimen => ({
    ...specimen,
    state: { ...specimen.state, chip: { ...specimen.state.chip, ...change } },
  });
  for (const change of [{ applicationBlocked: true }, { cardBlocked: true }]) {
    const { outcome } = tap({ card: blocked(change) });
    assert.deepEqual([outcome.outcome, outcome.reason], ["end-application", "no-application"]);
    assert.deepEqual([outcome.ui.message, outcome.alternateInterface], ["try-another-card", "any"]);
  }
});
