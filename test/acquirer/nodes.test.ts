/** Several nodes on one database, each a real process with its own link: any may answer any terminal. */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import type { Part } from "../../apps/cli/src/system/process.ts";
import { startTestDatabase, type TestDatabase } from "../../apps/database/src/testing.ts";
import { freePorts, startHouse, startNode, until, type House } from "./house.ts";
import { MID, TID, type Reply, type Terminal } from "./terminal.ts";

let database: TestDatabase;
let house: House;
let nodes: readonly { readonly part: Part; readonly port: number }[] = [];
let left: Terminal;
let right: Terminal;

before(async () => {
  database = await startTestDatabase();
  house = await startHouse(database.url, {
    TILLWAY_NETWORK_REPLY_MS: "3000",
    TILLWAY_SWEEP_MS: "50",
  });
  nodes = await Promise.all(
    ["node-left", "node-right"].map(async (name) => {
      const ports = await freePorts();
      const part = await startNode(house, name, ports);
      return { part, port: Number(ports["TILLWAY_POS_PORT"]) };
    }),
  );
  await until("all three are signed on", () => house.network.members() === 3);
});
after(async () => {
  for (const { part } of nodes) await part.stop();
  await house?.stop();
  await database?.stop();
});
beforeEach(async () => {
  house.network.rule = () => ({ kind: "code", code: "00" });
  house.network.seen.length = 0;
  left = await house.signedIn({ port: nodes[0]?.port ?? 0 });
  // The same device on the other node: it keeps the keys of its session.
  right = await left.elsewhere(nodes[1]?.port ?? 0);
});
afterEach(async () => {
  left.close();
  right.close();
  await house.audit();
});

/** Holds the network's answer to requests; the call lets it go. */
function hold(): () => void {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  house.network.rule = async ({ mti }) => {
    if (mti === "0200") await held;
    return { kind: "code", code: "00" };
  };
  return release;
}

test("a session that was begun at one node is good at the other at once", async () => {
  assert.equal((await right.ask(await right.sale())).fields["39"], "00");
  assert.equal((await left.ask(await left.sale())).fields["39"], "00");
  await left.signIn();
  const later = await left.elsewhere(nodes[1]?.port ?? 0);
  const reply = await later.ask(await later.sale());
  later.close();
  assert.ok(reply.authentic);
  assert.equal(reply.fields["39"], "00", "the other node had the keys before");
});

test("what one node answered, the other answers again, word for word, and the network hears it once", async () => {
  const sale = await left.sale();
  const first = await left.ask(sale);
  const again = await right.ask(sale);
  assert.equal(first.fields["39"], "00");
  assert.deepEqual(again.fields, first.fields);
  assert.equal(house.network.of("0200").length, 1);
  const other = { ...sale, fields: { ...sale.fields, "4": "000000009999" } };
  assert.equal((await right.ask(other)).fields["39"], "94", "the same number, another content");
  assert.equal(house.network.of("0200").length, 1);
});

test("a repeat at the other node waits for the answer that the first waits for", async () => {
  const release = hold();
  const sale = await left.sale();
  const first = left.ask(sale);
  await until("the request", () => house.network.of("0200").length === 1);
  const again = right.ask(sale);
  const settled = await Promise.race([again, new Promise((next) => setTimeout(next, 300))]);
  assert.equal(settled, undefined, "nothing is said before there is an answer");
  release();
  assert.deepEqual((await again).fields, (await first).fields);
  assert.equal((await first).fields["39"], "00");
  assert.equal(house.network.of("0200").length, 1, "never a second debit");
});

test("a reversal at the other node ends what the first has in flight", async () => {
  const before = await house.balances();
  const release = hold();
  const sale = await left.sale();
  const first = left.ask(sale);
  await until("the request", () => house.network.of("0200").length === 1);
  assert.equal((await right.ask(right.reversal(sale))).fields["39"], "00");
  await until("the network hears of it", () => house.network.of("0420").length === 1);
  release();
  assert.equal((await first).fields["39"], "22", "the answer comes too late");
  assert.deepEqual(await house.balances(), before);
  assert.equal((await left.ask(left.reversal(sale))).fields["39"], "00", "and again");
  assert.equal(house.network.of("0420", "0421").length, 1);
});

const block = (amount: bigint, count: number): string =>
  `${amount.toString().padStart(12, "0")}${String(count).padStart(3, "0")}${"0".repeat(15)}0`;

test("a batch that was filled at two nodes is settled at one and closed at both", async () => {
  const batch = left.batch();
  const done = await house.query(
    `select count(*)::integer as n from transaction t where t.batch = $1 and t.terminal = $2
       and exists (select 1 from transaction_event e where e.transaction = t.id and e.type = 'approved')
       and not exists (select 1 from transaction_event e where e.transaction = t.id and e.state = 'reversed')`,
    [batch, TID],
  );
  for (const terminal of [left, right])
    assert.equal((await terminal.ask(await terminal.sale())).fields["39"], "00");
  const count = Number(done[0]?.["n"]) + 2;
  const settle = (terminal: Terminal, stan: string): Promise<Reply> => {
    const own = { "48": block(2580n * BigInt(count), count) + "0".repeat(31), "49": "156" };
    const fields = { "11": stan, "41": TID, "42": MID, "60": `00${batch}201`, "63": "01 ", ...own };
    return terminal.ask({ mti: "0500", fields }, "none");
  };
  const result = (reply: Reply): string | undefined => reply.fields["48"]?.charAt(30);
  assert.equal(result(await settle(right, "900001")), "1");
  assert.equal(result(await settle(left, "900001")), "1", "the other node knows the result");
  for (const terminal of [left, right])
    assert.equal((await terminal.ask(await terminal.sale())).fields["39"], "77", "it is settled");
  await left.signIn();
  assert.notEqual(left.batch(), batch);
  right.close();
  right = await left.elsewhere(nodes[1]?.port ?? 0);
  assert.equal((await right.ask(await right.sale())).fields["39"], "00", "the new batch, at once");
});

test("a node that is killed leaves leases: the others reverse them when they run out", async () => {
  const before = await house.balances();
  const release = hold();
  const sale = await left.sale();
  const dead = left.ask(sale).catch(() => undefined);
  await until("the request", () => house.network.of("0200").length === 1);
  const pid = nodes[0]?.part.pid() ?? 0;
  process.kill(pid, "SIGKILL");
  // Whoever comes first, its own next life or a lease that ran out, ends it by one advice.
  await until("the 0420", () => house.network.of("0420").length === 1, 30_000);
  release();
  await until("nothing is in flight", async () => {
    const [row] = await house.query("select count(*)::integer as n from in_flight");
    return row?.["n"] === 0;
  });
  await dead;
  assert.equal(
    (await right.ask(sale)).fields["39"],
    "22",
    "the other node knows that it is undone",
  );
  assert.equal((await right.ask(right.reversal(sale))).fields["39"], "00");
  assert.deepEqual(await house.balances(), before);
  assert.equal(house.network.of("0420", "0421").length, 1);
  await until("it is back", () => house.network.members() === 3, 30_000);
  assert.notEqual(nodes[0]?.part.pid(), pid);
});
