/** Cards that answer wrongly at each of their commands: every ending is one the books allow. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { specimenProfile } from "../card/specimen.ts";
import { hold, pay } from "./testing/paying.ts";
import type { HeldCard, Paid } from "./testing/paying.ts";

const ANSWERS = [
  "nothing",
  "garbage",
  "wrong-length",
  "duplicate-tag",
  "6A82",
  "6985",
  "6F00",
  "6100",
  "6C01",
  "9000",
] as const;

/** Personalised once: only what goes wrong differs from one payment to the next. */
const cards = new Map<string, HeldCard>();

function payFaulty(name: string, at: number, answer: string, carriedOut: boolean): Paid {
  const card = cards.get(name) ?? hold(specimenProfile(name));
  cards.set(name, card);
  const profile = { ...card.image.profile, faults: [{ at, answer, carriedOut }] };
  const faulty = { ...card, image: { ...card.image, profile } };
  return pay(faulty, { pins: [profile.pin], choose: (aids) => aids[0] });
}

/** What must hold whatever the card did. */
function sound({ outcome, request }: Paid, where: string): void {
  if (outcome.result === "approved") {
    assert.equal(outcome.cryptogram?.type, "TC", where);
    assert.equal(outcome.reversalRequired, false, where);
  } else assert.notEqual(outcome.reason, undefined, where);
  // The host approved every request: without a certificate that has to be undone.
  if (request !== undefined && outcome.result !== "approved") {
    assert.equal(outcome.reversalRequired, true, where);
  }
  if (outcome.reason === "unexpected-event") assert.fail(where);
}

describe("a fault at every command", () => {
  for (const name of ["unionpay-debit", "mastercard-offline", "visa-static"]) {
    const whole = pay(hold(specimenProfile(name)), { pins: [specimenProfile(name).pin] });
    for (const answer of ANSWERS) {
      test(`${name} answers ${answer}: the transaction ends soundly`, () => {
        assert.equal(whole.outcome.result, "approved");
        for (let at = 1; at <= whole.commands.length; at += 1) {
          for (const carriedOut of [false, true]) {
            sound(payFaulty(name, at, answer, carriedOut), `${answer} at ${at}`);
          }
        }
      });
    }
  }

  test("a card that is gone never approves after its request, and what was approved is undone", () => {
    const whole = pay(hold(specimenProfile("unionpay-debit")));
    const first = whole.commands.findIndex((command) => command.startsWith("80AE"));
    for (let at = 1; at <= whole.commands.length; at += 1) {
      const { outcome } = payFaulty("unionpay-debit", at, "nothing", true);
      assert.equal(outcome.reason, "card-removed");
      assert.equal(outcome.reversalRequired, at > first + 1, `command ${at}`);
    }
  });

  test("the profile of a torn card is one of them", () => {
    const { outcome } = pay(hold(specimenProfile("unionpay-torn")));
    assert.deepEqual([outcome.result, outcome.reason], ["terminated", "card-removed"]);
  });
});
