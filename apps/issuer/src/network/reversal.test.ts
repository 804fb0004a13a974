import assert from "node:assert/strict";
import { test } from "node:test";
import { checkMessage, cups } from "@tillway/iso8583";
import { originalKey } from "../wire/original.ts";
import type { Exchange } from "./exchange.ts";
import { reversalOf } from "./reversal.ts";

const exchange: Exchange = {
  key: "11230415000000010004802100000048021000",
  digest: "d",
  type: "sale",
  from: "48021000",
  to: "63031000",
  state: "forwarded",
  responseCode: undefined,
  rrn: "632704000001",
  panToken: "token",
  panCipher: "cipher",
  owner: "network-1",
  leaseUntil: 0,
  request: {
    "3": "000000",
    "4": "000000002580",
    "7": "1123041500",
    "11": "000001",
    "22": "051",
    "25": "00",
    "26": "12",
    "32": "48021000",
    "33": "48021000",
    "37": "632704000001",
    "41": "10000001",
    "42": "898290058120001",
    "49": "156",
    "53": "2600000000000000",
  },
  reply: undefined,
  receivedAt: 0,
};

const now = Date.UTC(2026, 10, 23, 4, 15, 30);

test("the network's reversal names the request it undoes, under a key of its own", () => {
  const advice = reversalOf(exchange, "00010000", "000077", now);
  assert.equal(originalKey(advice.message["90"]), exchange.key);
  assert.equal(advice.originalKey, exchange.key);
  assert.equal(advice.key, "11230415300000770004802100000000010000");
  assert.deepEqual([advice.to, advice.dueAt, advice.panCipher], ["63031000", now, "cipher"]);
});

test("it is a complete reversal once card number and MAC are added, without PIN fields", () => {
  const { message } = reversalOf(exchange, "00010000", "000077", now);
  const fields = { ...message, "2": "0000000000000000", "128": "0000000000000000" };
  assert.deepEqual(checkMessage(cups, { mti: "0420", fields }), {
    outcome: "complete",
    name: "reversal",
  });
});
