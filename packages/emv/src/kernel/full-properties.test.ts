/** The kernel with offline PIN and lists: whatever happens, it ends soundly and keeps no PIN. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fromHex } from "@tillway/bytes";
import { MOST_ANSWERS, advanceFull, startFullKernel } from "./machine.ts";
import type { FullKernelTurn } from "./machine.ts";
import type { FullKernelStep, KernelEvent } from "./steps.ts";
import {
  cardOf,
  configurationOf,
  ONLINE,
  repliesOf,
  TRANSACTION,
} from "./testing/scripted-card.ts";
import type { Scene } from "./testing/scripted-card.ts";

const MOST_STEPS = MOST_ANSWERS + 50;
const SCENE: Scene = {
  terminal: { capabilities: "E0F8C8", cardCheck: true },
  tags: { "8E": "000000000000000041030200" },
  replies: { "00200080": "9000", "80CA9F17": "9F1701039000" },
  application: { ...ONLINE, onlinePin: true },
};
const kernel = configurationOf(SCENE);

type Card = ReturnType<typeof cardOf>;

/** A reasonable answer to every step. */
function usual(step: Exclude<FullKernelStep, { type: "done" }>, card: Card): KernelEvent {
  switch (step.type) {
    case "transmit": {
      const apdu = card(step.apdu);
      return apdu === undefined ? { type: "card-removed" } : { type: "response", apdu };
    }
    case "choose-application":
      return { type: "application-chosen", aid: step.candidates[0]?.aid ?? "" };
    case "enter-online-pin":
      return { type: "pin-entered" };
    case "enter-offline-pin": {
      const padding = new Uint8Array(step.padding);
      return { type: "offline-pin-entered", pin: fromHex("241234FFFFFFFFFF"), padding };
    }
    case "check-card":
      return { type: "card-checked", onExceptionFile: false };
    case "go-online":
      return { type: "online-answered", responseCode: "00", issuerData: new Uint8Array(0) };
  }
}

const anything = fc.uint8Array({ maxLength: 40 });
const event: fc.Arbitrary<KernelEvent> = fc.oneof(
  anything.map((apdu): KernelEvent => ({ type: "response", apdu })),
  fc.constantFrom<KernelEvent>(
    { type: "card-removed" },
    { type: "pin-entered" },
    { type: "pin-bypassed" },
    { type: "pin-cancelled" },
    { type: "pin-pad-failed" },
    { type: "unable-to-go-online" },
    { type: "cancelled" },
    { type: "card-checked", onExceptionFile: true, recentAmount: "100" },
    { type: "card-checked", onExceptionFile: false, recentAmount: "" },
  ),
  fc
    .tuple(anything, anything)
    .map(([pin, padding]): KernelEvent => ({ type: "offline-pin-entered", pin, padding })),
);

/** Plays to the end; every PIN that was handed over comes back as the kernel left it. */
function play(answer: (turn: FullKernelTurn, index: number) => KernelEvent | undefined): {
  readonly turn: FullKernelTurn;
  readonly pins: readonly Uint8Array[];
} {
  const card = cardOf(repliesOf(SCENE));
  const pins: Uint8Array[] = [];
  let turn = startFullKernel(kernel, TRANSACTION);
  for (let index = 1; turn.step.type !== "done"; index += 1) {
    assert.ok(index <= MOST_STEPS, "no end in sight");
    const given = answer(turn, index) ?? usual(turn.step, card);
    if (given.type === "offline-pin-entered") pins.push(given.pin);
    turn = advanceFull(turn.state, given);
  }
  return { turn, pins };
}

test("left alone it takes the PIN, checks its lists and approves", () => {
  const { turn, pins } = play(() => undefined);
  assert.ok(turn.step.type === "done");
  assert.deepEqual([turn.step.outcome.result, turn.step.outcome.cvm], ["approved", "offline-pin"]);
  assert.equal(pins.length, 1);
});

test("any event at any step ends soundly, and every PIN handed over is overwritten", () => {
  fc.assert(
    fc.property(fc.nat({ max: 20 }), event, (at, strange) => {
      const { turn, pins } = play((_, index) => (index === at ? strange : undefined));
      assert.ok(turn.step.type === "done");
      const { outcome } = turn.step;
      if (outcome.result === "approved") assert.equal(outcome.cryptogram?.type, "TC");
      else assert.notEqual(outcome.reason, undefined);
      if (outcome.reversalRequired) assert.notEqual(outcome.cryptogram, undefined);
      for (const pin of pins) assert.ok(pin.every((byte) => byte === 0));
      assert.equal(turn.state.pin, undefined);
    }),
    { numRuns: 200 },
  );
});

test("the same state and event give the same turn; only a PIN in them is overwritten", () => {
  play((turn, index) => {
    assert.ok(index < MOST_STEPS);
    if (turn.step.type === "enter-offline-pin" || turn.step.type === "done") return undefined;
    const card = cardOf(repliesOf(SCENE));
    const given = usual(turn.step, card);
    const before = structuredClone(turn.state);
    assert.deepEqual(advanceFull(turn.state, given), advanceFull(turn.state, given));
    assert.deepEqual(turn.state, before);
    return given;
  });
});
