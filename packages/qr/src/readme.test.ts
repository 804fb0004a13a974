import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

test("the README names every error code", () => {
  const errors = readFileSync(new URL("./errors.ts", import.meta.url), "utf8");
  const codes = [...errors.matchAll(/^ {2}\| "([a-z0-9-]+)"/gm)].map((found) => found[1] ?? "");
  assert.ok(codes.length > 10);
  assert.deepEqual(
    codes.filter((code) => !readme.includes(`\`${code}\``)),
    [],
  );
});
