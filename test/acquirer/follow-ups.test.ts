/** What may follow what, and what is refused, over real sockets. */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import type { Message } from "@tillway/iso8583";
import type { TransactionName } from "@tillway/transactions";
import { startTestDatabase, type TestDatabase } from "../../apps/database/src/testing.ts";
import { startHouse, until, type House } from "./house.ts";
import type { Reply, Terminal } from "./terminal.ts";

let database: TestDatabase;
let house: House;
let terminal: Terminal;
let other: Terminal;

before(async () => {
  database = await startTestDatabase();
  house = await startHouse(database.url);
  terminal = await house.signedIn();
  other = await house.signedIn({ tid: "10000002" });
});
after(async () => {
  terminal?.close();
  other?.close();
  await house?.stop();
  await database?.stop();
});
beforeEach(() => {
  house.network.rule = () => ({ kind: "code", code: "00" });
  house.network.seen.length = 0;
});
afterEach(() => house.audit());

type Done = { readonly asked: Message; readonly told: Reply };
type Change = Partial<Record<string, string>>;

const done = async (name: TransactionName, change: Change = {}): Promise<Done> => {
  const asked = await terminal.request(name, change);
  const told = await terminal.ask(asked);
  assert.equal(told.fields["39"], "00");
  return { asked, told };
};
const follow = async (
  name: TransactionName,
  original: Done,
  change: Change = {},
  by = terminal,
): Promise<string | undefined> =>
  (await by.ask(await by.following(name, original, change))).fields["39"];
const receivable = async (): Promise<bigint> =>
  -BigInt((await house.balances())["network:receivable"] ?? "0");

test("a sale is refunded in parts up to its amount, from both terminals; its fee comes back whole", async () => {
  const before = await house.balances();
  const sale = await done("sale");
  assert.equal(await follow("refund", sale, { "4": "000000001000" }), "00");
  assert.equal(await follow("sale void", sale), "22", "what was refunded is not voided");
  assert.equal(await follow("refund", sale, { "4": "000000001000" }, other), "00");
  assert.equal(await follow("refund", sale, { "4": "000000000581" }), "64");
  assert.equal(await follow("refund", sale, { "4": "000000000580" }), "00");
  assert.equal(await follow("refund", sale, { "4": "000000000001" }), "64");
  assert.equal((await terminal.ask(terminal.reversal(sale.asked))).fields["39"], "22");
  assert.deepEqual(await house.balances(), before, "amount and fee");
});

test("a void is of the whole amount and comes once; reversed, its sale stands again", async () => {
  const sale = await done("sale");
  assert.equal(await follow("sale void", sale, { "4": "000000002579" }), "64");
  const first = await terminal.following("sale void", sale);
  assert.equal((await terminal.ask(first)).fields["39"], "00");
  assert.equal(await follow("sale void", sale), "22");
  assert.equal(await follow("refund", sale), "22");
  assert.equal((await terminal.ask(terminal.reversal(first))).fields["39"], "00");
  await until("the void is reversed", async () => (await follow("sale void", sale)) === "00");
  assert.equal(await follow("sale void", sale, {}, other), "22");
});

test("a void by another terminal is 12, another card 22, another code 22, nothing 25", async () => {
  const sale = await done("sale");
  assert.equal(await follow("sale void", sale, {}, other), "12");
  const stranger = { "2": "6228480000000000018", "35": undefined };
  const silent = { "22": "052", "26": undefined, "52": undefined };
  assert.equal(await follow("sale void", sale, { ...stranger, ...silent }), "22");
  assert.equal(await follow("sale void", sale, { "38": "ZZZZZZ" }), "22");
  assert.equal(await follow("sale void", sale, { "37": "633099999999" }), "25");
  assert.equal(await follow("sale void", sale, { "61": "000001999999" }), "25");
  const declined = await terminal.sale();
  house.network.rule = () => ({ kind: "code", code: "51" });
  const told = await terminal.ask(declined);
  house.network.rule = () => ({ kind: "code", code: "00" });
  const refused = {
    asked: declined,
    told: { ...told, fields: { ...told.fields, "38": "A12345" } },
  };
  assert.equal(await follow("refund", refused), "22", "what was declined");
});

test("a hold is found by its code, batch and STAN, also from another terminal, and taken once", async () => {
  const hold = await done("pre-authorisation");
  const unnamed = { "37": undefined };
  assert.equal(await follow("completion", hold, { ...unnamed, "4": "000000002968" }, other), "61");
  assert.equal(await follow("completion", hold, { ...unnamed, "38": "ZZZZZZ" }, other), "25");
  assert.equal(await follow("completion", hold, { ...unnamed, "4": "000000002967" }, other), "00");
  assert.equal(await follow("pre-authorisation void", hold, unnamed), "22");
  assert.equal(await follow("completion advice", hold, unnamed), "22");
});

test("a part is approved where it was asked for: 10, posted, told again, and undone as either", async () => {
  const before = await receivable();
  house.network.rule = ({ mti }) =>
    mti === "0200"
      ? {
          kind: "code",
          code: "10",
          own: { "4": "000000001000", "54": "0057156D000000002580", "38": "P12345" },
        }
      : { kind: "code", code: "00" };
  const asked = await terminal.sale({ "60": `22${terminal.batch()}000501` });
  const told = await terminal.ask(asked);
  assert.equal(told.fields["39"], "10");
  assert.equal(told.fields["4"], "000000001000");
  assert.equal(told.fields["54"], "0057156D000000002580");
  assert.equal((await receivable()) - before, 1000n);
  assert.equal(house.network.of("0200")[0]?.fields["60"], "00001");
  assert.deepEqual((await terminal.ask(asked)).fields, told.fields);
  const page = (await house.get(`/api/v1/transactions?rrn=${told.fields["37"]}`)) as unknown as {
    items: { amount: string }[];
  };
  assert.equal(page.items[0]?.amount, "1000");
  assert.equal(await follow("refund", { asked, told }, { "4": "000000001001" }), "64");
  const reversal = terminal.reversal(asked, { "4": "000000001000" });
  assert.equal((await terminal.ask(reversal)).fields["39"], "00");
  assert.equal(await receivable(), before);
});

test("a tip is added to a sale once; a void afterwards is of both", async () => {
  const before = await house.balances();
  const sale = await done("sale");
  const tip = { "4": "000000002880", "48": "000000000300" };
  assert.equal(await follow("tip adjustment", sale, { ...tip, "4": "000000002881" }), "64");
  assert.equal(await follow("tip adjustment", sale, tip), "00");
  assert.equal(await follow("tip adjustment", sale, tip), "22");
  assert.equal(await follow("sale void", sale), "64");
  assert.equal(await follow("sale void", sale, { "4": "000000002880" }), "00");
  assert.deepEqual(await house.balances(), before);
});

test("a promise that was not kept moves nothing; kept, it cannot be kept twice", async () => {
  const before = await receivable();
  const deposit = await done("deposit");
  assert.equal(await receivable(), before);
  assert.equal(await follow("deposit confirmation", deposit, { "4": "000000002581" }), "64");
  assert.equal(await follow("deposit confirmation", deposit), "00");
  assert.equal(await follow("deposit confirmation", deposit), "22");
  assert.equal((await receivable()) - before, -2580n);
});

test("a hold whose completion was voided may be followed again, at any terminal", async () => {
  const before = await house.balances();
  const hold = await done("pre-authorisation");
  const completion = await terminal.following("completion", hold);
  const completed: Done = { asked: completion, told: await terminal.ask(completion) };
  assert.equal(completed.told.fields["39"], "00");
  assert.equal(await follow("pre-authorisation void", hold), "22", "it is completed");
  const undo = await terminal.following("completion void", completed);
  assert.equal((await terminal.ask(undo)).fields["39"], "00");
  assert.equal(await follow("completion void", completed), "22");
  assert.equal(await follow("pre-authorisation void", hold), "00");
  assert.equal(await follow("pre-authorisation void", hold), "22", "once");
  assert.equal(await follow("completion", hold), "22");
  // Were the void of the completion undone now, the hold would be charged and cancelled.
  assert.equal((await terminal.ask(terminal.reversal(undo))).fields["39"], "22");
  assert.deepEqual(await house.balances(), before);
});

test("the void of a completion is reversed: its hold is completed and taken as before", async () => {
  const hold = await done("pre-authorisation");
  const completion = await terminal.following("completion", hold);
  const completed: Done = { asked: completion, told: await terminal.ask(completion) };
  const undo = await terminal.following("completion void", completed);
  assert.equal((await terminal.ask(undo)).fields["39"], "00");
  assert.equal((await terminal.ask(terminal.reversal(undo))).fields["39"], "00");
  assert.equal(await follow("pre-authorisation void", hold), "22");
  assert.equal(await follow("completion", hold), "22");
  await until("it may be voided anew", async () => {
    return (await follow("completion void", completed)) === "00";
  });
  assert.equal(await follow("completion", hold), "00", "and the hold completed anew");
});
