import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Dice } from "./dice.ts";
import { Scheduler } from "./scheduler.ts";

test("events run in the order of their times, and at one time in the order of their making", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(20), { maxLength: 60 }), async (times) => {
      const scheduler = new Scheduler();
      const ran: [number, number][] = [];
      for (const [at, ms] of times.entries()) scheduler.after(ms, () => void ran.push([ms, at]));
      while (await scheduler.step());
      const expected = times
        .map((ms, at): [number, number] => [ms, at])
        .sort(([one, first], [other, second]) => one - other || first - second);
      assert.deepEqual(ran, expected);
      assert.equal(scheduler.now, Math.max(0, ...times));
    }),
    { numRuns: 50 },
  );
});

test("what was cancelled does not run, and promises settle before the next event", async () => {
  const scheduler = new Scheduler();
  const ran: string[] = [];
  const cancel = scheduler.after(1, () => void ran.push("cancelled"));
  scheduler.after(2, () => {
    Promise.resolve()
      .then(() => Promise.resolve())
      .then(() => ran.push("settled"))
      .catch(() => undefined);
  });
  scheduler.after(2, () => void ran.push("next"));
  cancel();
  while (await scheduler.step());
  assert.deepEqual(ran, ["settled", "next"]);
});

test("dice of one name always fall the same way, of two names never", () => {
  const draw = (name: string): number[] => {
    const dice = new Dice(name);
    return Array.from({ length: 8 }, () => dice.below(1_000_000));
  };
  assert.deepEqual(draw("1/a"), draw("1/a"));
  const all = Array.from({ length: 500 }, (_, at) => draw(`1/${at}`).join());
  assert.equal(new Set(all).size, 500);
});
