import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { drawnFrom } from "./random.ts";

test("what is drawn is the source's bytes in their order, each given once", () => {
  const made: number[] = [];
  const random = drawnFrom((length) => {
    const bytes = new Uint8Array(randomBytes(length));
    made.push(...bytes);
    return bytes;
  });
  const given: number[] = [];
  while (given.length < 4000) given.push(...random(10));
  assert.deepEqual(given, made.slice(0, given.length));
  // The rest of a draw is left where it is not enough.
  const [before, more] = [made.length, random(4096)];
  assert.deepEqual([...more], made.slice(before));
  assert.equal(random(5000).length, 5000);
});
