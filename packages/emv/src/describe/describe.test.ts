import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { fromHex } from "@tillway/bytes";
import { TAGS } from "../tags.ts";
import { encodeTlv, TlvError } from "../tlv.ts";
import { TSI_BITS, TVR_BITS } from "../tvr.ts";
import { describeTlv, tlvText } from "./describe.ts";

const lines = (hex: string, unmask = false): string[] =>
  tlvText(describeTlv(fromHex(hex), { unmask }))
    .trimEnd()
    .split("\n");

test("a record is told with names, formats, texts and bits", () => {
  assert.deepEqual(
    lines("70215A0862109480000000115F24033010319F0702FF008E0A000003E8000013884203"),
    [
      "70 READ RECORD Response Message Template (template, 33)",
      "  5A Application Primary Account Number (PAN) (cn, 8): 621094******0011",
      '  5F24 Application Expiration Date (n, 3): 301031 "30-10-31"',
      "  9F07 Application Usage Control (b, 2): FF00",
      "    - Valid for domestic cash transactions",
      "    - Valid for international cash transactions",
      "    - Valid for domestic goods",
      "    - Valid for international goods",
      "    - Valid for domestic services",
      "    - Valid for international services",
      "    - Valid at ATMs",
      "    - Valid at terminals other than ATMs",
      "  8E Cardholder Verification Method (CVM) List (b, 10): 000003E8000013884203",
      "    - X = 1000, Y = 5000 minor units",
      "    - Enciphered PIN verified online, if the terminal supports it; else next rule",
    ],
  );
});

describe("data objects with fields", () => {
  for (const [hex, details] of [
    ["9F34031E0300", ["Signature, if the terminal supports it", "unknown"]],
    ["9F34033F0001", ["No CVM performed, always", "failed"]],
    [
      "94080801010110010300",
      [
        "File 1, record 1, 1 for offline data authentication",
        "File 2, records 1 to 3, 0 for offline data authentication",
      ],
    ],
    ["9F270180", ["ARQC"]],
    ["9F270109", ["AAC", "Advice required", "Service not allowed"]],
    ["9F100706010A03A4A002", ["As visa-10: key index 01, card verification results 03A4A002"]],
    [
      "DF310A12112233442055667788",
      ["Script 11223344: failed at command 2", "Script 55667788: successful"],
    ],
    ["9F350122", ["Merchant, attended, offline with online capability"]],
    ["8A025933", ["Unable to go online, offline approved"]],
    ["870181", ["Priority 1", "Needs the cardholder's confirmation"]],
    ["9F4D020B0A", ["File 11, up to 10 records"]],
    ["9F38039F1A02", ["9F1A Terminal Country Code, 2 bytes"]],
    ["9F38029F1A", ["Malformed list"]],
    [
      "82021C01",
      [
        "Cardholder verification is supported",
        "Terminal risk management is to be performed",
        "Issuer authentication is supported (EXTERNAL AUTHENTICATE)",
        "Relay resistance protocol is supported",
      ],
    ],
    [
      "9F3303E0F8C8",
      [
        "Manual key entry",
        "Magnetic stripe",
        "IC with contacts",
        "Plaintext PIN for ICC verification",
        "Enciphered PIN for online verification",
        "Signature",
        "Enciphered PIN for offline verification",
        "No CVM required",
        "SDA",
        "DDA",
        "CDA",
      ],
    ],
  ] as const) {
    test(hex, () => {
      const [node] = describeTlv(fromHex(hex));
      assert.deepEqual(node?.details, details);
    });
  }

  test("every bit of TVR and TSI has its meaning, for action codes too", () => {
    for (const [tag, bits] of [
      ["95", TVR_BITS],
      ["9F0E", TVR_BITS],
      ["9B", TSI_BITS],
    ] as const) {
      const length = tag === "9B" ? 2 : 5;
      for (const { byte, bit, meaning } of Object.values(bits)) {
        const value = new Uint8Array(length);
        value[byte - 1] = 1 << (bit - 1);
        assert.deepEqual(describeTlv(encodeTlv(tag, value))[0]?.details, [meaning]);
      }
    }
  });

  test("a bit without a meaning is told as reserved", () => {
    const [node] = describeTlv(fromHex("82020040"));
    assert.deepEqual(node?.details, ["Reserved (byte 2 bit 7)"]);
  });

  test("a length the dictionary does not allow is told", () => {
    assert.deepEqual(describeTlv(fromHex("9F360101"))[0]?.details, [
      "Length not allowed for this tag",
    ]);
  });

  test("a tag that nobody knows is told as such, with its bytes", () => {
    const [node] = describeTlv(fromHex("DFAE7102BEEF"));
    assert.deepEqual([node?.name, node?.value, node?.format], ["Unknown", "BEEF", undefined]);
  });
});

describe("card data", () => {
  const CARD =
    "57114761739001010010D3412201000000000F" +
    "5A084761739001010010" +
    "5F200C54494C4C5741592F44454D4F";

  test("is masked unless asked for", () => {
    const text = lines(CARD).join("\n");
    assert.ok(text.includes("476173******0010"));
    for (const secret of ["4761739001010010", "3412201", "TILLWAY"]) {
      assert.ok(!text.includes(secret), secret);
      assert.ok(lines(CARD, true).join("\n").includes(secret), secret);
    }
    assert.ok(describeTlv(fromHex(CARD)).every(({ masked }) => masked));
  });
});

test("any bytes are described, or refused with the place", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
      try {
        tlvText(describeTlv(bytes));
      } catch (cause) {
        assert.ok(cause instanceof TlvError && cause.offset <= bytes.length);
      }
    }),
  );
});

test("any value of any known tag is described", () => {
  const tags = [...TAGS.keys()].filter(
    (tag) => (Number.parseInt(tag.slice(0, 2), 16) & 0x20) === 0,
  );
  fc.assert(
    fc.property(fc.constantFrom(...tags), fc.uint8Array({ maxLength: 40 }), (tag, value) => {
      const [node] = describeTlv(encodeTlv(tag, value));
      assert.equal(node?.length, value.length);
      assert.notEqual(node?.name, "Unknown");
    }),
    { numRuns: 500 },
  );
});
