import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { decide, events, machineTable, states, type Event, type State } from "./state.ts";

test("every state answers every event with a known state", () => {
  for (const state of states) {
    for (const event of events) {
      const { state: next, effects } = decide(state, event);
      assert.ok(states.includes(next), `${state} × ${event}`);
      assert.equal(new Set(effects).size, effects.length);
    }
  }
});

test("only these pairs change the state", () => {
  const changes = states.flatMap((state) =>
    events.flatMap((event) => {
      const next = decide(state, event).state;
      return next === state ? [] : [`${state} × ${event} → ${next}`];
    }),
  );
  assert.deepEqual(changes, [
    "none × sale → in-flight",
    "none × reversal → tombstone",
    "in-flight × approved → approved",
    "in-flight × declined → declined",
    "in-flight × silent → reversing",
    "in-flight × unreachable → declined",
    "in-flight × expired → reversing",
    "in-flight × reversal → reversing",
    "approved × reversal → reversing",
    "reversing × acknowledged → reversed",
  ]);
});

test("whoever enters reversing has an advice stored with it, and nobody else has", () => {
  for (const state of states) {
    for (const event of events) {
      const { state: next, effects } = decide(state, event);
      const enters = state !== "reversing" && next === "reversing";
      assert.equal(effects.includes("advise"), enters, `${state} × ${event}`);
    }
  }
});

test("a sale is posted once and undone once, whatever happens in whatever order", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...events), { maxLength: 30 }), (story: Event[]) => {
      let state: State = "none";
      let books = 0;
      let advices = 0;
      let forwards = 0;
      for (const event of story) {
        const decision = decide(state, event);
        if (decision.effects.includes("post")) books += 1;
        if (decision.effects.includes("undo")) books -= 1;
        if (decision.effects.includes("advise")) advices += 1;
        if (decision.effects.includes("forward")) forwards += 1;
        state = decision.state;
      }
      assert.equal(books, state === "approved" ? 1 : 0);
      assert.ok(advices <= 1 && forwards <= 1);
    }),
  );
});

test("a reversal is always accepted, and a reversed key never becomes approved", () => {
  for (const state of states) assert.ok(decide(state, "reversal").effects.includes("accept"));
  for (const state of ["tombstone", "reversing", "reversed"] as const) {
    for (const event of events) assert.notEqual(decide(state, event).state, "approved");
  }
});

test("the README shows this machine", () => {
  const page = readFileSync(join(import.meta.dirname, "..", "..", "README.md"), "utf8");
  assert.ok(page.includes(machineTable()), `the table to show:\n${machineTable()}`);
});
