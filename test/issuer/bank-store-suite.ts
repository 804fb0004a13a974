/** What every store of the bank must do, whatever it is made of. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { uuidv7 } from "@tillway/money";
import type { Authorisation, BankStore, Book, Hold } from "../../apps/issuer/src/bank/index.ts";
import { movement } from "../../apps/issuer/src/ledger/index.ts";
import { random } from "./installation.ts";

/** A store with a card, CNY, whose account has this much and belongs to nobody else. */
export type BankStoreFactory = (balance: bigint) => Promise<{
  readonly store: BankStore;
  readonly token: string;
  readonly name: string;
  readonly account: string;
  readonly bucket: number;
  /** A business date that is open for posting. */
  readonly businessDate: string;
}>;

type Made = Awaited<ReturnType<BankStoreFactory>>;

const NOW = Date.UTC(2026, 10, 27, 8);
let count = 0;

function newKey(): string {
  count += 1;
  return `1127081500${String(count).padStart(6, "0")}0004802100000048021000`;
}

function authorisation(made: Made, change: Partial<Authorisation> = {}): Authorisation {
  return {
    bucket: made.bucket,
    id: uuidv7(NOW, random(10)),
    key: newKey(),
    type: "sale",
    digest: "digest",
    original: undefined,
    originalId: undefined,
    card: made.token,
    account: made.account,
    state: "approved",
    responseCode: "00",
    reason: undefined,
    authorisationCode: "123456",
    amount: 10_00n,
    asked: 10_00n,
    moved: 0n,
    overdraft: 0n,
    refunded: 0n,
    receiver: undefined,
    currency: "156",
    rrn: "632704000001",
    stan: "000001",
    terminal: "10000001",
    merchant: "898290058120001",
    psn: "01",
    atc: 7,
    businessDate: made.businessDate,
    panCipher: "cipher",
    request: { "4": "000000001000" },
    reply: { "39": "00", "38": "123456" },
    scripts: [],
    occurredAt: NOW,
    expiresAt: undefined,
    ...change,
  };
}

const holdOf = (one: Authorisation, state: Hold["state"] = "active"): Hold => ({
  bucket: one.bucket,
  id: one.id,
  account: one.account ?? "",
  amount: one.amount ?? 0n,
  state,
  expiresAt: NOW,
});

function run<T>(made: Made, keys: readonly string[], decide: (book: Book) => T): Promise<T> {
  const { store, bucket, token } = made;
  return store.run({ bucket, names: { keys, cards: [token] }, decide });
}

function debit(book: Book, made: Made, amount: bigint): void {
  const account = book.account(made.account);
  const journal = movement({
    id: uuidv7(NOW, random(10)),
    businessDate: made.businessDate,
    occurredAt: NOW,
    holder: account,
    authorisation: uuidv7(NOW, random(10)),
    kind: "sale",
    what: "move",
    counter: "network",
    moved: amount,
    overdraft: 0n,
  });
  book.post(journal, new Map([[account.id, -amount]]));
}

/** Runs the suite against the stores that the factory makes. */
export function bankStoreSuite(name: string, make: BankStoreFactory): void {
  decisions(name, make);
  money(name, make);
  test(`${name}: a script waits for its card, is taken once and reported once`, async () => {
    const made = await make(0n);
    const script = { command: "put-data", tag: "9F58", value: "05" } as const;
    assert.equal(await made.store.order("nobody", script, NOW), undefined);
    assert.equal(await made.store.ordered("nobody"), undefined);
    const id = await made.store.order(made.name, script, NOW);
    const one = authorisation(made);
    const taken = await run(made, [], (book) => {
      const scripts = book.takeScripts(made.token, one.id);
      book.add({ ...one, scripts });
      return scripts;
    });
    assert.deepEqual(taken, [{ id, ...script }]);
    assert.deepEqual(await run(made, [], (book) => book.takeScripts(made.token, one.id)), []);
    const known = await run(made, [one.key], (book) => book.known(one.key));
    assert.deepEqual(known !== "tombstone" && known?.scripts, taken);
    await run(made, [], (book) => book.reportScript(id ?? 0, "done", NOW));
    assert.deepEqual(await made.store.ordered(made.name), [{ id, ...script, state: "done" }]);
  });
}

function decisions(name: string, make: BankStoreFactory): void {
  test(`${name}: what a decision wrote is what the next one reads, with all that it follows`, async () => {
    const made = await make(0n);
    const first = authorisation(made, { type: "pre-authorisation", expiresAt: NOW });
    await run(made, [], (book) => {
      book.add(first);
      book.keepHold(holdOf(first));
    });
    const follows = { original: first.key, originalId: first.id };
    const second = authorisation(made, { type: "completion", ...follows });
    await run(made, [first.key], (book) => book.add(second));
    const read = await run(made, [second.key], (book) => [
      book.known(second.key),
      book.known(first.key),
      book.hold(first.id),
    ]);
    assert.deepEqual(read, [second, first, holdOf(first)]);
    const changed = { ...first, state: "completed", refunded: 1n, amount: 11n } as const;
    await run(made, [first.key], (book) => book.change(changed));
    assert.deepEqual(await run(made, [first.key], (book) => book.known(first.key)), changed);
  });

  test(`${name}: a key is taken once; a tombstone holds it too`, async () => {
    const made = await make(0n);
    const key = newKey();
    const take = () =>
      run(made, [key], (book) => {
        if (book.known(key) !== undefined) return "known";
        book.add(authorisation(made, { key }));
        return "taken";
      });
    const both = await Promise.all([take(), take(), take()]);
    assert.deepEqual(both.sort(), ["known", "known", "taken"]);
    const buried = newKey();
    await run(made, [buried], (book) => book.bury(buried));
    assert.equal(await run(made, [buried], (book) => book.known(buried)), "tombstone");
  });

  test(`${name}: a decision that fails changes nothing and fails no other`, async () => {
    const made = await make(0n);
    const [good, bad] = [authorisation(made), authorisation(made)];
    const results = await Promise.allSettled([
      run(made, [], (book) => book.add(good)),
      run(made, [], (book) => {
        book.add(bad);
        throw new RangeError("a defect");
      }),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ["fulfilled", "rejected"],
    );
    const known = await run(made, [good.key, bad.key], (book) => [
      book.known(good.key)?.valueOf() !== undefined,
      book.known(bad.key),
    ]);
    assert.deepEqual(known, [true, undefined]);
  });

  test(`${name}: counters of a card are kept, also by those who only read it`, async () => {
    const made = await make(0n);
    const counters = { pinTries: 1, lastAtc: 9, wrongCryptograms: 2, dayCount: 3 };
    const day = { dayDate: made.businessDate, daySpent: 5n };
    await run(made, [], (book) => book.count(made.token, { ...counters, ...day }));
    const card = await made.store.card(made.token);
    assert.deepEqual([card?.pinTries, card?.lastAtc, card?.daySpent], [1, 9, 5n]);
    const locked = await run(made, [], (book) => book.card(made.token));
    assert.deepEqual(locked, card);
  });

  test(`${name}: what is overdue is found until it is changed`, async () => {
    const made = await make(0n);
    const one = authorisation(made, { type: "deposit", expiresAt: NOW - 1000 });
    await run(made, [], (book) => book.add(one));
    const isOverdue = async (now: number): Promise<boolean> =>
      (await made.store.overdue(now, 1000)).some(({ key }) => key === one.key);
    assert.deepEqual([await isOverdue(NOW - 1001), await isOverdue(NOW)], [false, true]);
    await run(made, [one.key], (book) => book.change({ ...one, state: "expired" }));
    assert.equal(await isOverdue(NOW), false);
  });
}

function money(name: string, make: BankStoreFactory): void {
  test(`${name}: many decisions at once never spend what is not there`, async () => {
    const made = await make(25_00n);
    const spend = () =>
      run(made, [], (book) => {
        const { balance, held } = book.account(made.account);
        if (balance - held < 10_00n) return false;
        debit(book, made, 10_00n);
        return true;
      });
    const spent = await Promise.all(Array.from({ length: 20 }, spend));
    assert.equal(spent.filter(Boolean).length, 2);
    const left = await run(made, [], (book) => book.account(made.account));
    assert.deepEqual([left.balance, left.held], [5_00n, 0n]);
  });

  test(`${name}: what is held is the sum of the active holds`, async () => {
    const made = await make(0n);
    const [one, two] = [authorisation(made), authorisation(made, { amount: 3_00n })];
    const held = (): Promise<bigint> => run(made, [], (book) => book.account(made.account).held);
    await run(made, [], (book) => {
      book.add(one);
      book.add(two);
      book.keepHold(holdOf(one));
      book.keepHold(holdOf(two));
    });
    assert.equal(await held(), 13_00n);
    await run(made, [one.key], (book) => book.keepHold(holdOf(one, "released")));
    assert.equal(await held(), 3_00n);
    await run(made, [one.key], (book) => book.keepHold(holdOf(one, "active")));
    assert.equal(await held(), 13_00n);
  });

  test(`${name}: an offline approval is known by card and counter once it is posted`, async () => {
    const made = await make(0n);
    const used = (): Promise<boolean> =>
      made.store.run({
        bucket: made.bucket,
        names: { keys: [], cards: [made.token], offline: { card: made.token, psn: "01", atc: 41 } },
        decide: (book) => book.isUsedOffline(made.token, "01", 41),
      });
    assert.equal(await used(), false);
    const one = authorisation(made, { type: "offline chip sale", atc: 41 });
    await run(made, [], (book) => book.add(one));
    assert.equal(await used(), true);
  });
}
