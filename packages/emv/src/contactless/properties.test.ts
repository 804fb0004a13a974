import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { answerContactless } from "./card/answer.ts";
import { contactlessSpecimen, countingRandom } from "./card/specimen.ts";
import { leaveField } from "./card/state.ts";
import { advanceTap, MOST_TAP_ANSWERS, startTap } from "./machine.ts";
import type { TapTurnTaken } from "./machine.ts";
import { MOST_ATTEMPTS } from "./outcome.ts";
import { readerOf, TRANSACTION } from "./testing/field.ts";
import type { TapEvent, TapOutcome, TapStep } from "./steps.ts";

const readers = [
  readerOf(),
  readerOf({ combination: { limits: { floor: "5000", cvm: "1000" } } }),
  readerOf({ terminal: { directory: false } }),
];
const CARDS = [
  "contactless-unionpay-debit",
  "contactless-unionpay-credit",
  "contactless-visa",
  "contactless-mastercard",
  "contactless-mastercard-stripe",
] as const;

const MOST_STEPS = MOST_TAP_ANSWERS + 10 * MOST_ATTEMPTS;

type Answering = (step: TapStep, index: number) => TapEvent;

function runToEnd(reader: number, next: Answering): TapOutcome {
  let turn: TapTurnTaken = startTap(readers[reader] ?? readerOf(), TRANSACTION);
  for (let steps = 1; steps <= MOST_STEPS; steps += 1) {
    if (turn.step.type === "done") return turn.step.outcome;
    turn = advanceTap(turn.state, next(turn.step, steps));
  }
  assert.fail("no end in sight");
}

function usual(step: TapStep): TapEvent {
  switch (step.type) {
    case "present-card":
      return { type: "card-detected" };
    case "enter-online-pin":
      return { type: "pin-entered" };
    case "go-online":
      return { type: "online-answered", responseCode: "00", issuerData: new Uint8Array(0) };
    case "transmit":
    case "done":
      return { type: "cancelled" };
  }
}

/** What must hold of every end. */
function sound(outcome: TapOutcome): void {
  assert.equal(outcome.path.at(-1), outcome.outcome);
  if (outcome.result === "approved") {
    assert.equal(outcome.reversalRequired, false);
    // Online the issuer said so; offline only a signature of the card is enough.
    if (!outcome.online) {
      assert.equal(outcome.cryptogram?.type, "TC");
      assert.equal(outcome.authentication.result, "passed");
    }
    assert.notEqual(outcome.pan, undefined);
  } else {
    assert.notEqual(outcome.reason, undefined);
  }
}

const anyReader = fc.nat({ max: readers.length - 1 });
const anything = fc.uint8Array({ maxLength: 40 });

test("arbitrary bytes from the card never throw and always end", () => {
  const stream = fc.infiniteStream(fc.uint8Array({ maxLength: 64 }));
  fc.assert(
    fc.property(anyReader, stream, (reader, answers) => {
      const outcome = runToEnd(reader, (step) =>
        step.type === "transmit"
          ? { type: "response", apdu: answers.next().value ?? new Uint8Array(0) }
          : usual(step),
      );
      sound(outcome);
    }),
  );
});

const fault = fc.record({
  at: fc.nat({ max: 14 }),
  byte: fc.nat({ max: 255 }),
  bit: fc.integer({ min: 1, max: 255 }),
  instead: fc.option(anything, { nil: undefined }),
  torn: fc.boolean(),
});

test("a real card with answers replaced, spoilt or torn off never makes it throw, and it ends", () => {
  const specimens = CARDS.map((name) => contactlessSpecimen(name));
  fc.assert(
    fc.property(
      anyReader,
      fc.nat({ max: CARDS.length - 1 }),
      fc.array(fault, { minLength: 1, maxLength: 3 }),
      (reader, which, faults) => {
        const specimen = specimens[which];
        assert.ok(specimen);
        let { state } = specimen;
        let sent = 0;
        const outcome = runToEnd(reader, (step) => {
          if (step.type === "present-card") state = leaveField(state);
          if (step.type !== "transmit") return usual(step);
          const next = answerContactless(specimen.image, state, step.apdu, countingRandom);
          state = next.state;
          let apdu = next.response;
          const now = faults.filter((entry) => entry.at === sent);
          sent += 1;
          for (const { byte, bit, instead, torn } of now) {
            if (torn) return { type: "card-removed" };
            const target = byte % apdu.length;
            apdu = instead ?? apdu.map((value, index) => (index === target ? value ^ bit : value));
          }
          return { type: "response", apdu };
        });
        sound(outcome);
      },
    ),
    { numRuns: 120 },
  );
});

const event: fc.Arbitrary<TapEvent> = fc.oneof(
  anything.map((apdu): TapEvent => ({ type: "response", apdu })),
  fc.constantFrom<TapEvent>(
    { type: "card-detected" },
    { type: "several-cards" },
    { type: "card-removed" },
    { type: "pin-entered" },
    { type: "pin-bypassed" },
    { type: "pin-cancelled" },
    { type: "unable-to-go-online" },
    { type: "timed-out" },
    { type: "cancelled" },
  ),
  fc.string({ maxLength: 3 }).map((responseCode): TapEvent => ({
    type: "online-answered",
    responseCode,
    issuerData: new Uint8Array(0),
  })),
);

test("any event at any step ends soundly", () => {
  const specimens = CARDS.map((name) => contactlessSpecimen(name));
  fc.assert(
    fc.property(
      anyReader,
      fc.nat({ max: CARDS.length - 1 }),
      fc.nat({ max: 14 }),
      event,
      (reader, which, at, strange) => {
        const specimen = specimens[which];
        assert.ok(specimen);
        let { state } = specimen;
        const outcome = runToEnd(reader, (step, index) => {
          if (index === at) return strange;
          if (step.type === "present-card") state = leaveField(state);
          if (step.type !== "transmit") return usual(step);
          const next = answerContactless(specimen.image, state, step.apdu, countingRandom);
          state = next.state;
          return { type: "response", apdu: next.response };
        });
        sound(outcome);
      },
    ),
  );
});
