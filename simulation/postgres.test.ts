/** The same seeds over the stores on PostgreSQL end in the same books as over those in memory. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startTestDatabase } from "../apps/database/src/testing.ts";
import { planOf } from "./plan.ts";
import { run } from "./run.ts";
import { postgresStores } from "./stores/postgres.ts";

const SEEDS = 20;
const TRANSACTIONS = 8;

const server = await startTestDatabase();
after(() => server.stop());

for (let seed = 1; seed <= SEEDS; seed += 1) {
  test(`seed ${seed} ends in the same books on PostgreSQL as in memory`, async () => {
    const plan = planOf(seed, TRANSACTIONS, "heavy");
    const memory = await run(plan);
    const url = await server.fresh("simulation");
    const postgres = await run(plan, {
      stores: (ceremony, issued) => postgresStores(url, ceremony, issued),
    });
    assert.deepEqual(postgres.violations, []);
    assert.equal(postgres.booksHash, memory.booksHash);
    assert.equal(postgres.events, memory.events);
  });
}
