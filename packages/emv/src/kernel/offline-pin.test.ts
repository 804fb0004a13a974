import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fromHex, toHex } from "@tillway/bytes";
import { specimenProfile } from "../card/specimen.ts";
import { tvrNames } from "../tvr.ts";
import type { TvrBit } from "../tvr.ts";
import { known, pay, typed } from "./testing/paying.ts";
import type { OfflinePinStep } from "./steps.ts";
import { play } from "./testing/scripted-card.ts";
import type { Scene } from "./testing/scripted-card.ts";

const rules = (...codes: readonly string[]): Record<string, string> => ({
  "8E": `0000000000000000${codes.join("")}`,
});
const CAPABLE = { capabilities: "E0F8C0" };
const right = (): ReturnType<typeof typed> => typed("1234", { padding: 0 });

type Verified = {
  readonly results: string;
  readonly cvm: string;
  readonly bits: readonly TvrBit[];
  readonly steps: readonly OfflinePinStep[];
  readonly commands: readonly string[];
  readonly reason: string | undefined;
};

/** A scripted card with these rules; results are read from the data of GENERATE AC. */
function verify(codes: readonly string[], scene: Scene = {}): Verified {
  const { outcome, steps, commands } = play({
    tags: rules(...codes),
    terminal: CAPABLE,
    offlinePin: right,
    ...scene,
  });
  const bits = tvrNames(fromHex(outcome.tvr)).filter((bit) => bit !== "authenticationNotPerformed");
  const generate = commands.find((command) => command.startsWith("80AE")) ?? "";
  return {
    // CDOL1: TVR, TSI, number, then the results.
    results: generate.slice(32, 38),
    cvm: outcome.cvm,
    bits,
    steps: steps.filter((step) => step.type === "enter-offline-pin"),
    commands,
    reason: outcome.reason,
  };
}

const OK = { "00200080": "9000", "80CA9F17": "9F1701039000" };

describe("a PIN in clear for the card", () => {
  test("that is right verifies the cardholder", () => {
    const { results, cvm, bits, steps, commands } = verify(["0100"], { replies: OK });
    assert.deepEqual([results, cvm], ["010002", "offline-pin"]);
    assert.deepEqual(bits, []);
    assert.deepEqual(steps, [
      { type: "enter-offline-pin", triesLeft: 3, wrong: false, padding: 0 },
    ]);
    // What a rehearsal tells of it is its header.
    assert.ok(commands.includes("00200080"));
  });

  test("with a signature: nobody knows yet whether it will be right", () => {
    const { results, cvm } = verify(["0300"], { replies: OK });
    assert.deepEqual([results, cvm], ["030000", "offline-pin-and-signature"]);
  });

  test("with a signature, at a terminal without paper, is not done", () => {
    const { results, bits } = verify(["0300"], { terminal: { capabilities: "E0D8C0" } });
    assert.equal(results, "030001");
    assert.deepEqual(bits, ["cardholderVerificationFailed", "pinPadUnavailable"]);
  });

  test("a card that does not tell its tries is asked all the same", () => {
    for (const reply of ["6A88", "9F1702FFFF9000", "9F17009000", "9000"]) {
      const { steps, cvm } = verify(["0100"], { replies: { ...OK, "80CA9F17": reply } });
      assert.deepEqual(steps, [{ type: "enter-offline-pin", wrong: false, padding: 0 }]);
      assert.equal(cvm, "offline-pin");
    }
  });

  test("a card without tries left is not asked for: limit exceeded", () => {
    const { results, bits, steps, commands } = verify(["0100"], {
      replies: { ...OK, "80CA9F17": "9F1701009000" },
    });
    assert.deepEqual([results, steps.length], ["010001", 0]);
    assert.deepEqual(bits, ["cardholderVerificationFailed", "pinTryLimitExceeded"]);
    assert.ok(commands.every((command) => !command.startsWith("0020")));
  });

  for (const [status, bits] of [
    ["63C0", ["cardholderVerificationFailed", "pinTryLimitExceeded"]],
    ["6983", ["cardholderVerificationFailed", "pinTryLimitExceeded"]],
    ["6984", ["cardholderVerificationFailed", "pinTryLimitExceeded"]],
  ] as const) {
    test(`VERIFY answered ${status}: no more tries`, () => {
      const verified = verify(["0100"], { replies: { ...OK, "00200080": status } });
      assert.equal(verified.results, "010001");
      assert.deepEqual(verified.bits, bits);
      assert.equal(verified.steps.length, 1);
    });
  }

  for (const status of ["6985", "6A80", "6700", "6300", "9001"]) {
    test(`VERIFY answered ${status}, which no card may: terminated`, () => {
      const verified = verify(["0100"], { replies: { ...OK, "00200080": status } });
      assert.equal(verified.reason, "card-error");
      assert.equal(verified.results, "");
    });
  }

  test("a limit that is exceeded lets the next rule try", () => {
    const { results, cvm, bits } = verify(["4100", "1E00"], {
      replies: { ...OK, "80CA9F17": "9F1701009000" },
    });
    assert.deepEqual([results, cvm], ["1E0000", "signature"]);
    assert.deepEqual(bits, ["pinTryLimitExceeded"]);
  });

  test("bypassed: no other PIN is asked for either", () => {
    const { results, bits, steps } = verify(["4100", "4200", "1E00"], {
      replies: OK,
      offlinePin: () => undefined,
      application: { onlinePin: true },
    });
    assert.equal(results, "1E0000");
    assert.deepEqual(bits, ["pinNotEntered"]);
    assert.equal(steps.length, 1);
  });
});

describe("an enciphered PIN", () => {
  const RSA = { "00200088": "9000", "80CA9F17": "9F1701039000" };

  test("needs the card's key: without one the method fails and no PIN is asked for", () => {
    const { results, steps, commands } = verify(["0400"], { replies: RSA });
    assert.deepEqual([results, steps.length], ["040001", 0]);
    assert.ok(commands.every((command) => !command.startsWith("0084")));
  });

  for (const [name, what] of [
    ["unionpay-offline-pin", "the card's signature key"],
    ["mastercard-offline", "a key made for PINs"],
  ] as const) {
    const amount = { transaction: { amount: "6000" } };

    test(`under ${what}, right: approved by the card alone`, () => {
      const profile = specimenProfile(name);
      const card = known(profile);
      const paid = pay(card, { ...amount, pins: [profile.pin] });
      assert.deepEqual([paid.outcome.result, paid.outcome.online], ["approved", false]);
      assert.equal(paid.outcome.cvm.startsWith("offline-pin"), true);
      assert.equal(paid.asked.length, 1);
      assert.ok((paid.asked[0]?.padding ?? 0) > 80);
      const at = paid.commands.findIndex((command) => command.startsWith("0084"));
      assert.ok(paid.commands[at + 1]?.startsWith("00200088"));
      assert.equal(card.state.session.pin, "passed");
    });

    test(`under ${what}, wrong twice: asked again, told the tries left, then approved`, () => {
      const profile = specimenProfile(name);
      const paid = pay(known(profile), { ...amount, pins: ["000000", "111111", profile.pin] });
      assert.deepEqual(
        paid.asked.map(({ triesLeft, wrong }) => [triesLeft, wrong]),
        [
          [3, false],
          [2, true],
          [1, true],
        ],
      );
      assert.equal(paid.outcome.result, "approved");
      assert.equal(paid.commands.filter((command) => command.startsWith("0084")).length, 3);
    });

    test(`under ${what}, wrong three times: exceeded, and the card asks its issuer`, () => {
      const card = known(specimenProfile(name));
      const paid = pay(card, { ...amount, pins: ["000000"] });
      assert.equal(paid.asked.length, 3);
      const names = tvrNames(fromHex(paid.outcome.tvr));
      assert.ok(names.includes("pinTryLimitExceeded"));
      assert.equal(paid.outcome.online, true);
      assert.equal(card.state.pinTries, 0);
      const again = pay(card, { ...amount, pins: ["000000"] });
      assert.equal(again.asked.length, 0);
    });
  }

  for (const [what, reply] of [
    ["an error", "6D00"],
    ["seven bytes", "010203040506079000"],
    ["nine bytes", "0102030405060708099000"],
  ] as const) {
    test(`a challenge answered with ${what}: the method fails, the PIN is not sent`, () => {
      const paid = pay(known(specimenProfile("unionpay-offline-pin")), {
        transaction: { amount: "6000" },
        pins: ["123456"],
        meddle: (_, command) => (command[1] === 0x84 ? fromHex(reply) : undefined),
      });
      assert.ok(paid.commands.every((command) => !command.startsWith("00200088")));
      // The next rule of this card is a PIN in clear.
      assert.ok(paid.commands.some((command) => command.startsWith("00200080")));
      assert.equal(paid.asked.length, 2);
    });
  }

  test("a spoilt certificate of the PIN key: no PIN under it", () => {
    const paid = pay(known(specimenProfile("mastercard-offline")), {
      transaction: { amount: "6000" },
      pins: ["1234"],
      meddle: (_, command, right) =>
        toHex(command).startsWith("00B2051C")
          ? right.map((byte, at) => (at === 40 ? byte ^ 1 : byte))
          : undefined,
    });
    assert.equal(paid.asked.length, 0);
    assert.ok(paid.commands.every((command) => !command.startsWith("0020")));
  });
});
