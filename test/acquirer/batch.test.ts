/** The end of a batch, sign-off, script results and signatures, over real sockets. */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { deflateSync } from "node:zlib";
import type { Message } from "@tillway/iso8583";
import { characteristicCode } from "../../apps/acquirer/src/wire/papers-desk.ts";
import { startTestDatabase, type TestDatabase } from "../../apps/database/src/testing.ts";
import { startHouse, until, type House } from "./house.ts";
import { CARD, MID, TID, type Reply, type Terminal } from "./terminal.ts";

let database: TestDatabase;
let house: House;
let terminal: Terminal;

before(async () => {
  database = await startTestDatabase();
  house = await startHouse(database.url);
});
after(async () => {
  await house?.stop();
  await database?.stop();
});
beforeEach(async () => {
  house.network.rule = () => ({ kind: "code", code: "00" });
  house.network.seen.length = 0;
  terminal = await house.signedIn();
});
afterEach(async () => {
  terminal.close();
  await house.audit();
});

type Sale = { readonly asked: Message; readonly told: Reply };
let stan = 900_000;

const manage = (
  mti: string,
  code: string,
  more: Record<string, string> = {},
  batch = terminal.batch(),
): Promise<Reply> => {
  stan += 1;
  const fields = { "11": String(stan), "41": TID, "42": MID, "60": `00${batch}${code}`, ...more };
  return terminal.ask({ mti, fields }, "none");
};
const sale = async (): Promise<Sale> => {
  const asked = await terminal.sale();
  const told = await terminal.ask(asked);
  assert.equal(told.fields["39"], "00");
  return { asked, told };
};
const totals = (debit: bigint, debits: number, credit = 0n, credits = 0): string => {
  const block = [
    debit.toString().padStart(12, "0"),
    String(debits).padStart(3, "0"),
    credit.toString().padStart(12, "0"),
    String(credits).padStart(3, "0"),
    "0",
  ].join("");
  return block + "0".repeat(31);
};
const settle = (told: string, batch = terminal.batch()): Promise<Reply> =>
  manage("0500", "201", { "48": told, "49": "156", "63": "01 " }, batch);
const resultOf = (reply: Reply): string =>
  `${reply.fields["48"]?.charAt(30)}${reply.fields["48"]?.charAt(61)}`;
const record = ({ asked }: Sale, amount = asked.fields["4"]): string =>
  `00${asked.fields["11"]}${CARD.padStart(20, "0")}${amount}`;
const batchOf = (batch: string) =>
  house.get(`/api/v1/batches/${TID}/${batch}`) as unknown as Promise<{
    state: string;
    differences: { trace: string; what: string }[];
    uploaded: number;
  }>;

test("totals that agree close the batch; the next sign-in tells the next number", async () => {
  const first = await sale();
  await sale();
  const refund = await terminal.following("refund", first, { "4": "000000000580" });
  assert.equal((await terminal.ask(refund)).fields["39"], "00");
  const batch = terminal.batch();
  const told = totals(5160n, 2, 580n, 1);
  assert.equal(resultOf(await settle(told)), "11");
  assert.equal(resultOf(await settle(told)), "11", "and again");
  assert.equal((await terminal.ask(await terminal.sale())).fields["39"], "77", "nothing is added");
  const end = await manage("0320", "207", { "48": "0000" });
  assert.equal(end.mti, "0330");
  await terminal.signIn();
  assert.equal(terminal.batch(), String(Number(batch) + 1).padStart(6, "0"));
  assert.equal(resultOf(await settle(told, batch)), "11", "a repeat gets the stored result");
  await sale();
  assert.equal((await batchOf(batch)).state, "closed");
  const events = await house.query("select payload from outbox where type = 'batch-closed'");
  assert.equal(events.length, 1);
});

test("a batch that balanced and was never ended is closed by the next sign-in", async () => {
  const batch = terminal.batch();
  const one = await sale();
  const before = await settle(totals(0n, 0));
  assert.equal(resultOf(before), "22", "wrong totals");
  // The terminal counted again, with the sale of the test before.
  const counted = await house.query(
    "select count(*)::integer as n from transaction where batch = $1 and kind = 'sale'",
    [batch],
  );
  const sales = Number(counted[0]?.["n"]);
  assert.ok(one.told.authentic);
  assert.equal(resultOf(await settle(totals(2580n * BigInt(sales), sales))), "11");
  await terminal.signIn();
  assert.notEqual(terminal.batch(), batch);
});

test("totals that differ: uploaded, compared, closed, and every difference is told", async () => {
  const [right, wrong, missing] = [await sale(), await sale(), await sale()];
  const batch = terminal.batch();
  assert.equal(resultOf(await settle(totals(2580n, 1))), "22");
  const records = [
    record(right),
    record(wrong, "000000000001"),
    record(right).replace(/^.{8}/, "00999999"),
  ];
  const upload = { "48": `03${records.join("")}` };
  const reply = await manage("0320", "201", upload);
  assert.equal(reply.mti, "0330");
  await manage("0320", "201", upload);
  const chip = "610000000000002580156";
  const hex = Buffer.from(chip, "latin1").toString("hex").toUpperCase();
  assert.equal((await manage("0320", "205", { "62": hex })).mti, "0330");
  const failed = Buffer.from("71000500000000258015622", "latin1").toString("hex");
  assert.equal((await manage("0320", "206", { "62": failed.toUpperCase() })).mti, "0330");
  await manage("0320", "202", { "48": "0003" });
  await manage("0320", "202", { "48": "0003" });
  const { state, differences, uploaded } = await batchOf(batch);
  assert.equal(state, "closed");
  assert.equal(uploaded, 3);
  const trace = ({ asked }: Sale): string => asked.fields["11"] ?? "";
  assert.deepEqual(
    differences.map(({ trace: at, what }) => `${at} ${what}`).sort(),
    [`${trace(missing)} only-acquirer`, `${trace(wrong)} amount`, "999999 only-terminal"].sort(),
  );
  const told = await house.query("select payload from outbox where type = 'upload-finished'");
  assert.equal(told.length, 1);
  await terminal.signIn();
  await sale();
});

test("a batch that is not the terminal's is 3, and its upload is 77", async () => {
  assert.equal(resultOf(await settle(totals(0n, 0), "000777")), "33");
  const reply = await manage("0320", "202", { "48": "0000" }, "000777");
  assert.equal(reply.fields["39"], "77");
});

test("a void after the batch was closed is 12; a refund is done, from another terminal too", async () => {
  const done = await sale();
  const counted = await house.query(
    "select count(*)::integer as n from transaction where batch = $1",
    [terminal.batch()],
  );
  const sales = Number(counted[0]?.["n"]);
  assert.equal(resultOf(await settle(totals(2580n * BigInt(sales), sales))), "11");
  await manage("0320", "207", { "48": "0000" });
  await terminal.signIn();
  const late = await terminal.following("sale void", done);
  assert.equal((await terminal.ask(late)).fields["39"], "12");
  const other = await house.signedIn({ tid: "10000002" });
  const refund = await other.following("refund", done, { "4": "000000001000" });
  assert.equal((await other.ask(refund)).fields["39"], "00");
  const more = await other.following("refund", done, { "4": "000000001581" });
  assert.equal((await other.ask(more)).fields["39"], "64", "more than remains");
  const again = await other.ask(more);
  assert.equal(again.fields["39"], "64", "and the same said again");
  other.close();
});

test("after a sign-off a payment needs a sign-in", async () => {
  const asked = await terminal.sale();
  assert.equal((await manage("0820", "002")).fields["39"], "00");
  assert.equal((await terminal.ask(asked)).fields["39"], "A0");
  await terminal.signIn();
  await sale();
});

test("a script result is kept, answered as often as it comes, and handed on once", async () => {
  const { asked, told } = await sale();
  const message: Message = {
    mti: "0620",
    fields: {
      "2": CARD,
      "3": "000000",
      "4": asked.fields["4"] ?? "",
      "11": "000777",
      "22": "051",
      "32": told.fields["32"] ?? "",
      "37": told.fields["37"] ?? "",
      "41": TID,
      "42": MID,
      "49": "156",
      "55": "9F3602000195050000000000DF310520000000009F2608A1B2C3D4E5F607189F1A0201569A03261122",
      "60": `00${terminal.batch()}95150`,
      "61": `${terminal.batch()}${asked.fields["11"]}${told.fields["13"]}`,
    },
  };
  assert.equal((await terminal.ask(message)).fields["39"], "00");
  assert.equal((await terminal.ask(message)).fields["39"], "00");
  const sent = await until("handed on", () => house.network.of("0620")[0]);
  assert.equal(sent.fields["90"]?.slice(0, 4), "0200");
  assert.equal(sent.fields["2"], CARD);
  assert.equal(sent.parsed["55"]?.["DF31"], "2000000000");
  await until("acknowledged", async () => {
    const rows = await house.query("select state from advice where mti = '0620'");
    return rows.length === 1 && rows[0]?.["state"] === "acknowledged";
  });
  assert.equal(house.network.of("0620", "0621").length, 1);
  const unknown = { ...message, fields: { ...message.fields, "61": "0000010000010101" } };
  assert.equal((await terminal.ask(unknown)).fields["39"], "25");
});

test("a signature is sealed with its payment, and shown with its characteristic code", async () => {
  const { asked, told } = await sale();
  const image = deflateSync(Buffer.alloc(1024, 7)).toString("hex").toUpperCase();
  const message = (change: Record<string, string> = {}): Message => ({
    mti: "0820",
    fields: {
      "4": asked.fields["4"] ?? "",
      "11": asked.fields["11"] ?? "",
      "12": told.fields["12"] ?? "",
      "13": told.fields["13"] ?? "",
      "15": told.fields["15"] ?? "",
      "37": told.fields["37"] ?? "",
      "41": TID,
      "42": MID,
      "55": "FF0006C9CCBBA7CDA8",
      "60": `07${terminal.batch()}800`,
      "62": image,
      ...change,
    },
  });
  const reply = await terminal.ask(message());
  assert.equal(reply.fields["39"], "00");
  assert.equal((await terminal.ask(message())).fields["39"], "00", "again");
  assert.equal((await terminal.ask(message({ "62": "00" }))).fields["39"], "94", "another image");
  assert.equal((await terminal.ask(message({ "15": "0101" }))).fields["39"], "22");
  assert.equal((await terminal.ask(message({ "37": "000000000000" }))).fields["39"], "25");
  const rows = await house.query("select encode(sealed, 'hex') as sealed from signature");
  assert.equal(rows.length, 1);
  assert.ok(!String(rows[0]?.["sealed"]).toUpperCase().includes(image), "sealed");
  const page = (await house.get(`/api/v1/transactions?rrn=${told.fields["37"]}`)) as unknown as {
    items: { id: string }[];
  };
  const shown = await house.get(`/api/v1/transactions/${page.items[0]?.id}/signature`);
  const code = characteristicCode(told.fields["15"] ?? "", told.fields["37"] ?? "");
  assert.equal(shown["characteristicCode"], code);
  assert.equal(Buffer.from(String(shown["image"]), "base64").toString("hex").toUpperCase(), image);
});
