/** The stores in memory do what the stores on PostgreSQL do: the same suites, run on both. */
import { merchantAccounts, systemAccounts } from "../../apps/acquirer/src/ledger/index.ts";
import { paymentStoreSuite, suiteMerchant } from "../../test/acquirer/payment-store-suite.ts";
import { networkStoreSuite } from "../../test/issuer/network-store-suite.ts";
import { networkMemory } from "./network.ts";
import { PaymentsMemory, paymentsStore } from "./payments.ts";

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
