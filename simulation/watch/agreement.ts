/** What must hold when everything has come to rest: all parties tell the same of every payment. */
import { catalogue, type TransactionName } from "@tillway/transactions";
import { receivableSign } from "../../apps/acquirer/src/ledger/index.ts";
import type { Printed } from "../parties/till.ts";
import {
  movedBy,
  type AcquirerEntry,
  type BankEntry,
  type Books,
  type TillEntry,
} from "./books.ts";

type Broken = (rule: string, detail: string) => void;

const standing = new Set(["approved", "advised"]);
const RECEIVABLE = /^network:receivable$/;
const PAYABLE = /^network:payable:/;

const keyOf = (one: { terminal: string; batch: string; stan: string }): string =>
  [one.terminal, one.batch, one.stan].join("/");

/** The transaction that a journal of the acquirer is about. */
export const acquirerTransaction = (journal: { readonly key: string }): string | undefined =>
  /^\d+\/([0-9a-f-]{36})\//.exec(journal.key)?.[1];

/** The decision that a journal of the bank is about. */
export const bankTransaction = (journal: { readonly key: string }): string | undefined =>
  /([0-9a-f]{8}-[0-9a-f-]{27})/.exec(journal.key)?.[1];

type Sides = {
  readonly books: Books;
  /** What the network owes for each transaction of the acquirer, by its id. */
  readonly owed: ReadonlyMap<string, bigint>;
  /** What the bank owes the network, because it took it from cardholders, by RRN. */
  readonly taken: ReadonlyMap<string, bigint>;
};

function sidesOf(books: Books): Sides {
  const owed = new Map(
    [...movedBy(books.acquirer.journals, acquirerTransaction, RECEIVABLE)].map(
      ([id, amount]): [string, bigint] => [id, -amount],
    ),
  );
  const moved = movedBy(books.bank.journals, bankTransaction, PAYABLE);
  const taken = new Map<string, bigint>();
  for (const { id, rrn } of books.bank.entries) {
    taken.set(rrn, (taken.get(rrn) ?? 0n) + (moved.get(id) ?? 0n));
  }
  return { books, owed, taken };
}

/** Checks the books at rest against each other and against the paper. */
export function checkAgreement(books: Books, printed: readonly Printed[], broken: Broken): void {
  const sides = sidesOf(books);
  checkDrained(books, broken);
  checkBalanced(books, broken);
  checkPaper(sides, printed, broken);
  checkTills(books, broken);
  checkAcquirerAndBank(sides, broken);
}

function checkDrained({ acquirer, network, tills }: Books, broken: Broken): void {
  const left = {
    "transactions in flight at the acquirer": acquirer.inFlight,
    "advices of the acquirer": acquirer.pendingAdvices,
    "exchanges in flight at the network": network.inFlight,
    "advices of the network": network.pendingAdvices,
    "open transactions at tills": tills.filter(({ state }) => ["open", "reversing"].includes(state))
      .length,
  };
  for (const [what, count] of Object.entries(left)) {
    if (count > 0) broken("everything drains once faults end", `${count} ${what}`);
  }
}

function checkBalanced({ acquirer, bank }: Books, broken: Broken): void {
  for (const [party, { journals }] of Object.entries({ acquirer, bank })) {
    for (const { key, legs } of journals) {
      const sum = legs.reduce((total, leg) => total + BigInt(leg.split(" ")[1] ?? "0"), 0n);
      if (sum !== 0n) broken("money is conserved", `${party}: journal ${key} sums to ${sum}`);
    }
  }
}

function find(entries: readonly AcquirerEntry[], key: string): readonly AcquirerEntry[] {
  return entries.filter((one) => keyOf(one) === key);
}

/** What the network must owe for a transaction that stands. */
function dueFor({ name, state, amount, tip }: AcquirerEntry): bigint {
  if (!standing.has(state)) return 0n;
  const { posting } = catalogue[name];
  return receivableSign(name) * (posting === "tip" ? tip : posting === "none" ? 0n : amount);
}

/** What was printed as approved is in both books exactly once. */
function checkPaper(
  { books, owed, taken }: Sides,
  printed: readonly Printed[],
  broken: Broken,
): void {
  const rule = "every printed approval is in both books exactly once";
  for (const { order, kind, outcome, batch, stan, amount } of printed) {
    if (outcome !== "approved") continue;
    const key = `${kind} ${keyOf({ terminal: order.till, batch, stan })}`;
    const [entry, ...more] = find(
      books.acquirer.transactions,
      keyOf({ terminal: order.till, batch, stan }),
    );
    if (!entry || more.length > 0) {
      broken(rule, `${key}: ${entry ? more.length + 1 : 0} transactions at the acquirer`);
      continue;
    }
    if (!standing.has(entry.state)) broken(rule, `${key} is ${entry.state} at the acquirer`);
    const due = dueFor(entry);
    const posted = owed.get(entry.id) ?? 0n;
    if (posted !== due) broken(rule, `${key}: ${amount} printed, ${due} due, ${posted} posted`);
    const debited = taken.get(entry.rrn) ?? 0n;
    if (debited !== due) broken(rule, `${key}: ${amount} printed, ${due} due, ${debited} debited`);
    const same = catalogue[kind].amount === "none" || BigInt(amount) === entry.amount;
    if (!same) broken(rule, `${key}: ${amount} printed, ${entry.amount} at the acquirer`);
  }
}

/** Types whose outcome a terminal need not know: they move nothing, or nothing before they are confirmed. */
const idle = (kind: TransactionName): boolean =>
  catalogue[kind].undo === "never" || catalogue[kind].issuing === "promise";

/** Each terminal's journal says of its transactions what the acquirer says. */
function checkTills({ acquirer, tills }: Books, broken: Broken): void {
  const rule = "batches agree";
  const byKey = new Map<string, TillEntry>(tills.map((one) => [keyOf(one), one]));
  for (const till of tills) {
    if (idle(till.kind)) continue;
    const stands = find(acquirer.transactions, keyOf(till)).filter(({ state }) =>
      standing.has(state),
    );
    const expected = till.state === "approved" ? 1 : 0;
    if (stands.length !== expected) {
      const what = `${till.kind} ${keyOf(till)}`;
      broken(rule, `${what}: ${till.state} at the till, ${stands.length} at the acquirer`);
    }
  }
  for (const entry of acquirer.transactions) {
    if (idle(entry.name) || !standing.has(entry.state)) continue;
    if (byKey.get(keyOf(entry))?.state !== "approved") {
      broken(rule, `${entry.name} ${keyOf(entry)} stands at the acquirer and not at its till`);
    }
  }
}

/** Transaction by transaction, and all together, the bank took what the network owes. */
function checkAcquirerAndBank({ books, owed, taken }: Sides, broken: Broken): void {
  const rule = "acquirer and bank agree";
  const seen = new Set<string>();
  for (const entry of books.acquirer.transactions) {
    const { id, name, rrn, state } = entry;
    seen.add(rrn);
    const [posted, debited] = [owed.get(id) ?? 0n, taken.get(rrn) ?? 0n];
    if (posted !== debited || posted !== dueFor(entry)) {
      const figures = `${dueFor(entry)} due, ${posted} posted, ${debited} at the bank`;
      broken(rule, `${name} ${rrn} (${state}): ${figures}`);
    }
  }
  const strange = books.bank.entries.filter(
    (one: BankEntry) => !seen.has(one.rrn) && (taken.get(one.rrn) ?? 0n) !== 0n,
  );
  for (const { rrn } of strange) broken(rule, `${rrn} is known to the bank only`);
}
