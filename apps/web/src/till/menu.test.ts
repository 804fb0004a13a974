import assert from "node:assert/strict";
import { test } from "node:test";
import { catalogue, transactionNames, type TransactionName } from "@tillway/transactions";
import { menu, whyNot, type Item, type Standing } from "./menu.ts";

/** Types that the terminal begins by itself. */
const own: readonly TransactionName[] = [
  "deposit confirmation",
  "transfer confirmation",
  "offline chip sale",
];
const types = transactionNames.map((type) => {
  const { text, amount, follows, openBatch } = catalogue[type];
  return { type, text, amount, follows, openBatch, allowed: true };
});
const standing: Standing = {
  connected: true,
  linked: true,
  offer: { types, manualEntry: true },
  entries: [],
};
const item = (type: TransactionName): Item => ({ kind: "types", types: [type] });

test("every type that a cashier begins is in the menu, once", () => {
  const items = menu.flatMap((group) => group.items);
  const there = items.flatMap((one) => (one.kind === "types" ? one.types : []));
  const wanted = transactionNames.filter((type) => !own.includes(type));
  assert.deepEqual(there.toSorted(), wanted.toSorted());
});

test("what cannot be done says why: no line, not allowed, nothing to follow", () => {
  assert.equal(whyNot(item("sale"), standing), undefined);
  assert.equal(whyNot(item("sale"), { ...standing, linked: false }), "status.offline");
  assert.equal(whyNot(item("sale"), { ...standing, connected: false }), "status.screenLost");
  const refused = types.map((one) => ({ ...one, allowed: false }));
  const offer = { types: refused, manualEntry: true };
  assert.equal(whyNot(item("tip adjustment"), { ...standing, offer }), "reason.notAllowed");
  assert.equal(whyNot(item("sale void"), standing), "reason.nothing");
});

test("a refund is always there, as its original may be another terminal's", () => {
  assert.equal(whyNot(item("refund"), standing), undefined);
});

test("the journal and the batch can be read without a line", () => {
  const books: Item = { kind: "view", label: "menu.journal", view: "journal" };
  assert.equal(whyNot(books, { ...standing, linked: false }), undefined);
});
