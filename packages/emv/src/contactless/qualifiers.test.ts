import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex } from "@tillway/bytes";
import { verifyHolder } from "./qualifiers.ts";
import type { TapVerification } from "./steps.ts";

type Case = readonly [
  what: string,
  ttq: string,
  ctq: string | undefined,
  related: string | undefined,
  offline: boolean,
  waived: boolean,
  expected: TapVerification,
];

/** TTQ byte 1: 04 online PIN, 02 signature; byte 2: 40 a CVM is required. */
const CASES: readonly Case[] = [
  ["no card qualifiers, nothing required", "26000000", undefined, undefined, false, false, "none"],
  ["no card qualifiers, signature", "26400000", undefined, undefined, false, false, "signature"],
  ["no card qualifiers, PIN", "24400000", undefined, undefined, false, false, "online-pin"],
  ["no card qualifiers, no means", "20400000", undefined, undefined, false, false, "failed"],
  ["card wants a PIN", "26000000", "8000", undefined, false, false, "online-pin"],
  ["card wants a PIN, waived", "26000000", "8000", undefined, false, true, "none"],
  ["card wants either, PIN first", "26400000", "C000", undefined, false, false, "online-pin"],
  ["card wants either, no PIN pad", "22400000", "C000", undefined, false, false, "signature"],
  ["card wants a PIN, no PIN pad", "22400000", "8000", undefined, false, false, "failed"],
  ["card wants a PIN, no pad, not required", "22000000", "8000", undefined, false, false, "none"],
  ["reader wants, card has nothing", "26400000", "0000", undefined, false, false, "failed"],
  ["phone verified, online", "26400000", "0080", undefined, false, false, "on-device"],
  ["phone verified, small amount", "26000000", "0080", undefined, false, true, "on-device"],
  ["phone verified, offline, unsigned", "26400000", "0080", undefined, true, false, "failed"],
  [
    "phone verified, offline, signed",
    "26400000",
    "0080",
    "01112233440080",
    true,
    false,
    "on-device",
  ],
  [
    "phone verified, another one signed",
    "26400000",
    "0080",
    "01112233440000",
    false,
    false,
    "failed",
  ],
  ["phone verified, short card data", "26400000", "0080", "0111223344", false, false, "on-device"],
];

for (const [what, ttq, ctq, related, offline, waived, expected] of CASES) {
  test(`${what}: ${expected}`, () => {
    const made = verifyHolder({
      ttq: fromHex(ttq),
      ctq: ctq === undefined ? undefined : fromHex(ctq),
      related: related === undefined ? undefined : fromHex(related),
      offline,
      waived,
    });
    assert.equal(made, expected);
  });
}
