import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  composeField,
  decode,
  describe,
  encode,
  fieldsOf,
  unionpayPos,
  type MessageOf,
} from "./index.ts";

test("the example of the README does what it says", () => {
  // README
  const sale: MessageOf<typeof unionpayPos> = {
    mti: "0200",
    fields: { "2": "6200001234567892", "3": "000000", "4": "000000002580", "11": "000003" },
  };
  const parts = { "1": "22", "2": "000001", "3": "000" };
  const type = composeField(unionpayPos, sale, "60", parts);
  const bytes = encode(unionpayPos, { ...sale, fields: { ...sale.fields, "60": type } });
  const decoded = decode(unionpayPos, bytes); // throws MessageError { code, path, offset }
  const amount = fieldsOf(unionpayPos, decoded)["4"]; // "70" instead of "4" does not compile
  const text = describe(unionpayPos, decoded); // "   2 card number   620000******7892 …"
  // end

  assert.equal(amount, "000000002580");
  assert.deepEqual(decoded.parsed["60"], parts);
  assert.match(text, / {3}2 card number +620000\*{6}7892\n/);
  const source = readFileSync(new URL(import.meta.url), "utf8");
  const example = /\/\/ README\n([\s\S]*?) {2}\/\/ end/
    .exec(source)?.[1]
    ?.replaceAll(/^ {2}/gm, "");
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  assert.equal(/```ts\n([\s\S]*?)```/.exec(readme)?.[1], example);
  assert.ok(readme.split("\n").length <= 60);
});
