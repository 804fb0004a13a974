import { after } from "node:test";
import { startTestDatabase } from "../../apps/database/src/testing.ts";
import { migrateIssuer, openPool, withClient } from "../../apps/issuer/src/db/index.ts";
import { networkStore, saveMember, saveRoute } from "../../apps/issuer/src/network/index.ts";
import { networkStoreSuite } from "./network-store-suite.ts";

const server = await startTestDatabase();
const database = openPool(server.url, () => undefined);
await migrateIssuer(database, Date.now());
after(async () => {
  await database.close();
  await server.stop();
});

networkStoreSuite("PostgreSQL", () =>
  Promise.resolve({
    store: networkStore(database),
    route: (prefix, institution) =>
      withClient(database, async (sql) => {
        const member = { institution, role: "issuer", zmk: "block", kcv: "0", name: "bank", at: 0 };
        await saveMember(sql, { ...member, role: "issuer" });
        await saveRoute(sql, prefix, institution);
      }),
  }),
);
