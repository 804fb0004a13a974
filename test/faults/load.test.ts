/** What goes wrong while terminals pay: each ends with books that agree and a payment that is approved. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { toHex } from "@tillway/bytes";
import {
  createFrameReader,
  cups,
  decode,
  unionpayPos,
  writeFrame,
  type Frame,
} from "@tillway/iso8583";
import { Client } from "pg";
import {
  startInstallation,
  until,
  type Installation,
  type Payment,
} from "../system/installation.ts";
import type { Direction } from "../system/proxy.ts";

let house: Installation;
before(async () => {
  house = await startInstallation({
    workers: 2,
    environment: {
      TILLWAY_NETWORK_REPLY_MS: "2000",
      TILLWAY_ISSUER_REPLY_MS: "1500",
      TILLWAY_REPLY_MS: "4000",
      TILLWAY_ADVICE_RETRY_MS: "200",
      TILLWAY_SWEEP_MS: "200",
    },
  });
});
after(async () => house?.stop());

const TIDS = ["10000001", "10000002"] as const;
const CARDS = ["unionpay-debit", "unionpay-credit"] as const;

/** A small payment at one of the two terminals, each with a card of its own. */
const pay = (which: 0 | 1): Promise<Payment> =>
  house.pay({ amount: "100", tid: TIDS[which], card: CARDS[which] });

/** The message type of a frame: BCD towards the terminal, ASCII towards the network. */
const mtiOf = (link: "pos" | "network", { payload }: Frame): string =>
  link === "pos" ? toHex(payload.subarray(0, 2)) : Buffer.from(payload.subarray(0, 4)).toString();

/** Everything that was owed is settled: the books agree, and both terminals are served. */
async function isWhole(): Promise<void> {
  for (const which of [0, 1] as const) {
    await until(
      "a payment is approved",
      async () => (await pay(which)).outcome === "approved",
      30_000,
    );
  }
  const audit = await until(
    "the books agree",
    async () => {
      const ran = await house.tillway("audit", "--json");
      return ran.code === 0 && ran;
    },
    30_000,
  );
  assert.equal((JSON.parse(audit.out) as { ok: boolean }).ok, true);
}

/** Both terminals pay without a pause while harm is done; payments are approved before and after. */
async function underLoad(harm: () => Promise<void>): Promise<readonly Payment[]> {
  const done: Payment[] = [];
  const stopping = new AbortController();
  const loops = ([0, 1] as const).map(async (which) => {
    while (!stopping.signal.aborted) done.push(await pay(which));
  });
  const approved = (): number => done.filter(({ outcome }) => outcome === "approved").length;
  try {
    await until("some are approved", () => approved() >= 4);
    await harm();
    const then = approved();
    await until("some more are approved", () => approved() >= then + 4, 40_000);
  } finally {
    stopping.abort();
    await Promise.all(loops);
  }
  await isWhole();
  return done;
}

test("a worker is killed under load", async () => {
  await underLoad(async () => {
    const pid = house.pid("acquirer-1");
    process.kill(pid, "SIGKILL");
    await until("it runs again", () => house.pid("acquirer-1") !== pid);
  });
});

/** Every process below one: of the database's, that is all of PostgreSQL. */
function below(parent: number): number[] {
  const parents = readdirSync("/proc").flatMap((name): [number, number][] => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      const [, of] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return [[Number(name), Number(of)]];
    } catch {
      // It ended meanwhile.
      return [];
    }
  });
  const own = parents.filter(([, of]) => of === parent).map(([pid]) => pid);
  return own.flatMap((pid) => [pid, ...below(pid)]);
}

test("every process of PostgreSQL is killed under load", async () => {
  await underLoad(async () => {
    const database = house.pid("database");
    const killed = below(database);
    assert.ok(killed.length > 5, "connections of the acquirer and of the issuer");
    for (const pid of killed) process.kill(pid, "SIGKILL");
    await until("the server is started again", () => house.pid("database") !== database);
  });
});

test("connections full of garbage come without a pause, and good traffic is answered", async () => {
  let made = 0;
  const stopping = new AbortController();
  const garbage = (): Buffer => {
    made += 1;
    const noise = createHash("sha512").update(String(made)).digest();
    // Lengths that are wrong, frames that are cut, frames whose content is noise.
    const start = [[], [0, 61], [0xff, 0xff], [0, 0], [0, 40, 0x60, 0, 3, 0, 0, 0x60, 0x31]][
      made % 5
    ];
    return Buffer.concat([Buffer.from(start ?? []), noise]);
  };
  const once = (port: number): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1", () => socket.write(garbage()));
      const timer = setTimeout(() => socket.destroy(), 200);
      socket.on("error", () => undefined).resume();
      socket.on("close", () => {
        clearTimeout(timer);
        resolve();
      });
    });
  const pids = [house.pid("acquirer-1"), house.pid("acquirer-2")];
  const flood = Array.from({ length: 32 }, async (_, at) => {
    while (!stopping.signal.aborted) await once(at % 4 === 0 ? house.posTlsPort : house.posPort);
  });
  const answers: Payment[] = [];
  for (const which of [0, 1, 0, 1, 0, 1] as const) answers.push(await pay(which));
  await until("there was a flood", () => made > 500);
  stopping.abort();
  await Promise.all(flood);
  assert.deepEqual(
    answers.map(({ outcome }) => outcome),
    answers.map(() => "approved"),
  );
  assert.deepEqual([house.pid("acquirer-1"), house.pid("acquirer-2")], pids, "nobody died of it");
  await isWhole();
});

/** Sends a frame to the acquirer on a connection of its own; the frame that comes back. */
function sendAgain(frame: Frame): Promise<Frame> {
  return new Promise((resolve, reject) => {
    const reader = createFrameReader("2be-tpdu-header6", { maximum: 4096 });
    const socket = connect(house.posPort, "127.0.0.1", () =>
      socket.write(writeFrame("2be-tpdu-header6", frame)),
    );
    socket.setTimeout(5000, () => socket.destroy(new Error("no answer")));
    socket.on("error", reject);
    socket.on("data", (chunk: Buffer) => {
      for (const answer of reader.push(chunk)) {
        socket.destroy();
        resolve(answer);
      }
    });
  });
}

test("a frame that somebody else sends again is answered as before and debits nothing", async () => {
  const from = house.pos.seen.length;
  assert.equal((await pay(0)).outcome, "approved");
  const seen = house.pos.seen.slice(from);
  const sale = seen.find(({ frame }) => mtiOf("pos", frame) === "0200")?.frame;
  const told = seen.find(({ frame }) => mtiOf("pos", frame) === "0210")?.frame;
  assert.ok(sale && told);
  const balance = await house.balance(CARDS[0]);
  const heard = house.network.seen.length;
  // On enough connections that both workers get some.
  const answers = await Promise.all(Array.from({ length: 8 }, () => sendAgain(sale)));
  const fieldsOf = (frame: Frame): unknown => decode(unionpayPos, frame.payload).fields;
  for (const answer of answers) assert.deepEqual(fieldsOf(answer), fieldsOf(told));
  const later = house.network.seen.slice(heard).map(({ frame }) => mtiOf("network", frame));
  assert.ok(!later.includes("0200"), "the network hears nothing of it");
  assert.equal(await house.balance(CARDS[0]), balance);
  await isWhole();
});

test("the network's answer comes after the time-out: it is written down, and the sale is reversed", async () => {
  const before = await house.balance(CARDS[0]);
  const from = house.network.seen.length;
  house.network.rule((direction, frame) =>
    direction === "down" && mtiOf("network", frame) === "0210" ? "hold" : "pass",
  );
  assert.notEqual((await pay(0)).outcome, "approved");
  house.network.rule(undefined);
  await until("the 0420 is acknowledged", () =>
    house.network.seen.slice(from).some(({ frame }) => mtiOf("network", frame) === "0430"),
  );
  const rrn = house.network.seen
    .slice(from)
    .filter(({ frame }) => mtiOf("network", frame) === "0210")
    .map(({ frame }) => decode(cups, frame.payload).fields["37"])[0];
  house.network.release();
  const client = new Client({ connectionString: house.databaseUrl });
  await client.connect();
  try {
    await until("the late answer is written down", async () => {
      const found = await client.query(
        `select 1 from acquirer.transaction_event e join acquirer.transaction t
           on t.bucket = e.bucket and t.id = e.transaction and t.business_date = e.business_date
          where t.rrn = $1 and e.reason = 'late'`,
        [rrn],
      );
      return found.rows.length === 1;
    });
  } finally {
    await client.end();
  }
  assert.equal(await house.balance(CARDS[0]), before);
  await isWhole();
});

test("the acquirer's answer comes after the terminal's time-out: the terminal has reversed it", async () => {
  const before = await house.balance(CARDS[0]);
  const from = house.pos.seen.length;
  house.pos.rule((direction, frame) =>
    direction === "down" && mtiOf("pos", frame) === "0210" ? "hold" : "pass",
  );
  const payment = await pay(0);
  assert.notEqual(payment.outcome, "approved");
  house.pos.rule(undefined);
  house.pos.release();
  await until("the 0400 is answered", () =>
    house.pos.seen.slice(from).some(({ frame }) => mtiOf("pos", frame) === "0410"),
  );
  await until("the balance is as before", async () => (await house.balance(CARDS[0])) === before);
  await isWhole();
});

for (const link of ["pos", "network"] as const) {
  for (const lost of ["up", "down"] as const satisfies readonly Direction[]) {
    test(`the ${link} link loses what goes ${lost}, and heals`, async () => {
      const before = await house.balance(CARDS[0]);
      house[link].rule((direction) => (direction === lost ? "drop" : "pass"));
      assert.notEqual((await pay(0)).outcome, "approved");
      house[link].rule(undefined);
      await until(
        "the balance is as before",
        async () => (await house.balance(CARDS[0])) === before,
      );
      await isWhole();
    });
  }

  test(`the ${link} link is shut, and opened again`, async () => {
    const before = await house.balance(CARDS[0]);
    house[link].cut(true);
    assert.notEqual((await pay(0)).outcome, "approved");
    house[link].cut(false);
    assert.equal(await house.balance(CARDS[0]), before);
    await isWhole();
  });
}
