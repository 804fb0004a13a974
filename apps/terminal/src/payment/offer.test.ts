import assert from "node:assert/strict";
import { test } from "node:test";
import type { TransactionName } from "@tillway/transactions";
import type { JournalTransaction } from "../journal/index.ts";
import { defaultParameters } from "../session/parameters.ts";
import { followingOf, offeredTypes } from "./offer.ts";

const standing = { batch: "000001", parameters: defaultParameters };

function entry(type: TransactionName, more: Partial<JournalTransaction> = {}): JournalTransaction {
  return {
    id: "1",
    batch: "000001",
    stan: "000001",
    type,
    state: "approved",
    amount: "1000",
    currency: "CNY",
    entry: "chip",
    maskedPan: "621626******0018",
    at: 0,
    originalRrn: null,
    responseCode: "00",
    rrn: "000000000001",
    authorizationCode: "A00001",
    hostDate: null,
    settlementDate: null,
    details: {},
    ...more,
  };
}

const after = (type: TransactionName, original: string, more: Partial<JournalTransaction> = {}) =>
  entry(type, { id: "2", rrn: "000000000002", originalRrn: original, ...more });

/** What may follow the first of these, the others being all that the journal has. */
function following(one: JournalTransaction, others: readonly JournalTransaction[] = []): unknown {
  const of = (rrn: string) => others.filter(({ originalRrn }) => originalRrn === rrn);
  return Object.fromEntries(
    followingOf(one, of, standing).map(({ type, most }) => [type, most ?? null]),
  );
}

const sale = entry("sale");

test("a sale of the open batch may be voided, refunded or tipped, up to what each allows", () => {
  const all = { "sale void": "1000", refund: "1000", "tip adjustment": "300" };
  assert.deepEqual(following(sale), all);
});

test("a sale of an earlier batch may only be refunded, one that does not stand not at all", () => {
  assert.deepEqual(following(entry("sale", { batch: "000000" })), { refund: "1000" });
  assert.deepEqual(following(entry("sale", { state: "reversed" })), {});
});

test("a refund leaves nothing to void and what remains to refund, until nothing remains", () => {
  const first = after("refund", sale.rrn ?? "", { amount: "400", state: "open" });
  assert.deepEqual(following(sale, [first]), { refund: "600" });
  const rest = after("refund", sale.rrn ?? "", { amount: "600" });
  assert.deepEqual(following(sale, [first, rest]), {});
});

test("a tip belongs to what is voided or refunded, and comes once", () => {
  const tip = after("tip adjustment", sale.rrn ?? "", { amount: "1200", details: { tip: "200" } });
  assert.deepEqual(following(sale, [tip]), { "sale void": "1200", refund: "1200" });
});

test("what was voided, or completed, has no followers; a declined void changes nothing", () => {
  const voided = after("sale void", sale.rrn ?? "");
  assert.deepEqual(following(sale, [voided]), {});
  const declined = { ...voided, state: "declined" } as const;
  assert.deepEqual(following(sale, [declined]), following(sale));
});

test("a completion that was cancelled leaves its pre-authorisation as it was", () => {
  const hold = entry("pre-authorisation");
  const open = { "pre-authorisation void": "1000", completion: null, "completion advice": null };
  assert.deepEqual(following(hold), open);
  const completion = after("completion", hold.rrn ?? "");
  assert.deepEqual(following(hold, [completion]), {});
  const cancelled = after("completion void", completion.rrn ?? "", { rrn: "000000000003" });
  assert.deepEqual(following(hold, [completion, cancelled]), open);
});

test("what the device begins by itself is not offered, and a tip only where the merchant has them", () => {
  const tips = (allowed: boolean) =>
    offeredTypes({ ...defaultParameters, tips: allowed }).find(
      ({ type }) => type === "tip adjustment",
    )?.allowed;
  assert.equal(tips(true), true);
  assert.equal(tips(false), false);
  const types = offeredTypes(defaultParameters).map(({ type }) => type);
  assert.ok(types.includes("transfer") && !types.includes("transfer confirmation"));
});
