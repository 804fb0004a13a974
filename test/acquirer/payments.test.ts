/** Sales and their undoing, through the real acquirer and database. */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { startTestDatabase, type TestDatabase } from "../../apps/database/src/testing.ts";
import { startHouse, until, type House } from "./house.ts";
import { CARD, type Terminal } from "./terminal.ts";

let database: TestDatabase;
let house: House;
let terminal: Terminal;

before(async () => {
  database = await startTestDatabase();
  house = await startHouse(database.url);
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

const stateOf = async (stan: string): Promise<string> => {
  const { transactions } = (await house.get("/api/v1/audit")) as unknown as {
    transactions: { stan: string; state: string; batch: string }[];
  };
  return transactions.find((one) => one.stan === stan)?.state ?? "none";
};
const stan = (message: { fields: Readonly<Partial<Record<string, string>>> }): string =>
  message.fields["11"] ?? "";

test("an approved sale is answered under the session's MAC and stands in the books", async () => {
  const before = await house.balances();
  const sale = await terminal.sale();
  const reply = await terminal.ask(sale);
  assert.equal(reply.mti, "0210");
  assert.ok(reply.authentic);
  assert.equal(reply.fields["39"], "00");
  assert.equal(reply.fields["38"], "A12345");
  assert.match(reply.fields["37"] ?? "", /^\d{12}$/);
  assert.equal(reply.fields["60"], sale.fields["60"]);
  const after = await house.balances();
  const moved = (code: string): bigint => BigInt(after[code] ?? "0") - BigInt(before[code] ?? "0");
  assert.equal(moved("network:receivable"), -2580n);
  assert.equal(moved("merchant:898290058120001:payable"), 2565n);
  assert.equal(moved("fee:income"), 15n);
  const [request] = house.network.of("0200");
  assert.ok(house.network.seen[0]?.authentic);
  assert.equal(request?.fields["2"], CARD);
  assert.equal(request?.fields["35"]?.replace("D", "="), `${CARD}=30122010000012345`);
  assert.notEqual(request?.fields["52"], sale.fields["52"], "the PIN block is under another key");
  assert.ok(await house.network.clearPinBlock(request), "and opens under the network's");
  assert.equal(request?.fields["18"], "5812");
  assert.equal(await stateOf(stan(sale)), "approved");
  await house.audit();
});

test("a declined sale is told the issuer's code and posts nothing", async () => {
  house.network.rule = () => ({ kind: "code", code: "51" });
  const before = await house.balances();
  const sale = await terminal.sale();
  const reply = await terminal.ask(sale);
  assert.ok(reply.authentic);
  assert.equal(reply.fields["39"], "51");
  assert.deepEqual(await house.balances(), before);
  assert.equal(await stateOf(stan(sale)), "declined");
  assert.equal(house.network.of("0420", "0421").length, 0);
});

test("no answer in time: 98, and the 0420 goes out until it is acknowledged", async () => {
  house.network.rule = ({ mti }) => (mti === "0200" ? { kind: "silence" } : { kind: "silence" });
  const before = await house.balances();
  const sale = await terminal.sale();
  const reply = await terminal.ask(sale);
  assert.equal(reply.fields["39"], "98");
  assert.ok(reply.authentic);
  const first = await until("the first advice", () => house.network.of("0420")[0]);
  assert.equal(await stateOf(stan(sale)), "reversing");
  const [request] = house.network.of("0200");
  const { 7: sent = "", 11: trace = "" } = request?.fields ?? {};
  assert.equal(first.fields["90"], `0200${trace}${sent}0004802100000048021000`);
  assert.equal(first.fields["2"], CARD);
  assert.equal(first.fields["35"], undefined);
  house.network.rule = () => ({ kind: "code", code: "00" });
  const repeat = await until("the repeat", () => house.network.of("0421")[0]);
  assert.equal(repeat.fields["11"], first.fields["11"], "a repeat keeps its trace");
  assert.equal(repeat.fields["7"], first.fields["7"]);
  await until("acknowledged", async () => (await stateOf(stan(sale))) === "reversed");
  assert.deepEqual(await house.balances(), before);
  await house.audit();
});

test("an answer that comes too late is recorded, not sent, and undone by the stored advice", async () => {
  house.network.rule = ({ mti }) =>
    mti === "0200" ? { kind: "silence" } : { kind: "code", code: "00" };
  const sale = await terminal.sale();
  const reply = await terminal.ask(sale);
  assert.equal(reply.fields["39"], "98");
  const [request] = house.network.of("0200");
  await house.network.answer(request!, "00");
  const recorded = await until("the late answer", async () => {
    const rows = await house.query("select * from transaction_event where type = 'late-answer'");
    return rows.at(-1);
  });
  assert.equal(recorded["response_code"], "00");
  await until("acknowledged", async () => (await stateOf(stan(sale))) === "reversed");
  await house.audit();
});

for (const kind of ["wrong-mac", "no-mac"] as const) {
  test(`an approval with ${kind} counts as no answer and is reversed`, async () => {
    house.network.rule = ({ mti }) =>
      mti === "0200" ? { kind, code: "00" } : { kind: "code", code: "00" };
    const before = await house.balances();
    const sale = await terminal.sale();
    const reply = await terminal.ask(sale);
    assert.equal(reply.fields["39"], "98");
    await until("reversed", async () => (await stateOf(stan(sale))) === "reversed");
    const [advice] = await house.query("select reason from advice order by id desc limit 1");
    assert.equal(advice?.["reason"], "A0");
    assert.deepEqual(await house.balances(), before);
  });
}

test("an approval of another amount, or of a part, is reversed", async () => {
  const changes = [{ own: { "4": "000000000001" }, code: "00" }, { code: "10" }];
  for (const change of changes) {
    house.network.rule = ({ mti }) => ({
      kind: "code",
      ...(mti === "0200" ? change : { code: "00" }),
    });
    const sale = await terminal.sale();
    assert.equal((await terminal.ask(sale)).fields["39"], "98");
    await until("reversed", async () => (await stateOf(stan(sale))) === "reversed");
  }
});

test("the link is cut after the request: 98 and a reversal over the new link", async () => {
  house.network.rule = ({ mti }) =>
    mti === "0200" ? { kind: "cut" } : { kind: "code", code: "00" };
  const sale = await terminal.sale();
  assert.equal((await terminal.ask(sale)).fields["39"], "98");
  await until("reversed", async () => (await stateOf(stan(sale))) === "reversed");
  await until("signed on again", () => house.network.signedOn());
});

test("the same request again gets the stored answer, under the current session, and one debit", async () => {
  const before = await house.balances();
  const sale = await terminal.sale();
  const first = await terminal.ask(sale);
  const again = await terminal.ask(sale);
  assert.deepEqual(again.fields, first.fields);
  await terminal.signIn();
  const later = await terminal.ask(sale);
  assert.ok(later.authentic, "the MAC is of the new session");
  assert.equal(later.fields["37"], first.fields["37"]);
  assert.equal(later.fields["39"], "00");
  assert.equal(house.network.of("0200").length, 1);
  const receivable = "network:receivable";
  const after = await house.balances();
  assert.equal(BigInt(after[receivable] ?? "0") - BigInt(before[receivable] ?? "0"), -2580n);
});

test("the same key with other content is 94, also where its amount is zero", async () => {
  const sale = await terminal.sale();
  await terminal.ask(sale);
  for (const amount of ["000000002581", "000000000000"]) {
    const other = { ...sale, fields: { ...sale.fields, "4": amount } };
    const reply = await terminal.ask(other);
    assert.equal(reply.fields["39"], "94", amount);
    assert.ok(reply.authentic);
  }
  assert.equal(house.network.of("0200").length, 1);
});

test("two identical requests at one time make one request upstream and get one answer", async () => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  house.network.rule = async () => {
    await held;
    return { kind: "code", code: "00" };
  };
  const sale = await terminal.sale();
  const [one, two] = [terminal.ask(sale), terminal.ask(sale)];
  await until("the request", () => house.network.of("0200").length === 1);
  release();
  const [first, second] = [await one, await two];
  assert.equal(first.fields["39"], "00");
  assert.deepEqual(second.fields, first.fields);
  assert.equal(house.network.of("0200").length, 1);
});

test("a reversal undoes an approved sale: postings, books, and the network is told", async () => {
  const before = await house.balances();
  const sale = await terminal.sale();
  const approved = await terminal.ask(sale);
  assert.notDeepEqual(await house.balances(), before);
  const reply = await terminal.ask(terminal.reversal(sale));
  assert.equal(reply.mti, "0410");
  assert.equal(reply.fields["39"], "00");
  assert.ok(reply.authentic);
  assert.equal(reply.fields["37"], approved.fields["37"]);
  assert.deepEqual(await house.balances(), before);
  const advice = await until("the advice", () => house.network.of("0420")[0]);
  assert.equal(advice.fields["38"], "A12345", "with the authorisation code");
  await until("acknowledged", async () => (await stateOf(stan(sale))) === "reversed");
  const again = await terminal.ask(terminal.reversal(sale, { "39": "06" }));
  assert.equal(again.fields["39"], "00", "already reversed");
  assert.deepEqual(await house.balances(), before);
  assert.equal(house.network.of("0420", "0421").length, 1);
  const late = await terminal.ask(sale);
  assert.equal(late.fields["39"], "22", "a reversed sale is never approved again");
  await house.audit();
});

test("a reversal of a declined sale is accepted and nothing is sent", async () => {
  house.network.rule = () => ({ kind: "code", code: "55" });
  const sale = await terminal.sale();
  await terminal.ask(sale);
  const reply = await terminal.ask(terminal.reversal(sale));
  assert.equal(reply.fields["39"], "00");
  assert.equal(house.network.of("0420").length, 0);
  assert.equal(await stateOf(stan(sale)), "declined");
});

test("a reversal of what never came is accepted, and the original is refused when it comes", async () => {
  const sale = await terminal.sale();
  const reply = await terminal.ask(terminal.reversal(sale));
  assert.equal(reply.fields["39"], "00");
  assert.ok(reply.authentic);
  const late = await terminal.ask(sale);
  assert.equal(late.fields["39"], "22");
  assert.equal(house.network.seen.length, 0, "nothing reached the network");
  assert.equal(await stateOf(stan(sale)), "none");
});

test("a reversal that crosses the network's answer wins, and the answer is recorded", async () => {
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
  const second = await house.terminal({ tid: "10000001" });
  // Another line of the same device, under the same keys.
  const reversed = terminal.ask(terminal.reversal(sale));
  await until("it is being reversed", async () => (await stateOf(stan(sale))).startsWith("revers"));
  release();
  const answers = [await waiting, await reversed].map(
    ({ mti, fields }) => `${mti} ${fields["39"]}`,
  );
  assert.deepEqual(answers.sort(), ["0210 22", "0410 00"]);
  await until("reversed", async () => (await stateOf(stan(sale))) === "reversed");
  assert.deepEqual(await house.balances(), before);
  const notes = await house.query(
    "select reason from transaction_event where reason = 'decided-before'",
  );
  assert.equal(notes.length, 1);
  second.close();
  await house.audit();
});

test("a reversal of another amount is refused, and a changed repeat of a reversal is 94", async () => {
  const sale = await terminal.sale();
  await terminal.ask(sale);
  const other = terminal.reversal(sale, { "4": "000000000100" });
  assert.equal((await terminal.ask(other)).fields["39"], "64");
  assert.equal(await stateOf(stan(sale)), "approved");
  assert.equal((await terminal.ask(terminal.reversal(sale))).fields["39"], "00");
  assert.equal((await terminal.ask(other)).fields["39"], "94");
});

test("nothing that the database or the log holds is a card number, a track or a PIN block", async () => {
  const sale = await terminal.sale();
  await terminal.ask(sale);
  const needles = [CARD, sale.fields["52"] ?? "-", sale.fields["35"] ?? "-", "30122010000012345"];
  const tables = await house.query(
    "select table_name from information_schema.tables where table_schema = 'acquirer' and table_type = 'BASE TABLE'",
  );
  for (const { table_name: table } of tables) {
    const rows = JSON.stringify(await house.query(`select * from "${String(table)}"`));
    for (const needle of needles)
      assert.ok(!rows.includes(needle), `${String(table)} holds card data`);
  }
  const told = house.logged.join("\n") + JSON.stringify(await house.get("/api/v1/transactions"));
  for (const needle of needles) assert.ok(!told.includes(needle));
});

test("the API shows every hop's message with names, masked, and says what was not kept", async () => {
  const sale = await terminal.sale();
  const reply = await terminal.ask(sale);
  const page = (await house.get(`/api/v1/transactions?rrn=${reply.fields["37"]}`)) as unknown as {
    items: { id: string; pan: string; amount: string; fee: string }[];
  };
  assert.equal(page.items[0]?.pan, "620000******7892");
  assert.equal(page.items[0]?.fee, "15");
  const detail = (await house.get(`/api/v1/transactions/${page.items[0]?.id}`)) as unknown as {
    state: string;
    messages: {
      hop: string;
      fields: { field: string; name: { en: string }; value: string }[];
      notKept: { field: string }[];
    }[];
    entries: { account: string; amount: string }[];
  };
  assert.equal(detail.state, "approved");
  assert.deepEqual(
    detail.messages.map(({ hop }) => hop),
    ["terminal-request", "network-request", "network-reply", "terminal-reply"],
  );
  assert.deepEqual(
    detail.messages[0]?.notKept.map(({ field }) => field),
    ["35", "52"],
  );
  const shown = detail.messages[0]?.fields.find(({ field }) => field === "2");
  assert.equal(shown?.value, "620000******7892");
  assert.equal(shown?.name.en, "card number");
  assert.equal(detail.entries.length, 3);
});

test("pages go on where the last one ended", async () => {
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const path: string = `/api/v1/transactions?limit=4${cursor ? `&cursor=${cursor}` : ""}`;
    const page = (await house.get(path)) as unknown as {
      items: { id: string }[];
      nextCursor: string | null;
    };
    seen.push(...page.items.map(({ id }) => id));
    cursor = page.nextCursor;
  } while (cursor);
  assert.ok(seen.length > 8);
  assert.deepEqual(seen, [...new Set(seen)].sort().reverse());
});
