import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fromHex, toHex } from "@tillway/bytes";
import { parseTlv, toStore } from "../../tlv.ts";
import { answerContactless } from "./answer.ts";
import { contactlessProfiles } from "./demonstration.ts";
import { parseContactlessProfile } from "./profile.ts";
import { tapCard } from "./reader.ts";
import { contactlessSpecimen, countingRandom } from "./specimen.ts";
import type { Specimen } from "./specimen.ts";
import type { TapCardState } from "./state.ts";

class CardInField {
  readonly image: Specimen["image"];
  state: TapCardState;
  constructor({ image, state }: Specimen) {
    this.image = image;
    this.state = state;
  }

  /** The answer in hex; the state goes through JSON as it does between a reader and its file. */
  send(command: string): string {
    const next = answerContactless(this.image, this.state, fromHex(command), countingRandom);
    this.state = JSON.parse(JSON.stringify(next.state)) as TapCardState;
    return toHex(next.response);
  }

  sw(command: string): string {
    return this.send(command).slice(-4);
  }

  select(): void {
    const { aid } = this.image.profile;
    assert.equal(
      this.sw(`00A4040008${aid}00`.replace("08", (aid.length / 2).toString().padStart(2, "0"))),
      "9000",
    );
  }
}

const UNIONPAY = "contactless-unionpay-debit";
const MASTERCARD = "contactless-mastercard";
/** Qualifiers, amount 25.80, 156, 23 July 2026, number 01020304. */
const OPTIONS =
  "80A8000023832136004080000000002580000000000000015600000000000156260723000102030400";

test("profiles are data files that are read back as they are", () => {
  for (const profile of contactlessProfiles()) {
    const parsed = parseContactlessProfile(JSON.parse(JSON.stringify(profile)));
    assert.deepEqual(parsed, { ok: true, profile });
  }
  const [profile] = contactlessProfiles();
  const bad = { ...profile, kernel: 5, aid: "A0", pdol: "9F", qualifiers: { always: "80" } };
  const parsed = parseContactlessProfile(bad);
  assert.ok(!parsed.ok);
  assert.deepEqual(parsed.problems, [
    "kernel: 2 or 3 or 7",
    "aid: hex digits of 5 to 16 bytes",
    "pdol: tags and lengths",
    "qualifiers.always: hex digits of 2 bytes",
    "qualifiers.cvmRequired: hex digits of 2 bytes",
  ]);
});

test("the directory names the application, its priority and its kernel", () => {
  const card = new CardInField(contactlessSpecimen("contactless-unionpay-credit"));
  const answer = card.send("00A404000E325041592E5359532E444446303100");
  const store = toStore(parseTlv(fromHex(answer.slice(0, -4))));
  const hex = (tag: string) => toHex(store.get(tag) ?? fromHex(""));
  assert.deepEqual([hex("4F"), hex("87"), hex("9F2A")], ["A000000333010102", "01", "07"]);
});

test("the answer of kernel 7 is the whole decision, and the counter goes up once", () => {
  const card = new CardInField(contactlessSpecimen(UNIONPAY));
  card.select();
  const answer = card.send(OPTIONS);
  const store = toStore(parseTlv(fromHex(answer.slice(0, -4))));
  assert.deepEqual([...store.keys()], ["82", "57", "5F34", "9F10", "9F26", "9F36", "9F6C"]);
  assert.equal(toHex(store.get("9F36") ?? fromHex("")), "0001");
  assert.equal(toHex(store.get("9F10") ?? fromHex("")).slice(0, 10), "07010103A0");
  assert.equal(card.sw(OPTIONS), "6985");
  assert.equal(card.state.chip.atc, 1);
});

for (const [what, command, sw] of [
  ["no template", "80A8000002840000", "6A80"],
  ["a wrong length inside", "80A8000002830100", "6A80"],
  ["another length than its list", "80A8000002830000", "6700"],
  ["other parameters", "80A8010002830000", "6A86"],
] as const) {
  test(`GET PROCESSING OPTIONS with ${what}: ${sw}, nothing counted`, () => {
    const card = new CardInField(contactlessSpecimen(UNIONPAY));
    card.select();
    assert.equal(card.sw(command), sw);
    assert.equal(card.state.chip.atc, 0);
  });
}

for (const [what, command, sw] of [
  ["an unknown class", "A0A4000000", "6E00"],
  ["an unknown instruction", "0082000000", "6D00"],
  ["GENERATE AC of a card that decided before", "80AE8000", "6D00"],
  ["the stripe's command", "802A8E80", "6D00"],
  ["a record before initiation", "00B2011400", "6985"],
  ["a record of no file", "00B2011000", "6A86"],
  ["another name", "00A4040007A000000004101000", "6A82"],
  ["a name too short", "00A40400020102", "6A82"],
  ["the next occurrence", "00A4040208A00000033301010100", "6A82"],
  ["selection by file", "00A40000023F00", "6A86"],
  ["half a command", "00A4", "6700"],
] as const) {
  test(`${what}: ${sw}`, () => {
    const card = new CardInField(contactlessSpecimen(UNIONPAY));
    card.select();
    assert.equal(card.sw(command), sw);
  });
}

test("a counter at its end takes no more transactions", () => {
  const specimen = contactlessSpecimen(UNIONPAY);
  const chip = { ...specimen.state.chip, atc: 0xffff };
  const card = new CardInField({ ...specimen, state: { ...specimen.state, chip } });
  card.select();
  assert.equal(card.sw(OPTIONS), "6985");
});

test("kernel 2: one cryptogram a transaction, of a known kind, from data of the right length", () => {
  const card = new CardInField(contactlessSpecimen(MASTERCARD));
  card.select();
  const data = "00".repeat(43);
  assert.equal(card.sw(`80AE80002B${data}00`), "6985");
  assert.equal(card.sw("80A8000002830000"), "9000");
  assert.equal(card.sw(`80AEC0002B${data}00`), "6A86");
  assert.equal(card.sw("80AE8000010000"), "6700");
  assert.equal(card.sw(`80AE90002B${data}00`), "9000");
  assert.equal(card.sw(`80AE90002B${data}00`), "6985");
  assert.equal(card.sw("00B2011400"), "9000");
  assert.equal(card.sw("00B2091400"), "6A83");
});

test("arbitrary commands never make a card throw", () => {
  const specimens = contactlessProfiles().map(({ name }) => contactlessSpecimen(name));
  const command = fc.oneof(
    fc.uint8Array({ maxLength: 48 }),
    fc
      .constantFrom("00A404000E325041592E5359532E444446303100", "80A8000002830000", OPTIONS)
      .map(fromHex),
  );
  fc.assert(
    fc.property(fc.nat({ max: specimens.length - 1 }), fc.array(command), (which, commands) => {
      const specimen = specimens[which];
      assert.ok(specimen);
      let { state } = specimen;
      for (const bytes of commands) {
        const next = answerContactless(specimen.image, state, bytes, countingRandom);
        assert.ok(next.response.length >= 2);
        assert.ok(next.state.chip.atc >= state.chip.atc);
        state = next.state;
      }
    }),
  );
});

test("in a reader the state is kept before the answer leaves, and a failed keeping changes nothing", async () => {
  const { image, state } = contactlessSpecimen(UNIONPAY);
  const kept: TapCardState[] = [];
  let full = false;
  const card = tapCard({
    image,
    state,
    random: countingRandom,
    keep: (next) => {
      if (full) return Promise.reject(new Error("disk full"));
      kept.push(next);
      return Promise.resolve();
    },
  });
  await card.transmit(fromHex("00A4040008A00000033301010100"));
  full = true;
  await assert.rejects(card.transmit(fromHex(OPTIONS)), /disk full/);
  full = false;
  const answer = await card.transmit(fromHex(OPTIONS));
  assert.equal(toHex(answer.slice(-2)), "9000");
  assert.deepEqual([kept.at(-1)?.chip.atc, kept.length], [1, 2]);
});
