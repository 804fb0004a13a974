import assert from "node:assert/strict";
import { test } from "node:test";
import { add, noLatencies, percentile, record } from "./latencies.ts";

test("percentiles are at most two per cent above the true ones, also of two drivers together", () => {
  const [one, other] = [noLatencies(), noLatencies()];
  for (let value = 1; value <= 1000; value += 1) record(value % 2 === 0 ? one : other, value);
  add(one, other);
  for (const [share, truth] of [
    [0.5, 500],
    [0.95, 950],
    [0.99, 990],
  ] as const) {
    const found = percentile(one, share);
    assert.ok(found >= truth && found <= truth * 1.02, `${share}: ${found}`);
  }
  assert.equal(percentile(one, 1), 1000);
  assert.equal(one.max, 1000);
});

test("nothing has no latency", () => {
  assert.equal(percentile(noLatencies(), 0.99), 0);
});
