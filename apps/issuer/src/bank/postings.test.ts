import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { balanced, type Journal } from "@tillway/ledger";
import { catalogue, transactionNames, type TransactionName } from "@tillway/transactions";
import type { CardRecord } from "../cards/index.ts";
import { Book, type Loaded } from "./book.ts";
import { decide } from "./decide.ts";
import type { Examined } from "./examined.ts";
import { undo } from "./undo.ts";

const card: CardRecord = {
  token: "holder",
  name: "card",
  account: "account",
  accountBucket: 7,
  scheme: "unionpay",
  cryptogramVersion: "unionpay",
  panCipher: "cipher",
  maskedPan: "621626******0018",
  psn: "01",
  pvki: "1",
  pvv: "1234",
  status: "active",
  expiry: "3012",
  currency: "156",
  serviceCode: "220",
  domestic: true,
  partial: true,
  pinRequired: true,
  pinTries: 0,
  pinLimit: 3,
  lastAtc: 0,
  wrongCryptograms: 0,
  transactionLimit: 10_000_00n,
  dayLimit: 10_000_00n,
  dayCountLimit: 100,
  dayDate: undefined,
  daySpent: 0n,
  dayCount: 0,
};
const friend = { ...card, token: "friend", name: "friend", account: "other", accountBucket: 9 };

const account = { id: "account", bucket: 7, currency: "156", creditLimit: 0n, held: 0n };
const empty: Loaded = {
  cards: [card, friend],
  accounts: [
    { ...account, balance: 1000_00n },
    { ...account, id: "other", bucket: 9, balance: 0n },
  ],
  authorisations: [],
  tombstones: [],
  holds: [],
  scripts: [],
  offline: [],
};

const uuid = (number: number): string =>
  `018f0000-0000-7000-8000-${String(number).padStart(12, "0")}`;

/** A request of a type, with everything found right about it. */
function examined(
  type: TransactionName,
  at: number,
  amount: bigint,
  originalKey?: string,
): Examined {
  return {
    request: {
      key: `key-${at}`,
      type,
      pan: "6216261000000000018",
      receiver: undefined,
      originalKey,
      psn: "01",
      expiry: "3012",
      amount: catalogue[type].amount === "none" ? undefined : amount,
      currency: "156",
      entry: "chip",
      pinBlock: undefined,
      chip: { tags: new Map(), atc: at },
      stripe: undefined,
      wantsPartial: false,
      plan: type === "instalment sale" ? { periods: 3, code: "A1", feePayer: "holder" } : undefined,
    },
    kept: { "11": "000001" },
    sealed: { token: "holder", cipher: "cipher", receiver: { token: "friend" } },
    bucket: 7,
    evidence: { cryptogram: "valid", stripe: "not-sent", pin: "valid" },
    digest: `digest-${at}`,
    now: 0,
    businessDate: "2026-11-27",
    month: "2611",
    policy: {
      holdMs: 1000,
      promiseMs: 1000,
      overHold: 115n,
      noPinAmount: 0n,
      fallback: true,
      manual: true,
      unknownRefund: true,
    },
    ids: { authorisation: uuid(at * 10), journal: uuid(at * 10 + 1), arrival: uuid(at * 10 + 2) },
    authorisationCode: "123456",
  };
}

const AMOUNTS: Partial<Record<TransactionName, bigint>> = {
  refund: 4_00n,
  "tip adjustment": 12_00n,
};

/** The book after everything that a type follows, and the key of what it follows. */
function prepared(type: TransactionName): { readonly loaded: Loaded; readonly original?: string } {
  const chain: TransactionName[] = [];
  let [first] = catalogue[type].follows;
  while (first !== undefined) {
    const known: TransactionName | undefined = transactionNames.find((name) => name === first);
    if (!known) break;
    chain.unshift(known);
    [first] = catalogue[known].follows;
  }
  let loaded = empty;
  let original: string | undefined;
  for (const [at, name] of chain.entries()) {
    const book = new Book(loaded);
    const { own } = decide(book, examined(name, at + 1, 10_00n, original));
    assert.equal(own["39"], "00", `${name} before ${type}`);
    loaded = after(loaded, book);
    original = `key-${at + 1}`;
  }
  return original === undefined ? { loaded } : { loaded, original };
}

/** What a memory store would hold after the book's changes. */
function after(loaded: Loaded, book: Book): Loaded {
  const changes = book.changes();
  const byId = new Map(loaded.authorisations.map((one) => [one.id, one]));
  for (const [id, one] of changes.authorisations) byId.set(id, one);
  const holds = new Map(loaded.holds.map((one) => [one.id, one]));
  for (const [id, one] of changes.holds) holds.set(id, one);
  return {
    ...loaded,
    cards: loaded.cards.map(({ token }) => book.card(token) ?? card),
    accounts: loaded.accounts.map(({ id }) => book.account(id)),
    authorisations: [...byId.values()],
    holds: [...holds.values()],
  };
}

/** Who gets (+) and who gives (−), in the words of the chart. */
function sides(journals: readonly Journal[]): string {
  const moving = journals.flatMap(({ legs }) => legs.filter(({ amount }) => amount !== 0n));
  const said = moving.map(({ account: code, amount }) => {
    const who = code === "cardholder:other" ? "receiver" : (code.split(":")[0] ?? "");
    return `${who} ${amount > 0n ? "+" : "−"}`;
  });
  return said.length === 0 ? "–" : said.join(", ");
}

function row(type: TransactionName): string {
  const { loaded, original } = prepared(type);
  const book = new Book(loaded);
  const amount = AMOUNTS[type] ?? 10_00n;
  const { own } = decide(book, examined(type, 9, amount, original));
  assert.equal(own["39"], "00", type);
  const done = book.changes();
  assert.ok(done.journals.every(balanced), type);
  const holds = [...done.holds.values()].map(({ state }) => state).join(", ") || "–";
  const next = new Book(after(loaded, book));
  const code = undo(next, {
    originalKey: "key-9",
    card: "holder",
    amount: catalogue[type].amount === "none" ? undefined : amount,
    now: 0,
    businessDate: "2026-11-27",
    journal: uuid(99),
  });
  const undone = code === "00" ? sides(next.changes().journals) : "not reversed";
  const freed = [...next.changes().holds.values()].map(({ state }) => `hold ${state}`);
  const reversal = [undone, ...freed].filter(
    (text, at) => at > 0 || text !== "–" || freed.length === 0,
  );
  return `| ${type} | ${sides(done.journals)} | ${holds} | ${reversal.join("; ")} |`;
}

test("the README's table says what each type posts, holds, and what its reversal does", () => {
  const readme = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8").replace(
    / +/g,
    " ",
  );
  const expected = transactionNames.map(row);
  const missing = expected.filter((line) => !readme.includes(line));
  assert.deepEqual(missing, []);
});

test("of any type, done and reversed leave every account as it was", () => {
  for (const type of transactionNames) {
    if (catalogue[type].undo !== "reversal") continue;
    const { loaded, original } = prepared(type);
    const book = new Book(loaded);
    decide(book, examined(type, 9, 10_00n, original));
    const then = after(loaded, book);
    const back = new Book(then);
    const reversal = { originalKey: "key-9", card: "holder", amount: 10_00n, now: 0 };
    const code = undo(back, { ...reversal, businessDate: "2026-11-27", journal: uuid(99) });
    assert.equal(code, "00", type);
    assert.deepEqual(after(then, back).accounts, loaded.accounts, type);
  }
});

test("a reversal that crosses its request leaves a tombstone, and the request is 22", () => {
  const book = new Book(empty);
  const reversal = { originalKey: "key-9", card: "holder", amount: 10_00n, now: 0 };
  assert.equal(undo(book, { ...reversal, businessDate: "2026-11-27", journal: uuid(99) }), "25");
  assert.equal(decide(book, examined("sale", 9, 10_00n)).own["39"], "22");
  assert.deepEqual(book.changes().journals, []);
});
