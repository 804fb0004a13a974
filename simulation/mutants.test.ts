/** Each planted defect is caught: the rules can fail, and the faults reach what they are about. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { mutants } from "./mutants.ts";
import { planOf } from "./plan.ts";
import { report } from "./report.ts";
import { run } from "./run.ts";

const SEEDS = 200;

for (const { name, hands } of mutants) {
  test(`caught within ${SEEDS} seeds: ${name}`, async () => {
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const plan = planOf(seed, 20, "heavy");
      if ((await run(plan, hands)).violations.length === 0) continue;
      // The same seed breaks nothing where nothing is planted.
      assert.deepEqual((await run(plan)).violations, []);
      return;
    }
    assert.fail("no seed shows it");
  });
}

test("at least ten kinds of defects are planted", () => {
  assert.ok(new Set(mutants.map(({ name }) => name)).size >= 10);
});

test("a failing seed is shrunk to a short trace that fails in the same way", async () => {
  const mutant = mutants.find(({ name }) => name.includes("posts a sale twice"));
  assert.ok(mutant);
  let seed = 1;
  while ((await run(planOf(seed, 20, "heavy"), mutant.hands)).violations.length === 0) seed += 1;
  const found = await report(planOf(seed, 20, "heavy"), () => undefined, mutant.hands);
  const rule = found.violations[0]?.rule;
  assert.ok(rule !== undefined && found.plan && found.trace);
  // One sale is enough to show it, and no fault is needed.
  assert.equal(found.plan.orders.length, 1);
  assert.deepEqual([found.plan.frames, found.plan.calls, found.plan.crashes], [[], [], []]);
  assert.ok(found.trace.some((line) => line.includes(`BROKEN ${rule}`)));
  const again = await run(found.plan, mutant.hands);
  assert.deepEqual(again.trace, found.trace);
});
