import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Lanes } from "./index.ts";

type Call = { lane: number; steps: readonly number[]; finish: () => void };

/** Lanes whose commits end when the test says so. */
function held(lanes: number, cap?: { least: number; most: number }) {
  const calls: Call[] = [];
  const made = new Lanes<number, string>({
    lanes,
    ...(cap ? { cap } : {}),
    run: async (lane, steps) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      calls.push({ lane, steps, finish: resolve });
      await promise;
      return steps.map((step) => `done ${step}`);
    },
  });
  return { calls, lanes: made };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("a step alone goes out at once; what arrives meanwhile is the next batch", async () => {
  const { calls, lanes } = held(1);
  const first = lanes.submit(0, 1);
  await turn();
  assert.deepEqual(calls[0]?.steps, [1]);
  const rest = [2, 3, 4].map((step) => lanes.submit(0, step));
  await turn();
  assert.equal(calls.length, 1);
  assert.deepEqual(lanes.depth, { waiting: 3, inFlight: 1 });
  calls[0]?.finish();
  assert.equal(await first, "done 1");
  await turn();
  assert.deepEqual(calls[1]?.steps, [2, 3, 4]);
  calls[1]?.finish();
  assert.deepEqual(await Promise.all(rest), ["done 2", "done 3", "done 4"]);
  assert.deepEqual(lanes.depth, { waiting: 0, inFlight: 0 });
});

test("a lane that starts at the end of a turn takes what comes in all of that turn", async () => {
  const batches: (readonly number[])[] = [];
  const lanes = new Lanes<number, number>({
    lanes: 1,
    soon: setImmediate,
    run: async (_, steps) => {
      batches.push(steps);
      return steps;
    },
  });
  const first = lanes.submit(0, 1);
  await Promise.resolve();
  const second = lanes.submit(0, 2);
  assert.deepEqual(await Promise.all([first, second]), [1, 2]);
  assert.deepEqual(batches, [[1, 2]]);
});

test("a bucket belongs to the lane bucket mod lanes, and one lane does not wait for another", async () => {
  const { calls, lanes } = held(2);
  const all = [0, 1, 2, 3].map((bucket) => lanes.submit(bucket, bucket));
  await turn();
  assert.deepEqual(
    calls.map(({ lane, steps }) => [lane, steps]),
    [
      [0, [0, 2]],
      [1, [1, 3]],
    ],
  );
  for (const call of calls) call.finish();
  await Promise.all(all);
});

test("a batch takes at most the lane's share, within its bounds", async () => {
  const { calls, lanes } = held(2, { least: 4, most: 10 });
  const all = Array.from({ length: 12 }, (_, at) => lanes.submit(0, at));
  await turn();
  assert.equal(calls[0]?.steps.length, 6);
  calls[0]?.finish();
  await turn();
  assert.equal(calls[1]?.steps.length, 4, "never fewer than the least");
  calls[1]?.finish();
  await turn();
  calls[2]?.finish();
  await Promise.all(all);
  const more = Array.from({ length: 60 }, (_, at) => lanes.submit(1, at));
  await turn();
  assert.equal(calls[3]?.steps.length, 10, "never more than the most");
  while (lanes.depth.inFlight > 0) {
    calls.at(-1)?.finish();
    await turn();
  }
  await Promise.all(more);
});

test("drain waits for all that was submitted, and returns at once when there is nothing", async () => {
  const { calls, lanes } = held(2);
  await lanes.drain();
  const steps = [lanes.submit(0, 1), lanes.submit(1, 2)];
  let drained = false;
  const drain = lanes.drain().then(() => (drained = true));
  await turn();
  calls[0]?.finish();
  await turn();
  assert.equal(drained, false);
  calls[1]?.finish();
  await drain;
  await Promise.all(steps);
});

test("bad steps fail alone, wherever they stand; every other commits once", async () => {
  const property = fc.asyncProperty(
    fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }),
    async (bad) => {
      const committed: number[] = [];
      const lanes = new Lanes<number, number>({
        lanes: 1,
        cap: { least: 64, most: 64 },
        run: async (_, steps) => {
          if (steps.some((step) => bad[step])) throw new RangeError("bad step");
          committed.push(...steps);
          return steps;
        },
      });
      const ends = await Promise.allSettled(bad.map((_, step) => lanes.submit(0, step)));
      assert.deepEqual(
        ends.map((end) => end.status === "rejected"),
        bad,
      );
      assert.deepEqual(
        committed,
        bad.flatMap((isBad, step) => (isBad ? [] : [step])),
      );
    },
  );
  await fc.assert(property, { numRuns: 50 });
});

test("a lost connection fails its batch as a whole: nothing is tried twice", async () => {
  let runs = 0;
  const lanes = new Lanes<number, number>({
    lanes: 1,
    run: async () => {
      runs += 1;
      throw Object.assign(new Error("lost"), { code: "ECONNRESET" });
    },
  });
  const ends = await Promise.allSettled([lanes.submit(0, 1), lanes.submit(0, 2)]);
  assert.equal(runs, 1);
  assert.ok(ends.every((end) => end.status === "rejected"));
  assert.deepEqual(lanes.depth, { waiting: 0, inFlight: 0 });
});

test("fewer results than steps is a defect that every step is told", async () => {
  const lanes = new Lanes<number, number>({ lanes: 1, run: async () => [1] });
  const ends = await Promise.allSettled([lanes.submit(0, 1), lanes.submit(0, 2)]);
  assert.ok(ends.every((end) => end.status === "rejected"));
});
