import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

test("the example of the README runs", async () => {
  const example = /```js\n([^]*?)```/.exec(readme)?.[1] ?? "";
  assert.ok(example.includes("buildMerchantCode("));
  const here = new URL("./index.ts", import.meta.url).href;
  const source = example.replace(`"@tillway/qr"`, JSON.stringify(here));
  assert.notEqual(source, example);
  await import(`data:text/javascript,${encodeURIComponent(source)}`);
});

test("the README names every error code, in at most 60 lines", () => {
  const errors = readFileSync(new URL("./errors.ts", import.meta.url), "utf8");
  const codes = [...errors.matchAll(/^ {2}\| "([a-z0-9-]+)"/gm)].map((found) => found[1] ?? "");
  assert.ok(codes.length > 10);
  assert.deepEqual(
    codes.filter((code) => !readme.includes(`\`${code}\``)),
    [],
  );
  assert.ok(readme.split("\n").length <= 60);
});
