/** Every type of the catalogue, over real sockets: normal, declined, repeated, timed out, late. */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import type { Decoded, Message } from "@tillway/iso8583";
import { catalogue, transactionNames, type TransactionName } from "@tillway/transactions";
import { lifeOf } from "../../apps/acquirer/src/payments/index.ts";
import { startTestDatabase, type TestDatabase } from "../../apps/database/src/testing.ts";
import { startHouse, until, type House } from "./house.ts";
import { CARD, type Reply, type Terminal } from "./terminal.ts";

let database: TestDatabase;
let house: House;
let terminal: Terminal;

before(async () => {
  database = await startTestDatabase();
  house = await startHouse(database.url, { TILLWAY_NETWORK_REPLY_MS: "400" });
  terminal = await house.signedIn();
});
after(async () => {
  terminal?.close();
  await house?.stop();
  await database?.stop();
});
beforeEach(() => {
  house.network.rule = () => ({ kind: "code", code: "00" });
  house.network.seen.length = 0;
});
afterEach(() => house.audit());

const RECEIVER = "6228480000000000018";
const hex = (text: string): string => Buffer.from(text, "latin1").toString("hex").toUpperCase();
const particular: Partial<Record<TransactionName, Partial<Record<string, string>>>> = {
  transfer: { "62": hex(`TF${RECEIVER.length}${RECEIVER}`) },
  "instalment sale": { "62": hex("IP03010".padEnd(22)) },
  "tip adjustment": { "4": "000000002880", "48": "000000000300" },
  "offline chip sale": {
    "55": "8A0259319F2608A1B2C3D4E5F607189F2701409F101307010103A0A000010A010000000000123456AB9F3704123456789F3602000195050000000000",
  },
};
/** Minor units that a transaction adds to what the network owes us. */
const RECEIVABLE: Readonly<Record<TransactionName, bigint>> = {
  sale: 2580n,
  "sale void": -2580n,
  refund: -2580n,
  "pre-authorisation": 0n,
  "pre-authorisation void": 0n,
  completion: 2580n,
  "completion advice": 2580n,
  "completion void": -2580n,
  "balance inquiry": 0n,
  withdrawal: 2580n,
  deposit: 0n,
  "deposit confirmation": -2580n,
  transfer: 0n,
  "transfer confirmation": 0n,
  "tip adjustment": 300n,
  "instalment sale": 2580n,
  "instalment void": -2580n,
  "offline chip sale": 2580n,
};

type Done = { readonly asked: Message; readonly told: Reply };

async function done(asked: Message): Promise<Done> {
  const told = await terminal.ask(asked);
  assert.equal(told.fields["39"], "00", `${asked.mti} ${asked.fields["3"]}`);
  assert.ok(told.authentic);
  return { asked, told };
}

/** A request of a type, with the original that it needs approved before it. */
async function make(name: TransactionName): Promise<Message> {
  const [first] = catalogue[name].follows;
  const change = particular[name] ?? {};
  if (first === undefined) return terminal.request(name, change);
  const original = await done(await make(first as TransactionName));
  house.network.seen.length = 0;
  return terminal.following(name, original, change);
}

const receivable = async (): Promise<bigint> =>
  -BigInt((await house.balances())["network:receivable"] ?? "0");
const stateOf = async (asked: Message): Promise<string> => {
  const rows = await house.query(
    `select e.state from transaction t join transaction_event e on e.transaction = t.id
      where t.stan = $1 order by e.seq desc limit 1`,
    [asked.fields["11"]],
  );
  return String(rows[0]?.["state"]);
};
const marksOf = async (asked: Message): Promise<string> => {
  const rows = await house.query(
    `select coalesce(o.held_by::text, 'free') || ' ' || o.refunded || ' ' || o.tip as marks
       from transaction t join original o on o.transaction = t.original where t.stan = $1`,
    [asked.fields["11"]],
  );
  const found = rows[0]?.["marks"];
  return typeof found === "string" ? found : "free 0 0";
};
const sent = (mti: string): Decoded[] => house.network.of(mti, `${mti.slice(0, 3)}1`);

for (const name of transactionNames) {
  const life = lifeOf(name);
  const { network, follows } = catalogue[name];
  const mti = network?.mti ?? "";

  test(`${name}: is done once, however often it is asked`, async () => {
    const asked = await make(name);
    const before = await receivable();
    const { told } = await done(asked);
    assert.equal((await receivable()) - before, RECEIVABLE[name]);
    const [message] = await until("sent on", () => sent(mti).length > 0 && sent(mti));
    assert.equal(message?.fields["3"], network?.processing);
    assert.equal(message?.fields["25"], network?.condition);
    assert.equal(message?.fields["2"], CARD);
    assert.equal(message?.fields["90"] !== undefined, follows.length > 0, "names its original");
    assert.equal(message?.fields["103"], name.startsWith("transfer") ? RECEIVER : undefined);
    if (life === "advice") assert.equal(message?.fields["35"], undefined);
    const again = await terminal.ask(asked);
    assert.deepEqual(again.fields, told.fields);
    assert.equal((await receivable()) - before, RECEIVABLE[name]);
    await until("approved", async () => (await stateOf(asked)) === "approved");
    assert.equal(new Set(sent(mti).map(({ fields }) => fields["11"])).size, 1, "one message");
    if (name === "balance inquiry") assert.equal(told.fields["54"], "0002156C000000123456");
  });

  test(`${name}: declined by the network, it moves nothing and takes nothing`, async () => {
    const asked = await make(name);
    house.network.rule = () => ({ kind: "code", code: "51" });
    const before = await receivable();
    const reply = await terminal.ask(asked);
    // An advice is told as done; what the network refuses for good is undone.
    assert.equal(reply.fields["39"], life === "advice" ? "00" : "51");
    await until("declined", async () => (await stateOf(asked)) === "declined");
    assert.equal(await receivable(), before);
    assert.equal(await marksOf(asked), "free 0 0");
    assert.equal(house.network.of("0420").length, 0);
  });

  test(`${name}: without an answer`, async () => {
    const asked = await make(name);
    house.network.rule = () => ({ kind: "silence" });
    const before = await receivable();
    const reply = await terminal.ask(asked);
    if (life === "advice") {
      assert.equal(reply.fields["39"], "00", "it is stored");
      await until("repeated", () => sent(mti).some((one) => one.mti.endsWith("1")));
      house.network.rule = () => ({ kind: "code", code: "00" });
      await until("approved", async () => (await stateOf(asked)) === "approved");
      assert.equal((await receivable()) - before, RECEIVABLE[name]);
      assert.equal(new Set(sent(mti).map(({ fields }) => fields["11"])).size, 1);
      return;
    }
    assert.equal(reply.fields["39"], "98");
    if (life === "payment") {
      house.network.rule = () => ({ kind: "code", code: "00" });
      await until("reversed", async () => (await stateOf(asked)) === "reversed");
      assert.equal(await marksOf(asked), "free 0 0", "its original is free again");
    }
    if (life === "promise") {
      assert.equal(await stateOf(asked), "unanswered");
      house.network.rule = () => ({ kind: "code", code: "00" });
      assert.equal((await terminal.ask(asked)).fields["39"], "00", "asked again");
      const [first, second] = [house.network.of(mti), house.network.of(`${mti.slice(0, 3)}1`)];
      assert.equal(second[0]?.fields["11"], first[0]?.fields["11"], "under the same numbers");
      assert.equal(await stateOf(asked), "approved");
    }
    if (life === "inquiry") assert.equal(await stateOf(asked), "declined");
    assert.equal(await receivable(), before);
  });

  test(`${name}: a reversal, and an answer that comes after it`, async () => {
    const asked = await make(name);
    const before = await receivable();
    if (life !== "payment") {
      await done(asked);
      const after = await receivable();
      if (life === "inquiry") return;
      const refused = await terminal.ask(terminal.reversal(asked));
      assert.equal(refused.fields["39"], "40", "it is repeated, never reversed");
      assert.equal(await receivable(), after);
      return;
    }
    house.network.rule = (message) =>
      message.mti.startsWith("04") ? { kind: "code", code: "00" } : { kind: "silence" };
    const waiting = terminal.ask(asked);
    const request = await until("the request", () => sent(mti)[0]);
    const reversed = terminal.ask(terminal.reversal(asked));
    await until("the advice", () => house.network.of("0420").length === 1);
    await house.network.answer(request, "00");
    const answers = [await waiting, await reversed];
    assert.deepEqual(new Set(answers.map(({ fields }) => fields["39"])), new Set(["00", "22"]));
    await until("reversed", async () => (await stateOf(asked)) === "reversed");
    assert.equal(await receivable(), before);
    assert.equal(await marksOf(asked), "free 0 0");
    assert.equal((await terminal.ask(asked)).fields["39"], "22");
  });
}

test("an offline sale without the card's own approval gets 12 and moves nothing", async () => {
  house.network.seen.length = 0;
  const good = await terminal.request("offline chip sale", particular["offline chip sale"] ?? {});
  const chip = good.fields["55"] ?? "";
  for (const wrong of [
    chip.replace("8A025931", ""),
    chip.replace("8A025931", "8A023030"),
    chip.replace("8A025931", "8A025A31"),
    chip.replace("9F270140", "9F270180"),
    chip.replace("9F270140", ""),
  ]) {
    const change = { ...particular["offline chip sale"], "55": wrong };
    const asked = await terminal.request("offline chip sale", change);
    assert.equal((await terminal.ask(asked)).fields["39"], "12", wrong);
  }
  assert.equal(house.network.seen.length, 0);
  const late = chip.replace("8A025931", "8A025933");
  await done(await terminal.request("offline chip sale", { "55": late }));
});
