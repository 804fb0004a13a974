/** What every store of payments must do: run on PostgreSQL here, on memory in the simulation. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { TransactionName } from "@tillway/transactions";
import { takes, unmarked } from "../../apps/acquirer/src/payments/follow.ts";
import type { Store } from "../../apps/acquirer/src/payments/index.ts";
import type { CloseStep, OpenStep, ReverseStep } from "../../apps/acquirer/src/payments/step.ts";
import { claimsNothing, type Kept } from "../../apps/acquirer/src/payments/transaction.ts";

export type StoreHouse = {
  readonly store: Store;
  /** What the books say of the network receivable, in minor units, positive = credit. */
  readonly receivable: () => Promise<bigint>;
  readonly end: () => Promise<void>;
};

/** The merchant whose accounts the factory opens, and its bucket. */
export const suiteMerchant = { mid: "898290058120001", bucket: 7, currency: "CNY" } as const;

const NOW = Date.parse("2026-11-26T04:00:00Z");
const DAY = "2026-11-26";
const lease = { owner: "node-1", epoch: "1" };
const rules = { refundDays: 180, holdDays: 30, completionPercent: 115 };
const { bucket, mid: merchant } = suiteMerchant;

let made = 0;
const id = (): string => {
  made += 1;
  return `0190a1b2-0000-7000-8000-${String(made).padStart(12, "0")}`;
};
const digits = (length: number): string => {
  made += 1;
  return String(made).padStart(length, "0");
};
const kept = (mti: string, fields: Record<string, string> = {}): Kept => ({
  spec: "cups",
  mti,
  fields,
  notKept: [],
});

type Change = Partial<Pick<OpenStep, "name" | "amount" | "follows" | "draws" | "digest" | "key">>;

/** A step that opens a sale, or what `change` makes of it. */
export function opening(change: Change = {}): OpenStep {
  const { name = "sale", amount = 2580n, follows = null, draws = [] } = change;
  const stan = digits(6);
  const key = change.key ?? {
    bucket,
    merchant,
    terminal: "10000001",
    batch: "000001",
    stan,
    class: name === "refund" ? ("advice" as const) : ("request" as const),
  };
  const trace = digits(6);
  const networkKey = `1126040000${trace}0004802100000048021000`;
  const fields = {
    "4": amount.toString().padStart(12, "0"),
    "7": "1126040000",
    "11": trace,
    "32": "48021000",
    "33": "48021000",
  };
  const asked = {
    name,
    merchant,
    terminal: key.terminal,
    batch: key.batch,
    panToken: "token",
    authorisationCode: null,
    amount,
    tip: 0n,
    businessDate: DAY,
  };
  return {
    do: "open",
    name,
    key,
    bucket,
    transaction: id(),
    businessDate: DAY,
    digest: change.digest ?? "digest",
    rrn: `6330${digits(8)}`,
    amount,
    currency: "CNY",
    feePpm: 6000n,
    entryMode: "051",
    maskedPan: "620000******7892",
    panToken: "token",
    panCipher: "cipher",
    receiverCipher: null,
    networkKey,
    again: false,
    asked,
    follows,
    rules,
    overSingle: false,
    draws,
    lease,
    leaseUntil: NOW + 30_000,
    at: NOW,
    messages: [{ hop: "network-request", message: kept("0200", fields) }],
    networkRequest: kept(name === "refund" ? "0220" : "0200", fields),
    journalId: id(),
    adviceId: id(),
    today: DAY,
    answer: (turnedAway) => ({
      reply: { "39": turnedAway === undefined ? "00" : "64" },
      kept: kept("0210"),
    }),
  };
}

/** The step that closes it with an approval or a decline. */
export function closingOf(step: OpenStep, code: "00" | "51"): CloseStep {
  const state = code === "00" ? "approved" : "declined";
  const legs = [
    { account: "network:receivable", amount: -step.amount },
    { account: `merchant:${merchant}:payable`, amount: step.amount },
  ];
  const journal = {
    id: id(),
    bucket,
    idempotencyKey: `${step.transaction}/${step.name}`,
    kind: step.name,
    businessDate: DAY,
    occurredAt: NOW,
    legs,
  };
  const taken = takes(step.asked);
  return {
    do: "close",
    bucket,
    transaction: step.transaction,
    businessDate: DAY,
    lease,
    claims: step.follows
      ? { follows: step.follows, taken, draws: step.draws }
      : {
          ...claimsNothing,
          draws: step.draws,
        },
    releases: null,
    frees: code !== "00",
    happening: {
      type: state,
      state,
      responseCode: code,
      authorisationCode: code === "00" ? "A12345" : null,
      reason: null,
      settlementDate: null,
      partOf: null,
      reply: { "39": code },
      at: NOW,
    },
    messages: [],
    advice: null,
    journal: code === "00" ? journal : null,
    event: null,
  };
}

const reversing = (step: OpenStep, digest = "reversal"): ReverseStep => ({
  do: "reverse",
  key: { ...step.key, class: "request" },
  digest,
  amount: step.amount,
  reason: "98",
  at: NOW,
  businessDate: DAY,
  messages: [],
  spare: { adviceId: id(), journalId: id(), trace: digits(6), transmission: "1126040001" },
});

const placeOf = ({ transaction }: OpenStep) => ({ bucket, transaction, businessDate: DAY });

/** Tests of the port, on the store that `open` makes. */
export function paymentStoreSuite(form: string, open: () => Promise<StoreHouse>): void {
  let house: StoreHouse;
  before(async () => {
    house = await open();
  });
  after(() => house.end());

  const approved = async (change: Change = {}): Promise<OpenStep> => {
    const step = opening(change);
    assert.deepEqual(await house.store.open(step), { kind: "opened" });
    assert.deepEqual(await house.store.close(closingOf(step, "00")), { kind: "closed" });
    return step;
  };
  const refundOf = (original: OpenStep, amount: bigint): OpenStep =>
    opening({ name: "refund", amount, follows: placeOf(original) });
  const marksOf = async (step: OpenStep) => {
    const found = await house.store.original({ ...step.key, rrn: step.rrn, dates: [DAY] });
    return found?.standing.marks;
  };
  const due = () =>
    house.store.dueAdvices({ now: NOW + 1000, limit: 1000, replyMs: 100, pauseMs: 100 });

  test(`${form}: a key is opened once; a repeat is told what is known of it`, async () => {
    const step = opening();
    assert.deepEqual(await house.store.open(step), { kind: "opened" });
    const again = await house.store.open({ ...step, transaction: id() });
    assert.equal(again.kind, "known");
    assert.equal((await house.store.known(step.key))?.kind, "transaction");
    assert.equal(await house.store.known({ ...step.key, stan: "999999" }), undefined);
    await house.store.close(closingOf(step, "51"));
    const known = await house.store.known(step.key);
    assert.ok(known?.kind === "transaction");
    assert.equal(known.state, "declined");
    assert.equal(known.reply?.["39"], "51");
    assert.equal(known.networkKey, step.networkKey);
  });

  test(`${form}: two at one time with one key: one is opened`, async () => {
    const step = opening();
    const twins = [step, { ...step, transaction: id() }];
    const results = await Promise.all(twins.map((one) => house.store.open(one)));
    assert.deepEqual(results.map(({ kind }) => kind).sort(), ["known", "opened"]);
  });

  test(`${form}: whoever takes the flight decides, and only once`, async () => {
    const step = opening();
    await house.store.open(step);
    const before = await house.receivable();
    const both = await Promise.all([
      house.store.close(closingOf(step, "00")),
      house.store.close(closingOf(step, "00")),
    ]);
    assert.deepEqual(both.map(({ kind }) => kind).sort(), ["closed", "fenced"]);
    assert.equal((await house.receivable()) - before, -2580n);
    const stranger = { ...closingOf(step, "51"), lease: { owner: "node-2", epoch: "1" } };
    assert.deepEqual(await house.store.close(stranger), { kind: "fenced" });
  });

  test(`${form}: a reversal undoes what was approved, once, and hands a 0420 on`, async () => {
    const before = await house.receivable();
    const step = await approved();
    const first = await house.store.reverse(reversing(step));
    assert.deepEqual(first, { answer: { kind: "accepted", rrn: step.rrn }, advised: true });
    const again = await house.store.reverse(reversing(step));
    assert.equal(again.advised, false);
    assert.equal((await house.store.reverse(reversing(step, "other"))).answer.kind, "refused");
    assert.equal(await house.receivable(), before);
    const advice = (await due()).find(({ transaction }) => transaction === step.transaction);
    assert.equal(advice?.mti, "0420");
    assert.equal(advice?.fields["90"]?.slice(0, 4), "0200");
    await house.store.acknowledge({
      do: "acknowledge",
      ...placeOf(step),
      advice: advice?.id ?? "",
      outcome: "acknowledged",
      decides: true,
      responseCode: "00",
      at: NOW,
      today: DAY,
      journalId: id(),
      messages: [],
    });
    const known = await house.store.known(step.key);
    assert.ok(known?.kind === "transaction" && known.state === "reversed");
  });

  test(`${form}: a reversal before its original buries the key`, async () => {
    const step = opening();
    assert.deepEqual((await house.store.reverse(reversing(step))).answer, {
      kind: "accepted",
      rrn: null,
    });
    const late = await house.store.open(step);
    assert.deepEqual(late, { kind: "known", known: { kind: "tombstone" } });
  });

  test(`${form}: refunds at one time never take more than remains`, async () => {
    const sale = await approved({ amount: 1000n });
    const refunds = [400n, 400n, 400n].map((amount) => refundOf(sale, amount));
    const results = await Promise.all(refunds.map((one) => house.store.open(one)));
    const codes = results.map((one) => (one.kind === "decided" ? one.reply["39"] : one.kind));
    assert.equal(codes.filter((code) => code === "00").length, 2);
    assert.equal(codes.filter((code) => code === "64").length, 1);
    assert.deepEqual(await marksOf(sale), { heldBy: null, refunded: 800n, tip: 0n });
  });

  test(`${form}: a refund that the network refuses is undone, and its share is free again`, async () => {
    const sale = await approved({ amount: 1000n });
    const before = await house.receivable();
    const refund = refundOf(sale, 1000n);
    await house.store.open(refund);
    assert.equal((await house.receivable()) - before, 1000n);
    await house.store.acknowledge({
      do: "acknowledge",
      ...placeOf(refund),
      advice: refund.adviceId,
      outcome: "refused",
      decides: true,
      responseCode: "14",
      at: NOW,
      today: DAY,
      journalId: id(),
      messages: [],
    });
    assert.equal(await house.receivable(), before);
    assert.deepEqual(await marksOf(sale), unmarked);
  });

  test(`${form}: of two voids at one time one is opened; a declined one leaves the sale free`, async () => {
    const sale = await approved();
    const voids = [1, 2].map(() => opening({ name: "sale void", follows: placeOf(sale) }));
    const results = await Promise.all(voids.map((one) => house.store.open(one)));
    assert.deepEqual(results.map(({ kind }) => kind).sort(), ["decided", "opened"]);
    const won = voids[results.findIndex(({ kind }) => kind === "opened")];
    assert.ok(won);
    assert.equal((await marksOf(sale))?.heldBy, won.transaction);
    const followed = await house.store.reverse(reversing(sale));
    assert.deepEqual(followed.answer, { kind: "refused", reason: "followed" });
    await house.store.close(closingOf(won, "51"));
    assert.deepEqual(await marksOf(sale), unmarked);
    const next = opening({ name: "sale void", follows: placeOf(sale) });
    assert.deepEqual(await house.store.open(next), { kind: "opened" });
  });

  test(`${form}: a voided completion's hold is free; its void's reversal takes it, or finds it taken`, async () => {
    const following = async (name: TransactionName, of: OpenStep) => {
      const step = opening({ name, follows: placeOf(of) });
      assert.deepEqual(await house.store.open(step), { kind: "opened" });
      return step;
    };
    const taken = { holds: true, refund: 0n, tip: 0n };
    const hold = await approved({ name: "pre-authorisation" });
    const completion = await following("completion", hold);
    await house.store.close({ ...closingOf(completion, "00"), journal: null });
    const release = { place: placeOf(hold), by: completion.transaction, taken };
    const undo = await following("completion void", completion);
    assert.equal(
      (await marksOf(hold))?.heldBy,
      completion.transaction,
      "not before it is approved",
    );
    await house.store.close({ ...closingOf(undo, "00"), journal: null, releases: release });
    assert.deepEqual(await marksOf(hold), unmarked);
    assert.equal((await house.store.reverse(reversing(undo))).answer.kind, "accepted");
    assert.equal((await marksOf(hold))?.heldBy, completion.transaction);
    const other = await approved({ name: "pre-authorisation" });
    const second = await following("completion", other);
    await house.store.close({ ...closingOf(second, "00"), journal: null });
    const again = await following("completion void", second);
    const free = { place: placeOf(other), by: second.transaction, taken };
    await house.store.close({ ...closingOf(again, "00"), journal: null, releases: free });
    const next = await following("pre-authorisation void", other);
    const late = await house.store.reverse(reversing(again));
    assert.deepEqual(late.answer, { kind: "refused", reason: "followed" });
    assert.equal((await marksOf(other))?.heldBy, next.transaction);
  });

  test(`${form}: a limit of a day holds for requests at one time, and a decline gives it back`, async () => {
    const draw = { subject: "any/any/terminal/day/1", period: DAY, mostCount: null };
    const draws = [{ ...draw, amount: 600n, mostAmount: 1000n }];
    const steps = [1, 2].map(() => opening({ amount: 600n, draws }));
    const results = await Promise.all(steps.map((one) => house.store.open(one)));
    assert.deepEqual(results.map(({ kind }) => kind).sort(), ["decided", "opened"]);
    const won = steps[results.findIndex(({ kind }) => kind === "opened")];
    assert.ok(won);
    await house.store.close(closingOf(won, "51"));
    assert.deepEqual(await house.store.open(opening({ amount: 600n, draws })), { kind: "opened" });
  });

  test(`${form}: a lease that ran out is found with what was sent`, async () => {
    const step = opening();
    await house.store.open(step);
    const when = { node: "node-1", epoch: "1", limit: 1000 };
    assert.ok(
      !(await house.store.expired({ ...when, now: NOW })).some(
        ({ standing }) => standing.transaction === step.transaction,
      ),
    );
    const found = (await house.store.expired({ ...when, now: NOW + 60_000 })).find(
      ({ standing }) => standing.transaction === step.transaction,
    );
    assert.deepEqual(found?.lease, lease);
    assert.equal(found.standing.state, "in-flight");
    assert.equal(found.standing.sent?.fields["11"], step.networkRequest.fields["11"]);
  });

  test(`${form}: blocks of numbers do not come again, and an epoch rises`, async () => {
    const blocks = await Promise.all([1, 2, 3].map(() => house.store.block("trace")));
    assert.equal(new Set(blocks).size, 3);
    const first = BigInt(await house.store.beginEpoch("node-9", NOW));
    assert.equal(BigInt(await house.store.beginEpoch("node-9", NOW)), first + 1n);
  });
}
