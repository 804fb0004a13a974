import assert from "node:assert/strict";
import { test } from "node:test";
import { catalogue, transactionNames } from "@tillway/transactions";
import fc from "fast-check";
import { decide, events, lifeOf, lives, reachable, stands, states } from "./state.ts";
import type { Event, Life, State } from "./state.ts";

test("every state of every life answers every event with a known state", () => {
  for (const life of lives) {
    for (const state of states) {
      for (const event of events) {
        const { state: next, effects } = decide(life, state, event);
        assert.ok(states.includes(next), `${life}: ${state} × ${event}`);
        assert.equal(new Set(effects).size, effects.length);
      }
    }
  }
});

const changes = (life: Life): string[] =>
  reachable(life).flatMap((state) =>
    events.flatMap((event) => {
      const next = decide(life, state, event).state;
      return next === state ? [] : [`${state} × ${event} → ${next}`];
    }),
  );

test("only these pairs change the state of a payment", () => {
  assert.deepEqual(changes("payment"), [
    "none × request → in-flight",
    "none × turned-away → declined",
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

test("a promise is asked again, an inquiry is forgotten, an advice is done when it is stored", () => {
  assert.deepEqual(changes("promise").slice(3), [
    "in-flight × approved → approved",
    "in-flight × declined → declined",
    "in-flight × silent → unanswered",
    "in-flight × unreachable → unanswered",
    "in-flight × expired → unanswered",
    "unanswered × request → in-flight",
  ]);
  assert.deepEqual(changes("inquiry").slice(3), [
    "in-flight × approved → approved",
    "in-flight × declined → declined",
    "in-flight × silent → declined",
    "in-flight × unreachable → declined",
    "in-flight × expired → declined",
  ]);
  assert.deepEqual(changes("advice"), [
    "none × request → advised",
    "none × turned-away → declined",
    "none × reversal → tombstone",
    "advised × acknowledged → approved",
    "advised × refused → declined",
  ]);
});

test("each type leads the life that its undoing asks for", () => {
  const of = (life: Life) => transactionNames.filter((name) => lifeOf(name) === life);
  assert.deepEqual(of("promise"), ["deposit", "transfer"]);
  assert.deepEqual(of("inquiry"), ["balance inquiry"]);
  for (const name of of("payment")) assert.equal(catalogue[name].undo, "reversal");
  assert.ok(of("advice").includes("refund") && of("advice").includes("offline chip sale"));
});

test("whoever enters reversing has an advice stored with it, and nobody else has", () => {
  for (const life of lives) {
    for (const state of states) {
      for (const event of events) {
        const { state: next, effects } = decide(life, state, event);
        const enters = state !== "reversing" && next === "reversing";
        assert.equal(effects.includes("advise"), enters, `${life}: ${state} × ${event}`);
      }
    }
  }
});

test("what stands is posted once, what does not is not, and what was taken is given back", () => {
  for (const life of lives) {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...events), { maxLength: 30 }), (story: Event[]) => {
        let state: State = "none";
        let [books, taken, stored] = [0, 0, 0];
        for (const event of story) {
          const decision = decide(life, state, event);
          if (decision.effects.includes("post")) books += 1;
          if (decision.effects.includes("undo")) books -= 1;
          if (decision.effects.includes("take")) taken += 1;
          if (decision.effects.includes("free")) taken -= 1;
          if (decision.effects.some((one) => one === "advise" || one === "hand-on")) stored += 1;
          state = decision.state;
        }
        const moves = life !== "inquiry";
        assert.equal(books, moves && stands(state) ? 1 : 0);
        const open = ["in-flight", "unanswered", "reversing"].includes(state) || stands(state);
        assert.equal(taken, open ? 1 : 0, `${life} ${state}`);
        assert.ok(stored <= 1);
      }),
    );
  }
});

test("a payment's reversal is always accepted, and a reversed key never becomes approved", () => {
  for (const state of states) {
    assert.ok(decide("payment", state, "reversal").effects.includes("accept"));
  }
  for (const state of ["tombstone", "reversing", "reversed"] as const) {
    for (const event of events) {
      assert.notEqual(decide("payment", state, event).state, "approved");
    }
  }
});
