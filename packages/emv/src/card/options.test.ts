import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fromHex, toHex } from "@tillway/bytes";
import { known, pay } from "../kernel/testing/paying.ts";
import type { HeldCard } from "../kernel/testing/paying.ts";
import { encipherPin } from "../oda/pin.ts";
import { publicKeyOf } from "../oda/rsa.ts";
import { parseTlv, toStore } from "../tlv.ts";
import { demonstrationProfiles, rehearsalProfiles } from "./demonstration.ts";
import { CardInHand } from "./in-hand.ts";
import { parseProfile } from "./profile.ts";
import { insertCard } from "./reader.ts";
import { countingRandom, specimenCard, specimenProfile } from "./specimen.ts";
import { newCardState } from "./state.ts";

describe("profiles for rehearsals", () => {
  test("are not shown to the newcomer, have names of their own and valid account numbers", () => {
    const shown = demonstrationProfiles().map(({ name }) => name);
    const names = rehearsalProfiles().map(({ name }) => name);
    assert.equal(new Set([...shown, ...names]).size, shown.length + names.length);
    for (const { pan, label, purpose } of rehearsalProfiles()) {
      const sum = Array.from(pan, Number)
        .reverse()
        .map((digit, at) => (at % 2 === 0 ? digit : digit * 2 - (digit > 4 ? 9 : 0)))
        .reduce((total, digit) => total + digit, 0);
      assert.equal(sum % 10, 0, pan);
      assert.match(label.zh + purpose.zh, /\p{Script=Han}/u);
    }
  });

  for (const [change, problem] of [
    [{ authentication: ["xda"] }, "authentication: sda or dda or cda"],
    [{ enciphersPin: "other" }, "enciphersPin: icc-key or pin-key"],
    [{ pinTryLimit: 0 }, "pinTryLimit: a whole number from 1 to 15"],
    [{ usage: "FF" }, "usage: hex digits of 2 bytes"],
    [{ log: { records: 10, format: "9F" } }, "log.format: tags and lengths"],
    [{ writable: ["9F36"] }, "writable: 9F14 or 9F23 or 9F54 or 9F58 or 9F59"],
    [{ faults: [{ at: 0, answer: "6F00" }] }, "faults[0].at: a whole number from 1 to 1000"],
    [
      { faults: [{ at: 1, answer: "silence" }] },
      "faults[0].answer: nothing, garbage, wrong-length, duplicate-tag or four hex digits",
    ],
    [
      { offlineLimits: { lower: 1, upper: 2, amount: "1.5" } },
      "offlineLimits.amount: one to twelve digits, minor units",
    ],
  ] as const) {
    test(`name what is wrong: ${problem}`, () => {
      const profile = { ...specimenProfile("visa"), ...change };
      assert.deepEqual(parseProfile(profile), { ok: false, problems: [problem] });
    });
  }
});

const PIN = fromHex("26123456FFFFFFFF");

describe("a PIN enciphered to the card", () => {
  const image = specimenCard(specimenProfile("unionpay-offline-pin"));
  const started = (): CardInHand => {
    const card = new CardInHand(image);
    card.initiate();
    return card;
  };
  const enciphered = (challenge: Uint8Array, pin = PIN): string => {
    const key = publicKeyOf(image.keys.icc);
    const data = encipherPin(key, pin, challenge, countingRandom(key.modulus.length - 17));
    assert.ok(data);
    return `0020008880${toHex(data)}`;
  };

  test("is taken over the challenge just given", () => {
    const card = started();
    assert.equal(card.send(enciphered(card.send("0084000000").data)).sw, "9000");
    assert.equal(card.state.session.pin, "passed");
  });

  test("that is wrong costs a try", () => {
    const card = started();
    const wrong = fromHex("26654321FFFFFFFF");
    assert.equal(card.send(enciphered(card.send("0084000000").data, wrong)).sw, "63C2");
  });

  test("over no challenge, an old one or another one answers 6A80 and costs no try", () => {
    const card = started();
    assert.equal(card.send(enciphered(new Uint8Array(8))).sw, "6A80");
    const challenge = card.send("0084000000").data;
    card.send("80CA9F1700");
    assert.equal(card.send(enciphered(challenge)).sw, "6A80");
    card.send("0084000000");
    assert.equal(card.send(enciphered(new Uint8Array(8))).sw, "6A80");
    assert.equal(card.state.pinTries, 3);
  });

  test("of another length answers 6700", () => {
    const card = started();
    card.send("0084000000");
    assert.equal(card.send(`0020008808${toHex(PIN)}`).sw, "6700");
  });
});

describe("the card's own log", () => {
  test("tells of what it approved, the newest first, and of nothing else", () => {
    const profile = specimenProfile("unionpay-offline-pin", {
      log: { records: 2, format: "9A039F02069F3602" },
    });
    const card: HeldCard = known(profile);
    const pins = [profile.pin];
    for (const amount of ["100", "200", "300"]) pay(card, { transaction: { amount }, pins });
    pay(card, {
      transaction: { amount: "400" },
      pins,
      application: {
        actionCodes: { denial: "8000000000", online: "00".repeat(5), default: "00".repeat(5) },
      },
      terminal: { capabilities: "E0F800" },
    });
    const hand = new CardInHand(card.image, card.state);
    hand.power();
    const fci = toStore(parseTlv(hand.select().data));
    assert.equal(toHex(fci.get("9F4D") ?? new Uint8Array(0)), "0B02");
    assert.equal(toHex(hand.send("80CA9F4F00").data), "9F4F089A039F02069F3602");
    assert.equal(toHex(hand.send("00B2015C00").data), "2607230000000003000008");
    assert.equal(toHex(hand.send("00B2025C00").data), "2607230000000002000007");
    assert.equal(hand.send("00B2035C00").sw, "6A83");
  });

  test("is not there on a card without one", () => {
    const hand = new CardInHand(specimenCard(specimenProfile("visa")));
    hand.select();
    assert.equal(hand.send("80CA9F4F00").sw, "6A88");
    assert.equal(hand.send("00B2015C00").sw, "6A82");
  });
});

describe("approvals without the issuer", () => {
  test("go on until the amount is spent; the issuer then starts anew", () => {
    const profile = specimenProfile("unionpay-offline-pin");
    const card = known(profile);
    const buy = (amount: string): boolean =>
      pay(card, { transaction: { amount }, pins: [profile.pin] }).outcome.online;
    // CNY 500 in all.
    assert.deepEqual(["20000", "20000", "10000"].map(buy), [false, false, false]);
    assert.equal(card.state.offlineAmount, "50000");
    assert.equal(buy("1"), true);
    assert.equal(card.state.offlineAmount, undefined);
    assert.equal(buy("50000"), false);
  });

  test("in another currency do not count, and are limited by their number only", () => {
    const profile = specimenProfile("unionpay-offline-pin");
    const card = known(profile);
    const paying = { transaction: { amount: "90000", currency: "840" }, pins: [profile.pin] };
    const online = Array.from({ length: 6 }, () => pay(card, paying).outcome.online);
    assert.deepEqual(online, [false, false, false, false, false, true]);
  });

  test("are told in M/Chip's counters", () => {
    const card = known(specimenProfile("mastercard-offline"));
    const paying = { transaction: { amount: "1234" }, pins: ["1234"] };
    pay(card, paying);
    const { request } = pay(card, {
      transaction: { amount: "1234", forceOnline: true },
      pins: ["1234"],
      application: {
        actionCodes: { denial: "00".repeat(5), online: "FF".repeat(5), default: "00".repeat(5) },
      },
    });
    const iad = request?.store.get("9F10") ?? new Uint8Array(0);
    assert.equal(toHex(iad.slice(10)), "00000000123401FF");
  });
});

describe("scripted faults", () => {
  const faulty = (answer: string, carriedOut: boolean): CardInHand =>
    new CardInHand(
      specimenCard(specimenProfile("visa", { faults: [{ at: 2, answer, carriedOut }] })),
    );
  const START = "80A8000006830401560156";

  for (const [answer, response] of [
    ["6F00", "6F00"],
    ["garbage", "0102030405060708090A0B0C0D0E0F1011121314"],
    ["wrong-length", "800E3C0008010100100101011801049000"],
    ["nothing", ""],
  ] as const) {
    test(`${answer}: the second command is answered wrongly, the first is not`, () => {
      const card = faulty(answer, false);
      assert.equal(card.select().sw, "9000");
      const { sw, data } = card.send(START);
      assert.equal(toHex(data) + sw, response);
      assert.equal(card.state.atc, 0);
    });
  }

  test("duplicate-tag: the first data object of the template comes twice", () => {
    const profile = specimenProfile("visa", {
      faults: [{ at: 1, answer: "duplicate-tag", carriedOut: true }],
    });
    const [fci] = parseTlv(new CardInHand(specimenCard(profile)).select().data);
    assert.deepEqual(
      fci?.children.map(({ tag }) => tag),
      ["84", "84", "A5"],
    );
  });

  test("carried out or not: the counter tells", () => {
    const card = faulty("6F00", true);
    card.select();
    card.send(START);
    assert.equal(card.state.atc, 1);
  });

  test("silence lasts until the power goes", () => {
    const card = faulty("nothing", false);
    card.select();
    card.send(START);
    assert.equal(card.send("80CA9F3600").sw, "");
    card.power();
    assert.equal(card.select().sw, "9000");
  });

  test("in a reader silence is a card that is gone", async () => {
    const image = specimenCard(
      specimenProfile("visa", { faults: [{ at: 1, answer: "nothing", carriedOut: false }] }),
    );
    const state = newCardState(image);
    const keep = () => Promise.resolve();
    const card = insertCard({ image, state, random: countingRandom, keep });
    await assert.rejects(card.transmit(fromHex("00A4040007A000000003101000")), /no answer/);
  });
});
