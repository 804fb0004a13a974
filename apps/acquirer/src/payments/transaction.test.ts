import assert from "node:assert/strict";
import { test } from "node:test";
import { reversalFields, networkKeyOf, transmissionOf } from "./advice.ts";
import { states } from "./state.ts";
import { repeatAnswer, type Kept, type Known } from "./transaction.ts";

const known = (state: (typeof states)[number], code: string | null): Known => ({
  kind: "transaction",
  digest: "same",
  place: {
    bucket: 7,
    transaction: "0190a1b2-0000-7000-8000-000000000001",
    businessDate: "2026-11-23",
  },
  rrn: "632700000001",
  networkKey: "11230000010000070004802100000048021000",
  state,
  reply: code === null ? null : { "39": code },
});

test("a repeat is told what was told, waits while in flight, and never hears a lost approval", () => {
  const told = (state: (typeof states)[number], code: string | null): string => {
    const answer = repeatAnswer(known(state, code), "same");
    if (answer === "wait") return "wait";
    return answer.kind === "answer" ? `answer ${answer.reply["39"]}` : answer.kind;
  };
  assert.equal(told("in-flight", null), "wait");
  assert.equal(told("approved", "00"), "answer 00");
  assert.equal(told("declined", "51"), "answer 51");
  assert.equal(told("reversing", "98"), "answer 98", "it timed out: said again");
  assert.equal(told("reversing", "00"), "refused");
  assert.equal(told("reversed", "11"), "refused");
  assert.equal(told("reversed", null), "refused");
});

test("other content is refused in every state, and a tombstone refuses everything", () => {
  for (const state of states) {
    const answer = repeatAnswer(known(state, "00"), "other");
    assert.deepEqual(answer, { kind: "refused", reason: "other-content" }, state);
  }
  const buried = repeatAnswer({ kind: "tombstone" }, "same");
  assert.deepEqual(buried, { kind: "refused", reason: "reversed-before" });
});

const original: Kept = {
  spec: "cups",
  mti: "0200",
  fields: {
    "2": "620000******7892",
    "3": "000000",
    "4": "000000002580",
    "7": "1231235959",
    "11": "000042",
    "14": "3012",
    "22": "051",
    "26": "12",
    "32": "48021000",
    "33": "48021000",
    "37": "632700000001",
    "53": "2600000000000000",
    "55": "9F2608A1B2C3D4E5F607189F3602000195050000000000",
  },
  notKept: ["35", "52"],
};

test("an advice names its original, keeps its numbers of its own, and carries no card data", () => {
  const own = { transmission: "0101000000", trace: "000043" };
  const fields = reversalFields(original, own, "A12345");
  assert.equal(fields["90"], "020000004212312359590004802100000048021000");
  assert.equal(fields["7"], "0101000000");
  assert.equal(fields["11"], "000043");
  assert.equal(fields["38"], "A12345");
  assert.equal(fields["55"], "9F3602000195050000000000", "reversal tags only");
  for (const number of ["2", "26", "35", "52", "53"]) assert.equal(fields[number], undefined);
  assert.equal(networkKeyOf(fields), "01010000000000430004802100000048021000");
});

test("DE 7 is UTC without a year", () => {
  assert.equal(transmissionOf(Date.UTC(2026, 11, 31, 23, 59, 59)), "1231235959");
});
