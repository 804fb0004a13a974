/** The stores in memory do what the stores on PostgreSQL do: the same suites, run on both. */
import { merchantAccounts, systemAccounts } from "../../apps/acquirer/src/ledger/index.ts";
import { paymentStoreSuite, suiteMerchant } from "../../test/acquirer/payment-store-suite.ts";
import { networkStoreSuite } from "../../test/issuer/network-store-suite.ts";
import { bankStoreSuite } from "../../test/issuer/bank-store-suite.ts";
import { accountsFor, fundingJournal } from "../../apps/issuer/src/ledger/index.ts";
import { bucketOf } from "@tillway/database";
import { BankMemory, bankStore } from "./bank.ts";
import { networkMemory } from "./network.ts";
import { paymentsStore } from "./payments-port.ts";
import { PaymentsMemory } from "./payments.ts";

paymentStoreSuite("memory", () => {
  const kept = new PaymentsMemory([]);
  kept.memory.commit(() =>
    kept.ledger.open([
      ...systemAccounts(suiteMerchant.currency),
      ...merchantAccounts(suiteMerchant),
    ]),
  );
  return Promise.resolve({
    store: paymentsStore(kept),
    receivable: () => Promise.resolve(kept.ledger.balance("network:receivable")),
    end: () => Promise.resolve(),
  });
});

const routes = new Map<string, string>();
const network = networkMemory([], routes);
networkStoreSuite("memory", () =>
  Promise.resolve({
    store: network,
    route: (prefix, institution) => {
      routes.set(prefix, institution);
      return Promise.resolve();
    },
  }),
);

const bank = new BankMemory();
let cards = 0;
bankStoreSuite("memory", (balance) => {
  cards += 1;
  const name = `card-${cards}`;
  const [id, token] = [`account-${name}`, `token-${name}`];
  const bucket = bucketOf(id);
  const businessDate = "2026-11-27";
  const holder = { id, bucket, currency: "156", creditLimit: 0n };
  const journal = `0190a1b2-0000-7000-8000-${String(cards).padStart(12, "0")}`;
  bank.memory.commit(() => {
    bank.accounts.set(id, holder);
    bank.ledger.open(accountsFor([holder]));
    const occasion = { id: journal, businessDate, occurredAt: 0 };
    bank.ledger.post([fundingJournal(holder, balance, name, occasion)]);
    bank.cards.set(token, {
      token,
      name,
      account: id,
      accountBucket: bucket,
      currency: "156",
      scheme: "unionpay",
      cryptogramVersion: "unionpay",
      panCipher: "c",
      maskedPan: "621626******0018",
      psn: "01",
      expiry: "3312",
      serviceCode: "220",
      domestic: true,
      partial: true,
      status: "active",
      pvki: "1",
      pvv: "1234",
      pinRequired: true,
      pinTries: 0,
      pinLimit: 3,
      lastAtc: 0,
      wrongCryptograms: 0,
      transactionLimit: 10n ** 9n,
      dayLimit: 10n ** 9n,
      dayCountLimit: 1000,
      dayDate: undefined,
      daySpent: 0n,
      dayCount: 0,
    });
  });
  return Promise.resolve({
    store: bankStore(bank),
    token,
    name,
    account: id,
    bucket,
    businessDate,
  });
});
