import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decide, keyOf, type Book, type Decision, type KnownAccount } from "./decide.ts";
import { balanced, type Journal, type Leg } from "./journal.ts";

const DAY = "2026-11-23";

type State = { accounts: Map<string, KnownAccount>; stored: Map<string, string> };

function account(id: bigint, floor?: bigint, more: Partial<KnownAccount> = {}): KnownAccount {
  const floored = floor === undefined ? undefined : { floor, balance: 0n, version: 0n };
  return { id, currency: "CNY", closed: false, floored, ...more };
}

function start(): State {
  return {
    stored: new Map(),
    accounts: new Map([
      ["0/system", account(1n)],
      ["0/cardholder", account(2n, 0n)],
      ["0/credit", account(3n, -1000n)],
      ["0/closed", account(4n, undefined, { closed: true })],
      ["0/dollars", account(5n, undefined, { currency: "USD" })],
    ]),
  };
}

const bookOf = (state: State): Book => ({
  account: (bucket, code) => state.accounts.get(keyOf(bucket, code)),
  isOpen: (date) => date === DAY,
  stored: (bucket, key) => state.stored.get(keyOf(bucket, key)),
});

/** The state that a decision leaves when it is written. */
function after(state: State, decision: Decision): State {
  const accounts = new Map(state.accounts);
  for (const { accountId, balance, version } of decision.balances) {
    for (const [key, known] of accounts) {
      if (known.id !== accountId || known.floored === undefined) continue;
      accounts.set(key, { ...known, floored: { ...known.floored, balance, version } });
    }
  }
  const stored = new Map(state.stored);
  for (const one of decision.posted) stored.set(keyOf(one.bucket, one.idempotencyKey), one.id);
  return { accounts, stored };
}

let counter = 0;
function journal(legs: readonly Leg[], more: Partial<Journal> = {}): Journal {
  counter += 1;
  const id = `019ab000-0000-7000-8000-${String(counter).padStart(12, "0")}`;
  const base = {
    id,
    bucket: 0,
    idempotencyKey: id,
    kind: "sale",
    businessDate: DAY,
    occurredAt: 0,
  };
  return { ...base, legs, ...more };
}

const move = (to: string, amount: bigint, more: Partial<Journal> = {}): Journal =>
  journal(
    [
      { account: "system", amount: -amount },
      { account: to, amount },
    ],
    more,
  );

const codes = (journals: readonly Journal[]): string[] =>
  decide(journals, bookOf(start())).results.map((result) => result.code);

test("refusals come in their order of precedence", () => {
  const cases: [string, Journal][] = [
    ["unknown-account", move("nobody", 5n, { businessDate: "1999-01-01" })],
    ["unbalanced", move("dollars", 5n, { businessDate: "1999-01-01" })],
    ["closed", move("cardholder", -5n, { businessDate: "1999-01-01" })],
    ["closed", move("closed", 5n)],
    ["floor", move("cardholder", -5n)],
    ["posted", move("credit", -1000n)],
    ["floor", move("credit", -1001n)],
  ];
  for (const [code, one] of cases) assert.deepEqual(codes([one]), [code]);
});

test("a refusal leaves the journals after it what it would have taken", () => {
  const batch = [100n, -150n, -60n, -50n, -40n].map((amount) => move("cardholder", amount));
  assert.deepEqual(codes(batch), ["posted", "floor", "posted", "floor", "posted"]);
});

test("the same key twice in a batch posts once; after a refusal it may post", () => {
  const key = { idempotencyKey: "same" };
  const first = move("cardholder", 10n, key);
  const twice = decide([first, move("cardholder", 10n, key)], bookOf(start()));
  assert.deepEqual(twice.results[1], { code: "repeated", journal: first.id });
  assert.deepEqual(codes([move("cardholder", -10n, key), move("cardholder", 10n, key)]), [
    "floor",
    "posted",
  ]);
});

test("a floor is held against the whole journal, each entry tells the balance around it", () => {
  const both = journal([
    { account: "cardholder", amount: -30n },
    { account: "cardholder", amount: 50n },
    { account: "system", amount: -20n },
  ]);
  const { results, entries, balances } = decide([both], bookOf(start()));
  assert.equal(results[0]?.code, "posted");
  assert.deepEqual(
    entries.map(({ version, before, after }) => [version, before, after]),
    [
      [1n, 0n, -30n],
      [2n, -30n, 20n],
      [null, null, null],
    ],
  );
  assert.deepEqual(
    balances.map(({ from, version, balance }) => [from, version, balance]),
    [[0n, 2n, 20n]],
  );
});

const names = fc.constantFrom("system", "cardholder", "credit", "closed", "dollars", "nobody");
const random = fc
  .record({
    from: names,
    to: names,
    amount: fc.bigInt({ min: -800n, max: 800n }),
    key: fc.integer({ min: 0, max: 30 }),
  })
  .map(({ from, to, amount, key }) =>
    journal(
      [
        { account: from, amount: -amount },
        { account: to, amount },
      ],
      { idempotencyKey: String(key) },
    ),
  )
  .filter(balanced);

test("a batch cut anywhere in two gives the same results and balances as the whole", () => {
  fc.assert(
    fc.property(fc.array(random, { maxLength: 30 }), fc.nat(30), (journals, cut) => {
      const whole = decide(journals, bookOf(start()));
      const first = decide(journals.slice(0, cut), bookOf(start()));
      const between = after(start(), first);
      const second = decide(journals.slice(cut), bookOf(between));
      assert.deepEqual([...first.results, ...second.results], whole.results);
      assert.deepEqual(after(between, second), after(start(), whole));
    }),
  );
});

test("what is posted sums to zero, moves balances by its sum, and breaks no floor", () => {
  fc.assert(
    fc.property(fc.array(random, { maxLength: 30 }), (journals) => {
      const decision = decide(journals, bookOf(start()));
      assert.equal(decision.results.length, journals.length);
      assert.equal(
        decision.entries.reduce((sum, entry) => sum + entry.amount, 0n),
        0n,
      );
      const end = after(start(), decision);
      for (const { id, floored } of end.accounts.values()) {
        if (floored === undefined) continue;
        assert.ok(floored.balance >= floored.floor);
        const own = decision.entries.filter((entry) => entry.accountId === id);
        assert.equal(
          own.reduce((sum, entry) => sum + entry.amount, 0n),
          floored.balance,
        );
        assert.equal(BigInt(own.length), floored.version);
      }
    }),
  );
});
