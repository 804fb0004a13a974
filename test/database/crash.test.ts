import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  connectionUrl,
  inTransaction,
  LANE_SETTINGS,
  Lanes,
  prepared,
  SIDES,
} from "@tillway/database";
import {
  auditLedger,
  balances,
  credit,
  debit,
  ledgerTables,
  openAccounts,
  openDays,
  postJournals,
  striped,
  type Journal,
  type PostingResult,
} from "@tillway/ledger";
import pg from "pg";
import { startServer, withClient } from "../../apps/database/src/server.ts";

const DAY = "2026-11-23";
const LANES = 2;

/** Lanes over connections of their own, as a writer has them. */
async function writers(url: string) {
  const clients = await Promise.all(
    Array.from({ length: LANES }, async () => {
      const client = new pg.Client({ connectionString: url });
      client.on("error", () => undefined);
      await client.connect();
      await client.query(LANE_SETTINGS);
      return client;
    }),
  );
  const connections = clients.map((client) => prepared(client));
  const lanes = new Lanes<Journal, PostingResult>({
    lanes: LANES,
    run: (lane, journals) => {
      const sql = connections[lane];
      if (sql === undefined) throw new Error("no such lane");
      return inTransaction(sql, () => postJournals(sql, "acquirer", journals));
    },
  });
  return { lanes, close: () => Promise.allSettled(clients.map((client) => client.end())) };
}

let counter = 0;
function sale(bucket: number): Journal {
  counter += 1;
  return {
    id: `019ab000-0000-7000-8000-${counter.toString(16).padStart(12, "0")}`,
    bucket,
    idempotencyKey: `sale ${counter}`,
    kind: "sale",
    businessDate: DAY,
    occurredAt: counter,
    legs: [debit("network", 100n), credit("merchant", 98n), credit("fees", 2n)],
  };
}

async function prepareLedger(url: string): Promise<void> {
  await withClient(url, async (client) => {
    await client.query(ledgerTables("acquirer"));
    await openDays(client, "acquirer", [DAY]);
    const codes = ["network", "merchant", "fees"];
    const accounts = codes.flatMap((code) => striped({ code, kind: "system", currency: "CNY" }));
    await openAccounts(client, "acquirer", accounts);
  });
}

test("PostgreSQL killed under load, three times: nothing acknowledged is lost, books balance", async (t) => {
  const dataFolder = await mkdtemp(join(tmpdir(), "tillway-test-"));
  const start = () => startServer({ dataFolder, log: () => undefined });
  let server = await start();
  // One hook: hooks run in the order in which they were set, and a running server writes.
  t.after(async () => {
    await server.stop();
    await rm(dataFolder, { recursive: true, force: true });
  });
  await prepareLedger(connectionUrl(server.url, SIDES.acquirer));
  const acknowledged = new Set<string>();
  const sent: Journal[] = [];
  for (let round = 0; round < 3; round += 1) {
    const { lanes, close } = await writers(connectionUrl(server.url, SIDES.acquirer));
    const terminals = Array.from({ length: 64 }, async (_, bucket) => {
      for (;;) {
        const journal = sale(bucket);
        sent.push(journal);
        const result = await lanes.submit(bucket, journal);
        assert.equal(result.code, "posted");
        acknowledged.add(journal.id);
        if (acknowledged.size === 1000 * (round + 1)) process.kill(server.pid, "SIGKILL");
      }
    });
    // A terminal goes on until a step of its own gets no answer.
    const ends = await Promise.allSettled(terminals);
    assert.ok(ends.every((end) => end.status === "rejected"));
    await close();
    await server.ended;
    await server.stop();
    server = await start();
  }
  const { lanes, close } = await writers(connectionUrl(server.url, SIDES.acquirer));
  // Every step sent is sent again: what was acknowledged must be a repeat of itself.
  const again = await Promise.all(sent.map((one) => lanes.submit(one.bucket, one)));
  for (const [at, result] of again.entries()) {
    const id = sent[at]?.id ?? "";
    assert.ok("journal" in result && result.journal === id);
    if (acknowledged.has(id)) assert.equal(result.code, "repeated");
  }
  await lanes.drain();
  await close();
  await withClient(connectionUrl(server.url, SIDES.acquirer), async (client) => {
    const checks = await auditLedger(client, "acquirer");
    assert.ok(checks.every((check) => check.ok));
    assert.deepEqual(
      [...(await balances(client, "acquirer", ["fees", "network"])).values()],
      [2n * BigInt(sent.length), -100n * BigInt(sent.length)],
    );
  });
});

test("a row that the server cannot read fails alone, its batch is posted", async (t) => {
  const dataFolder = await mkdtemp(join(tmpdir(), "tillway-test-"));
  const server = await startServer({ dataFolder, log: () => undefined });
  t.after(async () => {
    await server.stop();
    await rm(dataFolder, { recursive: true, force: true });
  });
  const url = connectionUrl(server.url, SIDES.acquirer);
  await prepareLedger(url);
  const { lanes, close } = await writers(url);
  const batch = Array.from({ length: 9 }, (_, at) => {
    const one = sale(0);
    return at === 4 ? { ...one, id: "no uuid" } : at === 7 ? { ...one, bucket: 99_999 } : one;
  });
  const ends = await Promise.allSettled(batch.map((one) => lanes.submit(0, one)));
  assert.deepEqual(
    ends.map((end) => (end.status === "fulfilled" ? end.value.code : "rejected")),
    batch.map((_, at) => (at === 4 || at === 7 ? "rejected" : "posted")),
  );
  await close();
});
