import assert from "node:assert/strict";
import { test } from "node:test";
import type { Decoded, Message } from "@tillway/iso8583";
import type { HostAnswer } from "../host/index.ts";
import { splitKeys } from "./keys.ts";
import { createLane } from "./lane.ts";
import { heardOf, settledBy, verdictOf } from "./verdict.ts";

const request: Message = {
  mti: "0200",
  fields: { "3": "000000", "4": "000000002580", "49": "156" },
};
const answered = (code: string, authentic: boolean, fields: Message["fields"] = {}): HostAnswer => {
  const reply: Decoded = {
    mti: "0210",
    bitmap: "",
    parsed: {},
    fields: { ...request.fields, "39": code, ...fields },
  };
  return { kind: "answered", reply, authentic };
};

test("what an answer to a sale means", () => {
  const kinds = (answer: HostAnswer): string => {
    const verdict = verdictOf(answer, request);
    return verdict.kind === "unknown" ? `unknown ${verdict.reason}` : verdict.kind;
  };
  assert.equal(kinds({ kind: "unsent" }), "unsent");
  assert.equal(kinds({ kind: "silent" }), "unknown 98");
  for (const code of ["00", "11", "A2", "A4", "A5", "A6"]) {
    assert.equal(kinds(answered(code, true)), "approved");
    assert.equal(kinds(answered(code, false)), "unknown A0");
  }
  for (const code of ["01", "51", "55", "A7", "ZZ"]) {
    assert.equal(kinds(answered(code, true)), "declined");
    assert.equal(kinds(answered(code, false)), "unknown A0");
  }
  for (const code of ["90", "91", "92", "96", "98"]) {
    assert.equal(kinds(answered(code, true)), "refused");
    assert.equal(kinds(answered(code, false)), "unknown A0");
  }
  for (const code of ["30", "77", "97", "99", "A0"]) {
    assert.equal(kinds(answered(code, true)), "declined");
    assert.equal(kinds(answered(code, false)), "refused");
  }
  assert.equal(kinds(answered("10", true)), "unknown 98");
  assert.equal(kinds(answered("00", true, { "4": "000000002579" })), "unknown 98");
  assert.equal(kinds(answered("51", true, { "4": "000000002579" })), "declined");
  assert.equal(kinds(answered("", true)), "unknown 98");
});

test("a part is an approval only where it was wanted and is one", () => {
  const wanted = { ...request, fields: { ...request.fields, "60": "22000001000501" } };
  const part = (amount: string) => verdictOf(answered("10", true, { "4": amount }), wanted);
  const verdict = part("000000001000");
  assert.equal(verdict.kind, "approved");
  assert.ok("host" in verdict);
  assert.equal(settledBy(verdict.host).amount, "1000");
  for (const amount of ["000000000000", "000000002580", "000000002581"]) {
    assert.equal(part(amount).kind, "unknown", amount);
  }
  assert.equal(verdictOf(answered("10", true, { "4": "000000001000" }), request).kind, "unknown");
});

test("what ends something that is owed", () => {
  assert.equal(heardOf({ kind: "silent" }), "again");
  assert.equal(heardOf({ kind: "unsent" }), "again");
  for (const code of ["00", "25", "12", "94"]) {
    assert.equal(heardOf(answered(code, true)), "done");
    assert.equal(heardOf(answered(code, false)), "again");
  }
  for (const code of ["90", "91", "96", "98"]) assert.equal(heardOf(answered(code, true)), "again");
  for (const code of ["77", "99", "A0"]) {
    assert.equal(heardOf(answered(code, true)), "sign-in");
    assert.equal(heardOf(answered(code, false)), "sign-in");
  }
});

test("working keys are three places of 16 and 4 bytes; a single-length MAC key is cut", () => {
  const place = (digit: string): string => digit.repeat(32) + "01020304";
  const single = `${"B".repeat(16)}${"0".repeat(16)}01020304`;
  assert.deepEqual(splitKeys(place("A") + single + place("C"))?.mac, {
    cipher: "B".repeat(16),
    kcv: "01020304",
  });
  assert.equal(splitKeys(place("A") + place("B") + place("C"))?.mac.cipher.length, 32);
  assert.equal(splitKeys(place("A") + single), undefined);
  assert.equal(splitKeys(""), undefined);
});

test("a lane runs one job after the other, and goes on after one that failed", async () => {
  const lane = createLane();
  const log: string[] = [];
  const job =
    (name: string, fails = false) =>
    async () => {
      log.push(`${name} begins`);
      await Promise.resolve();
      log.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    };
  const first = lane(job("one"));
  const second = lane(job("two", true));
  const third = lane(job("three"));
  assert.equal(await first, "one");
  await assert.rejects(second, /two/);
  assert.equal(await third, "three");
  assert.deepEqual(
    log,
    ["one", "two", "three"].flatMap((name) => [`${name} begins`, `${name} ends`]),
  );
});
