/** Terminal, simulated card and its issuer together: every cryptogram version, scripts end to end. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { concat, fromHex, toHex } from "@tillway/bytes";
import { pinChangeCommand, scriptMac } from "@tillway/keys";
import type { ScriptTransaction } from "@tillway/keys";
import { CRYPTOGRAM_VERSIONS } from "../card/index.ts";
import type { AnyCardProfile, AnyCryptogramVersion } from "../card/index.ts";
import { specimenProfile } from "../card/specimen.ts";
import { encodeTlv } from "../tlv.ts";
import { tvrNames } from "../tvr.ts";
import { approve, hold, pay, reply } from "./testing/paying.ts";
import type { HeldCard, Paying } from "./testing/paying.ts";

/** Cards that insist on their issuer: a wrong answer must not pass. */
const FAMILIES: Readonly<
  Record<string, readonly [string, AnyCardProfile["issuerAuthentication"]]>
> = {
  unionpay: ["unionpay-debit", { way: "external-authenticate", required: true }],
  visa: ["visa", { way: "external-authenticate", required: true }],
  mchip: ["mastercard", { way: "generate-ac", required: true }],
};

function profileOf(cryptogramVersion: AnyCryptogramVersion): AnyCardProfile {
  const family = FAMILIES[cryptogramVersion.split("-")[0] ?? ""];
  assert.ok(family);
  const [name, issuerAuthentication] = family;
  return specimenProfile(name, { cryptogramVersion, issuerAuthentication });
}

const WITH_PIN = { application: { onlinePin: true } } satisfies Paying;

describe("every cryptogram version", () => {
  for (const version of CRYPTOGRAM_VERSIONS) {
    test(`${version}: the issuer's answer is its own, and another's is not`, () => {
      const profile = profileOf(version);
      const right = pay(hold(profile), WITH_PIN);
      assert.deepEqual([right.outcome.result, right.outcome.cryptogram?.type], ["approved", "TC"]);
      const wrong = pay(hold(profile), {
        ...WITH_PIN,
        host: (request, card) => {
          const given = approve(request, card);
          const spoilt = given?.issuerData.map((byte, at) => (at === 3 ? byte ^ 0x10 : byte));
          return given && { ...given, issuerData: spoilt ?? given.issuerData };
        },
      });
      assert.deepEqual(
        [wrong.outcome.result, wrong.outcome.reason],
        ["declined", "declined-by-card"],
      );
      assert.equal(wrong.outcome.reversalRequired, true);
    });
  }
});

/** The transaction a script belongs to, and the card's keys as its issuer derives them. */
function issuerOf(card: HeldCard): {
  readonly transaction: ScriptTransaction;
  readonly keys: { readonly ac: Uint8Array; readonly smi: Uint8Array; readonly smc: Uint8Array };
} {
  const { ac, smi, smc } = card.image.keys;
  const atc = Uint8Array.of(card.state.atc >> 8, card.state.atc & 0xff);
  const cryptogram = fromHex(card.state.session.first?.cryptogram ?? "");
  const version = card.image.profile.cryptogramVersion;
  return {
    transaction: { version, atc, cryptogram },
    keys: { ac: fromHex(ac), smi: fromHex(smi), smc: fromHex(smc) },
  };
}

function sealed(card: HeldCard, start: string): Uint8Array {
  const { transaction, keys } = issuerOf(card);
  const header = fromHex(`${start}08`);
  return concat(header, scriptMac(keys.smi, transaction, header));
}

function payWith(
  card: HeldCard,
  tag: "71" | "72",
  command: (card: HeldCard) => Uint8Array,
): ReturnType<typeof pay> {
  return pay(card, {
    ...WITH_PIN,
    host: (request, held) => {
      const identifier = encodeTlv("9F18", fromHex("A1B2C3D4"));
      const content = concat(identifier, encodeTlv("86", command(held)));
      return reply("00", () => encodeTlv(tag, content))(request, held);
    },
  });
}

describe("scripts from issuer to card", () => {
  for (const name of ["unionpay-debit", "visa", "mastercard"]) {
    test(`${name}: a new PIN, sent with the answer, is the card's from then on`, () => {
      const card = hold(specimenProfile(name));
      const { outcome } = payWith(card, "71", (held) => {
        const { transaction, keys } = issuerOf(held);
        return pinChangeCommand(keys, transaction, "864209");
      });
      assert.equal(outcome.result, "approved");
      assert.equal(toHex(outcome.scriptResults ?? new Uint8Array(0)), "20A1B2C3D4");
      assert.equal(card.state.pin, "864209");
    });

    test(`${name}: a block sent after the certificate ends the card's use`, () => {
      const card = hold(specimenProfile(name));
      const { outcome } = payWith(card, "72", (held) => sealed(held, "841E0000"));
      assert.equal(outcome.result, "approved");
      assert.equal(toHex(outcome.scriptResults ?? new Uint8Array(0)), "20A1B2C3D4");
      const next = pay(card, WITH_PIN);
      assert.deepEqual([next.outcome.result, next.outcome.reason], ["terminated", "blocked"]);
    });

    test(`${name}: a script with a wrong MAC is told to the issuer, now and with the next card`, () => {
      const card = hold(specimenProfile(name));
      const { outcome } = payWith(card, "72", (held) =>
        sealed(held, "841E0000").map((byte, at) => (at === 5 ? byte ^ 1 : byte)),
      );
      assert.equal(toHex(outcome.scriptResults ?? new Uint8Array(0)), "11A1B2C3D4");
      assert.ok(tvrNames(fromHex(outcome.tvr)).includes("scriptFailedAfter"));
      assert.equal(card.state.scriptFailed, true);
      assert.equal(card.state.applicationBlocked, false);
    });
  }
});
