import assert from "node:assert/strict";
import { test } from "node:test";
import { waysAt } from "./ways.ts";

const at = (prompt: Parameters<typeof waysAt>[0]["prompt"], card: string | null = null) =>
  waysAt({ phase: "card", prompt, card });

test("a card is presented only while the terminal asks for one", () => {
  const none = { insert: false, tap: false, swipe: false, unlock: false };
  assert.deepEqual(waysAt({ phase: "idle", prompt: "ready", card: null }), none);
  assert.deepEqual(waysAt({ phase: "pin", prompt: "enter-pin", card: null }), none);
  assert.deepEqual(at("present-card"), { insert: true, tap: true, swipe: true, unlock: false });
});

test("after what cannot be done without contact, only the slot and the stripe are left", () => {
  assert.deepEqual(at("insert-or-swipe"), { insert: true, tap: false, swipe: true, unlock: false });
});

test("a card whose chip failed is swiped, even while it is in the slot", () => {
  const ways = at("swipe-card", "visa");
  assert.deepEqual(ways, { insert: false, tap: false, swipe: true, unlock: false });
});

test("a locked phone is unlocked and held there again", () => {
  assert.equal(at("see-phone").unlock, true);
  assert.equal(at("see-phone").tap, true);
});
