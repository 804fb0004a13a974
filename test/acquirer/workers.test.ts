/** Workers that share one port, under load: what happens to each of them loses no transaction. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Message } from "@tillway/iso8583";
import type { Part } from "../../apps/cli/src/system/process.ts";
import { startTestDatabase, type TestDatabase } from "../../apps/database/src/testing.ts";
import { freePorts, startHouse, startNode, until, type House } from "./house.ts";
import type { Terminal } from "./terminal.ts";

const TIDS = Array.from({ length: 8 }, (_, at) => String(10000001 + at));
let database: TestDatabase;
let house: House;
let port: number;
let workers: Part[];

before(async () => {
  database = await startTestDatabase();
  const times = { TILLWAY_NETWORK_REPLY_MS: "3000", TILLWAY_SWEEP_MS: "50" };
  house = await startHouse(database.url, times, TIDS);
  // The house's own acquirer stands aside: it answers the audit and serves no terminal here.
  const ports = await freePorts();
  const shared = { ...ports, TILLWAY_WORKERS: "2" };
  port = Number(ports["TILLWAY_POS_PORT"]);
  const names = ["worker-1", "worker-2"];
  workers = await Promise.all(names.map((name) => startNode(house, name, shared)));
  await until("all are signed on", () => house.network.members() === 3);
  // Slow enough that there is always something in flight.
  house.network.rule = async () => {
    await sleep(20);
    return { kind: "code", code: "00" };
  };
});
after(async () => {
  for (const worker of workers ?? []) await worker.stop();
  await house?.stop();
  await database?.stop();
});

/** What the terminals know: STANs of sales whose approval they got, and of those without an answer. */
type Known = { readonly approved: Set<string>; readonly unanswered: Message[]; stop: boolean };

const nameOf = ({ fields }: Message): string => `${fields["41"]}/${fields["11"]}`;

/** Connects again until it is served, with the keys of its session. */
function again(terminal: Terminal): Promise<Terminal> {
  terminal.close();
  return until("a worker takes the terminal", () =>
    terminal.elsewhere(port).catch(() => undefined),
  );
}

/** One terminal's day: sales one after the other; what is not answered is reversed before the next. */
async function serve(tid: string, known: Known): Promise<void> {
  let terminal = await house.signedIn({ tid, port });
  const answerTo = (message: Message) =>
    Promise.race([
      terminal.ask(message).catch(() => undefined),
      terminal.ended.then(() => undefined),
    ]);
  for (let turn = 1; !known.stop; turn += 1) {
    // The kernel deals connections out by chance: with new ones all workers get some.
    if (turn % 5 === 0) terminal = await again(terminal);
    const sale = await terminal.sale({ "41": tid });
    const reply = await answerTo(sale);
    if (reply?.authentic) {
      assert.equal(reply.fields["39"], "00", nameOf(sale));
      known.approved.add(nameOf(sale));
      continue;
    }
    known.unanswered.push(sale);
    await until(
      "the reversal is taken",
      async () => {
        terminal = await again(terminal);
        const taken = await answerTo(terminal.reversal(sale));
        return taken?.authentic && taken.fields["39"] === "00";
      },
      20_000,
    );
  }
  terminal.close();
}

/** Runs all terminals, does harm in the midst, and compares what they know with the books. */
async function underLoad(harm: () => Promise<void>): Promise<Known> {
  const known: Known = { approved: new Set(), unanswered: [], stop: false };
  const all = TIDS.map((tid) => serve(tid, known));
  const failed = Promise.all(all).then(() => undefined);
  const reached = (count: number) =>
    until(`${count} sales`, () => known.approved.size >= count, 30_000);
  await Promise.race([reached(60), failed]);
  await harm();
  await Promise.race([reached(known.approved.size + 60), failed]);
  known.stop = true;
  await Promise.all(all);
  await until("nothing is under way", async () => {
    const [row] = await house.query(
      `select (select count(*) from in_flight)::integer + (select count(*) from advice
        where state = 'pending')::integer as n`,
    );
    return row?.["n"] === 0;
  });
  const rows = await house.query(
    `select t.terminal || '/' || t.stan as name, last.state from transaction t
       join lateral (select e.state from transaction_event e
         where e.bucket = t.bucket and e.transaction = t.id order by e.seq desc limit 1) last on true`,
  );
  const states = new Map(rows.map((row) => [row["name"], row["state"]]));
  for (const name of known.approved) assert.equal(states.get(name), "approved", `${name} is kept`);
  for (const sale of known.unanswered) {
    // Where it never arrived there is nothing but the mark that the reversal left.
    const state = states.get(nameOf(sale)) ?? "reversed";
    assert.equal(state, "reversed", `${nameOf(sale)} is undone`);
  }
  await house.audit();
  return known;
}

test("both workers are given terminals, and both write in the same books", async () => {
  const owners = new Set<string>();
  const known = await underLoad(async () => {
    await until("both have had sales in flight", async () => {
      const rows = await house.query("select distinct owner from in_flight");
      for (const { owner } of rows) owners.add(String(owner));
      return owners.size === 2;
    });
  });
  assert.equal(known.unanswered.length, 0);
});

test("a worker is killed under load: the other goes on, and every sale is kept or undone", async () => {
  await underLoad(async () => {
    const pid = workers[0]?.pid() ?? 0;
    process.kill(pid, "SIGKILL");
    await until(
      "it is back",
      () => workers[0]?.pid() !== pid && house.network.members() === 3,
      30_000,
    );
  });
});

test("a worker is stopped under load: it answers what it has begun and leaves nothing", async () => {
  await underLoad(async () => {
    await workers[1]?.stop();
    const left = await house.query("select * from in_flight where owner = 'worker-2'");
    assert.equal(left.length, 0, "it has drained");
  });
});
