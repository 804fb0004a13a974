import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fromHex } from "@tillway/bytes";
import fc from "fast-check";
import { answer } from "./answer.ts";
import { insertCard } from "./reader.ts";
import { CardInHand } from "./in-hand.ts";
import { countingRandom, specimenCard, specimenProfile } from "./specimen.ts";
import { newCardState } from "./state.ts";
import type { CardState } from "./state.ts";

const debit = specimenCard(specimenProfile("unionpay-debit"));
const RIGHT = "002000800826123456FFFFFFFF";
const WRONG = "002000800826654321FFFFFFFF";

function started(image = debit): CardInHand {
  const card = new CardInHand(image);
  card.initiate();
  return card;
}

describe("offline PIN", () => {
  test("the right one is taken", () => assert.equal(started().send(RIGHT).sw, "9000"));

  test("wrong ones use up the tries, over power cycles, and then block", () => {
    const card = started();
    assert.equal(card.send(WRONG).sw, "63C2");
    card.power();
    card.initiate();
    assert.equal(card.send(WRONG).sw, "63C1");
    assert.equal(card.send(WRONG).sw, "63C0");
    assert.equal(card.send(RIGHT).sw, "6983");
    assert.equal(card.send("80CA9F1700").data.at(-1), 0);
  });

  test("the right one gives all tries back", () => {
    const card = started();
    card.send(WRONG);
    card.send(RIGHT);
    assert.equal(card.send(WRONG).sw, "63C2");
  });

  for (const [what, command, sw] of [
    ["a block of another control digit", "002000800816123456FFFFFFFF", "6A80"],
    ["a PIN too short", "002000800823123FFFFFFFFFFF", "6A80"],
    ["a short block", "002000800726123456FFFFFF", "6700"],
    ["an enciphered PIN, which this card does not offer", "002000880826123456FFFFFFFF", "6A86"],
  ] as const) {
    test(`${what} answers ${sw} and costs no try`, () => {
      const card = started();
      assert.equal(card.send(command).sw, sw);
      assert.equal(card.state.pinTries, 3);
    });
  }

  test("waits for the start of the transaction", () => {
    assert.equal(new CardInHand(debit).send(RIGHT).sw, "6985");
  });
});

describe("challenges and signatures", () => {
  for (const [what, command, sw] of [
    ["a challenge", "0084000000", "9000"],
    ["a challenge with parameters", "0084010000", "6A86"],
    ["a challenge with data", "00840000010000", "6700"],
    ["a signature over what it asks for", "0088000004DEADBEEF00", "9000"],
    ["a signature over less", "0088000003DEADBE00", "6700"],
    ["a signature with parameters", "0088010004DEADBEEF00", "6A86"],
  ] as const) {
    test(`${what}: ${sw}`, () => {
      assert.equal(started().send(command).sw, sw);
      assert.equal(new CardInHand(debit).send(command).sw === "9000", false);
    });
  }
});

describe("commands it does not know", () => {
  for (const [what, command, sw] of [
    ["a class", "A0A40000023F00", "6E00"],
    ["an instruction", "00FF000000", "6D00"],
    ["an instruction in another class", "00AE800000", "6D00"],
    ["an instruction of secure messaging", "84DA000000", "6D00"],
    ["a length that does not fit", "00A4040010A0", "6700"],
    ["fewer bytes than a header has", "00A404", "6700"],
  ] as const) {
    test(`${what}: ${sw}`, () => assert.equal(started().send(command).sw, sw));
  }
});

describe("the pure function", () => {
  /** Commands near to what the card understands, so that deep states are met. */
  const command = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc
      .tuple(
        fc.constantFrom(
          "00A4",
          "80A8",
          "00B2",
          "0088",
          "0020",
          "0084",
          "80CA",
          "80AE",
          "0082",
          "841E",
          "8424",
        ),
        fc.uint8Array({ minLength: 2, maxLength: 2 }),
        fc.uint8Array({ maxLength: 50 }),
      )
      .map(([head, parameters, data]) =>
        Uint8Array.from([...fromHex(head), ...parameters, data.length, ...data]),
      ),
    fc
      .constantFrom(
        "00A4040005A000000333",
        "80A80000028300",
        "80AE80002B" + "00".repeat(43),
        "80AE400025" + "00".repeat(37),
        "00B2011C00",
        RIGHT,
        WRONG,
      )
      .map(fromHex),
  );

  test("never throws, whatever the bytes, and its counters never go back", () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 12 }), (commands) => {
        let state: CardState = newCardState(debit);
        for (const bytes of commands) {
          const before = structuredClone(state);
          const next = answer(debit, state, bytes, countingRandom);
          assert.ok(next.response.length >= 2 && next.response.length <= 258);
          assert.ok(next.state.atc >= state.atc && next.state.atc - state.atc <= 1);
          assert.ok(next.state.lastOnlineAtc >= state.lastOnlineAtc);
          assert.deepEqual(state, before);
          state = next.state;
        }
      }),
      { numRuns: 400 },
    );
  });
});

describe("a card in a reader", () => {
  const select = fromHex("00A4040005A00000033300");
  const start = fromHex("80A8000002830000");

  test("keeps its state before each answer leaves", async () => {
    const kept: number[] = [];
    const card = insertCard({
      image: debit,
      state: newCardState(debit),
      random: countingRandom,
      keep: async ({ atc }) => {
        await Promise.resolve();
        kept.push(atc);
      },
    });
    const both = await Promise.all([card.transmit(select), card.transmit(start)]);
    assert.deepEqual(
      both.map((response) => response.at(-2)),
      [0x90, 0x90],
    );
    assert.deepEqual(kept, [0, 1]);
    assert.equal(card.atr[0], 0x3b);
  });

  test("gives no answer that it could not keep, and goes on afterwards", async () => {
    let full = true;
    const card = insertCard({
      image: debit,
      state: newCardState(debit),
      random: countingRandom,
      keep: () => (full ? Promise.reject(new Error("disk full")) : Promise.resolve()),
    });
    await assert.rejects(card.transmit(select), /disk full/);
    full = false;
    assert.equal((await card.transmit(start)).at(-2), 0x69);
    assert.equal((await card.transmit(select)).at(-2), 0x90);
  });
});
