import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { toHex } from "@tillway/bytes";
import { parseTlv, toStore } from "../tlv.ts";
import { pay, hold } from "../kernel/testing/paying.ts";
import { CardInHand } from "./in-hand.ts";
import { parseProfile } from "./profile.ts";
import { personalise } from "./image.ts";
import { countingRandom, specimenCard, specimenProfile } from "./specimen.ts";

const profile = specimenProfile("unionpay-two-applications");
const CREDIT = "A000000333010102";
const DEBIT = "A000000333010101";

function aidIn(data: Uint8Array): string {
  return toHex(toStore(parseTlv(data)).get("84") ?? new Uint8Array(0));
}

describe("a card with two applications", () => {
  test("lists both in its directory, in their order", () => {
    const card = new CardInHand(specimenCard(profile));
    card.send("00A404000E315041592E5359532E444446303100");
    const entries = parseTlv(card.send("00B2010C00").data).flatMap(({ children }) => children);
    const named = entries.map(({ children }) => toStore(children));
    const text = (tag: string): string[] =>
      named.map((entry) => toHex(entry.get(tag) ?? new Uint8Array(0)));
    assert.deepEqual(text("4F"), [CREDIT, DEBIT]);
    assert.deepEqual(text("87"), ["01", "02"]);
  });

  test("gives one after the other where only the beginning of the name is asked for", () => {
    const card = new CardInHand(specimenCard(profile));
    assert.equal(card.send("00A4040205A00000033300").sw, "6A82");
    assert.equal(aidIn(card.send("00A4040005A00000033300").data), CREDIT);
    assert.equal(aidIn(card.send("00A4040205A00000033300").data), DEBIT);
    assert.equal(card.send("00A4040205A00000033300").sw, "6A82");
    assert.equal(aidIn(card.send(`00A4040008${DEBIT}00`).data), DEBIT);
  });

  test("counts, blocks and is read in each application by itself", () => {
    const card = new CardInHand(specimenCard(profile));
    card.send(`00A4040008${DEBIT}00`);
    assert.equal(card.send("80A8000006830401560156").sw, "9000");
    assert.equal(toHex(card.send("80CA9F3600").data), "9F36020001");
    const debit = toStore(parseTlv(card.send("00B2011400").data));
    assert.equal(toHex(debit.get("5A") ?? new Uint8Array(0)), "6216261000000000018F");
    card.send(`00A4040008${CREDIT}00`);
    assert.equal(toHex(card.send("80CA9F3600").data), "9F36020000");
    const further = (card.state.further ?? []).map((other) => ({
      ...other,
      applicationBlocked: true,
    }));
    card.state = { ...card.state, further };
    assert.equal(card.send(`00A4040008${DEBIT}00`).sw, "6283");
    assert.equal(card.send(`00A4040008${CREDIT}00`).sw, "9000");
  });

  test("pays with the one the cardholder chooses, under that one's keys", () => {
    for (const [aid, pan] of [
      [CREDIT, "6250940500000006"],
      [DEBIT, "6216261000000000018"],
    ] as const) {
      const offered: (readonly string[])[] = [];
      const paid = pay(hold(profile), {
        application: { onlinePin: true },
        choose: (aids) => {
          offered.push(aids);
          return aid;
        },
      });
      assert.deepEqual(offered, [[CREDIT, DEBIT]]);
      assert.deepEqual([paid.outcome.result, paid.outcome.aid], ["approved", aid]);
      assert.equal(paid.outcome.pan, pan);
    }
  });

  test("a block of the card from one application closes both", () => {
    const card = new CardInHand(specimenCard(profile));
    card.send(`00A4040008${DEBIT}00`);
    const blocked = (card.state.further ?? []).map((other) => ({ ...other, cardBlocked: true }));
    card.state = { ...card.state, further: blocked };
    card.send("80CA9F3600");
    card.power();
    assert.equal(card.send(`00A4040008${CREDIT}00`).sw, "6A81");
  });

  test("forgets both transactions without power", () => {
    const card = new CardInHand(specimenCard(profile));
    card.send(`00A4040008${DEBIT}00`);
    card.send("80A8000006830401560156");
    card.power();
    assert.equal(card.send("80CA9F3600").sw, "6985");
    assert.equal(card.state.further?.[0]?.session.stage, "idle");
    assert.equal(card.state.further?.[0]?.atc, 1);
  });
});

describe("the profile of such a card", () => {
  test("says of a further application only what differs", () => {
    const [debit] = profile.further ?? [];
    assert.equal(debit?.aid, DEBIT);
    assert.equal(debit?.expiry, profile.expiry);
    assert.equal(debit?.account.kind, "debit");
  });

  test("names what is wrong in it by its place", () => {
    const wrong = parseProfile({ ...profile, further: [{ aid: DEBIT, pan: "12" }, 7] });
    assert.ok(!wrong.ok);
    assert.deepEqual(wrong.problems, [
      "further[0].pan: 13 to 19 digits",
      "further[1].entry: an object",
    ]);
  });

  test("needs keys for each of them", () => {
    const { icc, ac, smi, smc } = specimenCard(specimenProfile("visa")).keys;
    const keys = {
      caIndex: "94",
      issuer: icc,
      certificate: { certificate: "", remainder: "", exponent: "03", expiry: "1239" },
      icc,
      symmetric: { ac, smi, smc },
      serial: "000001",
    };
    const { further: _, ...alone } = profile;
    assert.equal(personalise(alone, keys, countingRandom).further, undefined);
    assert.throws(() => personalise(profile, keys, countingRandom), /each application/);
  });
});
