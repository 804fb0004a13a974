import assert from "node:assert/strict";
import { test } from "node:test";
import { businessDigest } from "./digest.ts";

const fields = { "4": "000000002580", "37": "632704000001", "52": "0011223344556677" };

test("a repeat under another PIN key is the same request, another amount or card is not", () => {
  const digest = businessDigest({ token: "token" }, fields);
  assert.equal(businessDigest({ token: "token" }, { ...fields, "52": "8899AABBCCDDEEFF" }), digest);
  assert.notEqual(businessDigest({ token: "token" }, { ...fields, "4": "000000002581" }), digest);
  assert.notEqual(businessDigest({ token: "other" }, fields), digest);
  const transfer = { token: "token", receiver: { token: "friend" } };
  assert.notEqual(businessDigest(transfer, fields), digest);
  const { 37: _none, ...without } = fields;
  assert.notEqual(businessDigest({ token: "token" }, without), digest);
});
