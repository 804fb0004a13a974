/** Issuer scripts: published commands are understood, and what each changes in the card. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { concat, fromHex, toHex } from "@tillway/bytes";
import { deriveIccKey, encryptScriptData, pinChangeCommand, scriptMac } from "@tillway/keys";
import type { ScriptTransaction } from "@tillway/keys";
import { CardInHand } from "./in-hand.ts";
import { specimenCard, specimenProfile } from "./specimen.ts";
import type { AnyCryptogramVersion } from "./versions.ts";

const VERSIONS: Readonly<Record<string, AnyCryptogramVersion>> = {
  VisaCVN10: "visa-10",
  VisaCVN18: "visa-18",
  VisaCVN22: "visa-22",
  MasterCardCVN16: "mchip-10",
  MasterCardCVN17: "mchip-11",
  MasterCardCVN20: "mchip-14",
  MasterCardCVN21: "mchip-15",
};

type Row = {
  readonly name: string;
  readonly inputs: Readonly<Record<string, string | null>>;
  readonly outputs: Readonly<Record<string, string>>;
};

const url = new URL("../../../../vectors/emv-scheme-cvn.json", import.meta.url);
const { vectors } = JSON.parse(readFileSync(url, "utf8")) as { vectors: Row[] };

/** A card with the published keys, after the published ARQC. */
function after(version: AnyCryptogramVersion, inputs: Row["inputs"]): CardInHand {
  const image = specimenCard(specimenProfile("visa", { cryptogramVersion: version }));
  const key = (name: string): string =>
    toHex(
      deriveIccKey(
        fromHex(inputs[`issuerMasterKey${name}`] ?? ""),
        inputs["pan"] ?? "",
        inputs["psn"] ?? "",
        "A",
      ),
    );
  const keys = { ...image.keys, ac: key("AC"), smi: key("SMI"), smc: key("SMC") };
  const card = new CardInHand({ ...image, keys });
  card.initiate();
  const atc = Number.parseInt(inputs["tag_9f36"] ?? "0", 16);
  const first = { type: "ARQC", cryptogram: inputs["tag_9f26"] ?? "", values: {} } as const;
  card.state = {
    ...card.state,
    atc,
    pinTries: 1,
    session: { ...card.state.session, stage: "online", first },
  };
  return card;
}

describe("published script commands", () => {
  for (const { name, inputs, outputs } of vectors) {
    const version = VERSIONS[inputs["scheme"] ?? ""];
    const command = outputs["result"] ?? "";
    if (version === undefined) continue;

    if (name.endsWith("generate_pin_change_command")) {
      test(`${name}: the card takes the new PIN`, () => {
        const card = after(version, inputs);
        assert.equal(card.send(command).sw, "9000");
        assert.equal(card.state.pin, inputs["pin"]);
        assert.equal(card.state.pinTries, 3);
        const wrong = after(version, inputs);
        assert.equal(
          wrong.send(command.replace(/.$/, (last) => (last === "0" ? "1" : "0"))).sw,
          "6988",
        );
        assert.equal(wrong.state.pin, undefined);
      });
    }

    const header = inputs["command_header"] ?? "";
    const data = inputs["command_data"] ?? "";
    if (name.endsWith("generate_command_mac") && inputs["tag_9f36"] && data === "") {
      test(`${name} ${header}: the card accepts the MAC`, () => {
        const card = after(version, inputs);
        assert.equal(card.send(header + command).sw, "9000");
        assert.equal(card.state.scripts, 1);
      });
    }

    if (header.startsWith("842400") && data !== "" && inputs["tag_9f36"]) {
      test(`${name} ${header}: the card reads the new PIN`, () => {
        // The published PIN with the present one mixed in was made for a present PIN of 8888.
        const card = after(version, inputs);
        card.state = { ...card.state, pin: "8888" };
        assert.equal(card.send(header + data + command).sw, "9000");
        assert.equal(card.state.pin, "9999");
      });
    }
  }
});

/** A card that awaits its issuer, and the transaction its scripts belong to. */
function online(name: string): { readonly card: CardInHand; readonly at: ScriptTransaction } {
  const card = new CardInHand(specimenCard(specimenProfile(name)));
  card.initiate();
  card.generate("80");
  const { first } = card.state.session;
  const { cryptogramVersion: version } = card.image.profile;
  const atc = Uint8Array.of(0, card.state.atc);
  return { card, at: { version, atc, cryptogram: fromHex(first?.cryptogram ?? "") } };
}

function sealed(card: CardInHand, at: ScriptTransaction, start: string, data: string): string {
  const length = toHex(Uint8Array.of(data.length / 2 + 8));
  const header = fromHex(start + length);
  const mac = scriptMac(fromHex(card.image.keys.smi), at, header, fromHex(data));
  return toHex(concat(header, fromHex(data), mac));
}

describe("PUT DATA", () => {
  test("changes limits, which GET DATA then tells", () => {
    const { card, at } = online("unionpay-offline-pin");
    assert.equal(toHex(card.send("80CA9F5800").data), "9F580105");
    assert.equal(card.send(sealed(card, at, "84DA9F58", "02")).sw, "9000");
    assert.equal(card.send(sealed(card, at, "84DA9F54", "000000012345")).sw, "9000");
    card.power();
    card.select();
    assert.equal(toHex(card.send("80CA9F5800").data), "9F580102");
    assert.equal(toHex(card.send("80CA9F5400").data), "9F5406000000012345");
  });

  for (const [what, start, data, sw] of [
    ["of a tag the card does not let change", "84DA9F36", "0001", "6A86"],
    ["of another length", "84DA9F58", "0102", "6A80"],
    ["of an amount that is none", "84DA9F54", "00000000000A", "6A80"],
    ["of nothing", "84DA9F58", "", "6700"],
  ] as const) {
    test(`${what}: ${sw}, and the issuer will be told`, () => {
      const { card, at } = online("unionpay-offline-pin");
      assert.equal(card.send(sealed(card, at, start, data)).sw, sw);
      assert.equal(card.state.scriptFailed, true);
      assert.equal(card.state.data, undefined);
    });
  }

  test("is not known to a card without such data", () => {
    const { card, at } = online("unionpay-debit");
    assert.equal(card.send(sealed(card, at, "84DA9F58", "02")).sw, "6D00");
  });
});

describe("PIN CHANGE/UNBLOCK", () => {
  for (const name of ["unionpay-offline-pin", "visa", "visa-cda", "mastercard-21"]) {
    test(`${name}: the new PIN is right from now on, the old one is not`, () => {
      const { card, at } = online(name);
      const { ac, smi, smc } = card.image.keys;
      const keys = { ac: fromHex(ac), smi: fromHex(smi), smc: fromHex(smc) };
      assert.equal(card.send(toHex(pinChangeCommand(keys, at, "97531"))).sw, "9000");
      card.initiate();
      assert.equal(card.send("0020008008241234FFFFFFFFFF").sw, "63C2");
      assert.equal(card.send("00200080082597531FFFFFFFFF").sw, "9000");
    });
  }

  test("with data that hold no PIN changes nothing", () => {
    const { card, at } = online("visa");
    const smc = fromHex(card.image.keys.smc);
    for (const clear of ["2412345678FFFFFF", "0412"]) {
      const data = toHex(encryptScriptData(smc, at, fromHex(clear)));
      assert.equal(card.send(sealed(card, at, "84240002", data)).sw, "6A80");
    }
    assert.equal(card.send(sealed(card, at, "84240002", "0011223344556677")).sw, "6A80");
    assert.equal(card.send(sealed(card, at, "84240003", "00")).sw, "6A86");
    assert.equal(card.state.pin, undefined);
  });
});

test("M/Chip counts its cryptogram up with each command; the others repeat the same MAC", () => {
  const { card, at } = online("mastercard-21");
  const again = sealed(card, at, "84240000", "");
  assert.equal(card.send(again).sw, "9000");
  assert.equal(card.send(again).sw, "6988");
  const next = at.cryptogram.slice();
  const view = new DataView(next.buffer);
  view.setBigUint64(0, view.getBigUint64(0) + 2n);
  assert.equal(card.send(sealed(card, { ...at, cryptogram: next }, "84240000", "")).sw, "9000");
  const visa = online("visa");
  const same = sealed(visa.card, visa.at, "84240000", "");
  assert.deepEqual([visa.card.send(same).sw, visa.card.send(same).sw], ["9000", "9000"]);
});
