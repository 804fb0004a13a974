/** The examples in the packages' READMEs, run as they stand there: whoever copies one gets what it says. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { test } from "node:test";

const packages = join(import.meta.dirname, "..", "packages");

/** The one example of a README, as a module that finds our packages from wherever it stands. */
function exampleOf(readme: string): string {
  const blocks = [...readme.matchAll(/^```(?:js|ts)\n([^]*?)^```/gm)];
  assert.equal(blocks.length, 1, "a README has one example");
  const example = stripTypeScriptTypes(blocks[0]?.[1] ?? "");
  return example.replace(/(from )"(@tillway\/[a-z0-9/-]+)"/g, (_, from: string, name: string) => {
    return `${from}${JSON.stringify(import.meta.resolve(name))}`;
  });
}

for (const name of readdirSync(packages).sort()) {
  const path = join(packages, name, "README.md");
  test(`the README of ${name} has at most 60 lines, and its example does what it says`, async () => {
    assert.ok(existsSync(path), `${name} has no README`);
    const readme = readFileSync(path, "utf8");
    assert.ok(readme.trimEnd().split("\n").length <= 60);
    const example = exampleOf(readme);
    assert.match(example, new RegExp(`/packages/${name}/`), "the example uses its own package");
    // An example that asserts nothing would be right whatever happens.
    assert.match(example, /\bassert\b.*\(/);
    await import(`data:text/javascript,${encodeURIComponent(example)}`);
  });
}
