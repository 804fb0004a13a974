import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { demonstrationProfiles } from "./demonstration.ts";
import { parseProfile } from "./profile.ts";
import { specimenProfile } from "./specimen.ts";

/** Whether the last digit is the check digit of ISO/IEC 7812-1 Annex B. */
function checks(pan: string): boolean {
  const sum = Array.from(pan, Number)
    .reverse()
    .map((digit, at) => (at % 2 === 0 ? digit : digit * 2 - (digit > 4 ? 9 : 0)))
    .reduce((total, digit) => total + digit, 0);
  return sum % 10 === 0;
}

describe("demonstration cards", () => {
  test("are eight, each with a name, an account number and texts of its own", () => {
    const profiles = demonstrationProfiles();
    assert.deepEqual(
      profiles.map(({ name }) => name),
      [
        "unionpay-debit",
        "unionpay-credit",
        "visa",
        "mastercard",
        "unionpay-expired",
        "unionpay-counterfeit",
        "unionpay-stripe",
        "visa-stripe",
      ],
    );
    assert.equal(new Set(profiles.map(({ pan }) => pan)).size, profiles.length);
    for (const profile of profiles) {
      assert.ok(checks(profile.pan), profile.name);
      assert.match(profile.label.zh, /\p{Script=Han}/u);
      assert.match(profile.purpose.zh, /\p{Script=Han}/u);
      assert.equal(profile.pin.length, profile.scheme === "unionpay" ? 6 : 4);
      assert.equal(profile.expiry < "30", profile.name === "unionpay-expired");
      assert.equal(profile.keys === "wrong", profile.name === "unionpay-counterfeit");
    }
  });
});

describe("reading a profile", () => {
  const good = specimenProfile("visa");

  test("keeps what is well formed", () => {
    assert.deepEqual(parseProfile(structuredClone(good)), { ok: true, profile: good });
  });

  for (const [change, problem] of [
    [{ name: "Visa Card" }, "name: lower case words joined by -"],
    [{ scheme: "other" }, "scheme: unionpay or visa or mastercard"],
    [{ aid: "A000" }, "aid: hex digits of 5 to 16 bytes"],
    [{ pan: "4761 7390" }, "pan: 13 to 19 digits"],
    [{ pin: "123" }, "pin: 4 to 12 digits"],
    [{ expiry: "341331" }, "expiry: YYMMDD"],
    [{ pdol: "9F1A" }, "pdol: tags and lengths"],
    [{ label: { en: "Visa" } }, "label.zh: 1 to 200 characters"],
    [{ cvm: { ...good.cvm, rules: [] } }, "cvm.rules: one to twenty rules"],
    [{ cvm: { ...good.cvm, amountX: "4294967296" } }, "cvm.amountX: at most 4294967295"],
    [
      { offlineLimits: { lower: 0, upper: 256 } },
      "offlineLimits.upper: a whole number from 0 to 255",
    ],
    [
      { account: { ...good.account, openingBalance: "1.50" } },
      "account.openingBalance: one to twelve digits, minor units",
    ],
    [{ keys: undefined }, "keys: issuer or wrong"],
  ] as const) {
    test(`names what is wrong: ${problem}`, () => {
      assert.deepEqual(parseProfile({ ...good, ...change }), { ok: false, problems: [problem] });
    });
  }

  test("never throws and never repeats what it was given", () => {
    assert.equal(parseProfile(null).ok, false);
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        assert.equal(parseProfile(json).ok, false);
      }),
    );
    const wrong = parseProfile({ ...good, pan: "4761739001010010X", pin: "13572468X" });
    assert.ok(!wrong.ok);
    assert.doesNotMatch(wrong.problems.join(), /4761|1357/);
  });
});
