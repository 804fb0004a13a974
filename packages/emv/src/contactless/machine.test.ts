import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex } from "@tillway/bytes";
import { answerContactless } from "./card/answer.ts";
import { contactlessSpecimen, countingRandom } from "./card/specimen.ts";
import { advanceTap, startTap } from "./machine.ts";
import type { TapTurnTaken } from "./machine.ts";
import { readerOf, tap, TRANSACTION } from "./testing/field.ts";
import type { TapEvent, TapStep } from "./steps.ts";

const LARGE = { ...TRANSACTION, amount: "100001" };

/** The turn at which the reader takes a step of this type, with a Visa card of no faults. */
function turnAt(type: TapStep["type"]): TapTurnTaken {
  const { image, state } = contactlessSpecimen("contactless-visa");
  let card = state;
  let turn = startTap(readerOf(), LARGE);
  while (turn.step.type !== type) {
    const { step } = turn;
    const given = ((): TapEvent => {
      switch (step.type) {
        case "present-card":
          return { type: "card-detected" };
        case "transmit": {
          const next = answerContactless(image, card, step.apdu, countingRandom);
          card = next.state;
          return { type: "response", apdu: next.response };
        }
        case "enter-online-pin":
          return { type: "pin-entered" };
        case "go-online":
          return { type: "online-answered", responseCode: "00", issuerData: fromHex("") };
        case "done":
          return assert.fail(`no step ${type}`);
      }
    })();
    const before = structuredClone(turn.state);
    const once = advanceTap(turn.state, given);
    assert.deepEqual(advanceTap(turn.state, given), once);
    assert.deepEqual(turn.state, before);
    turn = once;
  }
  return turn;
}

test("the same state and event give the same turn, and the state stays as it was", () => {
  const { step } = turnAt("done");
  assert.ok(step.type === "done");
  assert.equal(step.outcome.result, "approved");
});

test("the card is asked for with the amount", () => {
  const { step } = turnAt("present-card");
  assert.ok(step.type === "present-card");
  assert.deepEqual(step.ui, {
    message: "present-card",
    id: "15",
    status: "ready-to-read",
    value: { kind: "amount", amount: "100001", currency: "156" },
  });
});

test("two cards in the field: asked for one, and one does", () => {
  const first = advanceTap(turnAt("present-card").state, { type: "several-cards" });
  assert.ok(first.step.type === "present-card");
  assert.deepEqual(
    [first.step.ui.message, first.step.ui.id, first.step.ui.status],
    ["present-one-card", "19", "processing-error"],
  );
  const one = advanceTap(first.state, { type: "card-detected" });
  assert.equal(one.step.type, "transmit");
});

test("a second card while one is read: everything begins anew with one card", () => {
  const { step } = advanceTap(turnAt("transmit").state, { type: "several-cards" });
  assert.ok(step.type === "present-card");
  assert.equal(step.ui.message, "present-one-card");
});

for (const type of ["enter-online-pin", "go-online"] as const) {
  for (const change of ["card-removed", "several-cards", "card-detected"] as const) {
    test(`${change} at ${type}: the card has been read, nothing changes`, () => {
      const turn = turnAt(type);
      const after = advanceTap(turn.state, { type: change });
      assert.deepEqual(after.step, turn.step);
      assert.equal(after.state.wait, turn.state.wait);
    });
  }
}

test("a card that left before anything was asked of it changes nothing", () => {
  const turn = turnAt("present-card");
  assert.deepEqual(advanceTap(turn.state, { type: "card-removed" }).step, turn.step);
});

for (const [type, event, reason, reversed] of [
  ["present-card", "cancelled", "cancelled", false],
  ["present-card", "timed-out", "timed-out", false],
  ["transmit", "cancelled", "cancelled", false],
  ["enter-online-pin", "cancelled", "cancelled", false],
  ["enter-online-pin", "pin-cancelled", "cancelled", false],
  ["go-online", "cancelled", "cancelled", true],
  ["go-online", "timed-out", "timed-out", true],
  ["go-online", "pin-entered", "unexpected-event", true],
  ["present-card", "pin-entered", "unexpected-event", false],
  ["transmit", "unable-to-go-online", "unexpected-event", false],
] as const) {
  test(`${event} at ${type}: ${reason}${reversed ? ", to be reversed" : ""}`, () => {
    const { step } = advanceTap(turnAt(type).state, { type: event });
    assert.ok(step.type === "done");
    assert.deepEqual([step.outcome.outcome, step.outcome.reason], ["end-application", reason]);
    assert.equal(step.outcome.result, "terminated");
    assert.equal(step.outcome.reversalRequired, reversed);
  });
}

test("after the end every event gets the same step", () => {
  const end = turnAt("done");
  for (const late of [
    { type: "card-removed" },
    { type: "card-detected" },
    { type: "online-answered", responseCode: "05", issuerData: fromHex("") },
  ] as const) {
    assert.deepEqual(advanceTap(end.state, late), end);
  }
});

test("a card torn five times is not asked for a sixth time", () => {
  const { outcome, steps } = tap({
    card: "contactless-visa",
    spoil: (response) => response,
    field: () => ({ type: "card-detected" }),
    tornAt: 0,
  });
  assert.equal(outcome.result, "approved");
  assert.equal(steps.filter((step) => step.type === "present-card").length, 2);
  let turn = startTap(readerOf(), TRANSACTION);
  for (let presented = 1; presented <= 5; presented += 1) {
    assert.equal(turn.step.type, "present-card");
    turn = advanceTap(turn.state, { type: "card-detected" });
    turn = advanceTap(turn.state, { type: "card-removed" });
  }
  assert.ok(turn.step.type === "done");
  assert.deepEqual(
    [turn.step.outcome.outcome, turn.step.outcome.reason],
    ["end-application", "card-removed"],
  );
});

test("host codes that approve are the terminal's", () => {
  const reader = { terminal: { approvalCodes: ["85"] } };
  const card = "contactless-visa";
  assert.equal(tap({ card, reader, host: "00" }).outcome.result, "declined");
  const { outcome } = tap({ card, reader, host: "85" });
  assert.deepEqual([outcome.result, outcome.responseCode], ["approved", "85"]);
});

test("a malformed transaction is refused by name, not by value", () => {
  assert.throws(
    () => startTap(readerOf(), { ...TRANSACTION, amount: "12.50", currency: "CNY" }),
    (cause: unknown) =>
      cause instanceof RangeError &&
      /amount/.test(cause.message) &&
      /currency/.test(cause.message) &&
      !/12\.50|CNY/.test(cause.message),
  );
});
