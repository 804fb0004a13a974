import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

test("the example of the README runs, and answers what it says", async () => {
  const example = /```js\n([^]*?)```/.exec(readme)?.[1] ?? "";
  const here = new URL("./index.ts", import.meta.url).href;
  const source = example.replace(`"@tillway/keys"`, JSON.stringify(here));
  assert.notEqual(source, example);
  const exported = `${source}\nexport { misused, sent };`;
  const { misused, sent } = await import(`data:text/javascript,${encodeURIComponent(exported)}`);
  assert.equal(sent.block.length, 8);
  const { ok, refused, message } = misused;
  const said = `// { ok: ${ok}, refused: "${refused}", message: "${message}" }`;
  assert.ok(example.includes(said), said);
});

test("the README has at most 60 lines", () => {
  assert.ok(readme.split("\n").length <= 60);
});
