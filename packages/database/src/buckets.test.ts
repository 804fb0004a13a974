import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BUCKETS, bucketOf } from "./index.ts";

test("a bucket is for ever: known owners keep theirs", () => {
  const known = ["898290058120001", "898290058120002", "", "收单通"].map(bucketOf);
  assert.deepEqual(known, [57, 44, 25, 6]);
});

test("every owner has a bucket from 0 to 63", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (owner) => {
      const bucket = bucketOf(owner);
      return Number.isInteger(bucket) && bucket >= 0 && bucket < BUCKETS;
    }),
  );
});

test("merchants spread over all buckets, none with more than twice its share", () => {
  const counts = new Map<number, number>();
  for (let at = 0; at < 6400; at += 1) {
    const bucket = bucketOf(`89829005812${String(at).padStart(4, "0")}`);
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
  }
  assert.equal(counts.size, BUCKETS);
  assert.ok(Math.max(...counts.values()) < 200);
});
