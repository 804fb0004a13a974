import { after } from "node:test";
import { bucketOf } from "@tillway/database";
import { openAccounts, postJournals } from "@tillway/ledger";
import { uuidv7 } from "@tillway/money";
import { startTestDatabase } from "../../apps/database/src/testing.ts";
import { bankStore } from "../../apps/issuer/src/bank/index.ts";
import { issueCard } from "../../apps/issuer/src/cards/store/card.ts";
import { openAccount } from "../../apps/issuer/src/cards/store/account.ts";
import { migrateIssuer, openPool, transaction } from "../../apps/issuer/src/db/index.ts";
import { accountsFor, createCalendar, fundingJournal } from "../../apps/issuer/src/ledger/index.ts";
import { bankStoreSuite } from "./bank-store-suite.ts";
import { clock, random } from "./installation.ts";

const server = await startTestDatabase();
const database = openPool(server.url, () => undefined);
await migrateIssuer(database, Date.now());
const calendar = createCalendar(database, { zone: "Asia/Shanghai", cutOver: "23:00" });
const store = bankStore(database, clock);
after(async () => {
  await database.close();
  await server.stop();
});

let cards = 0;

bankStoreSuite("PostgreSQL", async (balance) => {
  cards += 1;
  const name = `card-${cards}`;
  const now = Date.now();
  const businessDate = await calendar.open(now);
  const id = `account-${name}`;
  const bucket = bucketOf(id);
  const account = { id, bucket, currency: "156", creditLimit: 0n, opening: balance };
  const token = `token-${name}`;
  await transaction(database, async (sql) => {
    await openAccount(sql, { ...account, kind: "deposit" }, { id: name, name }, now);
    await openAccounts(sql, "issuer", accountsFor([account]));
    const occasion = { id: uuidv7(now, random(10)), businessDate, occurredAt: now };
    if (balance > 0n) {
      await postJournals(sql, "issuer", [fundingJournal(account, balance, name, occasion)]);
    }
    const limits = { transaction: 10n ** 9n, day: 10n ** 9n, count: 1000 };
    const card = { token, name, account: id, scheme: "unionpay", panCipher: "c", limits };
    const keys = { cryptogramVersion: "unionpay", pvki: "1", pvv: "1234", psn: "01" } as const;
    const product = { serviceCode: "220", partial: true, pinRequired: true };
    const face = { maskedPan: "621626******0018", expiry: "3312" };
    await issueCard(sql, { ...card, ...keys, ...product, ...face }, now);
  });
  return { store, token, name, account: id, bucket, businessDate };
});
