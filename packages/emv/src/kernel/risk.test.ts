import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fromHex } from "@tillway/bytes";
import { specimenProfile } from "../card/specimen.ts";
import { tvrNames } from "../tvr.ts";
import { startFullKernel } from "./machine.ts";
import { hold, known, pay } from "./testing/paying.ts";
import { configurationOf, cryptogramOf, play, TRANSACTION } from "./testing/scripted-card.ts";
import type { Scene } from "./testing/scripted-card.ts";

const NOTHING = "0000000000";
const UNPERFORMED = "8000000000";
const codes = (online: string, standard: string): NonNullable<Scene["application"]> => ({
  actionCodes: { denial: NOTHING, online, default: standard },
});

/** What both GENERATE AC asked for. */
function asked(scene: Scene): readonly string[] {
  return play(scene)
    .commands.filter((command) => command.startsWith("80AE"))
    .map((command) => command.slice(4, 6));
}

describe("terminals by their type", () => {
  for (const type of ["11", "14", "21", "24", "34"]) {
    test(`${type} is online only: it always asks, and without an answer declines`, () => {
      const terminal = { type };
      assert.deepEqual(asked({ terminal }), ["80", "40"]);
      assert.deepEqual(asked({ terminal, host: "unable" }), ["80", "00"]);
      const { outcome } = play({ terminal, host: "unable" });
      assert.deepEqual([outcome.result, outcome.reason], ["declined", "unable-to-go-online"]);
    });
  }

  for (const type of ["13", "16", "23", "26", "36"]) {
    test(`${type} is offline only: the default codes decide, nobody is asked`, () => {
      const terminal = { type };
      assert.deepEqual(asked({ terminal, application: codes(UNPERFORMED, NOTHING) }), ["40"]);
      assert.deepEqual(asked({ terminal, application: codes(NOTHING, UNPERFORMED) }), ["00"]);
    });

    test(`${type} takes a card that wants its issuer as being unable to go online`, () => {
      const replies = { "80AE400014": cryptogramOf("80"), "80AE40000D": cryptogramOf("40") };
      const scene: Scene = { terminal: { type }, replies };
      const { outcome, request, commands } = play(scene);
      assert.equal(request, undefined);
      assert.equal(commands.at(-1)?.slice(0, 14), "80AE40000D5933");
      assert.deepEqual([outcome.result, outcome.online], ["approved", false]);
      assert.equal(outcome.reversalRequired, false);
    });
  }

  test("12, 22 and 25 may do both: only they draw lots", () => {
    const draw = { threshold: "9000", targetPercentage: 50, maximumTargetPercentage: 50 };
    const selected = (type: string): boolean => {
      const { outcome } = play({
        terminal: { type },
        application: { randomSelection: draw },
        transaction: { randomSelection: 1 },
      });
      return tvrNames(fromHex(outcome.tvr)).includes("selectedRandomly");
    };
    assert.deepEqual(["12", "22", "25", "35"].map(selected), [true, true, true, true]);
    assert.deepEqual(["21", "23", "24", "26"].map(selected), [false, false, false, false]);
  });
});

describe("unable to go online", () => {
  const application = codes(UNPERFORMED, NOTHING);

  test("the default codes of terminal and issuer decide together", () => {
    assert.deepEqual(asked({ application, host: "unable" }), ["80", "40"]);
    const declined = codes(UNPERFORMED, UNPERFORMED);
    assert.deepEqual(asked({ application: declined, host: "unable" }), ["80", "00"]);
    const byIssuer = { application, tags: { "9F0D": UNPERFORMED }, host: "unable" } as const;
    assert.deepEqual(asked(byIssuer), ["80", "00"]);
    assert.deepEqual(asked({ ...byIssuer, tags: { "9F0D": "" } }), ["80", "00"]);
  });

  for (const [what, reply, reason] of [
    ["declines", cryptogramOf("00"), "declined-by-card"],
    ["asks again", cryptogramOf("80"), "declined-by-card"],
    ["answers an error", "6F00", "card-error"],
  ] as const) {
    test(`the card ${what}: declined, nothing to reverse`, () => {
      const { outcome } = play({ application, host: "unable", replies: { "80AE40": reply } });
      assert.deepEqual([outcome.result, outcome.reason], ["declined", reason]);
      assert.deepEqual([outcome.online, outcome.reversalRequired], [false, false]);
    });
  }

  test("a simulated card within its limits approves, a new one declines", () => {
    const profile = specimenProfile("unionpay-offline-pin");
    const paying = {
      application: codes("FFFFFFFFFF", NOTHING),
      pins: [profile.pin],
      transaction: { forceOnline: true },
      host: () => undefined,
    };
    assert.equal(pay(known(profile), paying).outcome.result, "approved");
    assert.equal(pay(hold(profile), paying).outcome.result, "declined");
  });
});

describe("the terminal's own lists", () => {
  const listing = { terminal: { cardCheck: true } };

  test("are asked for once, with the card's number", () => {
    const asks: unknown[] = [];
    const { outcome } = play({
      ...listing,
      checkCard: (step) => {
        asks.push(step);
        return { onExceptionFile: false };
      },
    });
    assert.deepEqual(asks, [{ type: "check-card", pan: "6210940000000004", psn: "01" }]);
    assert.equal(outcome.result, "approved");
  });

  test("a card on the exception file has its bit, and the action codes decide", () => {
    const scene: Scene = { ...listing, checkCard: () => ({ onExceptionFile: true }) };
    const { outcome } = play(scene);
    assert.ok(tvrNames(fromHex(outcome.tvr)).includes("onExceptionFile"));
    const denied = { actionCodes: { denial: "1000000000", online: NOTHING, default: NOTHING } };
    assert.deepEqual(asked({ ...scene, application: denied }), ["00"]);
  });

  for (const [recentAmount, exceeded] of [
    ["7419", false],
    ["7420", true],
    ["999999999999", true],
    ["0", false],
  ] as const) {
    test(`25.80 after ${recentAmount}: ${exceeded ? "over" : "under"} a floor limit of 100.00`, () => {
      const { outcome } = play({
        ...listing,
        checkCard: () => ({ onExceptionFile: false, recentAmount }),
      });
      const names = tvrNames(fromHex(outcome.tvr));
      assert.equal(names.includes("floorLimitExceeded"), exceeded);
    });
  }

  test("an amount that is none ends the transaction", () => {
    const { outcome } = play({
      ...listing,
      checkCard: () => ({ onExceptionFile: false, recentAmount: "12.50" }),
    });
    assert.equal(outcome.reason, "unexpected-event");
  });

  test("are not asked for where the terminal keeps none", () => {
    const { steps } = play();
    assert.ok(steps.every(({ type }) => type !== "check-card"));
    assert.equal(startFullKernel(configurationOf(listing), TRANSACTION).step.type, "transmit");
  });
});
