/** The stores of all parties as a simulation uses them; here their forms in memory. */
import { bucketOf } from "@tillway/database";
import { merchantAccounts, systemAccounts } from "../../apps/acquirer/src/ledger/index.ts";
import { stands, type Limit, type Store } from "../../apps/acquirer/src/payments/index.ts";
import type {
  Batches,
  BatchKey,
  BatchLine,
  Counted,
} from "../../apps/acquirer/src/settlement/index.ts";
import type { Merchant, Terminal } from "../../apps/acquirer/src/terminals/index.ts";
import { BANK_INSTITUTION, type BankStore } from "../../apps/issuer/src/bank/index.ts";
import type { Member, NetworkStore } from "../../apps/issuer/src/network/index.ts";
import type { Ceremony } from "../parties/ceremony.ts";
import type { Issued } from "../parties/issue.ts";
import { cardNames, profileOf } from "../parties/wallet.ts";
import type { AcquirerBooks, BankBooks, NetworkBooks } from "../watch/books.ts";
import { BankMemory, bankStore } from "./bank.ts";
import { networkMemory, type NetworkMemory } from "./network.ts";
import { paymentsStore } from "./payments-port.ts";
import { PaymentsMemory } from "./payments.ts";
import { registryMemory, type RegistryMemory } from "./registry.ts";

/** Rows that can be looked at between two steps. */
export type Memories = {
  readonly payments: PaymentsMemory;
  readonly network: NetworkMemory;
  readonly bank: BankMemory;
};

export type Stores = {
  readonly payments: Store;
  readonly registry: RegistryMemory;
  readonly batches: Batches;
  readonly network: NetworkStore;
  readonly bank: BankStore;
  readonly books: () => Promise<{
    readonly acquirer: AcquirerBooks;
    readonly network: NetworkBooks;
    readonly bank: BankBooks;
  }>;
  readonly memory: Memories | undefined;
  readonly close: () => Promise<void>;
};

/** The institution number of the acquirer (TILLWAY_ACQUIRER_ID as it is by itself). */
const ACQUIRER = "48021000";

export const merchants: readonly Merchant[] = [
  ["898290058120001", "Tillway Cafe", 6000],
  ["898290058120002", "Tillway Books", 3800],
].map(([mid, name, feePpm]) => ({
  mid: String(mid),
  bucket: bucketOf(String(mid)),
  name: String(name),
  nameZh: "收单通",
  mcc: "5812",
  currency: "CNY",
  feePpm: typeof feePpm === "number" ? feePpm : 0,
  status: "active",
}));

/** The merchant of a terminal: those whose number begins with 1 are the first one's. */
export function merchantOf(tid: string): Merchant {
  const found = merchants[tid.startsWith("1") ? 0 : 1];
  if (!found) throw new Error("there are two merchants");
  return found;
}

export function terminalsOf({ tmks }: Ceremony): Terminal[] {
  return [...tmks].map(([tid, tmk]) => ({
    tid,
    serial: `TW${tid}`,
    status: "active",
    tmk,
    batch: "000001",
    state: "ready",
    place: undefined,
    requirement: "0",
    settling: false,
    session: undefined,
    merchant: merchantOf(tid),
  }));
}

export function membersOf({ network: { zmks } }: Ceremony): Member[] {
  const macAlgorithm = "x919";
  return [
    { institution: ACQUIRER, role: "acquirer", zmk: zmks.acquirer, macAlgorithm },
    { institution: BANK_INSTITUTION, role: "issuer", zmk: zmks.bank, macAlgorithm },
  ];
}

/** Prefixes of the test cards: all of them are this bank's. */
export const prefixes = (): string[] => [
  ...new Set(cardNames.map((name) => profileOf(name).pan.slice(0, 6))),
];

export function memoryStores(
  ceremony: Ceremony,
  issued: Issued,
  limits: readonly Limit[] = [],
): Stores {
  const payments = new PaymentsMemory(limits);
  payments.memory.commit(() => {
    payments.ledger.open([
      ...systemAccounts("CNY"),
      ...merchants.flatMap((merchant) => merchantAccounts(merchant)),
    ]);
  });
  const bank = new BankMemory();
  bank.memory.commit(() => {
    for (const card of issued.cards) bank.cards.set(card.token, card);
    for (const holder of issued.holders) bank.accounts.set(holder.id, holder);
    bank.ledger.open(issued.accounts);
    bank.ledger.post(issued.funding);
  });
  const routes = new Map(prefixes().map((prefix) => [prefix, BANK_INSTITUTION]));
  const network = networkMemory(membersOf(ceremony), routes);
  const { registry, batches } = registryMemory(terminalsOf(ceremony), (key) =>
    Promise.resolve(linesOf(payments, key)),
  );
  return {
    payments: paymentsStore(payments),
    registry,
    batches,
    network,
    bank: bankStore(bank),
    books: () =>
      Promise.resolve({
        acquirer: acquirerBooks(payments),
        network: networkBooks(network),
        bank: bankBooks(bank),
      }),
    memory: { payments, network, bank },
    close: () => Promise.resolve(),
  };
}

/** What stands of a batch, as its totals count it. */
function linesOf(kept: PaymentsMemory, key: BatchKey): (BatchLine & Counted)[] {
  return kept.opened.rows().flatMap(({ step }) => {
    const standing = kept.standing(step.transaction);
    const mine = step.key.terminal === key.terminal && step.key.batch === key.batch;
    if (!mine || !standing || !stands(standing.state)) return [];
    const { name } = step;
    const moved = name === "tip adjustment" ? step.asked.tip : standing.amount;
    const { maskedPan } = step;
    return [{ name, moved, count: 1, trace: step.key.stan, maskedPan, amount: moved }];
  });
}

function acquirerBooks(kept: PaymentsMemory): AcquirerBooks {
  return {
    transactions: kept.opened.rows().map(({ step }) => ({
      id: step.transaction,
      name: step.name,
      terminal: step.key.terminal,
      batch: step.key.batch,
      stan: step.key.stan,
      rrn: step.rrn,
      state: kept.standing(step.transaction)?.state ?? "none",
      amount: kept.standing(step.transaction)?.amount ?? step.amount,
      tip: step.asked.tip,
    })),
    journals: kept.ledger.booked(),
    inFlight: kept.flights.size,
    pendingAdvices: kept.advices.rows().filter(({ state }) => state === "pending").length,
  };
}

function networkBooks({ exchanges, advices }: NetworkMemory): NetworkBooks {
  return {
    exchanges: exchanges.rows().map(({ exchange: { key, state } }) => ({ key, state })),
    inFlight: exchanges.rows().filter(({ exchange }) => exchange.state === "forwarded").length,
    pendingAdvices: advices.rows().filter(({ state }) => state === "pending").length,
  };
}

function bankBooks(kept: BankMemory): BankBooks {
  return {
    entries: kept.authorisations.rows().map(({ id, type, rrn, state, amount }) => ({
      id,
      name: type,
      rrn: rrn ?? "",
      state,
      amount: amount ?? 0n,
    })),
    journals: kept.ledger.booked(),
  };
}
