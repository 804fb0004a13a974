import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "@tillway/bytes";
import { answer, newCardState, resetCard, type CardState } from "@tillway/emv";
import { currency } from "@tillway/money";
import { makeCards, random } from "../../test/demonstration.ts";
import { issuerAnswer } from "../../test/scripted-host.ts";
import type { HostWords, Verdict } from "../session/index.ts";
import { kernelConfiguration } from "./configuration.ts";
import { busy, idle, type Effect, type Flow, type FlowEvent, type Payment } from "./flow.ts";
import { screenOf } from "./screen.ts";
import { step } from "./step.ts";
import { transactionInput } from "./times.ts";

const { image, caKey } = makeCards();
const identity = {
  tid: "10000001",
  mid: "898290058120001",
  merchantName: "Tillway Cafe",
  merchantNameZh: "收单通咖啡",
  serial: "TW00000001",
};
const cny = currency("CNY");
assert.ok(cny);
const now = Date.UTC(2026, 10, 22, 2, 45, 30);
const { contact, contactless } = kernelConfiguration(identity, [caKey]);
const sale: Payment = {
  id: "the-sale",
  type: "sale",
  stan: "000001",
  batch: "000001",
  amount: "2580",
  currency: "CNY",
  configuration: contact,
  contactless,
  partial: false,
  fallback: false,
  transaction: transactionInput({
    amount: "2580",
    currency: cny,
    type: "00",
    forceOnline: false,
    stan: "000001",
    now,
    zone: "Asia/Shanghai",
    random,
  }),
};
const block = { block: "0011223344556677", generation: 1 };

/** A device without I/O: its flow, and a card that answers while it is in the slot. */
class Bench {
  flow: Flow = idle;
  readonly done: Effect[] = [];
  #card: CardState = newCardState(image);

  /** Feeds events; the card answers each command until `stopAt` commands have been answered. */
  feed(...events: readonly FlowEvent[]): Effect["do"][] {
    const from = this.done.length;
    for (const event of events) this.#take(event);
    return this.done.slice(from).map((effect) => effect.do);
  }

  silent = false;

  #take(event: FlowEvent): void {
    if (event.type === "inserted") this.#card = resetCard(this.#card);
    const next = step(this.flow, event);
    this.flow = next.flow;
    for (const effect of next.effects) {
      if (effect.do !== "transmit") {
        this.done.push(effect);
        continue;
      }
      if (this.silent) continue;
      const said = answer(image, this.#card, effect.apdu, random);
      this.#card = said.state;
      this.#take({ type: "card-answered", turn: effect.turn, apdu: said.response });
    }
  }

  of<D extends Effect["do"]>(kind: D): Extract<Effect, { do: D }>[] {
    return this.done.filter((effect): effect is Extract<Effect, { do: D }> => effect.do === kind);
  }

  toOnline(): void {
    const begun = this.feed({ type: "begin", payment: sale });
    assert.deepEqual(begun, ["prepare"]);
    this.feed({ type: "prepared", readiness: "ready", batch: "000001" });
    assert.deepEqual(this.feed({ type: "inserted", card: "unionpay-debit" }), ["ask-pin"]);
    assert.deepEqual(this.feed({ type: "pin-entered", pin: block }), ["authorise"]);
  }

  words(code: string): HostWords {
    const [authorise] = this.of("authorise");
    assert.ok(authorise);
    return {
      responseCode: code,
      rrn: "112200000002",
      authorizationCode: code === "00" ? "A1B2C3" : "",
      time: "104530",
      date: "1122",
      settlementDate: "1122",
      acquirer: "48020000",
      amount: "2580",
      additional: "",
      issuerData: toHex(issuerAnswer(authorise.data.chip, image, code)),
    };
  }

  verdict(kind: "approved" | "declined" | "refused", code: string): Effect["do"][] {
    return this.feed({ type: "verdict", verdict: { kind, host: this.words(code) } });
  }

  ending(): { outcome: string; responseCode: string; cause: string } | undefined {
    return this.of("conclude").at(-1)?.ending;
  }
}

test("amount, card, PIN, host, card again: approved, and settled before it is told", () => {
  const bench = new Bench();
  bench.toOnline();
  const [authorise] = bench.of("authorise");
  assert.deepEqual(authorise?.pin, block);
  assert.equal(bench.flow.facts?.cvm, "online-pin");
  assert.equal(authorise?.data.mode, "05");
  assert.deepEqual(bench.verdict("approved", "00"), ["settle", "conclude"]);
  assert.deepEqual(bench.ending(), { outcome: "approved", responseCode: "00", cause: "host" });
  assert.equal(bench.flow.stage, "remove");
  bench.feed({ type: "removed" });
  assert.equal(bench.flow.stage, "result");
  assert.equal(bench.flow.prompt, "approved");
  bench.feed({ type: "dismissed" });
  assert.deepEqual({ ...bench.flow, turn: 0 }, idle);
});

test("a declined sale ends without anything to undo; a wrong PIN says so", () => {
  const bench = new Bench();
  bench.toOnline();
  assert.deepEqual(bench.verdict("declined", "55"), ["conclude"]);
  bench.feed({ type: "removed" });
  assert.equal(bench.flow.prompt, "wrong-pin");
});

test("without an answer the card is told so, and the outcome waits for the reversal", () => {
  for (const [done, outcome] of [
    [true, "reversed"],
    [false, "timed-out"],
  ] as const) {
    const bench = new Bench();
    bench.toOnline();
    const unknown: Verdict = { kind: "unknown", reason: "98" };
    assert.deepEqual(bench.feed({ type: "verdict", verdict: unknown }), ["follow"]);
    assert.equal(bench.flow.stage, "following");
    assert.equal(bench.flow.facts?.cryptogram?.type, "AAC");
    bench.feed({ type: "followed", done });
    assert.deepEqual(bench.ending(), { outcome, responseCode: "", cause: "no-answer" });
  }
});

test("a refusal without a MAC is undone all the same", () => {
  const bench = new Bench();
  bench.toOnline();
  assert.deepEqual(bench.verdict("refused", "97"), ["follow"]);
  bench.feed({ type: "followed", done: true });
  assert.equal(bench.ending()?.outcome, "refused");
  assert.equal(bench.ending()?.responseCode, "97");
});

test("approved by the host, declined by the card: a reversal with what the card has said", () => {
  const bench = new Bench();
  bench.toOnline();
  const host = { ...bench.words("00"), issuerData: "910A00000000000000003030" };
  const did = bench.feed({ type: "verdict", verdict: { kind: "approved", host } });
  assert.deepEqual(did, ["demand-reversal", "follow"]);
  bench.feed({ type: "followed", done: true });
  assert.equal(bench.ending()?.outcome, "declined");
});

test("the card is torn out while the host is asked: only its answer tells what to undo", () => {
  const approved = new Bench();
  approved.toOnline();
  assert.deepEqual(approved.feed({ type: "removed" }), []);
  assert.equal(approved.flow.stage, "online");
  approved.silent = true;
  assert.deepEqual(approved.verdict("approved", "00"), ["demand-reversal", "follow"]);
  approved.feed({ type: "followed", done: false });
  assert.deepEqual(approved.ending(), {
    outcome: "declined",
    responseCode: "Z1",
    cause: "card-removed",
  });

  const declined = new Bench();
  declined.toOnline();
  declined.feed({ type: "removed" });
  declined.silent = true;
  assert.deepEqual(declined.verdict("declined", "51"), ["conclude"]);
  assert.equal(declined.ending()?.responseCode, "51");
});

test("the card is torn out before the second cryptogram: reversed", () => {
  const bench = new Bench();
  bench.toOnline();
  bench.silent = true;
  assert.deepEqual(bench.verdict("approved", "00"), []);
  assert.equal(bench.flow.stage, "completing");
  assert.deepEqual(bench.feed({ type: "removed" }), ["demand-reversal", "follow"]);
});

test("the card is torn out while it is read, or at the PIN: nothing was sent", () => {
  const reading = new Bench();
  reading.silent = true;
  reading.feed(
    { type: "begin", payment: sale },
    { type: "prepared", readiness: "ready", batch: "000001" },
  );
  reading.feed({ type: "inserted", card: "unionpay-debit" });
  const turn = reading.flow.turn;
  assert.deepEqual(reading.feed({ type: "removed" }), ["conclude"]);
  assert.equal(reading.ending()?.cause, "card-removed");
  assert.equal(reading.flow.prompt, "try-again");
  // Its answer that was still on the way means nothing any more.
  assert.deepEqual(reading.feed({ type: "card-answered", turn, apdu: new Uint8Array(2) }), []);

  const pin = new Bench();
  pin.feed(
    { type: "begin", payment: sale },
    { type: "prepared", readiness: "ready", batch: "000001" },
  );
  pin.feed({ type: "inserted", card: "unionpay-debit" });
  assert.deepEqual(pin.feed({ type: "removed" }), ["close-pin", "conclude"]);
  assert.equal(pin.ending()?.outcome, "refused");
});

test("cancel ends it at every stage before the host is asked, and at none after", () => {
  const waiting = new Bench();
  waiting.feed(
    { type: "begin", payment: sale },
    { type: "prepared", readiness: "ready", batch: "000001" },
  );
  waiting.feed({ type: "cancelled" });
  assert.equal(waiting.ending()?.cause, "cancelled");
  assert.equal(waiting.flow.prompt, "cancelled");

  const pin = new Bench();
  pin.feed(
    { type: "begin", payment: sale },
    { type: "prepared", readiness: "ready", batch: "000001" },
  );
  pin.feed({ type: "inserted", card: "unionpay-debit" });
  assert.deepEqual(pin.feed({ type: "cancelled" }), ["close-pin", "conclude"]);
  assert.equal(pin.ending()?.cause, "cancelled");

  const online = new Bench();
  online.toOnline();
  assert.deepEqual(online.feed({ type: "cancelled" }), []);
  assert.equal(online.flow.stage, "online");
});

test("no card in time, no PIN in time, nothing to begin with: nothing was sent", () => {
  const noCard = new Bench();
  noCard.feed(
    { type: "begin", payment: sale },
    { type: "prepared", readiness: "ready", batch: "000001" },
  );
  noCard.feed({ type: "no-card" });
  assert.equal(noCard.ending()?.cause, "no-card");

  const noPin = new Bench();
  noPin.feed(
    { type: "begin", payment: sale },
    { type: "prepared", readiness: "ready", batch: "000001" },
  );
  noPin.feed({ type: "inserted", card: "unionpay-debit" }, { type: "pin-timed-out" });
  assert.equal(noPin.ending()?.cause, "pin-timed-out");

  for (const readiness of ["not-connected", "not-signed-in", "reversal-pending"] as const) {
    const bench = new Bench();
    bench.feed({ type: "begin", payment: sale }, { type: "prepared", readiness, batch: "000001" });
    assert.deepEqual(bench.ending(), { outcome: "refused", responseCode: "", cause: readiness });
    assert.equal(bench.flow.prompt, "not-connected");
  }
});

test("a defect at any stage ends the payment and gives up what may have been sent", () => {
  const bench = new Bench();
  bench.toOnline();
  assert.deepEqual(bench.feed({ type: "failed" }), ["close-pin", "abandon", "conclude"]);
  assert.equal(bench.ending()?.cause, "defect");
});

test("one payment at a time, and a second one from the result", () => {
  const bench = new Bench();
  bench.feed({ type: "begin", payment: sale });
  assert.ok(busy(bench.flow));
  assert.deepEqual(bench.feed({ type: "begin", payment: { ...sale, id: "other" } }), []);
  bench.feed({ type: "cancelled" });
  assert.deepEqual(bench.feed({ type: "begin", payment: { ...sale, id: "other" } }), ["prepare"]);
});

test("a card that is in the slot already is read at once; the open batch is the host's", () => {
  const bench = new Bench();
  bench.feed({ type: "inserted", card: "unionpay-debit" }, { type: "begin", payment: sale });
  const did = bench.feed({ type: "prepared", readiness: "ready", batch: "000007" });
  assert.deepEqual(did, ["ask-pin"]);
  assert.equal(bench.flow.payment?.batch, "000007");
});

test("when it is over nothing in the state can name the card, and the screen never does", () => {
  const bench = new Bench();
  bench.toOnline();
  const line = { signedIn: true, linked: true };
  assert.ok(JSON.stringify(bench.of("authorise")[0]?.data.pan).includes(image.profile.pan));
  assert.ok(!JSON.stringify(screenOf(bench.flow, line, undefined)).includes(image.profile.pan));
  bench.verdict("approved", "00");
  const { reader, data, pin, verdict } = bench.flow;
  assert.deepEqual([reader, data, pin, verdict], [undefined, undefined, undefined, undefined]);
});
