import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { catalogue, transactionNames } from "@tillway/transactions";
import { filled, tables, type Language } from "./transactions-tables.ts";

const pages: readonly (readonly [Language, string])[] = [
  ["en", "transactions.md"],
  ["zh", "transactions.zh-CN.md"],
];

for (const [language, name] of pages) {
  const page = readFileSync(join(import.meta.dirname, "..", "docs", name), "utf8");

  test(`docs/${name} shows the tables that the code has`, () => {
    for (const table of tables(language).keys()) {
      assert.ok(page.includes(`<!-- ${table} -->`), `a place for ${table}`);
    }
    assert.equal(page, filled(page, language));
  });

  test(`docs/${name} says of every type what a terminal has to send`, () => {
    const part = page.slice(page.indexOf("<!-- messages -->"));
    for (const type of transactionNames) {
      const { pos, text } = catalogue[type];
      assert.ok(part.includes(language === "en" ? `**${type}**` : `**${text.zh}**`), type);
      assert.ok(part.includes(pos.mti));
    }
  });
}
