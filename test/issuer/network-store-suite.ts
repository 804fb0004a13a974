/** What every store of the network must do, whatever it is made of. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Advice, Exchange, NetworkStore } from "../../apps/issuer/src/network/index.ts";

export type NetworkStoreFactory = () => Promise<{
  readonly store: NetworkStore;
  /** Makes a card number prefix known. */
  readonly route: (prefix: string, institution: string) => Promise<void>;
}>;

const NOW = Date.UTC(2026, 10, 27, 8);
let count = 0;

function newKey(): string {
  count += 1;
  return `1127080000${String(count).padStart(6, "0")}0004802100000048021000`;
}

function exchange(change: Partial<Exchange> = {}): Exchange {
  return {
    key: newKey(),
    digest: "digest",
    type: "sale",
    from: "48021000",
    to: "63031000",
    state: "forwarded",
    responseCode: undefined,
    rrn: "632704000001",
    panToken: "token",
    panCipher: "cipher",
    owner: "one",
    leaseUntil: NOW + 15_000,
    request: { "3": "000000", "4": "000000002580" },
    reply: undefined,
    receivedAt: NOW,
    ...change,
  };
}

function advice(change: Partial<Advice> = {}): Advice {
  return {
    key: newKey(),
    mti: "0420",
    digest: "digest",
    originalKey: undefined,
    from: "48021000",
    to: "63031000",
    attempts: 0,
    dueAt: NOW,
    panCipher: "cipher",
    receiverCipher: undefined,
    message: { "4": "000000002580" },
    receivedAt: NOW,
    ...change,
  };
}

const ending = (one: Exchange, change: object = {}) => ({
  key: one.key,
  owner: one.owner,
  state: "answered" as const,
  responseCode: "00",
  reply: { "39": "00" },
  at: NOW + 100,
  ...change,
});

/** Runs the suite against the stores that the factory makes. */
export function networkStoreSuite(name: string, make: NetworkStoreFactory): void {
  exchanges(name, make);
  advices(name, make);
  test(`${name}: the longest known prefix routes a card number, also one that is added later`, async () => {
    const { store, route } = await make();
    assert.equal(await store.issuerOf("4999990000000001"), undefined);
    await route("4999", "11111111");
    assert.equal(await store.issuerOf("4999990000000001"), "11111111");
    await route("49998888", "22222222");
    const { store: fresh } = await make();
    assert.equal(await fresh.issuerOf("4999888800000001"), "22222222");
  });
}

function exchanges(name: string, make: NetworkStoreFactory): void {
  test(`${name}: a key is taken once, also of two at the same moment`, async () => {
    const { store } = await make();
    const one = exchange();
    const both = await Promise.all([store.open(one), store.open({ ...one, digest: "other" })]);
    assert.deepEqual(both.map(({ kind }) => kind).sort(), ["known", "new"]);
    const again = await store.open(one);
    assert.equal(again.kind === "known" && again.exchange.request["4"], "000000002580");
  });

  test(`${name}: many at once are each answered for themselves`, async () => {
    const { store } = await make();
    const many = Array.from({ length: 100 }, () => exchange());
    const opened = await Promise.all([...many, ...many].map((one) => store.open(one)));
    assert.equal(opened.filter(({ kind }) => kind === "new").length, many.length);
    const ended = await Promise.all(many.map((one) => store.end(ending(one))));
    assert.ok(ended.every(Boolean));
    assert.equal((await store.find(many[7]?.key ?? ""))?.responseCode, "00");
  });

  test(`${name}: only the owner ends an exchange, and only once`, async () => {
    const { store } = await make();
    const one = exchange();
    await store.open(one);
    assert.equal(await store.end(ending(one, { owner: "two" })), false);
    assert.equal(await store.end(ending(one)), true);
    assert.equal(await store.end(ending(one, { responseCode: "51" })), false);
    const stored = await store.find(one.key);
    assert.deepEqual([stored?.state, stored?.responseCode], ["answered", "00"]);
  });

  test(`${name}: a request whose reversal came first is refused, other advices do not refuse it`, async () => {
    const { store } = await make();
    const reversed = exchange();
    await store.take(advice({ originalKey: reversed.key }));
    assert.equal((await store.open(reversed)).kind, "reversed");
    assert.equal((await store.find(reversed.key))?.responseCode, "22");
    const refunded = exchange();
    await store.take(advice({ mti: "0220", originalKey: refunded.key }));
    assert.equal((await store.open(refunded)).kind, "new");
  });

  test(`${name}: what is abandoned and its reversal are one, and only what was in flight has one`, async () => {
    const { store } = await make();
    const one = exchange();
    await store.open(one);
    const reversal = advice({ originalKey: one.key });
    assert.equal(await store.abandon(ending(one, { state: "timed-out" }), reversal), true);
    const second = advice({ originalKey: one.key });
    assert.equal(await store.abandon(ending(one), second), false);
    const due = (await store.due(NOW, 1000)).map(({ key }) => key);
    assert.ok(due.includes(reversal.key) && !due.includes(second.key));
  });

  test(`${name}: what timed out is taken up again once, and a late answer is kept`, async () => {
    const { store } = await make();
    const one = exchange({ type: "deposit" });
    await store.open(one);
    assert.equal(await store.reopen(one), false);
    await store.abandon(ending(one, { state: "timed-out", responseCode: "98" }), undefined);
    assert.equal(await store.late(one.key, { "39": "00" }), true);
    assert.equal(await store.late(newKey(), { "39": "00" }), false);
    const next = { ...one, owner: "two", leaseUntil: NOW + 60_000 };
    assert.deepEqual([await store.reopen(next), await store.reopen(next)], [true, false]);
    assert.equal(await store.end(ending(next)), true);
  });

  test(`${name}: an exchange is expired after its lease, until somebody ends it`, async () => {
    const { store } = await make();
    const one = exchange({ leaseUntil: NOW - 60_000 });
    await store.open(one);
    const isExpired = async (now: number): Promise<boolean> =>
      (await store.expired(now, 1000)).some(({ key }) => key === one.key);
    assert.deepEqual([await isExpired(NOW - 60_001), await isExpired(NOW)], [false, true]);
    await store.end(ending(one));
    assert.equal(await isExpired(NOW), false);
  });
}

function advices(name: string, make: NetworkStoreFactory): void {
  test(`${name}: an advice is stored once; a second one of its key learns the first one's digest`, async () => {
    const { store } = await make();
    const one = advice({ receiverCipher: "friend" });
    assert.equal(await store.take(one), undefined);
    assert.equal(await store.take({ ...one, digest: "other" }), "digest");
    const stored = (await store.due(NOW, 1000)).find(({ key }) => key === one.key);
    assert.deepEqual(stored, one);
  });

  test(`${name}: an advice is due until it is acknowledged, later after each attempt, at once when woken`, async () => {
    const { store } = await make();
    const one = advice({ to: "77777777" });
    await store.take(one);
    const found = async (now: number): Promise<Advice | undefined> =>
      (await store.due(now, 1000)).find(({ key }) => key === one.key);
    assert.equal((await found(NOW))?.attempts, 0);
    await store.attempt([one.key], [NOW + 5000]);
    assert.equal(await found(NOW), undefined);
    assert.equal((await found(NOW + 5000))?.attempts, 1);
    await store.wake("77777777", NOW);
    assert.equal((await found(NOW))?.attempts, 1);
    await store.acknowledge(one.key, "00", NOW);
    assert.equal(await found(NOW + 99_000), undefined);
  });

  test(`${name}: of advices about one message only the first that is pending is due`, async () => {
    const { store } = await make();
    const originalKey = newKey();
    const one = advice({ mti: "0220", originalKey, receivedAt: NOW });
    const other = advice({ mti: "0220", originalKey, receivedAt: NOW + 1, dueAt: NOW });
    const apart = advice({ mti: "0220", originalKey: newKey(), receivedAt: NOW + 1 });
    for (const each of [one, other, apart]) await store.take(each);
    const due = async () => {
      const keys = (await store.due(NOW + 2, 1000)).map(({ key }) => key);
      return [one, other, apart].map(({ key }) => keys.includes(key));
    };
    assert.deepEqual(await due(), [true, false, true]);
    await store.attempt([one.key], [NOW + 60_000]);
    assert.deepEqual(await due(), [false, false, true]);
    await store.acknowledge(one.key, "00", NOW);
    assert.deepEqual(await due(), [false, true, true]);
  });

  test(`${name}: an advice without a receiver is kept and never due`, async () => {
    const { store } = await make();
    const one = advice({ to: undefined });
    await store.take(one);
    assert.ok((await store.due(NOW, 1000)).every(({ key }) => key !== one.key));
  });

  test(`${name}: trace numbers are six digits and differ`, async () => {
    const { store } = await make();
    const traces = await Promise.all([store.trace(), store.trace(), store.trace()]);
    for (const trace of traces) assert.match(trace, /^(?!000000)\d{6}$/);
    assert.equal(new Set(traces).size, 3);
  });
}
