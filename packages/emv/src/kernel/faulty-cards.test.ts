/** Cards that answer wrongly at each of their commands: every ending is the one that the books demand. */
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

const FINE = "approved: ";
const GONE = "terminated: card-removed";
const NONE = "terminated: no-application";
const ERROR = "terminated: card-error";
const LATE = "declined: card-error, reversed";

/** The ending of every answer that is not listed, and of those that are. */
type Endings = Readonly<Record<string, string>> & { readonly other: string };

/** What the books demand of a command that went wrong. `asked`: the issuer has been asked. */
function endingsOf(command: string, directory: boolean, asked: boolean, name: string): Endings {
  const combined = name === "mastercard-offline";
  switch (command.slice(0, 4)) {
    case "00A4":
      // Book 1 §12.3.2 and §12.4: no directory, then the list of applications; none left, no payment.
      return directory ? { other: FINE } : { other: NONE, "duplicate-tag": FINE };
    case "80A8":
      // Book 3 §10.1: conditions of use not satisfied removes the application, all else ends it.
      return { other: ERROR, "6985": NONE, ...(combined ? { "duplicate-tag": FINE } : {}) };
    case "00B2":
      // Book 3 §10.2: anything but a record of the file ends it; a directory is only left.
      return { other: directory ? FINE : ERROR };
    case "0088":
      // Book 3 §10.3: a refusal ends it; a signature that does not hold is a bit of the TVR.
      return { other: ERROR, "wrong-length": FINE, "duplicate-tag": FINE, "9000": FINE };
    case "80CA":
      // Book 3 §10.5.1 and §10.6.3: a counter that is not told is missing data, not an error.
      return { other: FINE };
    case "0020":
      // Book 3 §10.5.1: 63Cx, 6983 and 6984 say something of the PIN; other words end it.
      return { other: ERROR, "duplicate-tag": FINE, "9000": FINE };
    case "0082":
      // Book 3 §10.9: a refused issuer is a bit of the TVR.
      return { other: FINE };
    case "80AE":
      // Book 3 §6.5.5; Book 2 §6.6.2: a combined signature that fails declines.
      if (!asked)
        return {
          other: ERROR,
          ...(combined ? { "duplicate-tag": "declined: declined-offline" } : {}),
        };
      return {
        other: LATE,
        ...(combined ? { "duplicate-tag": "declined: declined-by-card, reversed" } : {}),
      };
    default:
      return assert.fail(`a command that this test does not know: ${command}`);
  }
}

function expected(endings: Endings, answer: string, asked: boolean, right: number): string {
  if (answer === "nothing") return asked ? "declined: card-removed, reversed" : GONE;
  // One byte of two is no answer at all, whatever was asked.
  if (answer === "wrong-length" && right === 2) return asked ? LATE : ERROR;
  return endings[answer] ?? endings.other;
}

function endingOf({ outcome }: Paid): string {
  const reversed = outcome.reversalRequired ? ", reversed" : "";
  return `${outcome.result}: ${outcome.reason ?? ""}${reversed}`;
}

describe("a fault at every command", () => {
  for (const name of ["unionpay-debit", "mastercard-offline", "visa-static"]) {
    const lengths: number[] = [];
    const whole = pay(hold(specimenProfile(name)), {
      pins: [specimenProfile(name).pin],
      meddle: (_at, _command, right) => {
        lengths.push(right.length);
        return undefined;
      },
    });
    for (const answer of ANSWERS) {
      test(`${name} answers ${answer}: the transaction ends as the books say`, () => {
        assert.equal(whole.outcome.result, "approved");
        for (let at = 1; at <= whole.commands.length; at += 1) {
          const command = whole.commands[at - 1] ?? "";
          const directory = at - 1 < whole.commands.findIndex((one) => /^00A40400..A0/.test(one));
          const asked = at - 1 > whole.commands.findIndex((one) => one.startsWith("80AE"));
          const endings = endingsOf(command, directory, asked, name);
          for (const carriedOut of [false, true]) {
            const paid = payFaulty(name, at, answer, carriedOut);
            const where = `${answer} at ${at}, ${command}`;
            sound(paid, where);
            // 6Cxx is no fault: the command goes again. What was not carried out changes what follows.
            if (answer === "6C01" || !carriedOut) continue;
            const right = lengths[at - 1] ?? 0;
            assert.equal(endingOf(paid), expected(endings, answer, asked, right), where);
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
