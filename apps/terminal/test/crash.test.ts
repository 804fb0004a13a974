/**
 * The device dies at each step of each transaction type: before and after every write of its journal.
 * What the next start makes of it is compared with what the host has heard.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { readConfiguration } from "@tillway/configuration";
import { createSoftwareModule } from "@tillway/keys";
import type { Cancel, Clock } from "@tillway/link";
import { catalogue, type TransactionName } from "@tillway/transactions";
import { pino } from "pino";
import { openTray } from "../src/cards/index.ts";
import { createDevice, type Device } from "../src/device.ts";
import { keyFile } from "../src/files.ts";
import { openJournal, type Journal } from "../src/journal/index.ts";
import { fateOf } from "../src/payment/fate.ts";
import type { Paid, ScriptedOrder } from "../src/payment/index.ts";
import { terminalSettings } from "../src/settings.ts";
import { demonstration, random, tid, until, type Demonstration } from "./demonstration.ts";

let shop: Demonstration;
before(async () => {
  shop = await demonstration();
});
after(() => shop.close());

/** A device whose power can go at any moment. */
type Powered = {
  readonly device: Device;
  readonly journal: Journal;
  /** Writes to the journal from now on: the power goes around the one with this number. */
  readonly cutAt: (write: number, when: "before" | "after") => void;
  readonly writes: () => number;
  readonly dead: Promise<void>;
  readonly off: () => void;
};

const passive = new Set([
  "identity",
  "masterKey",
  "batch",
  "dues",
  "find",
  "card",
  "transactions",
  "ofBatch",
  "setting",
  "receipt",
]);

function power(): Powered {
  const folder = join(shop.data, "terminal");
  const masterKey = readFileSync(join(folder, "master.key"));
  const path = join(folder, `journal-${tid}.sqlite`);
  const deviceKey = keyFile(join(folder, `journal-${tid}.key`), random);
  const real = openJournal({ path, deviceKey, random });
  let count = 0;
  let cut: { readonly write: number; readonly when: "before" | "after" } | undefined;
  let isDead = false;
  let die = (): void => undefined;
  const dead = new Promise<void>((resolve) => {
    die = () => {
      isDead = true;
      resolve();
    };
  });
  const journal = new Proxy(real, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...given: unknown[]): unknown => {
        // What is left of a dead device may look around, as long as it writes nothing.
        if (passive.has(String(name))) return Reflect.apply(member, target, given);
        if (isDead) throw new Error("the power is off");
        count += 1;
        if (cut?.write === count && cut.when === "before") {
          die();
          throw new Error("the power is off");
        }
        const result: unknown = Reflect.apply(member, target, given);
        if (cut?.write !== count) return result;
        die();
        throw new Error("the power is off");
      };
    },
  });
  const timers = new Set<NodeJS.Timeout>();
  const clock: Clock = {
    now: () => Date.now(),
    after: (ms, run): Cancel => {
      const timer = setTimeout(() => {
        timers.delete(timer);
        if (!isDead) run();
      }, ms);
      timers.add(timer);
      return () => {
        clearTimeout(timer);
        timers.delete(timer);
      };
    },
  };
  const configuration = readConfiguration(terminalSettings, {
    TILLWAY_DATA: shop.data,
    TILLWAY_POS_PORT: String(shop.host.port),
    TILLWAY_REPLY_MS: "2000",
  });
  const caKeys: unknown = JSON.parse(readFileSync(join(folder, "ca-keys.json"), "utf8"));
  const device = createDevice({
    configuration,
    journal,
    module: createSoftwareModule({ masterKey, random }),
    tray: openTray(join(shop.data, "cards"), random),
    caKeys,
    clock,
    random,
    log: pino({ level: "silent" }),
    reader: undefined,
    connect: () => connect({ host: "127.0.0.1", port: shop.host.port, noDelay: true }),
  });
  return {
    device,
    journal: real,
    cutAt: (write, when) => {
      count = 0;
      cut = { write, when };
    },
    writes: () => count,
    dead,
    off: () => {
      die();
      device.close().catch(() => undefined);
      for (const timer of timers) clearTimeout(timer);
      real.close();
    },
  };
}

const ready = ({ device }: Powered) =>
  until(() => device.session.signedIn() && device.journal.dues().length === 0, "a sign-in");

const chip = { entry: "chip", cards: ["unionpay-debit"] } as const;

async function run(
  powered: Powered,
  order: ScriptedOrder["order"],
  way: object,
): Promise<Paid | undefined> {
  const { device, dead } = powered;
  return Promise.race([
    Promise.resolve()
      .then(() => device.desk.run({ order, cards: [], ...way }))
      .catch(() => undefined),
    dead.then(() => undefined),
  ]);
}

/** An order of the type, its original made before the power can go. */
async function orderOf(
  powered: Powered,
  type: TransactionName,
): Promise<[ScriptedOrder["order"], object]> {
  const [follows] = catalogue[type].follows;
  const currency = "CNY";
  if (follows !== undefined) {
    const [order, way] = await orderOf(powered, follows as TransactionName);
    const made = await run(powered, order, way);
    assert.ok(made?.ok === true && made.conclusion.result.outcome === "approved");
    const original = { transaction: made.payment.id };
    return [{ type, currency, original, ...(type === "tip adjustment" ? { tip: "200" } : {}) }, {}];
  }
  const amount = catalogue[type].amount === "none" ? undefined : "2580";
  const receiver = type === "transfer" ? "6250940500000006" : undefined;
  const plan =
    type === "instalment sale" ? ({ periods: 3, code: "01", payer: "holder" } as const) : undefined;
  return [{ type, currency, amount, receiver, plan }, chip];
}

/** What must hold of everything the host has heard, once nothing is owed any more. */
function agree(journal: Journal, told: Paid | undefined): void {
  const rows = journal.transactions(1000);
  const heard = shop.host.heard.map(({ message }) => message);
  for (const { mti, fields } of heard) {
    if (!["0100", "0200", "0220"].includes(mti)) continue;
    const row = rows.find((one) => one.stan === fields["11"]);
    assert.ok(row, `what left the device is in its journal: ${mti} ${fields["11"]}`);
    const reversals = heard.filter((one) => one.mti === "0400" && one.fields["11"] === row.stan);
    switch (fateOf(row.type)) {
      case "reversal":
        assert.equal(row.state === "approved", reversals.length === 0, `${row.type} ${row.state}`);
        assert.ok(["approved", "reversed"].includes(row.state));
        break;
      case "advice":
        assert.equal(row.state, "approved");
        assert.equal(reversals.length, 0);
        break;
      case "promise": {
        const confirmed = heard.some(
          (one) => one.mti === "0220" && one.fields["61"]?.slice(6, 12) === row.stan,
        );
        assert.equal(row.state, confirmed ? "approved" : "lapsed");
        break;
      }
      case "nothing":
        assert.ok(["approved", "lapsed"].includes(row.state));
    }
  }
  if (told?.ok === true && told.conclusion.result.outcome === "approved") {
    assert.equal(journal.find({ id: told.payment.id })?.state, "approved");
  }
}

const ordered = (Object.keys(catalogue) as TransactionName[]).filter(
  (type) => !["offline chip sale", "deposit confirmation", "transfer confirmation"].includes(type),
);

/** One crash and what the next start makes of it; false where the transaction had no such write. */
async function crash(
  type: TransactionName,
  write: number,
  when: "before" | "after",
): Promise<boolean> {
  const powered = power();
  let told: Paid | undefined;
  let reached: boolean;
  try {
    await ready(powered);
    const [order, way] = await orderOf(powered, type);
    powered.cutAt(write, when);
    told = await run(powered, order, way);
    reached = powered.writes() >= write;
  } finally {
    powered.off();
  }
  const again = power();
  try {
    await ready(again);
    agree(again.journal, told);
  } finally {
    again.off();
  }
  shop.host.heard.length = 0;
  return reached;
}

for (const type of ordered) {
  test(`${type}: the power goes before and after each write of the journal`, async () => {
    let write = 1;
    for (; await crash(type, write, "before"); write += 1) await crash(type, write, "after");
    // Trace number, transaction, outcome, receipt at least.
    assert.ok(write > 4, `the power went at ${write - 1} writes`);
  });
}
