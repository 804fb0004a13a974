import assert from "node:assert/strict";
import { test } from "node:test";
import {
  receiptCommands,
  receiptMarkup,
  receiptSvg,
  receiptText,
  type ReceiptData,
} from "./receipt.ts";
import { doubled } from "./png.ts";

const approved: ReceiptData = {
  type: "sale",
  entry: "chip",
  noPinNoSignature: false,
  outcome: "approved",
  merchantName: { en: "Tillway Cafe", zh: "收单通咖啡" },
  mid: "898290058120001",
  tid: "10000001",
  maskedPan: "621626*********0018",
  batch: "000001",
  stan: "000012",
  rrn: "112200000002",
  authorizationCode: "123456",
  dateTime: "2026-11-22 10:45:30",
  amount: "2580",
  currency: "CNY",
  responseCode: "00",
  responseText: { en: "Approved", zh: "交易成功" },
  cvm: "online-pin",
  aid: "A000000333010101",
  label: "UnionPay Debit",
  tvr: "0080048000",
  tsi: "F800",
  cryptogram: { type: "TC", value: "A1B2C3D4E5F60718" },
};
const declined: ReceiptData = {
  ...approved,
  outcome: "declined",
  authorizationCode: "",
  responseCode: "51",
  responseText: { en: "Not enough money", zh: "余额不足" },
  cryptogram: { type: "AAC", value: "0102030405060708" },
};

const original = { rrn: "112200000002", stan: "000012", date: "1122" };
const further: Readonly<Record<string, ReceiptData>> = {
  "a void's receipt names its original and takes back": {
    ...approved,
    type: "sale void",
    stan: "000013",
    original,
  },
  "a refund's receipt of another terminal's sale": {
    ...approved,
    type: "refund",
    entry: "manual",
    cvm: "none",
    original: { ...original, stan: "000000" },
  },
  "a tip's receipt shows base, tip and total": {
    ...approved,
    type: "tip adjustment",
    amount: "2838",
    tip: "258",
    original,
  },
  "an instalment sale's receipt shows its plan": {
    ...approved,
    type: "instalment sale",
    plan: { periods: 12, code: "01", payer: "holder" },
  },
  "a partly approved sale's receipt shows what is still to pay": {
    ...approved,
    amount: "1000",
    asked: "2580",
    responseCode: "10",
  },
  "a small contactless sale needs neither PIN nor signature": {
    ...approved,
    entry: "tap",
    cvm: "none",
    noPinNoSignature: true,
  },
  "a balance inquiry's receipt shows the balance": {
    ...approved,
    type: "balance inquiry",
    amount: "0",
    balance: "-123456",
  },
};

for (const language of ["en", "zh"] as const) {
  for (const [name, data] of Object.entries(further)) {
    test(`${name} (${language})`, (t) => {
      t.assert.snapshot(receiptText(data, language), { serializers: [String] });
    });
  }
  test(`an approved sale's receipt (${language})`, (t) => {
    t.assert.snapshot(receiptText(approved, language), { serializers: [String] });
  });
  test(`a declined sale's receipt says why (${language})`, (t) => {
    t.assert.snapshot(receiptText(declined, language), { serializers: [String] });
  });
}

test("a line to sign on is there only where the card asks for a signature", () => {
  assert.doesNotMatch(receiptText(approved, "en"), /SIGNATURE/);
  assert.match(receiptText({ ...approved, cvm: "signature" }, "en"), /CARDHOLDER SIGNATURE/);
  assert.match(receiptText({ ...approved, cvm: "signature" }, "zh"), /持卡人签名/);
  assert.doesNotMatch(receiptText({ ...declined, cvm: "signature" }, "en"), /SIGNATURE/);
});

test("the picture is the same each time and says the same as the text", () => {
  const svg = receiptSvg(approved, "zh");
  assert.equal(svg, receiptSvg(approved, "zh"));
  const letters = [...svg.matchAll(/<tspan[^>]*>([^<]*)<\/tspan>/g)].map(([, one]) => one).join("");
  assert.ok(letters.includes("签购单"));
  assert.ok(letters.includes("621626*********0018"));
});

test("a name cannot change the layout of the receipt", () => {
  const name = 'A|B{C}~D_E"F`G^H\\I';
  const data = { ...approved, merchantName: { en: name, zh: name } };
  const words = receiptText(data, "en").replaceAll(/\s/g, "");
  assert.ok(words.includes(name));
  assert.equal(
    receiptMarkup(data, "en").split("\n").length,
    receiptMarkup(approved, "en").split("\n").length,
  );
});

test("a signature on the screen stands in the picture and in the printer's raster", () => {
  const picture = new Uint8Array(1024).fill(0xaa);
  const signature = { picture, width: 128, height: 64 };
  const data = { ...approved, cvm: "signature" } as const;
  assert.match(receiptSvg(data, "en", signature), /data:image\/png;base64/);
  assert.doesNotMatch(receiptSvg(data, "en"), /data:image/);
  // GS v 0 or GS 8 L: raster graphics of ESC/POS.
  const raster = receiptCommands(data, "en", signature);
  assert.ok(raster.includes("\x1dv0") || raster.includes("\x1d8L") || raster.includes("\x1d(L"));
  assert.ok(raster.length > receiptCommands(data, "en").length + 500);
});

test("a signature is printed in twice its size, every point as four", () => {
  const line = Uint8Array.of(0b1000_0001, 0b0001_0000);
  const wide = [0b1100_0000, 0b0000_0011, 0b0000_0011, 0b0000_0000];
  assert.deepEqual([...doubled(line, 16)], [...wide, ...wide]);
});
