import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { connectionUrl, inTransaction, LANE_SETTINGS, prepared, SIDES } from "@tillway/database";
import {
  auditLedger,
  balances,
  ledgerTables,
  openAccounts,
  openDays,
  postJournals,
  type Journal,
} from "@tillway/ledger";
import { startTestDatabase } from "../../apps/database/src/testing.ts";
import { withClient } from "../../apps/database/src/server.ts";

const DAYS = ["2026-12-31", "2027-01-01"];
const FLOORS: ReadonlyMap<string, bigint | undefined> = new Map([
  ["system", undefined],
  ["merchant", undefined],
  ["debit", 0n],
  ["credit", -500n],
]);

type Draft = { bucket: number; key: number; day: string; legs: [string, bigint][] };

/** The ledger as one would write it on paper: one journal at a time. */
class Model {
  readonly balances = new Map<string, bigint>();
  readonly keys = new Map<string, string>();

  post({ id, bucket, idempotencyKey, businessDate, legs }: Journal): string {
    const real = legs.filter((leg) => leg.amount !== 0n);
    if (real.length === 0 || real.reduce((sum, leg) => sum + leg.amount, 0n) !== 0n) {
      return "unbalanced";
    }
    const stored = this.keys.get(`${bucket} ${idempotencyKey}`);
    if (stored !== undefined) return `repeated ${stored}`;
    if (real.some((leg) => !FLOORS.has(leg.account))) return "unknown-account";
    if (!DAYS.includes(businessDate)) return "closed";
    const next = new Map(this.balances);
    for (const { account, amount } of real) {
      const name = `${bucket} ${account}`;
      next.set(name, (next.get(name) ?? 0n) + amount);
    }
    for (const { account } of real) {
      const floor = FLOORS.get(account);
      if (floor !== undefined && (next.get(`${bucket} ${account}`) ?? 0n) < floor) return "floor";
    }
    for (const [name, balance] of next) this.balances.set(name, balance);
    this.keys.set(`${bucket} ${idempotencyKey}`, id);
    return `posted ${id}`;
  }
}

const amounts = fc.bigInt({ min: -400n, max: 400n });
const names = fc.constantFrom("system", "merchant", "debit", "credit", "credit", "debit", "nobody");
const draft: fc.Arbitrary<Draft> = fc.record({
  bucket: fc.integer({ min: 0, max: 2 }),
  key: fc.integer({ min: 0, max: 60 }),
  day: fc.constantFrom(...DAYS, ...DAYS, ...DAYS, "2027-01-02"),
  legs: fc.oneof(
    { weight: 9, arbitrary: fc.tuple(names, names, amounts).map(pair) },
    { weight: 3, arbitrary: fc.tuple(names, names, names, amounts, amounts).map(three) },
    { weight: 1, arbitrary: fc.array(fc.tuple(names, amounts), { maxLength: 3 }) },
  ),
});

function pair([from, to, amount]: [string, string, bigint]): [string, bigint][] {
  return [
    [from, -amount],
    [to, amount],
  ];
}

function three([a, b, c, x, y]: [string, string, string, bigint, bigint]): [string, bigint][] {
  return [
    [a, x],
    [b, y],
    [c, -x - y],
  ];
}

test("random batches give the results and balances of the ledger on paper", async (t) => {
  const database = await startTestDatabase();
  t.after(() => database.stop());
  let counter = 0;
  const journalOf = ({ bucket, key, day, legs }: Draft): Journal => {
    counter += 1;
    return {
      id: `019ab000-0000-7000-8000-${counter.toString(16).padStart(12, "0")}`,
      bucket,
      idempotencyKey: String(key),
      kind: "random",
      businessDate: day,
      occurredAt: counter,
      legs: legs.map(([account, amount]) => ({ account, amount })),
    };
  };
  const batches = fc.array(fc.array(draft, { maxLength: 25 }), { maxLength: 6 });
  const property = fc.asyncProperty(batches, async (drafts) => {
    const url = connectionUrl(await database.fresh("model"), SIDES.acquirer);
    await withClient(url, async (client) => {
      await client.query(ledgerTables("acquirer"));
      await openDays(client, "acquirer", DAYS);
      const accounts = [0, 1, 2].flatMap((bucket) =>
        [...FLOORS].map(([code, floor]) => ({
          bucket,
          code,
          kind: "test",
          currency: "CNY",
          ...(floor === undefined ? {} : { floor }),
        })),
      );
      await openAccounts(client, "acquirer", accounts);
      await client.query(LANE_SETTINGS);
      const sql = prepared(client);
      const model = new Model();
      for (const batch of drafts) {
        const journals = batch.map(journalOf);
        const results = await inTransaction(sql, () => postJournals(sql, "acquirer", journals));
        const said = results.map((one) =>
          "journal" in one ? `${one.code} ${one.journal}` : one.code,
        );
        assert.deepEqual(
          said,
          journals.map((one) => model.post(one)),
        );
      }
      const stored = await balances(sql, "acquirer", [...FLOORS.keys()]);
      for (const [code, balance] of stored) {
        const paper = [0, 1, 2].map((bucket) => model.balances.get(`${bucket} ${code}`) ?? 0n);
        assert.equal(
          balance,
          paper.reduce((sum, one) => sum + one, 0n),
          code,
        );
      }
      const checks = await auditLedger(sql, "acquirer");
      assert.ok(
        checks.every((check) => check.ok),
        JSON.stringify(checks),
      );
    });
  });
  await fc.assert(property, { numRuns: 12 });
});
