import assert from "node:assert/strict";
import { test } from "node:test";
import { catalogue, follows, transactionNames, transactionOf } from "./index.ts";

test("no two types are told by the same codes, on the terminal's line or on the network", () => {
  const lines = transactionNames.map((name) => JSON.stringify(catalogue[name].pos));
  assert.equal(new Set(lines).size, transactionNames.length);
  const links = transactionNames.map((name) => JSON.stringify(catalogue[name].network));
  assert.equal(new Set(links).size, transactionNames.length);
});

test("an original is a type of the catalogue, and only what names one depends on its amount", () => {
  for (const name of transactionNames) {
    const type = catalogue[name];
    for (const original of type.follows) assert.ok(transactionOf(original), original);
    const depends = ["same", "part", "hold", "tip"].includes(type.amount);
    assert.equal(type.follows.length > 0, depends, name);
  }
});

test("an advice is repeated, and what a reversal undoes is a request", () => {
  for (const name of transactionNames) {
    const { pos, undo } = catalogue[name];
    if (pos.mti === "0220") assert.equal(undo, "repeat", name);
    if (undo === "reversal") assert.notEqual(pos.mti, "0220", name);
  }
});

test("what posts money at the acquirer moves money at the issuer, and the other way round", () => {
  const silent = new Set(["hold", "release", "promise", "none"]);
  for (const name of transactionNames) {
    const { issuing, posting } = catalogue[name];
    // A transfer is between the issuer's own accounts.
    if (name === "transfer confirmation") continue;
    assert.equal(posting === "none", silent.has(issuing), name);
  }
});

test("a void follows what it undoes, and nothing follows a void", () => {
  assert.ok(follows("sale void", "sale"));
  assert.ok(!follows("sale void", "refund"));
  for (const name of transactionNames) assert.ok(!follows(name, "sale void"), name);
});
