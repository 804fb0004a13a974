import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fromHex, toHex } from "@tillway/bytes";
import { staticDataOf } from "../card/records.ts";
import { SPECIMEN_ICC, SPECIMEN_ISSUER } from "../card/specimen-keys.ts";
import { specimenProfile } from "../card/specimen.ts";
import { signIccCertificate } from "../oda/sign.ts";
import { encodeTlv, splitTlv } from "../tlv.ts";
import { tsiNames, tvrNames } from "../tvr.ts";
import { approve, hold, known, pay, reply } from "./testing/paying.ts";
import type { HeldCard, Paid, Paying } from "./testing/paying.ts";

/** First two parameters of every GENERATE AC sent. */
function asked({ commands }: Paid): readonly string[] {
  return commands.filter((sent) => sent.startsWith("80AE")).map((sent) => sent.slice(4, 6));
}

const failed = (paid: Paid): boolean => tvrNames(fromHex(paid.outcome.tvr)).includes("cdaFailed");

/** Changes the data objects of the nth GENERATE AC answer, counted from 1. */
function meddle(
  nth: number,
  change: (objects: Map<string, Uint8Array>) => void,
): NonNullable<Paying["meddle"]> {
  let seen = 0;
  return (_, command, right) => {
    if (command[1] !== 0xae) return undefined;
    seen += 1;
    if (seen !== nth) return undefined;
    const [template] = splitTlv(right.slice(0, -2));
    assert.equal(template?.tag, "77");
    const objects = new Map(splitTlv(template.value).map(({ tag, value }) => [tag, value]));
    change(objects);
    const content = Array.from(objects, ([tag, value]) => toHex(encodeTlv(tag, value))).join("");
    return Uint8Array.of(...encodeTlv("77", fromHex(content)), 0x90, 0x00);
  };
}

const flip =
  (tag: string, at: number) =>
  (objects: Map<string, Uint8Array>): void => {
    const value = objects.get(tag)?.slice();
    assert.ok(value);
    value[at] = (value[at] ?? 0) ^ 0x01;
    objects.set(tag, value);
  };

/** A card whose list asks for something else than the terminal's number; its certificate is right. */
function relisted(list: "8C" | "8D" | "none"): HeldCard {
  const card = hold(specimenProfile("visa-cda"));
  const { image } = card;
  const start = list === "none" ? undefined : (image.records["2.1"] ?? "").indexOf(`${list}1`);
  const whole = image.records["2.1"] ?? "";
  const changed =
    start === undefined
      ? whole
      : whole.slice(0, start) + whole.slice(start).replace("9F3704", "DF0104");
  const { certificate } = signIccCertificate(SPECIMEN_ISSUER, SPECIMEN_ICC, {
    expiry: "1239",
    serial: "000002",
    pan: image.profile.pan,
    staticData: staticDataOf(fromHex(changed), image.aip),
  });
  const proof = toHex(encodeTlv("70", encodeTlv("9F46", fromHex(certificate))));
  const records = { ...image.records, "2.1": changed, "3.3": proof };
  return { ...card, image: { ...image, records } };
}

const ONLINE = { transaction: { forceOnline: true }, pins: ["1234"] } satisfies Paying;
const FORCED = {
  ...ONLINE,
  application: {
    actionCodes: { denial: "0000000000", online: "0000000800", default: "0000000000" },
  },
} satisfies Paying;

describe("combined data authentication", () => {
  for (const name of ["visa-cda", "mastercard-offline"] as const) {
    test(`${name}: both cryptograms are asked for with a signature, and proven`, () => {
      const card = hold(specimenProfile(name));
      const paid = pay(card, FORCED);
      assert.deepEqual(asked(paid), ["90", "50"]);
      assert.equal(paid.outcome.result, "approved");
      assert.equal(failed(paid), false);
      assert.ok(tsiNames(fromHex(paid.outcome.tsi)).includes("authenticationPerformed"));
      assert.ok(paid.commands.every((command) => !command.startsWith("0088")));
      assert.equal(paid.request?.store.get("9F4C")?.length, 8);
      assert.equal(paid.request?.store.get("9F26")?.length, 8);
    });

    test(`${name}: an approval without the host is proven too`, () => {
      const paid = pay(known(specimenProfile(name)), { pins: ["1234"] });
      assert.deepEqual(asked(paid), ["50"]);
      assert.deepEqual([paid.outcome.result, paid.outcome.online], ["approved", false]);
      assert.equal(paid.outcome.cryptogram?.type, "TC");
    });
  }

  for (const [mode, first, second] of [
    [1, "90", "50"],
    [2, "90", "40"],
    [3, "80", "40"],
    [4, "80", "50"],
  ] as const) {
    test(`mode ${mode} asks for ${first} and ${second}`, () => {
      const paid = pay(hold(specimenProfile("visa-cda")), {
        ...FORCED,
        terminal: { cdaMode: mode },
      });
      assert.deepEqual(asked(paid), [first, second]);
      assert.equal(paid.outcome.result, "approved");
    });

    test(`mode ${mode} asks for a signature where no host answered`, () => {
      const paid = pay(known(specimenProfile("visa-cda")), {
        ...FORCED,
        terminal: { cdaMode: mode },
        host: () => undefined,
      });
      assert.deepEqual(asked(paid), [first, "50"]);
      assert.deepEqual([paid.outcome.result, paid.outcome.online], ["approved", false]);
    });
  }

  test("an AAC is never asked for with a signature", () => {
    const declined = pay(hold(specimenProfile("visa-cda")), { ...FORCED, host: reply("05") });
    assert.deepEqual(asked(declined), ["90", "00"]);
    assert.equal(declined.outcome.reason, "declined-by-host");
  });
});

describe("a combined signature that is wrong", () => {
  const CHANGES = {
    "the signature": flip("9F4B", 30),
    "the issuer's data": flip("9F10", 3),
    "the counter": flip("9F36", 1),
    "no signature": (objects: Map<string, Uint8Array>) => objects.delete("9F4B"),
  } as const;
  for (const [what, change] of Object.entries(CHANGES)) {
    test(`${what}, at an ARQC: never online, the card is told to decline at once`, () => {
      const paid = pay(hold(specimenProfile("visa-cda")), { ...FORCED, meddle: meddle(1, change) });
      assert.deepEqual(asked(paid), ["90", "00"]);
      assert.equal(paid.request, undefined);
      assert.deepEqual(
        [paid.outcome.result, paid.outcome.reason],
        ["declined", "declined-offline"],
      );
      assert.equal(paid.outcome.reversalRequired, false);
      assert.ok(failed(paid));
    });

    test(`${what}, at a TC without the host: declined, no second cryptogram`, () => {
      const paid = pay(known(specimenProfile("visa-cda")), {
        pins: ["1234"],
        meddle: meddle(1, change),
      });
      assert.deepEqual(asked(paid), ["50"]);
      assert.deepEqual(
        [paid.outcome.result, paid.outcome.reason],
        ["declined", "declined-offline"],
      );
      assert.ok(failed(paid));
    });

    test(`${what}, after the host approved: declined and reversed`, () => {
      const paid = pay(hold(specimenProfile("visa-cda")), { ...FORCED, meddle: meddle(2, change) });
      assert.deepEqual(asked(paid), ["90", "50"]);
      assert.deepEqual(
        [paid.outcome.result, paid.outcome.reason],
        ["declined", "declined-by-card"],
      );
      assert.equal(paid.outcome.reversalRequired, true);
      assert.ok(failed(paid));
    });
  }

  test("another type in clear than in the signature: the signed one counts", () => {
    const toTc = (objects: Map<string, Uint8Array>): void => {
      objects.set("9F27", Uint8Array.of(0x40));
    };
    const paid = pay(hold(specimenProfile("visa-cda")), { ...FORCED, meddle: meddle(1, toTc) });
    assert.deepEqual(asked(paid), ["90", "00"]);
    assert.equal(paid.outcome.result, "declined");
    assert.ok(failed(paid));
  });

  test("an answer without tags cannot be signed", () => {
    const plain: Paying["meddle"] = (_, command) =>
      command[1] === 0xae ? fromHex(`80128000019${"1".repeat(15)}06010A03A0A0009000`) : undefined;
    const paid = pay(hold(specimenProfile("visa-cda")), { ...FORCED, meddle: plain });
    assert.ok(failed(paid));
    assert.equal(paid.request, undefined);
  });

  test("a card whose certificate is wrong is asked without a signature, and the bit tells it", () => {
    const spoilt: Paying["meddle"] = (_, command, right) => {
      const isCertificate = toHex(command).startsWith("00B2031C");
      return isCertificate ? right.map((byte, at) => (at === 60 ? byte ^ 1 : byte)) : undefined;
    };
    const paid = pay(hold(specimenProfile("visa-cda")), { ...FORCED, meddle: spoilt });
    assert.deepEqual(asked(paid), ["80", "40"]);
    assert.ok(failed(paid));
    assert.equal(paid.outcome.result, "approved");
  });

  test("lists without the terminal's number prove nothing: CDA failed before it is asked for", () => {
    for (const list of ["8C", "8D"] as const) {
      const paid = pay(relisted(list), FORCED);
      assert.deepEqual(asked(paid).slice(0, 1), ["80"], list);
      assert.ok(failed(paid));
    }
    assert.equal(failed(pay(relisted("none"), FORCED)), false);
  });

  test("the terminal without CDA takes DDA, and the card answers without a signature", () => {
    const paid = pay(hold(specimenProfile("visa-cda")), {
      ...FORCED,
      terminal: { capabilities: "E0F8C0" },
      host: approve,
    });
    assert.deepEqual(asked(paid), ["80", "40"]);
    assert.ok(paid.commands.some((command) => command.startsWith("0088")));
    assert.equal(failed(paid), false);
  });
});
