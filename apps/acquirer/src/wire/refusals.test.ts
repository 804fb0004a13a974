import assert from "node:assert/strict";
import { test } from "node:test";
import { followRefusals, limitRefusals } from "../payments/index.ts";
import {
  afterRepeats,
  codeOf,
  firstRefusal,
  refusalFor,
  refusals,
  type Facts,
} from "./refusals.ts";

test("of all that is wrong the first in the list is answered: every pair, and everything at once", () => {
  for (const [at, first] of refusals.entries()) {
    for (const later of refusals.slice(at + 1)) {
      const facts: Facts = { [later.reason]: true, [first.reason]: true };
      assert.equal(
        firstRefusal(facts)?.reason,
        first.reason,
        `${first.reason} before ${later.reason}`,
      );
    }
    const rest: Facts = Object.fromEntries(refusals.slice(at).map(({ reason }) => [reason, true]));
    assert.equal(firstRefusal(rest)?.reason, first.reason);
  }
});

test("the codes come in the order 30, 97, 03, A0, 77, 94, 13, A1", () => {
  const wanted = ["30", "97", "03", "A0", "77", "94", "13", "A1"];
  const order = refusals.map(({ code }) => code as string).filter((code) => wanted.includes(code));
  assert.deepEqual([...new Set(order)], wanted);
});

test("what is not wrong, or not known, refuses nothing", () => {
  assert.equal(firstRefusal({}), undefined);
  assert.equal(firstRefusal({ malformed: false, "wrong-mac": false }), undefined);
});

test("only refusals that a terminal may believe without a MAC go without one", () => {
  const plain = refusals.filter((one) => "plain" in one).map(({ code }) => code);
  assert.deepEqual([...new Set(plain)], ["30", "97", "A0"]);
});

test("a repeat is recognised before its amount, currency, card or PIN are looked at", () => {
  assert.ok(afterRepeats("wrong-amount") && afterRepeats("wrong-pin"));
  assert.ok(!afterRepeats("wrong-mac") && !afterRepeats("wrong-batch"));
  assert.equal(refusalFor("wrong-currency").code, "A1");
});

test("what is decided in the commit has its code in the same list, in the same order", () => {
  const order = refusals.map(({ reason }) => reason as string);
  const decided: readonly string[] = [...followRefusals, ...limitRefusals];
  const places = decided.map((reason) => order.indexOf(reason));
  assert.ok(places.every((place) => place >= 0));
  assert.deepEqual(
    places,
    places.toSorted((left, right) => left - right),
  );
  assert.deepEqual(
    [...followRefusals, ...limitRefusals].map((reason) => codeOf(reason)),
    ["25", "22", "12", "22", "22", "12", "12", "61", "64", "64", "61", "65"],
  );
});
