import assert from "node:assert/strict";
import { test } from "node:test";
import { amountOf, drafted, firstDraft, lackOf, orderOf, type Happening } from "./draft.ts";
import type { Entry, OfferedType } from "./terminal.ts";

const text = { en: "", zh: "" };
const offered = (
  type: OfferedType["type"],
  amount: OfferedType["amount"],
  follows: readonly string[] = [],
): OfferedType => ({ type, text, amount, follows, openBatch: false, allowed: true });

const sale = offered("sale", "free");
const refund = offered("refund", "part", ["sale"]);
const entry: Entry = {
  id: "one",
  batch: "000001",
  stan: "000007",
  type: "sale",
  text: { en: "Sale", zh: "消费" },
  state: "approved",
  amount: "1000",
  currency: "CNY",
  maskedPan: "621626******0018",
  at: 0,
  rrn: "000000000001",
  originalRrn: null,
  authorizationCode: "A00001",
  responseCode: "00",
  following: [{ type: "refund", most: "600" }],
};

const after = (...all: readonly Happening[]) => all.reduce(drafted, firstDraft);
const type = (digits: string): Happening => ({ do: "digits", digits });
const followed: Happening = { do: "follow", type: "refund", original: { entry, most: "600" } };

test("an amount is typed from the right, without zeros before it, up to ten digits", () => {
  assert.equal(after(type("00"), type("2"), type("5"), type("00")).minor, "2500");
  assert.equal(after(type("9999999999"), type("1")).minor, "9999999999");
  assert.equal(after(type("25"), { do: "erase" }).minor, "2");
});

test("clear takes the amount first, then everything", () => {
  const draft = after({ do: "choose", type: "withdrawal" }, type("5"), { do: "clear" });
  assert.equal(draft.type, "withdrawal");
  assert.equal(drafted(draft, { do: "clear" }).type, "sale");
});

test("the amount stays when another type is chosen, so that either may come first", () => {
  const draft = after(type("500"), { do: "choose", type: "pre-authorisation" });
  const hold = offered("pre-authorisation", "free");
  assert.deepEqual(orderOf(draft, hold, "CNY"), {
    type: "pre-authorisation",
    currency: "CNY",
    amount: "500",
  });
});

test("a sale needs an amount, and asks for a part where the switch is on", () => {
  assert.equal(lackOf(firstDraft, sale), "amount");
  const draft = after({ do: "set", to: { partial: true } }, type("500"));
  assert.equal(lackOf(draft, sale), undefined);
  assert.equal(orderOf(draft, sale, "CNY").partial, true);
  assert.equal(drafted(draft, { do: "done" }).partial, true, "a habit");
});

test("a refund needs its original; without an amount it is of all that remains", () => {
  assert.equal(lackOf(after({ do: "choose", type: "refund" }), refund), "original");
  const draft = after(type("999"), followed);
  assert.equal(amountOf(draft, refund), "600");
  assert.equal(lackOf(draft, refund), undefined);
  assert.equal(lackOf(drafted(draft, type("601")), refund), "less");
  assert.deepEqual(orderOf(drafted(draft, type("250")), refund, "CNY"), {
    type: "refund",
    currency: "CNY",
    amount: "250",
    original: { transaction: "one" },
  });
});

test("a void sends no amount of its own", () => {
  const original = { entry, most: "1000" };
  const draft = after({ do: "follow", type: "sale void", original });
  const order = orderOf(draft, offered("sale void", "same", ["sale"]), "CNY");
  assert.equal(order.amount, undefined);
});

test("an original by hand needs its reference and an amount, and its card is read", () => {
  const hand = after({ do: "choose", type: "refund" }, { do: "by-hand" });
  assert.equal(lackOf(hand, refund), "reference");
  const rrn = "260000000001";
  const draft = drafted(drafted(hand, { do: "hand", byHand: { rrn } }), type("100"));
  assert.equal(lackOf(draft, refund), undefined);
  assert.deepEqual(orderOf(draft, refund, "CNY"), {
    type: "refund",
    currency: "CNY",
    amount: "100",
    original: { rrn },
    readCard: true,
  });
  const wrong = drafted(draft, { do: "hand", byHand: { date: "13" } });
  assert.equal(lackOf(wrong, refund), "reference");
});

test("a tip is told apart from the amount, a transfer says where to, a plan how often", () => {
  const original = { entry, most: "300" };
  const tip = offered("tip adjustment", "tip", ["sale"]);
  const tipped = after({ do: "follow", type: "tip adjustment", original });
  assert.equal(lackOf(tipped, tip), "amount");
  assert.equal(orderOf(drafted(tipped, type("200")), tip, "CNY").tip, "200");
  const transfer = offered("transfer", "free");
  const moved = after({ do: "choose", type: "transfer", minor: "100" });
  assert.equal(lackOf(moved, transfer), "receiver");
  const plan = offered("instalment sale", "free");
  const paid = after({ do: "choose", type: "instalment sale", minor: "100" });
  assert.deepEqual(orderOf(paid, plan, "CNY").plan, { periods: 12, code: "01", payer: "holder" });
  assert.equal(lackOf(drafted(paid, { do: "set", to: { periods: 1 } }), plan), "periods");
});
