/** The PIN on its way to the card: overwritten in every case, kept in no state. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fromHex, toHex } from "@tillway/bytes";
import { specimenProfile } from "../card/specimen.ts";
import { tvrNames } from "../tvr.ts";
import { advanceFull, startFullKernel, startKernel } from "./machine.ts";
import type { FullKernelTurn } from "./machine.ts";
import { known, pay, typed } from "./testing/paying.ts";
import { cardOf, configurationOf, repliesOf, TRANSACTION } from "./testing/scripted-card.ts";
import type { Scene } from "./testing/scripted-card.ts";

const rules = (...codes: readonly string[]): Record<string, string> => ({
  "8E": `0000000000000000${codes.join("")}`,
});
const CAPABLE = { capabilities: "E0F8C0" };
const OK = { "00200080": "9000", "80CA9F17": "9F1701039000" };
const right = (): ReturnType<typeof typed> => typed("1234", { padding: 0 });

/** The turn at which a PIN for the card is asked for. */
function atPin(replies: Readonly<Record<string, string>> = OK): FullKernelTurn {
  const scene: Scene = { tags: rules("4100", "1E00"), terminal: CAPABLE, replies };
  const card = cardOf(repliesOf(scene));
  let turn = startFullKernel(configurationOf(scene), TRANSACTION);
  while (turn.step.type === "transmit") {
    const apdu = card(turn.step.apdu) ?? new Uint8Array(0);
    turn = advanceFull(turn.state, { type: "response", apdu });
  }
  assert.equal(turn.step.type, "enter-offline-pin");
  return turn;
}

const ZEROS = "0000000000000000";
/** Everything a state holds, byte strings as hex. */
const inside = (value: unknown): string =>
  JSON.stringify(value, (_, entry: unknown) => {
    if (entry instanceof Uint8Array) return toHex(entry);
    if (entry instanceof Map) return [...entry];
    return typeof entry === "bigint" ? `${entry}` : entry;
  });

describe("the PIN itself", () => {
  test("is overwritten once the command is made, and stays in no state", () => {
    const { pin, padding } = right();
    const asked = atPin();
    const next = advanceFull(asked.state, { type: "offline-pin-entered", pin, padding });
    assert.equal(toHex(pin), ZEROS);
    assert.ok(next.step.type === "transmit" && next.step.secret === true);
    assert.equal(toHex(next.step.apdu), "0020008008241234FFFFFFFFFF");
    assert.ok(!inside(next.state).includes("241234FF"));
    assert.ok(inside({ planted: right().pin }).includes("241234FF"));
  });

  test("of another form ends the transaction, and is overwritten too", () => {
    const pin = fromHex("241234FF");
    const { step } = advanceFull(atPin().state, {
      type: "offline-pin-entered",
      pin,
      padding: new Uint8Array(0),
    });
    assert.ok(step.type === "done" && step.outcome.reason === "unexpected-event");
    assert.equal(toHex(pin), "00000000");
  });

  test("that nobody asked for is overwritten", () => {
    const { pin, padding } = right();
    const started = startFullKernel(configurationOf({}), TRANSACTION);
    const { state, step } = advanceFull(started.state, {
      type: "offline-pin-entered",
      pin,
      padding,
    });
    assert.equal(step.type, "done");
    assert.equal(toHex(pin), ZEROS);
    const late = right();
    advanceFull(state, { type: "offline-pin-entered", ...late });
    assert.equal(toHex(late.pin), ZEROS);
  });

  test("waiting for the card's challenge is overwritten when it comes, and when the card goes", () => {
    const profile = specimenProfile("unionpay-offline-pin");
    const paying = { transaction: { amount: "6000" }, pins: [profile.pin] };
    const paid = pay(known(profile), paying);
    const torn = pay(known(profile), {
      ...paying,
      meddle: (_, command) => (command[1] === 0x84 ? new Uint8Array(0) : undefined),
    });
    assert.equal(torn.outcome.reason, "card-removed");
    for (const { blocks } of [paid, torn]) assert.deepEqual(blocks.map(toHex), [ZEROS]);
  });

  test("pad that fails is told to card and host, and the next rule tries", () => {
    const { state } = advanceFull(atPin().state, { type: "pin-pad-failed" });
    assert.ok(
      tvrNames(state.terminal.get("95") ?? new Uint8Array(5)).includes("pinPadUnavailable"),
    );
    assert.equal(state.cvm, "signature");
  });

  test("entry that is cancelled ends the transaction", () => {
    const { step } = advanceFull(atPin().state, { type: "pin-cancelled" });
    assert.ok(step.type === "done" && step.outcome.reason === "cancelled");
  });
});

test("a terminal that answers no such step offers no such PIN, whatever it is configured for", () => {
  const scene: Scene = { tags: rules("4103", "1E00"), terminal: CAPABLE, replies: OK };
  const { state } = startKernel(configurationOf(scene), TRANSACTION);
  assert.equal(toHex(state.terminal.get("9F33") ?? new Uint8Array(0)), "E068C0");
});
