import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex, toHex } from "@tillway/bytes";
import { contactlessSpecimen } from "./card/specimen.ts";
import { decisionOf } from "./quick.ts";
import { tap } from "./testing/field.ts";
import { optionsOf, PAN, playScript, tlv, turnBit } from "./testing/scripted.ts";

for (const [cid, iad, expected] of [
  ["80", undefined, "ARQC"],
  ["40", undefined, "TC"],
  ["00", undefined, "AAC"],
  ["C0", undefined, undefined],
  [undefined, "06010A03A00000", "ARQC"],
  [undefined, "06011103900000", "TC"],
  [undefined, "06010A03800000", "AAC"],
  [undefined, "06010A03B00000", undefined],
  [undefined, "07010103A0000001", "ARQC"],
  [undefined, "06010A04A00000", undefined],
  [undefined, undefined, undefined],
  ["40", "06010A03A00000", "TC"],
] as const) {
  test(`9F27 ${cid ?? "absent"}, 9F10 ${iad ?? "absent"}: ${expected ?? "no decision"}`, () => {
    const bytes = (hex: string | undefined) => (hex === undefined ? undefined : fromHex(hex));
    assert.equal(decisionOf(bytes(cid), bytes(iad)), expected);
  });
}

for (const [sw, path, reason, message] of [
  ["6984", ["try-another-interface"], "use-another-interface", "insert-card"],
  ["6985", ["select-next", "end-application"], "no-application", "try-another-card"],
  ["6A80", ["end-application"], "card-error", "try-another-card"],
] as const) {
  test(`GET PROCESSING OPTIONS answered ${sw}: ${path.join(", ")}`, () => {
    const { outcome } = playScript({ replies: { "80A8": sw } });
    assert.deepEqual([outcome.path, outcome.reason], [path, reason]);
    assert.equal(outcome.ui.message, message);
  });
}

test("6986 asks the cardholder to look at the phone, and gives up after five times", () => {
  const { outcome, steps } = playScript({ replies: { "80A8": "6986" } });
  assert.equal(steps.filter((step) => step.type === "present-card").length, 5);
  assert.deepEqual([outcome.outcome, outcome.reason], ["end-application", "see-phone"]);
});

for (const [what, options] of [
  ["no cryptogram", { "9F26": "" }],
  ["a short cryptogram", { "9F26": "A1A2" }],
  ["no counter", { "9F36": "" }],
  ["no profile", { "82": "" }],
  ["no decision", { "9F10": "" }],
  ["no PAN", { "57": "" }],
  ["a PAN that is not the track's", { "5A": "4761739001010028" }],
  ["an impossible expiry", { "57": `${PAN}D3013201` }],
  ["a broken file locator", { "94": "080101" }],
  ["a file locator of file 0", { "94": "00010100" }],
  ["a file locator counting backwards", { "94": "08020100" }],
] as const) {
  test(`${what}: the card is in error`, () => {
    const { outcome } = playScript({ options });
    assert.deepEqual([outcome.outcome, outcome.reason], ["end-application", "card-error"]);
  });
}

for (const [what, answer] of [
  ["format 1", `${tlv("80", "200008010100")}9000`],
  ["the same object twice", `${tlv("77", tlv("82", "2000") + tlv("82", "2000"))}9000`],
  ["garbage", "77039F9000"],
  ["nothing", ""],
  ["half a status word", "90"],
] as const) {
  test(`GET PROCESSING OPTIONS answered with ${what}: the card is in error`, () => {
    const { outcome } = playScript({ replies: { "80A8": answer } });
    assert.deepEqual([outcome.outcome, outcome.reason], ["end-application", "card-error"]);
  });
}

test("a card that declines is declined", () => {
  const { outcome } = playScript({ options: { "9F10": "06010A03800000" } });
  assert.deepEqual([outcome.outcome, outcome.reason], ["declined", "declined-by-card"]);
  assert.equal(outcome.cryptogram?.type, "AAC");
});

test("a card that approves although it was to ask its issuer is not believed", () => {
  const { outcome } = playScript({ options: { "9F10": "06010A03900000" } });
  assert.deepEqual([outcome.outcome, outcome.reason], ["declined", "card-error"]);
});

test("a reader that is never online declines what wants to go there", () => {
  const { outcome } = playScript({
    reader: { combination: { ttq: "3E004000", limits: {} } },
  });
  assert.deepEqual([outcome.outcome, outcome.reason], ["declined", "unable-to-go-online"]);
});

test("records after the answer: read, and in error where one is missing", () => {
  const record = tlv("70", tlv("5F20", "4142"));
  const options = { "94": "10010100" };
  const { request } = playScript({ options, replies: { "00B20114": `${record}9000` } });
  assert.equal(toHex(request?.store.get("5F20") ?? fromHex("")), "4142");
  for (const answer of [
    "6A83",
    "9000",
    `${tlv("71", "")}9000`,
    `${tlv("70", tlv("82", "00"))}9000`,
  ]) {
    const { outcome } = playScript({ options, replies: { "00B20114": answer } });
    assert.equal(outcome.reason, "card-error", answer);
  }
});

/** Approved offline, but something is wrong with it. */
const TC = { "9F10": "06010A03900000" };
const OFFLINE = { combination: { limits: {} } } as const;

for (const [what, ctq, ttq, path, reason] of [
  ["the card has no say", "0000", "36004000", ["declined"], "authentication-failed"],
  ["the card wants to go online", "2000", "36004000", ["online-request", "approved"], undefined],
  ["the reader cannot", "2000", "3E004000", ["declined"], "authentication-failed"],
  [
    "the card wants its contacts",
    "1000",
    "36004000",
    ["try-another-interface"],
    "use-another-interface",
  ],
  ["the reader has no contacts", "1000", "26004000", ["declined"], "authentication-failed"],
] as const) {
  test(`offline without proof, ${what}: ${path.join(", ")}`, () => {
    const { outcome } = playScript({
      options: { ...TC, "9F6C": ctq },
      reader: { combination: { limits: {}, ttq } },
    });
    assert.deepEqual([outcome.path, outcome.reason], [path, reason]);
    assert.equal(outcome.authentication.result, "failed");
  });
}

for (const [ctq, path, reason] of [
  ["0000", ["declined"], "expired"],
  ["0800", ["online-request", "approved"], undefined],
] as const) {
  test(`offline with an expired card, card qualifiers ${ctq}: ${path.join(", ")}`, () => {
    const { outcome } = playScript({
      options: { ...TC, "57": `${PAN}D2501201`, "9F6C": ctq },
      reader: OFFLINE,
    });
    assert.deepEqual([outcome.path, outcome.reason], [path, reason]);
  });
}

test("a PIN that is needed takes an offline approval to the issuer", () => {
  const { outcome } = tap({
    card: contactlessSpecimen("contactless-visa", {
      qualifiers: { always: "8000", cvmRequired: "8000" },
    }),
    reader: OFFLINE,
  });
  assert.deepEqual(outcome.path, ["online-request", "approved"]);
  assert.deepEqual([outcome.cvm, outcome.cryptogram?.type], ["online-pin", "TC"]);
});

test("nobody verified where somebody must be: declined", () => {
  const { outcome } = playScript({ transaction: { amount: "30000" } });
  assert.deepEqual([outcome.outcome, outcome.reason], ["declined", "verification-failed"]);
  const below = playScript({ transaction: { amount: "29999" } });
  assert.deepEqual([below.outcome.result, below.outcome.cvm], ["approved", "none"]);
});

test("a signature is asked for with the approval", () => {
  const { outcome } = playScript({
    options: { "9F6C": "4000" },
    transaction: { amount: "30000" },
  });
  assert.deepEqual(
    [outcome.cvm, outcome.ui.message, outcome.ui.id],
    ["signature", "approved-sign", "1A"],
  );
});

test("a tampered signature, certificate or signed record proves nothing", () => {
  const offline = { card: "contactless-visa", reader: OFFLINE } as const;
  const whole = tap(offline);
  assert.deepEqual(whole.outcome.path, ["approved"]);
  const places = whole.commands.flatMap((command, at) =>
    command.startsWith("80A8") || command.startsWith("00B2") ? [at] : [],
  );
  assert.equal(places.length, 6);
  for (const place of places) {
    const { outcome } = tap({
      ...offline,
      spoil: (response, _, at) =>
        at === place ? turnBit(response, response.length - 8) : response,
    });
    assert.notEqual(outcome.outcome, "approved", `command ${place}`);
  }
});

test("the card's balance is told, where it tells it", () => {
  const { outcome } = playScript({ options: { "9F5D": "000000012345" } });
  assert.equal(outcome.availableOffline, "12345");
  const odd = playScript({ options: { "9F5D": "0000000123FF" } });
  assert.equal(odd.outcome.availableOffline, undefined);
  assert.ok(optionsOf().endsWith("9000"));
});
