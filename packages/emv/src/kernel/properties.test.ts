import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fromHex, toHex } from "@tillway/bytes";
import { answer, newCardState } from "../card/index.ts";
import { countingRandom, specimenCaKey, specimenCard, specimenProfile } from "../card/specimen.ts";
import { advance, MOST_ANSWERS, startKernel } from "./machine.ts";
import type { KernelTurn } from "./machine.ts";
import type { KernelEvent, KernelOutcome, KernelStep } from "./steps.ts";
import {
  AID,
  cardOf,
  configurationOf,
  ONLINE,
  repliesOf,
  tlv,
  TRANSACTION,
} from "./testing/scripted-card.ts";

const profile = specimenProfile("unionpay-debit");
const image = specimenCard(profile);
const configuration = {
  ...configurationOf({
    application: { ...ONLINE, onlinePin: true },
    terminal: { directory: true },
  }),
  caKeys: [specimenCaKey(profile)],
};

/** Steps beside card answers: choice, PIN, online, the end. */
const MOST_STEPS = MOST_ANSWERS + 50;

type Answering = (step: KernelStep, index: number) => KernelEvent;

function runToEnd(next: Answering): { readonly outcome: KernelOutcome; readonly steps: number } {
  let turn: KernelTurn = startKernel(configuration, TRANSACTION);
  for (let steps = 1; steps <= MOST_STEPS; steps += 1) {
    if (turn.step.type === "done") return { outcome: turn.step.outcome, steps };
    turn = advance(turn.state, next(turn.step, steps));
  }
  assert.fail("no end in sight");
}

/** A reasonable answer to what is no command. */
function usual(step: KernelStep, issuerData: Uint8Array): KernelEvent {
  switch (step.type) {
    case "choose-application":
      return { type: "application-chosen", aid: step.candidates[0]?.aid ?? "" };
    case "enter-online-pin":
      return { type: "pin-entered" };
    case "go-online":
      return { type: "online-answered", responseCode: "00", issuerData };
    case "transmit":
    case "done":
      return { type: "cancelled" };
  }
}

function sound(outcome: KernelOutcome): void {
  if (outcome.result === "approved") {
    assert.equal(outcome.cryptogram?.type, "TC");
    assert.equal(outcome.reversalRequired, false);
  } else {
    assert.notEqual(outcome.reason, undefined);
  }
  if (outcome.reversalRequired) assert.notEqual(outcome.cryptogram, undefined);
}

test("arbitrary bytes from the card never throw and always end", () => {
  fc.assert(
    fc.property(fc.infiniteStream(fc.uint8Array({ maxLength: 64 })), (stream) => {
      const { outcome } = runToEnd((step) =>
        step.type === "transmit"
          ? { type: "response", apdu: stream.next().value ?? new Uint8Array(0) }
          : usual(step, new Uint8Array(0)),
      );
      sound(outcome);
    }),
  );
});

const anything = fc.uint8Array({ maxLength: 40 });

test("a real card with some answers replaced or spoilt never makes it throw, and it ends", () => {
  const fault = fc.record({
    at: fc.nat({ max: 30 }),
    byte: fc.nat({ max: 255 }),
    bit: fc.integer({ min: 1, max: 255 }),
    instead: fc.option(anything, { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(fault, { minLength: 1, maxLength: 3 }), anything, (faults, issuerData) => {
      let state = newCardState(image);
      let sent = 0;
      const { outcome } = runToEnd((step) => {
        if (step.type !== "transmit") return usual(step, issuerData);
        const next = answer(image, state, step.apdu, countingRandom);
        state = next.state;
        let apdu = next.response;
        for (const { at, byte, bit, instead } of faults) {
          if (at !== sent) continue;
          const target = byte % apdu.length;
          apdu = instead ?? apdu.map((value, index) => (index === target ? value ^ bit : value));
        }
        sent += 1;
        return { type: "response", apdu };
      });
      sound(outcome);
    }),
    { numRuns: 150 },
  );
});

test("issuer data of any bytes never throw", () => {
  const card = cardOf(repliesOf({ replies: { "84": "9000" } }));
  const script = fc
    .tuple(fc.constantFrom("71", "72", "91", "8A"), anything)
    .map(([tag, value]) => tlv(tag, toHex(value)));
  fc.assert(
    fc.property(fc.array(script, { maxLength: 4 }), anything, (objects, rest) => {
      const issuerData = Uint8Array.of(...fromHex(objects.join("")), ...rest);
      const { outcome } = runToEnd((step) =>
        step.type === "transmit"
          ? { type: "response", apdu: card(step.apdu) ?? new Uint8Array(0) }
          : usual(step, issuerData),
      );
      sound(outcome);
    }),
  );
});

const event: fc.Arbitrary<KernelEvent> = fc.oneof(
  anything.map((apdu): KernelEvent => ({ type: "response", apdu })),
  fc.constantFrom<KernelEvent>(
    { type: "start", transaction: TRANSACTION },
    { type: "card-removed" },
    { type: "application-chosen", aid: AID },
    { type: "pin-entered" },
    { type: "pin-bypassed" },
    { type: "pin-cancelled" },
    { type: "unable-to-go-online" },
    { type: "cancelled" },
    { type: "pin-pad-failed" },
    { type: "card-checked", onExceptionFile: true, recentAmount: "1" },
  ),
  fc
    .tuple(anything, anything)
    .map(([pin, padding]): KernelEvent => ({ type: "offline-pin-entered", pin, padding })),
  anything.map((issuerData): KernelEvent => ({
    type: "online-answered",
    responseCode: "00",
    issuerData,
  })),
);

test("any event at any step ends soundly", () => {
  fc.assert(
    fc.property(fc.nat({ max: 25 }), event, (at, strange) => {
      const card = cardOf(repliesOf({ tags: { "8E": "00000000000000000200" } }));
      const { outcome } = runToEnd((step, index) => {
        if (index === at) return strange;
        return step.type === "transmit"
          ? { type: "response", apdu: card(step.apdu) ?? new Uint8Array(0) }
          : usual(step, new Uint8Array(0));
      });
      sound(outcome);
    }),
  );
});

/** The turn at which the kernel takes a step of this type, with a card of no faults. */
function turnAt(type: KernelStep["type"]): KernelTurn {
  const card = cardOf(repliesOf({ tags: { "8E": "00000000000000000200" } }));
  let turn = startKernel(configuration, TRANSACTION);
  while (turn.step.type !== type) {
    const { step } = turn;
    assert.notEqual(step.type, "done");
    const given: KernelEvent =
      step.type === "transmit"
        ? { type: "response", apdu: card(step.apdu) ?? new Uint8Array(0) }
        : usual(step, new Uint8Array(0));
    const before = structuredClone(turn.state);
    const once = advance(turn.state, given);
    assert.deepEqual(advance(turn.state, given), once);
    assert.deepEqual(turn.state, before);
    turn = once;
  }
  return turn;
}

test("the same state and event give the same turn, and the state stays as it was", () => {
  const { step } = turnAt("done");
  assert.equal(step.type === "done" && step.outcome.result, "approved");
});

for (const reason of ["card-removed", "cancelled"] as const) {
  test(`${reason} while the host is asked: nobody knows, so it is reversed`, () => {
    const { step } = advance(turnAt("go-online").state, { type: reason });
    assert.ok(step.type === "done");
    assert.deepEqual([step.outcome.result, step.outcome.reason], ["terminated", reason]);
    assert.equal(step.outcome.reversalRequired, true);
  });

  test(`${reason} while the PIN is entered: nothing to reverse`, () => {
    const { step } = advance(turnAt("enter-online-pin").state, { type: reason });
    assert.ok(step.type === "done");
    assert.equal(step.outcome.reversalRequired, false);
  });
}

test("after the end every event gets the same step", () => {
  const end = turnAt("done");
  for (const late of [
    { type: "card-removed" },
    { type: "online-answered", responseCode: "05", issuerData: new Uint8Array(0) },
  ] as const) {
    assert.deepEqual(advance(end.state, late), end);
  }
});

test("a malformed transaction is refused by name, not by value", () => {
  assert.throws(
    () => startKernel(configuration, { ...TRANSACTION, amount: "12.50", currency: "CNY" }),
    (cause: unknown) =>
      cause instanceof RangeError &&
      /amount/.test(cause.message) &&
      /currency/.test(cause.message) &&
      !/12\.50|CNY/.test(cause.message),
  );
});
