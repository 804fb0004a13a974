import assert from "node:assert/strict";
import { createCipheriv } from "node:crypto";
import { describe, test } from "node:test";
import { fromHex, toHex, xor } from "@tillway/bytes";
import { arpc2, cryptogramScheme } from "@tillway/keys";
import { parseTlv, toStore } from "../tlv.ts";
import type { AnyCardProfile } from "./profile.ts";
import { CardInHand, TERMINAL } from "./in-hand.ts";
import type { Told } from "./in-hand.ts";
import { specimenCard, specimenProfile } from "./specimen.ts";

type Cryptogram = { cid: string; atc: string; ac: Uint8Array; iad: Uint8Array };

/** The answer to GENERATE AC in either format. */
function read(told: Told): Cryptogram {
  assert.equal(told.sw, "9000");
  const [node] = parseTlv(told.data);
  assert.ok(node);
  if (node.tag === "80") {
    const { value } = node;
    return {
      cid: toHex(value.slice(0, 1)),
      atc: toHex(value.slice(1, 3)),
      ac: value.slice(3, 11),
      iad: value.slice(11),
    };
  }
  const store = toStore(node.children);
  const get = (tag: string): Uint8Array => store.get(tag) ?? new Uint8Array(0);
  return { cid: toHex(get("9F27")), atc: toHex(get("9F36")), ac: get("9F26"), iad: get("9F10") };
}

const des = (key: Uint8Array, block: Uint8Array): Uint8Array => {
  const triple = key.length === 8 ? [...key, ...key, ...key] : [...key, ...key.slice(0, 8)];
  const cipher = createCipheriv("des-ede3", Uint8Array.from(triple), null).setAutoPadding(false);
  return new Uint8Array(Buffer.concat([cipher.update(block), cipher.final()]));
};

/** Retail MAC by hand: single DES chaining, the last block under both halves of the key. */
function macByHand(key: Uint8Array, padded: Uint8Array): string {
  let block = new Uint8Array(8);
  for (let at = 0; at < padded.length; at += 8) {
    const mixed = xor(block, padded.slice(at, at + 8));
    block = new Uint8Array(at + 8 < padded.length ? des(key.slice(0, 8), mixed) : des(key, mixed));
  }
  return toHex(block);
}

/** EMV common session key by hand, parity left alone: DES does not look at it. */
function sessionByHand(key: Uint8Array, value: string): Uint8Array {
  const left = fromHex(value);
  const right = fromHex(value);
  left[2] = 0xf0;
  right[2] = 0x0f;
  return Uint8Array.from([...des(key, left), ...des(key, right)]);
}

const COVERED = ["9F02", "9F03", "9F1A", "95", "5F2A", "9A", "9C", "9F37"];
const covered = (aip: string, atc: string, cvr: string): string =>
  COVERED.map((tag) => toHex(TERMINAL.get(tag) ?? new Uint8Array(0))).join("") + aip + atc + cvr;
const padded80 = (hex: string): Uint8Array =>
  fromHex(`${hex}80`.padEnd(Math.ceil((hex.length + 2) / 16) * 16, "0"));
const padded00 = (hex: string): Uint8Array =>
  fromHex(hex.padEnd(Math.ceil(hex.length / 16) * 16, "0"));

function started(name: string, change: Partial<AnyCardProfile> = {}): CardInHand {
  const card = new CardInHand(specimenCard(specimenProfile(name, change)));
  card.initiate();
  return card;
}

/** Key under which this card's issuer makes its answer. */
function arpcKey(card: CardInHand): string {
  const atc = Uint8Array.of(card.state.atc >> 8, card.state.atc & 0xff);
  const { cryptogramVersion } = card.image.profile;
  const number = TERMINAL.get("9F37") ?? new Uint8Array(4);
  return toHex(
    cryptogramScheme(cryptogramVersion, fromHex(card.image.keys.ac), atc, number).arpcKey,
  );
}

const externally = (card: CardInHand, arqc: Uint8Array, code: string): Told =>
  card.send(`008200000A${card.issuerData(arpcKey(card), arqc, code)}`);

describe("the cryptogram, recomputed from the cipher up", () => {
  test("of UnionPay: session key from the counter and its complement, padding 80", () => {
    const card = started("unionpay-debit");
    const made = read(card.generate("80"));
    assert.equal(toHex(made.iad), "07010103A0300001");
    const master = fromHex(card.image.keys.ac);
    const halves = ["0000000000000001", "000000000000FFFE"].map(fromHex);
    const key = Uint8Array.from(halves.flatMap((half) => [...des(master, half)]));
    assert.equal(toHex(made.ac), macByHand(key, padded80(covered("3C00", "0001", "03A03000"))));
  });

  test("of Visa CVN 10: the card's key itself, padding of zeros", () => {
    const card = started("visa");
    const made = read(card.generate("80"));
    assert.equal(toHex(made.iad), "06010A03A03000");
    const key = fromHex(card.image.keys.ac);
    assert.equal(toHex(made.ac), macByHand(key, padded00(covered("3C00", "0001", "03A03000"))));
  });

  test("of Visa CVN 18: over the whole of 9F10", () => {
    const card = started("visa", { cryptogramVersion: "visa-18" });
    const made = read(card.generate("80"));
    const key = sessionByHand(fromHex(card.image.keys.ac), `0001${"00".repeat(6)}`);
    const data = covered("3C00", "0001", "06011203A03000");
    assert.equal(toHex(made.ac), macByHand(key, padded80(data)));
  });

  test("of M/Chip: session key from counter and unpredictable number", () => {
    const card = started("mastercard");
    const made = read(card.generate("80"));
    assert.equal(toHex(made.iad), `0110A0000320C000${"00".repeat(10)}`);
    const key = sessionByHand(fromHex(card.image.keys.ac), "00010000DEADBEEF");
    const data = covered("3800", "0001", "A0000320C000");
    assert.equal(toHex(made.ac), macByHand(key, padded80(data)));
  });

  test("differs with the counter, the amount and every card", () => {
    const seen = new Set<string>();
    const card = started("unionpay-debit");
    seen.add(toHex(read(card.generate("80")).ac));
    card.initiate();
    seen.add(toHex(read(card.generate("80")).ac));
    card.initiate();
    seen.add(toHex(read(card.generate("80", { "9F02": "000000002581" })).ac));
    seen.add(toHex(read(started("unionpay-expired").generate("80")).ac));
    assert.equal(seen.size, 4);
  });

  test("of a counterfeit card is none of its issuer's", () => {
    const right = started("unionpay-counterfeit", { keys: "issuer" });
    const wrong = started("unionpay-counterfeit");
    assert.notDeepEqual(read(wrong.generate("80")).ac, read(right.generate("80")).ac);
  });
});

describe("the first decision", () => {
  const LIMITS = { offlineLimits: { lower: 5, upper: 9 } };
  const known = (card: CardInHand, change: object = {}): CardInHand => {
    card.state = { ...card.state, atc: 10, lastOnlineAtc: 9, ...change };
    card.initiate();
    return card;
  };

  for (const [what, change, p1, cid] of [
    ["asked for a TC it may give it", {}, "40", "40"],
    ["asked for an ARQC it gives that", {}, "80", "80"],
    ["asked for an AAC it gives that", {}, "00", "00"],
    ["a new card wants its issuer first", { lastOnlineAtc: 0 }, "40", "80"],
    ["beyond its lower limit it wants its issuer", { atc: 20 }, "40", "80"],
    ["after a torn online transaction too", { lastOnlineNotCompleted: true }, "40", "80"],
    ["after a false issuer too", { lastIssuerAuthenticationFailed: true }, "40", "80"],
    ["without PIN tries too", { pinTries: 0 }, "40", "80"],
    ["a new card asked for an AAC gives it", { lastOnlineAtc: 0 }, "00", "00"],
    ["a blocked application declines a TC", { applicationBlocked: true }, "40", "00"],
    ["a blocked application declines an ARQC", { applicationBlocked: true }, "80", "00"],
  ] as const) {
    test(what, () => {
      const card = known(started("unionpay-debit", LIMITS), change);
      assert.equal(read(card.generate(p1)).cid, cid);
    });
  }

  test("a TC ends the transaction", () => {
    const card = known(started("unionpay-debit", LIMITS));
    card.generate("40");
    assert.equal(card.generate("40").sw, "6985");
  });

  for (const [what, command, sw] of [
    [
      "a combined signature, which this card does not offer",
      `80AE90002B${"00".repeat(43)}`,
      "6A86",
    ],
    ["a type that is none", `80AEC0002B${"00".repeat(43)}`, "6A86"],
    ["data of another length", `80AE80002A${"00".repeat(42)}`, "6700"],
  ] as const) {
    test(`${what}: ${sw}`, () => {
      assert.equal(started("unionpay-debit").send(command).sw, sw);
    });
  }

  test("waits for the start of the transaction", () => {
    const card = new CardInHand(specimenCard(specimenProfile("visa")));
    assert.equal(card.generate("80").sw, "6985");
    card.select();
    assert.equal(card.generate("80").sw, "6985");
  });
});

describe("the issuer's answer", () => {
  test("authenticates once; then the card completes and remembers the counter", () => {
    const card = started("unionpay-debit");
    const { ac } = read(card.generate("80"));
    assert.equal(card.state.lastOnlineNotCompleted, true);
    assert.equal(externally(card, ac, "00").sw, "9000");
    assert.equal(externally(card, ac, "00").sw, "6985");
    const second = read(card.generate("40"));
    assert.equal(second.cid, "40");
    assert.equal(second.atc, "0001");
    assert.equal(toHex(second.iad), "0701010360300001");
    assert.equal(card.generate("40").sw, "6985");
    assert.equal(toHex(card.send("80CA9F1300").data), "9F13020001");
    assert.equal(card.state.lastOnlineNotCompleted, false);
  });

  test("of another transaction or key answers 6300, and the card declines and remembers", () => {
    const card = started("unionpay-debit");
    const { ac } = read(card.generate("80"));
    const before = externally(card, xor(ac, fromHex("0000000000000001")), "00");
    assert.equal(before.sw, "6300");
    assert.equal(externally(card, ac, "00").sw, "6985");
    const second = read(card.generate("40"));
    assert.equal(second.cid, "00");
    assert.equal(card.state.lastIssuerAuthenticationFailed, true);
    assert.equal(card.state.lastOnlineAtc, 0);
    card.initiate();
    assert.equal(toHex(read(card.generate("80")).iad), "07010103A0380001");
  });

  test("of every length but its own answers 6700 and may be repeated", () => {
    const card = started("visa");
    const { ac } = read(card.generate("80"));
    assert.equal(card.send("00820000081122334455667788").sw, "6700");
    assert.equal(card.send("00820100081122334455667788").sw, "6A86");
    assert.equal(externally(card, ac, "00").sw, "9000");
  });

  test("is refused before an ARQC", () => {
    const card = started("visa");
    assert.equal(card.send(`008200000A${"00".repeat(10)}`).sw, "6985");
  });

  test("that declines makes the card decline, even if the terminal asks for a TC", () => {
    const card = started("unionpay-debit");
    const { ac } = read(card.generate("80"));
    assert.equal(externally(card, ac, "05").sw, "9000");
    assert.equal(read(card.generate("40")).cid, "00");
    assert.equal(card.state.lastOnlineAtc, 1);
  });

  test("comes within GENERATE AC on a Mastercard", () => {
    for (const [code, changed, cid] of [
      ["00", false, "40"],
      ["05", false, "00"],
      ["00", true, "00"],
    ] as const) {
      const card = started("mastercard");
      const { ac } = read(card.generate("80"));
      assert.equal(card.send(`008200000A${"00".repeat(10)}`).sw, "6D00");
      const made = card.issuerData(arpcKey(card), ac, code);
      const sent = changed ? made.replace(/^../, (byte) => (byte === "00" ? "01" : "00")) : made;
      assert.equal(read(card.generate("40", { "91": sent })).cid, cid);
    }
  });

  test("of method 2 tells its approval in the card status update", () => {
    for (const [update, cid] of [
      ["00800000", "40"],
      ["00000000", "00"],
    ] as const) {
      const card = started("visa", { cryptogramVersion: "visa-18" });
      const { ac } = read(card.generate("80"));
      const made = toHex(arpc2(fromHex(arpcKey(card)), ac, fromHex(update)));
      assert.equal(card.send(`0082000008${made}${update}`).sw, "9000");
      assert.equal(read(card.generate("40")).cid, cid);
    }
  });
});

describe("the second decision without issuer data", () => {
  for (const [what, name, code, cid] of [
    ["a card that insists on its issuer declines", "unionpay-debit", "3030", "00"],
    ["a card that insists declines within GENERATE AC", "mastercard", "3030", "00"],
    ["a card that does not insist completes", "visa", "3030", "40"],
    ["a new card declines when the terminal was unable to go online", "visa", "5933", "00"],
  ] as const) {
    test(what, () => {
      const card = started(name);
      card.generate("80");
      assert.equal(read(card.generate("40", { "8A": code })).cid, cid);
    });
  }

  for (const [upper, cid] of [
    [1, "00"],
    [2, "40"],
  ] as const) {
    test(`unable to go online, ${cid === "40" ? "within" : "beyond"} its upper limit`, () => {
      const card = started("unionpay-debit", { offlineLimits: { lower: 0, upper } });
      card.state = { ...card.state, atc: 7, lastOnlineAtc: 6 };
      card.initiate();
      card.generate("40");
      const second = read(card.generate("40", { "8A": "5933" }));
      assert.equal(second.cid, cid);
      assert.equal((second.iad[4] ?? 0) & 0x01, 1);
      assert.equal(card.state.lastOnlineNotCompleted, true);
    });
  }

  test("an AAC is given when asked for; an ARQC is not asked for twice", () => {
    const card = started("visa");
    card.generate("80");
    assert.equal(card.generate("80").sw, "6A86");
    assert.equal(read(card.generate("00")).cid, "00");
  });
});

describe("issuer scripts", () => {
  const run = (name: string, ins: string, way: "visa" | "pboc" | "common"): CardInHand => {
    const card = started(name);
    const { ac } = read(card.generate("80"));
    assert.equal(card.send(card.script(ins, ac, way)).sw, "9000");
    return card;
  };

  test("block the application: selection answers 6283, the card declines; and unblock it", () => {
    const card = run("unionpay-debit", "1E", "pboc");
    assert.equal(card.select().sw, "6283");
    card.initiate();
    assert.equal(read(card.generate("80")).cid, "00");
    const other = run("unionpay-debit", "18", "pboc");
    assert.equal(other.state.applicationBlocked, false);
  });

  test("take their key from the cryptogram on a Mastercard", () => {
    assert.equal(run("mastercard", "1E", "common").select().sw, "6283");
  });

  test("block the card for good", () => {
    const card = run("visa", "16", "visa");
    card.power();
    assert.equal(card.select().sw, "6A81");
  });

  test("give the PIN its tries back and are counted in the next cryptogram", () => {
    const card = started("unionpay-debit");
    card.state = { ...card.state, pinTries: 0 };
    const { ac } = read(card.generate("80"));
    assert.equal(card.send(card.script("24", ac, "pboc")).sw, "9000");
    assert.equal(card.state.pinTries, 3);
    externally(card, ac, "00");
    assert.equal(toHex(read(card.generate("40")).iad), "0701010360301001");
    assert.equal(card.state.scripts, 0);
  });

  test("with a wrong MAC change nothing and are told to the issuer", () => {
    const card = started("unionpay-debit");
    const { ac } = read(card.generate("80"));
    const wrong = card.script("1E", xor(ac, fromHex("0100000000000000")), "pboc");
    assert.equal(card.send(wrong).sw, "6988");
    assert.equal(card.send("841E010008" + "00".repeat(8)).sw, "6A86");
    assert.equal(card.send("841E000004" + "00".repeat(4)).sw, "6700");
    assert.equal(card.state.applicationBlocked, false);
    assert.equal(toHex(read(card.generate("00")).iad), "0701010320303801");
  });

  test("are refused before an ARQC", () => {
    assert.equal(started("visa").send(`841E000008${"00".repeat(8)}`).sw, "6985");
  });
});
