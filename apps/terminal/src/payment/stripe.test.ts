import assert from "node:assert/strict";
import { test } from "node:test";
import { currency } from "@tillway/money";
import { catalogue, type TransactionName } from "@tillway/transactions";
import { makeCards, random } from "../../test/demonstration.ts";
import type { HostWords } from "../session/index.ts";
import { kernelConfiguration } from "./configuration.ts";
import { fateOf } from "./fate.ts";
import { idle, type Effect, type Flow, type FlowEvent, type Payment } from "./flow.ts";
import { step } from "./step.ts";
import { readStripe, stripeRule, stripeWantsPin } from "./stripe.ts";
import { transactionInput } from "./times.ts";

const { caKeys } = makeCards();
const { contact, contactless } = kernelConfiguration(
  {
    tid: "10000001",
    mid: "898290058120001",
    merchantName: "Tillway Cafe",
    merchantNameZh: "收单通咖啡",
    serial: "TW00000001",
  },
  caKeys,
);
const money = currency("CNY");
assert.ok(money);

function payment(type: TransactionName, more: Partial<Payment> = {}): Payment {
  const amount = catalogue[type].amount === "none" ? "0" : "2580";
  return {
    id: "one",
    stan: "000001",
    batch: "000001",
    type,
    amount,
    currency: "CNY",
    configuration: contact,
    contactless,
    transaction: transactionInput({
      amount,
      currency: money ?? assert.fail("no such currency"),
      type: "00",
      forceOnline: false,
      stan: "000001",
      now: Date.UTC(2026, 10, 22),
      zone: "Asia/Shanghai",
      random,
    }),
    partial: false,
    fallback: false,
    ...more,
  };
}

function play(
  begun: Payment,
  ...events: readonly FlowEvent[]
): { flow: Flow; did: Effect["do"][] } {
  let flow: Flow = idle;
  const did: Effect["do"][] = [];
  const all: FlowEvent[] = [
    { type: "begin", payment: begun },
    { type: "prepared", readiness: "ready", batch: "000001" },
    ...events,
  ];
  for (const event of all) {
    const next = step(flow, event);
    flow = next.flow;
    did.push(...next.effects.map((effect) => effect.do));
  }
  return { flow, did };
}

const foreign = "4761739001010119D34121010000012300";
const domestic = "6210948000000011D33121200000012300";
const withChip = "4761739001010010D34122010000012300";

test("a track is number, expiry and service code; anything else is none", () => {
  const stripe = readStripe(foreign);
  assert.deepEqual(
    [stripe?.pan, stripe?.expiry, stripe?.service],
    ["4761739001010119", "3412", "101"],
  );
  for (const bad of ["", "123", "4761739001010119", "4761739001010119D34"]) {
    assert.equal(readStripe(bad), undefined);
  }
});

test("a chip card falls back only if foreign, allowed, and its chip has failed", () => {
  const chip = readStripe(withChip);
  const ours = readStripe("6216261000000000018D33122200000012300");
  assert.ok(chip && ours);
  const rule = (fallback: boolean, failed: boolean, stripe = chip) =>
    stripeRule(stripe, payment("sale", { fallback }), failed);
  assert.equal(rule(false, false), "use-chip");
  assert.equal(rule(false, true), "use-chip");
  assert.equal(rule(true, false), "use-chip");
  assert.equal(rule(true, true), "fallback");
  assert.equal(rule(true, true, ours), "use-chip");
});

test("the service code's third digit, or the country, asks for a PIN", () => {
  const wants = (track: string): boolean => {
    const stripe = readStripe(track);
    assert.ok(stripe);
    return stripeWantsPin(stripe);
  };
  assert.equal(wants(foreign), false);
  assert.equal(wants("4761739001010119D34121060000012300"), true);
  assert.equal(wants(domestic), true);
});

test("a dead chip leads to the stripe where that is allowed, with the mark of a fallback", () => {
  const dead: FlowEvent[] = [
    { type: "inserted", card: "visa" },
    { type: "card-failed", turn: 1 },
  ];
  const strict = play(payment("sale"), ...dead);
  assert.equal(strict.flow.ending?.cause, "card-error");
  const fallback = payment("sale", { fallback: true });
  const swiped = play(fallback, ...dead, { type: "swiped", track: withChip });
  assert.equal(swiped.flow.stage, "online");
  assert.deepEqual([swiped.flow.data?.mode, swiped.flow.data?.chipFailed], ["80", true]);
  assert.equal(play(fallback, ...dead).flow.prompt, "swipe-card");
});

test("a swiped sale asks for a PIN or a signature; what is repeated asks for neither", () => {
  assert.ok(play(payment("sale"), { type: "swiped", track: domestic }).did.includes("ask-pin"));
  const signed = play(payment("sale"), { type: "swiped", track: foreign });
  assert.equal(signed.flow.facts?.cvm, "signature");
  const refund = play(payment("refund"), { type: "swiped", track: domestic });
  assert.deepEqual(refund.did, ["prepare", "authorise"]);
  assert.equal(refund.flow.facts?.cvm, "none");
});

const host: HostWords = {
  responseCode: "00",
  rrn: "112200000002",
  authorizationCode: "A1B2C3",
  time: "104530",
  date: "1122",
  settlementDate: "1122",
  acquirer: "48020000",
  amount: "2580",
  additional: "",
  issuerData: "",
};

for (const type of Object.keys(catalogue) as TransactionName[]) {
  const fate = fateOf(type);
  const keyed = { pan: "4761739001010119", expiry: "3412", from: "keyed" } as const;
  const online = (...events: readonly FlowEvent[]) => play(payment(type, { keyed }), ...events);

  test(`${type}: what follows an approval, and what the absence of an answer`, () => {
    const yes = online({ type: "verdict", verdict: { kind: "approved", host } });
    const after = { reversal: "settle", nothing: "settle", promise: "confirm", advice: "conclude" };
    assert.equal(yes.did[2], after[fate]);
    const ended =
      fate === "promise" ? step(yes.flow, { type: "followed", done: false }).flow : yes.flow;
    assert.equal(ended.ending?.outcome, "approved");

    const unknown = online({ type: "verdict", verdict: { kind: "unknown", reason: "98" } });
    assert.equal(unknown.did[2], fate === "reversal" ? "follow" : "attend");
    if (fate === "reversal") {
      const undone = step(unknown.flow, { type: "followed", done: true });
      assert.equal(undone.flow.ending?.outcome, "reversed");
    } else {
      assert.equal(unknown.flow.ending?.outcome, "timed-out");
    }
    const no = online({ type: "verdict", verdict: { kind: "declined", host } });
    assert.deepEqual(no.did.slice(2), ["conclude"]);
    assert.equal(no.flow.ending?.outcome, "declined");
  });
}
