/** The example of README.md runs, as it stands there. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import * as emv from "./index.ts";
import { specimenCaKey, specimenCard, specimenProfile } from "./card/specimen.ts";

test("the README's example is this payment, and it ends as the README says", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  const statements = example
    .split("\n")
    .filter((line) => !line.startsWith("import "))
    .join("\n");
  const told: unknown[] = [];
  const profile = specimenProfile("unionpay-offline-pin");
  const given = {
    ...emv,
    image: specimenCard(profile),
    caKey: specimenCaKey(profile),
    random: (length: number) => new Uint8Array(length).fill(7),
    console: { log: (...values: readonly unknown[]) => told.push(...values) },
  };
  runInNewContext(`"use strict"; ${statements}`, { ...given });
  assert.deepEqual(told, ["approved", "offline-pin"]);
  assert.ok(readme.split("\n").length <= 60);
});
