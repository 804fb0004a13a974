/** The whole system from many seeds: whatever befalls it, no rule is broken. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { planOf, type Plan } from "./plan.ts";
import { run } from "./run.ts";
import type { Profile } from "./world/faults.ts";

const TRANSACTIONS = 20;

async function seeds(first: number, last: number, faults: Profile): Promise<number> {
  let approved = 0;
  for (let seed = first; seed <= last; seed += 1) {
    const outcome = await run(planOf(seed, TRANSACTIONS, faults));
    const again = `npx tillway simulate --seed ${seed} --faults ${faults}`;
    assert.deepEqual(outcome.violations, [], again);
    approved += outcome.printed["approved"] ?? 0;
  }
  return approved;
}

for (let first = 1; first <= 200; first += 20) {
  test(`seeds ${first} to ${first + 19} with heavy faults break no rule`, async () => {
    // That something was paid at all: rules about nothing hold.
    assert.ok((await seeds(first, first + 19, "heavy")) > 80);
  });
}

test("20 seeds with light faults break no rule", async () => {
  assert.ok((await seeds(1, 20, "light")) > 150);
});

test("without faults everything is answered", async () => {
  assert.ok((await seeds(1, 10, "none")) > 120);
});

test("the same plan gives the same events and the same state, and a list of its faults does too", async () => {
  const plan: Plan = planOf(7, TRANSACTIONS, "heavy");
  const [one, other] = [await run(plan), await run(plan)];
  assert.deepEqual(other.trace, one.trace);
  assert.equal(other.stateHash, one.stateHash);
  assert.ok((one.met.frames ?? []).length > 5);
  const replayed = await run(one.met);
  assert.deepEqual(replayed.trace, one.trace);
  assert.equal(replayed.stateHash, one.stateHash);
  assert.notEqual((await run(planOf(8, TRANSACTIONS, "heavy"))).stateHash, one.stateHash);
});
