/** What a dead node leaves behind, and what becomes of it. */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { startTestDatabase, type TestDatabase } from "../../apps/database/src/testing.ts";
import { startHouse, until, type House } from "./house.ts";
import type { Terminal } from "./terminal.ts";

let database: TestDatabase;
let house: House;
let terminal: Terminal;

before(async () => {
  database = await startTestDatabase();
  house = await startHouse(database.url, {
    TILLWAY_NETWORK_REPLY_MS: "2000",
    TILLWAY_SWEEP_MS: "50",
  });
});
after(async () => {
  await house?.stop();
  await database?.stop();
});
beforeEach(async () => {
  house.network.rule = () => ({ kind: "code", code: "00" });
  house.network.seen.length = 0;
  terminal?.close();
  terminal = await house.signedIn();
});

/** Makes an approved sale look as its rows looked before the answer came: the node died then. */
async function leaveInFlight(stan: string): Promise<void> {
  const [row] = await house.query(
    "select id::text, bucket, business_date::text as day from transaction where stan = $1 order by id desc limit 1",
    [stan],
  );
  assert.ok(row);
  const { id, bucket, day } = row;
  await house.query("delete from transaction_event where transaction = $1 and type <> 'request'", [
    id,
  ]);
  await house.query(
    "delete from kept_message where transaction = $1 and hop in ('network-reply', 'terminal-reply')",
    [id],
  );
  const journals = "select journal_id from ledger_key where idempotency_key = $1";
  await house.query(`delete from ledger_entry where journal_id in (${journals})`, [
    `${String(id)}/sale`,
  ]);
  await house.query(`delete from ledger_journal where id in (${journals})`, [`${String(id)}/sale`]);
  await house.query("delete from ledger_key where idempotency_key = $1", [`${String(id)}/sale`]);
  await house.query(
    `insert into in_flight (bucket, transaction, business_date, owner, epoch, lease_until)
     select $1, $2, $3, id, epoch, '2999-01-01' from node`,
    [bucket, id, day],
  );
}

test("a restart reverses what was in flight, with a 0420, and the books are as before", async () => {
  const before = await house.balances();
  const sale = await terminal.sale();
  await terminal.ask(sale);
  const [request] = house.network.of("0200");
  await leaveInFlight(sale.fields["11"] ?? "");
  assert.deepEqual(await house.balances(), before);
  await house.restart();
  const advice = await until("the 0420", () => house.network.of("0420")[0]);
  assert.ok(advice.fields["90"]?.startsWith(`0200${request?.fields["11"]}${request?.fields["7"]}`));
  assert.ok(house.network.seen.every(({ authentic }) => authentic));
  const state = async (): Promise<unknown> => {
    const rows = await house.query("select state from transaction_event order by seq desc limit 1");
    return rows[0]?.["state"];
  };
  await until("reversed", async () => (await state()) === "reversed");
  assert.equal((await house.query("select * from in_flight")).length, 0);
  assert.deepEqual(await house.balances(), before);
  const back = await house.signedIn();
  assert.equal(
    (await back.ask(back.reversal(sale))).fields["39"],
    "00",
    "the terminal's own reversal",
  );
  assert.equal((await back.ask(sale)).fields["39"], "22");
  assert.equal(house.network.of("0420", "0421").length, 1);
  back.close();
  await house.audit();
});

test("a lease of another node is left alone until it runs out", async () => {
  const sale = await terminal.sale();
  await terminal.ask(sale);
  await leaveInFlight(sale.fields["11"] ?? "");
  await house.query("update in_flight set owner = 'acquirer-2'");
  await house.restart();
  assert.equal((await house.query("select * from in_flight")).length, 1);
  await house.query("update in_flight set lease_until = '2001-01-01'");
  await until("the 0420", () => house.network.of("0420")[0]);
  assert.equal((await house.query("select * from in_flight")).length, 0);
});

test("an owner that was fenced records its answer and posts nothing", async () => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  house.network.rule = async ({ mti }) => {
    if (mti === "0200") await held;
    return { kind: "code", code: "00" };
  };
  const before = await house.balances();
  const sale = await terminal.sale();
  const waiting = terminal.ask(sale);
  await until("the request", () => house.network.of("0200").length === 1);
  await house.query("update in_flight set lease_until = '2001-01-01'");
  await until("swept", () => house.network.of("0420").length === 1);
  release();
  assert.equal((await waiting).fields["39"], "22");
  assert.deepEqual(await house.balances(), before);
  const notes = await house.query(
    "select * from transaction_event where reason = 'decided-before'",
  );
  assert.equal(notes.length, 1);
  await house.audit();
});

test("close answers what has begun", async () => {
  house.network.rule = async () => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    return { kind: "code", code: "00" };
  };
  const sale = await terminal.sale();
  const waiting = terminal.ask(sale);
  await until("the request", () => house.network.of("0200").length === 1);
  const restarted = house.restart();
  assert.equal((await waiting).fields["39"], "00");
  await restarted;
  const back = await house.signedIn();
  const again = await back.ask(sale);
  assert.equal(again.fields["39"], "00", "and a new life tells the stored outcome");
  back.close();
});

test("connections to the database are lost: nothing is lost that was answered", async () => {
  const [first] = [await terminal.ask(await terminal.sale())];
  assert.equal(first.fields["39"], "00");
  await house.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and application_name like 'tillway%'",
  );
  const sale = await terminal.sale();
  const reply = await terminal.ask(sale).catch(() => undefined);
  assert.ok([undefined, "00", "96"].includes(reply?.fields["39"]));
  const next = await until("served again", async () => {
    const answer = await terminal.ask(await terminal.sale()).catch(() => undefined);
    return answer?.fields["39"] === "00" && answer;
  });
  assert.ok(next.authentic);
  await house.audit();
});
