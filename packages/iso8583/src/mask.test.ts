import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fromAscii, fromHex, toHex } from "@tillway/bytes";
import {
  cups,
  decode,
  describe,
  encode,
  keptFields,
  maskFields,
  MessageError,
  readFrame,
  unionpayPos,
  type Decoded,
  type FramingName,
  type Spec,
} from "./index.ts";

const samples = JSON.parse(
  readFileSync(new URL("../../../vectors/samples/iso8583.json", import.meta.url), "utf8"),
) as { name: string; hex: string; specName: string; framing: FramingName }[];

const PAN = "6200001234567892";
const TRACK = `${PAN}D30122010000012345`;
const CIPHERED_TRACK = "620000123456789202B14713A3CCE03D45";
const SECRETS = [PAN, TRACK, CIPHERED_TRACK, "7611F9FA7025EBA3"];

/** Every form in which a secret could stand in a text: itself, as digits in bytes, as ASCII in hex. */
function found(text: string, secrets: readonly string[] = SECRETS): string[] {
  const all = text.toUpperCase();
  return secrets.filter((secret) =>
    [
      secret,
      secret.replace("D", "="),
      `0${secret}`,
      toHex(fromAscii(secret)),
      toHex(fromAscii(secret.replace("D", "="))),
      Buffer.from(secret).toString("base64").toUpperCase().slice(0, -4),
    ].some((form) => all.includes(form)),
  );
}

function outputs(spec: Spec, decoded: Decoded): string[] {
  const masked = maskFields(spec, decoded);
  const kept = keptFields(spec, decoded);
  const shownKept = maskFields(spec, { ...decoded, fields: kept.fields, parsed: {} });
  return [
    describe(spec, decoded),
    describe(spec, decoded, { language: "zh" }),
    JSON.stringify(masked),
    JSON.stringify(kept),
    JSON.stringify(shownKept),
  ];
}

function posSamples(): { name: string; decoded: Decoded }[] {
  return samples
    .filter(({ specName }) => specName === "unionpay-pos")
    .map(({ name, hex, framing }) => ({
      name,
      decoded: decode(unionpayPos, readFrame(framing, fromHex(hex)).payload),
    }));
}

test("no card data of the samples are shown or kept, in text, digits or hex", () => {
  let planted = 0;
  for (const { name, decoded } of posSamples()) {
    planted += found(describe(unionpayPos, decoded, { unmask: true })).length;
    for (const output of outputs(unionpayPos, decoded)) assert.deepEqual(found(output), [], name);
  }
  assert.ok(planted >= 20, "the search finds what is there unmasked");
});

test("keys of a sign-in are neither shown nor kept", () => {
  const reply = posSamples().find(({ name }) => name.includes("60-byte key block"));
  assert.ok(reply);
  const keys = [reply.decoded.fields["62"] ?? "", "3EB3B72576BBBE834F0B96AAA5A8B548"];
  for (const output of outputs(unionpayPos, reply.decoded))
    assert.deepEqual(found(output, keys), []);
  assert.deepEqual(keptFields(unionpayPos, reply.decoded).notKept, ["62"]);
});

const TLV = `5A08${PAN}5711${TRACK}5F24033012315F20045A48414E9F2608A1B2C3D4E5F607189F36020001`;

/** A message that has card data wherever a field has a place for them, and where none should be. */
function everywhere(spec: Spec): Decoded {
  const isPos = spec.name === "unionpay-pos";
  return decode(
    spec,
    encode(spec, {
      mti: "0200",
      fields: {
        "2": PAN,
        "14": "3012",
        "35": TRACK,
        "36": `99${TRACK}`,
        "39": "00",
        "44": `card ${PAN}`,
        "52": "7611F9FA7025EBA3",
        "55": `${TLV}9F1E10${toHex(fromAscii(PAN))}DF7F021234`,
        "57": PAN,
        "59": `code ${PAN}`,
        "63": "\uF762\uF700\uF700\uF712\uF734\uF756\uF778\uF792".replace("\uF762", "b"),
        ...(isPos
          ? { "48": `0000${PAN}`, "58": PAN, "62": PAN }
          : {
              "45": `B${PAN}^TEST/CARD^3012`,
              "48": "NK00112233445566778899AABBCCDDEEFF01020304",
              "61": `ID${PAN}`,
              "62": PAN,
              "96": "7611F9FA7025EBA3",
              "102": PAN,
              "121": PAN,
            }),
      },
    }),
  );
}

test("card data are hidden wherever they stand, in both dialects", () => {
  for (const spec of [unionpayPos, cups]) {
    const decoded = everywhere(spec);
    const keys = ["00112233445566778899AABBCCDDEEFF"];
    for (const output of outputs(spec, decoded)) {
      assert.deepEqual(found(output, [...SECRETS, ...keys]), [], spec.name);
      assert.ok(!output.includes("5A48414E"), "the cardholder's name");
    }
  }
});

test("each place of a card number is enough to find its copy in a free text", () => {
  const places: Record<string, string>[] = [
    { "2": PAN },
    { "35": TRACK },
    { "36": `99${TRACK}` },
    { "45": `B${PAN}^TEST/CARD^3012` },
    { "55": `5A08${PAN}` },
    { "55": `5711${TRACK}` },
    { "102": PAN },
    { "103": PAN },
  ];
  for (const place of places) {
    const fields = { ...place, "63": `of ${PAN}` };
    const decoded = decode(cups, encode(cups, { mti: "0200", fields }));
    for (const output of outputs(cups, decoded)) {
      assert.deepEqual(found(output), [], Object.keys(place).join());
    }
  }
});

test("a masked message looks like one and is refused by encode", () => {
  const masked = maskFields(unionpayPos, everywhere(unionpayPos));
  assert.equal(masked.fields["2"], "620000******7892");
  assert.equal(masked.fields["14"], "****");
  assert.equal(masked.fields["35"], "*".repeat(34));
  assert.equal(masked.fields["48"], "*".repeat(20));
  assert.equal(
    masked.fields["55"],
    `5A08${"*".repeat(16)}5711${"*".repeat(34)}5F2403${"*".repeat(6)}5F2004${"*".repeat(8)}` +
      `9F2608A1B2C3D4E5F607189F360200019F1E10${"*".repeat(32)}DF7F02****`,
  );
  assert.equal(masked.parsed["55"]?.["5A"], "*".repeat(16));
  assert.equal(masked.parsed["55"]?.["9F26"], "A1B2C3D4E5F60718");
  for (const [number, value] of Object.entries(masked.fields)) {
    if (!value.includes("*")) continue;
    assert.throws(
      () => encode(unionpayPos, { mti: "0200", fields: { [number]: value } }),
      (error) => error instanceof MessageError && error.code === "masked",
      number,
    );
  }
});

test("a kept message says what it lacks, and its chip data can still be read", () => {
  const kept = keptFields(unionpayPos, everywhere(unionpayPos));
  assert.deepEqual(kept.notKept, [
    "35",
    "36",
    "44",
    "48",
    "52",
    "55.5A",
    "55.57",
    "55.5F24",
    "55.5F20",
    "55.9F1E",
    "55.DF7F",
    "57",
    "58",
    "59",
    "62",
    "63",
  ]);
  assert.equal(kept.fields["2"], "620000******7892");
  assert.equal(kept.fields["14"], "3012");
  assert.equal(kept.fields["55"], "9F2608A1B2C3D4E5F607189F36020001");
  const upload = posSamples().find(({ name }) => name.includes("batch upload 0320"));
  assert.ok(upload);
  const records = keptFields(unionpayPos, upload.decoded);
  assert.match(records.fields["48"] ?? "", /0000620000\*{6}7892000000010000/);
  assert.deepEqual(records.notKept, []);
});

test("what has no card data passes unchanged", () => {
  const echo = posSamples().find(({ name }) => name.includes("echo"));
  assert.ok(echo);
  assert.deepEqual(maskFields(unionpayPos, echo.decoded), echo.decoded);
  assert.deepEqual(keptFields(unionpayPos, echo.decoded).fields, echo.decoded.fields);
});

test("a message dissected for people", () => {
  const reply = posSamples().find(({ name }) => name.includes("reversal request 0400"));
  assert.ok(reply);
  assert.equal(
    describe(unionpayPos, reply.decoded),
    `0400  reversal request  (unionpay-pos)
     bitmap                     7024068002C08211
   2 card number                620000******7892
   3 processing code            000000
   4 amount                     000000010000
  11 trace number               000003
  14 expiry date                ****
  22 entry mode                 051
       1                        05
       2                        1
  23 card sequence number       001
  25 condition code             00
  39 response code              98 Issuer timed out
  41 terminal                   10000001
  42 merchant                   898000000000001
  49 currency                   156
  55 chip data                  950500000000009F1E0831303030303030319F101307010103A0A000010A010000000000123456AB9F36020001DF31050000000000
       95                       0000000000
       9F1E                     3130303030303031
       9F10                     07010103A0A000010A010000000000123456AB
       9F36                     0001
       DF31                     0000000000
  60 transaction type           2200000100050
       1                        22
       2                        000001
       3                        000
       4                        5
       5                        0
  64 MAC                        4145463733314535
`,
  );
  const zh = describe(unionpayPos, reply.decoded, { language: "zh" });
  assert.match(zh, /^0400 {2}冲正请求/);
  assert.match(zh, / 39 应答码 +98 发卡方超时\n/);
});

test("bytes of a message cannot write to a terminal or a log", () => {
  const decoded = decode(unionpayPos, fromHex("0200000000000000000200061B5B410A0DCA"));
  assert.equal(decoded.fields["63"], "\uF71B[A\uF70A\uF70D\uF7CA");
  assert.match(
    describe(unionpayPos, decoded),
    /63 operator or texts {10}\\x1B\[A\\x0A\\x0D\\xCA\n$/,
  );
});
