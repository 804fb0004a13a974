import assert from "node:assert/strict";
import { test } from "node:test";
import { begun, drawn, type Strokes } from "./strokes.ts";

test("each time the pen is put down a line begins, and it stays inside the pad", () => {
  const one = drawn(begun([], [0.1, 0.2]), [1.5, -3]);
  assert.deepEqual(begun(one, [0.5, 0.5]), [
    [
      [0.1, 0.2],
      [1, 0],
    ],
    [[0.5, 0.5]],
  ]);
});

test("a pen that was never put down draws nothing", () => {
  assert.deepEqual(drawn([], [0.5, 0.5]), []);
});

test("no more lines and points than the terminal takes", () => {
  let strokes: Strokes = [];
  for (let at = 0; at < 150; at += 1) strokes = begun(strokes, [0, 0]);
  assert.equal(strokes.length, 100);
  for (let at = 0; at < 600; at += 1) strokes = drawn(strokes, [0, 0]);
  assert.equal(strokes.at(-1)?.length, 500);
});
