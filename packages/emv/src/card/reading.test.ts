import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fromHex, toAscii, toHex } from "@tillway/bytes";
import {
  recoverIccKey,
  recoverIssuerKey,
  staticDataToAuthenticate,
  verifyDda,
} from "../oda/recover.ts";
import { findTlv, parseTlv, toStore } from "../tlv.ts";
import { lengthFits } from "../tags.ts";
import { demonstrationProfiles } from "./demonstration.ts";
import { CardInHand } from "./in-hand.ts";
import { specimenCaKey, specimenCard, specimenProfile } from "./specimen.ts";

const debit = specimenCard(specimenProfile("unionpay-debit"));
const visa = specimenCard(specimenProfile("visa"));
const PSE = "00A404000E315041592E5359532E444446303100";

describe("choosing an application", () => {
  test("the directory leads to the application", () => {
    const card = new CardInHand(debit);
    const directory = card.send(PSE);
    assert.equal(directory.sw, "9000");
    assert.deepEqual(findTlv(parseTlv(directory.data), "88")?.value, Uint8Array.of(1));
    const record = card.send("00B2010C00");
    assert.equal(record.sw, "9000");
    const aid = findTlv(parseTlv(record.data), "4F")?.value;
    assert.equal(toHex(aid ?? new Uint8Array(0)), "A000000333010101");
    assert.equal(card.send("00B2020C00").sw, "6A83");
    assert.equal(card.send("00B2011400").sw, "6A82");
  });

  test("a card without directory says that there is none", () => {
    assert.equal(new CardInHand(visa).send(PSE).sw, "6A82");
  });

  for (const [what, command, sw] of [
    ["its whole name", "00A4040008A00000033301010100", "9000"],
    ["the beginning of its name", "00A4040005A00000033300", "9000"],
    ["the next occurrence, of which there is none", "00A4040208A00000033301010100", "6A82"],
    ["another application", "00A4040007A000000003101000", "6A82"],
    ["a name longer than its own", "00A4040009A0000003330101010100", "6A82"],
    ["a name shorter than an issuer's identifier", "00A4040004A000000300", "6A82"],
    ["no name", "00A4040000", "6A82"],
    ["a file by number", "00A40000023F0000", "6A86"],
  ] as const) {
    test(`selecting ${what} answers ${sw}`, () => {
      assert.equal(new CardInHand(debit).send(command).sw, sw);
    });
  }

  test("selecting again ends the transaction before", () => {
    const card = new CardInHand(debit);
    card.initiate();
    card.select();
    assert.equal(card.generate("80").sw, "6985");
  });
});

describe("starting a transaction", () => {
  test("gives profile and file locator, as values or as data objects", () => {
    const values = new CardInHand(debit).initiate();
    assert.equal(toHex(values.data), "800E3C00080101001001010118010400");
    const objects = new CardInHand(specimenCard(specimenProfile("mastercard"))).initiate();
    const store = toStore(parseTlv(objects.data));
    assert.equal(toHex(store.get("82") ?? new Uint8Array(0)), "3800");
    assert.equal(store.get("94")?.length, 12);
  });

  test("counts up, whether or not the transaction ends", () => {
    const card = new CardInHand(debit);
    for (const counted of ["9F36020001", "9F36020002", "9F36020003"]) {
      card.power();
      card.initiate();
      assert.equal(toHex(card.send("80CA9F3600").data), counted);
    }
  });

  test("is refused once the counter has come to its end", () => {
    const card = new CardInHand(debit);
    card.state = { ...card.state, atc: 0xfffe };
    assert.equal(card.initiate().sw, "9000");
    assert.equal(card.initiate().sw, "6985");
  });

  for (const [what, command, sw] of [
    ["with the data it asks for", "80A8000006830401560156", "9000"],
    ["with too little", "80A800000483020156", "6700"],
    ["without a command template", "80A80000020156", "6A80"],
    ["with a template of a wrong length", "80A800000483030156", "6A80"],
    ["without data", "80A8000000", "6A80"],
    ["with other parameters", "80A8010002830000", "6A86"],
  ] as const) {
    test(`${what} answers ${sw}`, () => {
      const card = new CardInHand(visa);
      card.select();
      assert.equal(card.send(command).sw, sw);
    });
  }

  test("needs a selected application", () => {
    assert.equal(new CardInHand(debit).send("80A8000002830000").sw, "6985");
    const started = new CardInHand(debit);
    started.initiate();
    assert.equal(started.send("80A8000002830000").sw, "6985");
  });
});

describe("reading records", () => {
  for (const [what, command, sw] of [
    ["one that is there", "00B2010C00", "9000"],
    ["one beyond the last", "00B2020C00", "6A83"],
    ["one of an unknown file", "00B2012C00", "6A82"],
    ["number zero", "00B2000C00", "6A86"],
    ["by another reference than its number", "00B2010D00", "6A86"],
    ["with data", "00B2010C0100", "6700"],
  ] as const) {
    test(`${what}: ${sw}`, () => {
      const card = new CardInHand(debit);
      card.initiate();
      assert.equal(card.send(command).sw, sw);
    });
  }

  test("waits for the start of the transaction", () => {
    const card = new CardInHand(debit);
    assert.equal(card.send("00B2010C00").sw, "6985");
    card.select();
    assert.equal(card.send("00B2010C00").sw, "6985");
  });
});

describe("counters", () => {
  test("can be asked for, other data not", () => {
    const card = new CardInHand(debit);
    assert.equal(card.send("80CA9F3600").sw, "6985");
    card.select();
    assert.equal(toHex(card.send("80CA9F3600").data), "9F36020000");
    assert.equal(toHex(card.send("80CA9F1300").data), "9F13020000");
    assert.equal(toHex(card.send("80CA9F1700").data), "9F170103");
    assert.equal(card.send("80CA9F4F00").sw, "6A88");
    assert.equal(card.send("80CA005A00").sw, "6A88");
  });
});

describe("every demonstration card", () => {
  for (const profile of demonstrationProfiles()) {
    test(`${profile.name} carries what a terminal needs and proves itself`, () => {
      const card = new CardInHand(specimenCard(profile));
      card.initiate();
      const read = (place: string): Uint8Array => card.send(`00B2${place}00`).data;
      const signed = read("0114");
      const records = [
        read("010C"),
        signed,
        read("011C"),
        read("021C"),
        read("031C"),
        read("041C"),
      ];
      const store = toStore(records.flatMap(parseTlv));
      const get = (tag: string): Uint8Array => store.get(tag) ?? new Uint8Array(0);
      for (const [tag, value] of store) assert.ok(lengthFits(tag, value.length), tag);
      assert.equal(toHex(get("5A")).replace(/F$/, ""), profile.pan);
      assert.ok(toHex(get("57")).startsWith(`${profile.pan}D${profile.expiry.slice(0, 4)}`));
      assert.equal(toAscii(get("5F20")), "TILLWAY/DEMO");
      for (const tag of [
        "5F24",
        "5F28",
        "5F34",
        "8C",
        "8D",
        "8E",
        "9F07",
        "9F0D",
        "9F0E",
        "9F0F",
        "9F42",
      ]) {
        assert.ok(store.has(tag), tag);
      }
      const ca = specimenCaKey(profile);
      const at = { pan: profile.pan, date: "261130" };
      const issuer = recoverIssuerKey({
        ...at,
        caKey: { modulus: fromHex(ca.modulus), exponent: fromHex(ca.exponent) },
        certificate: get("90"),
        remainder: store.get("92"),
        exponent: get("9F32"),
      });
      assert.ok(issuer.ok);
      const aip = fromHex(card.image.aip);
      const data = staticDataToAuthenticate({
        records: [{ sfi: 2, data: signed }],
        tagList: get("9F4A"),
        aip,
      });
      assert.ok(data.ok);
      const icc = recoverIccKey({
        ...at,
        issuerKey: issuer.key,
        certificate: get("9F46"),
        remainder: store.get("9F48"),
        exponent: get("9F47"),
        staticData: data.data,
      });
      assert.ok(icc.ok);
      const [signature] = parseTlv(card.send("0088000004DEADBEEF00").data);
      const value = signature?.tag === "77" ? signature.children[0]?.value : signature?.value;
      const dda = verifyDda({
        iccKey: icc.key,
        signature: value ?? new Uint8Array(0),
        ddolData: fromHex("DEADBEEF"),
      });
      assert.ok(dda.ok);
    });
  }
});
