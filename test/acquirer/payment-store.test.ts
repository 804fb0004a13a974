/** The port of payments on PostgreSQL. */
import { openDayKeeper, openPool, migrateSchema } from "../../apps/acquirer/src/db/index.ts";
import {
  merchantAccounts,
  open as openAccounts,
  systemAccounts,
} from "../../apps/acquirer/src/ledger/index.ts";
import { openPostgresStore } from "../../apps/acquirer/src/payments/index.ts";
import { startTestDatabase } from "../../apps/database/src/testing.ts";
import { paymentStoreSuite, suiteMerchant } from "./payment-store-suite.ts";

paymentStoreSuite("PostgreSQL", async () => {
  const server = await startTestDatabase();
  const database = openPool(server.url, () => undefined);
  await migrateSchema(database, Date.now());
  await database.use((sql) =>
    openAccounts(sql, [
      ...systemAccounts(suiteMerchant.currency),
      ...merchantAccounts(suiteMerchant),
    ]),
  );
  const store = openPostgresStore({
    database,
    days: openDayKeeper(database),
    lanes: 2,
    batchMost: 256,
    onLost: () => undefined,
    knownMs: 1000,
    now: () => Date.now(),
  });
  return {
    store,
    receivable: async () => {
      const found = await database.use((sql) =>
        sql.query(
          `select coalesce(sum(e.amount), 0)::text as balance from ledger_entry e
             join ledger_account a on a.bucket = e.bucket and a.id = e.account_id
            where a.code = 'network:receivable'`,
        ),
      );
      return BigInt(String(found.rows[0]?.["balance"]));
    },
    end: async () => {
      await store.end();
      await database.close();
      await server.stop();
    },
  };
});
