/** What bad input gets at the terminals' port, and that nobody else is harmed by it. */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { after, before, beforeEach, test } from "node:test";
import { encode, unionpayPos } from "@tillway/iso8583";
import { startTestDatabase, type TestDatabase } from "../../apps/database/src/testing.ts";
import { startHouse, until, type House } from "./house.ts";
import type { Terminal } from "./terminal.ts";

let database: TestDatabase;
let house: House;
let terminal: Terminal;

before(async () => {
  database = await startTestDatabase();
  house = await startHouse(database.url, {
    TILLWAY_POS_STALL_MS: "150",
    TILLWAY_POS_FRAME_MAX: "600",
    TILLWAY_POS_CONNECTIONS: "40",
  });
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

/** Reads and drops whatever comes, the end too. */
function quiet(socket: Socket): void {
  socket.on("error", () => undefined);
  socket.resume();
}

const refusedWith = async (reason: string): Promise<Record<string, unknown> | undefined> =>
  until(`a refusal recorded as ${reason}`, async () => {
    const rows = await house.query(
      "select * from refused_message where reason = $1 order by seq desc limit 1",
      [reason],
    );
    return rows[0];
  });

test("a wrong MAC is A0 without a MAC, nothing is posted and nothing forwarded", async () => {
  const before = await house.balances();
  const reply = await terminal.ask(await terminal.sale(), "wrong");
  assert.equal(reply.fields["39"], "A0");
  assert.equal(reply.fields["64"], undefined);
  assert.deepEqual(await house.balances(), before);
  assert.equal(house.network.seen.length, 0);
  assert.equal((await refusedWith("wrong-mac"))?.["terminal"], "10000001");
});

test("a sale before the first sign-in is A0, and the keys of an earlier session are no longer good", async () => {
  const fresh = await house.terminal({ tid: "10000002" });
  const sale = { ...(await terminal.sale()) };
  const fields = { ...sale.fields, "41": "10000002" };
  const reply = await fresh.ask({ mti: "0200", fields });
  assert.equal(reply.fields["39"], "A0");
  await refusedWith("not-signed-in");
  fresh.close();
  const other = await house.signedIn();
  const stale = await terminal.ask(await terminal.sale());
  assert.equal(stale.fields["39"], "A0");
  other.close();
  await terminal.signIn();
  assert.equal((await terminal.ask(await terminal.sale())).fields["39"], "00");
});

test("an unknown terminal is 97, for sign-in, echo and sale", async () => {
  const stranger = await house.terminal({ tid: "99999999" });
  const reply = await stranger.signIn();
  assert.equal(reply.mti, "0810");
  assert.equal(reply.fields["39"], "97");
  const echo = {
    mti: "0820",
    fields: { "41": "99999999", "42": "898290058120001", "60": "00000001301" },
  };
  assert.equal((await stranger.ask(echo, "none")).fields["39"], "97");
  const sale = await terminal.sale({ "41": "99999999" });
  assert.equal((await stranger.ask(sale)).fields["39"], "97");
  stranger.close();
});

test("the merchant of another terminal is 03, under a MAC", async () => {
  const reply = await terminal.ask(await terminal.sale({ "42": "898290058129999" }));
  assert.equal(reply.fields["39"], "03");
  assert.ok(reply.authentic);
  const stranger = await house.terminal({ mid: "898290058129999" });
  assert.equal((await stranger.signIn()).fields["39"], "03");
  stranger.close();
});

test("echo and sign-in are answered 00; the batch comes from the host", async () => {
  const echo = {
    mti: "0820",
    fields: { "41": "10000001", "42": "898290058120001", "60": "00000001301" },
  };
  const reply = await terminal.ask(echo, "none");
  assert.equal(reply.mti, "0830");
  assert.equal(reply.fields["39"], "00");
  const signed = await terminal.signIn();
  assert.equal(signed.fields["60"], "00000001004");
  assert.equal(signed.fields["62"]?.length, 120);
});

test("single-length keys are not given out: 40", async () => {
  const fields = {
    "11": "000099",
    "41": "10000001",
    "42": "898290058120001",
    "60": "00000001001",
    "62": "30",
    "63": "01 ",
  };
  const reply = await terminal.ask({ mti: "0800", fields }, "none");
  assert.equal(reply.fields["39"], "40");
});

test("a transaction that is not offered is 40, a message type that is none of ours too", async () => {
  const sale = await terminal.sale({ "3": "330000", "60": `01${terminal.batch()}00050` });
  assert.equal((await terminal.ask(sale)).fields["39"], "40");
  const fields = { "41": "10000001", "42": "898290058120001", "60": "00000001401" };
  assert.equal((await terminal.ask({ mti: "0820", fields }, "none")).fields["39"], "40");
});

test("another batch than the open one is 77", async () => {
  const reply = await terminal.ask(await terminal.sale({ "60": "2200000900050" }));
  assert.equal(reply.fields["39"], "77");
  assert.ok(reply.authentic);
});

test("amount zero is 13, and so is an amount that is no number", async () => {
  const zero = await terminal.ask(await terminal.sale({ "4": "000000000000" }));
  assert.equal(zero.fields["39"], "13");
  assert.ok(zero.authentic);
  const sale = await terminal.sale();
  const at = 2 + 8 + 9 + 3;
  const spoilt = await terminal.bytes(sale, (bytes) => {
    assert.equal(Buffer.from(bytes.subarray(at, at + 6)).toString("hex"), "000000002580");
    bytes[at] = 0xab;
  });
  const reply = await terminal.raw(spoilt);
  assert.equal(reply.fields["39"], "13");
  assert.ok(reply.authentic);
  spoilt[spoilt.length - 1] = spoilt.at(-1) === 0x30 ? 0x31 : 0x30;
  assert.equal((await terminal.raw(spoilt)).fields["39"], "A0", "its MAC is looked at first");
});

test("another currency is A1, another card number than the track's is 14, a broken PIN block 99", async () => {
  const usd = await terminal.ask(await terminal.sale({ "49": "840" }));
  assert.equal(usd.fields["39"], "A1");
  const card = await terminal.ask(await terminal.sale({ "2": "6200009999999990" }));
  assert.equal(card.fields["39"], "14");
  const wrongDigit = await terminal.ask(
    await terminal.sale({ "2": "6200001234567891", "35": undefined }),
  );
  assert.equal(wrongDigit.fields["39"], "14");
  const pin = await terminal.ask(await terminal.sale({ "52": "0011223344556677" }));
  assert.equal(pin.fields["39"], "99");
  assert.equal(house.network.seen.length, 0);
});

test("a field that must be there is missing: 30", async () => {
  for (const number of ["25", "49", "55", "52"]) {
    const reply = await terminal.ask(await terminal.sale({ [number]: undefined }));
    assert.equal(reply.fields["39"], "30", `without DE ${number}`);
    assert.equal(reply.fields["11"]?.length, 6);
  }
});

test("a frame that cannot be read is 30 as far as it can be read, and the line goes on", async () => {
  const bytes = encode(unionpayPos, await terminal.sale());
  const reply = await terminal.raw(bytes.subarray(0, bytes.length - 3));
  assert.equal(reply.mti, "0210");
  assert.equal(reply.fields["39"], "30");
  const leftover = await terminal.raw(Buffer.concat([bytes, Buffer.from([1, 2, 3])]));
  assert.equal(leftover.fields["39"], "30");
  assert.equal((await terminal.ask(await terminal.sale())).fields["39"], "00");
});

test("what is no request ends the connection, and is counted", async () => {
  const lost = await house.terminal();
  lost.socket.write(
    Buffer.concat([Buffer.from([0, 21]), Buffer.alloc(11, 0x60), Buffer.alloc(10, 0xff)]),
  );
  await lost.ended;
  const text = await (await fetch(`${house.http}/metrics`)).text();
  assert.match(text, /tillway_acquirer_terminal_closed_total\{reason="no-request"\} 1/);
});

test("a frame that is too long, and a peer that stalls, are closed while others are served", async () => {
  const long = connect(house.posPort, "127.0.0.1");
  const stalled = connect(house.posPort, "127.0.0.1");
  const gone = Promise.all(
    [long, stalled].map(
      (socket) => new Promise<void>((resolve) => socket.once("close", () => resolve())),
    ),
  );
  for (const socket of [long, stalled]) quiet(socket);
  long.write(Buffer.from([0xff, 0xff, 0x60]));
  stalled.write(Buffer.from([0x00, 0x40, 0x60, 0x00]));
  assert.equal((await terminal.ask(await terminal.sale())).fields["39"], "00");
  await gone;
  const text = await (await fetch(`${house.http}/metrics`)).text();
  assert.match(text, /reason="bad-frame"\} 1/);
  assert.match(text, /reason="stalled"\} 1/);
});

test("more connections than allowed are turned away, and those that are there stay", async () => {
  const sockets = Array.from({ length: 45 }, () => connect(house.posPort, "127.0.0.1"));
  for (const socket of sockets) quiet(socket);
  await until("some are turned away", () => sockets.some((socket) => socket.closed));
  assert.equal((await terminal.ask(await terminal.sale())).fields["39"], "00");
  for (const socket of sockets) socket.destroy();
});

test("a message that comes byte by byte is a message", async () => {
  const slow = await house.signedIn({ tid: "10000002" });
  const sale = await slow.sale();
  const payload = await slow.bytes(sale, () => undefined);
  const head = Buffer.from("6000030000603100310000", "hex");
  const length = head.length + payload.length;
  const frame = Buffer.concat([Buffer.from([length >> 8, length & 255]), head, payload]);
  const reply = slow.next();
  for (const byte of frame.subarray(0, 30)) {
    slow.socket.write(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  slow.socket.write(frame.subarray(30));
  assert.equal((await reply).fields["39"], "00");
  slow.close();
});

test("while the network is down a sale is 91, and the same number may be tried again", async () => {
  house.network.cut(true);
  await until("down", async () => !(await fetch(`${house.http}/readyz`)).ok);
  const sale = await terminal.sale();
  const reply = await terminal.ask(sale);
  assert.equal(reply.fields["39"], "91");
  assert.ok(reply.authentic);
  house.network.cut();
  await until("up again", async () => (await fetch(`${house.http}/readyz`)).ok);
  assert.equal((await terminal.ask(sale)).fields["39"], "00");
});

test("the API refuses without a key, and describes itself as OpenAPI 3.1", async () => {
  const answer = await fetch(`${house.http}/api/v1/transactions`);
  assert.equal(answer.status, 401);
  assert.match(answer.headers.get("content-type") ?? "", /application\/problem\+json/);
  assert.equal(((await answer.json()) as { code: string }).code, "unauthorised");
  const headers = { authorization: `Bearer ${house.apiKey}` };
  const bad = await fetch(`${house.http}/api/v1/transactions?limit=0`, { headers });
  assert.equal(((await bad.json()) as { code: string }).code, "bad-request");
  const none = await fetch(
    `${house.http}/api/v1/transactions/0190a1b2-0000-7000-8000-000000000001`,
    { headers },
  );
  assert.equal(none.status, 404);
  const description = (await (await fetch(`${house.http}/api/openapi.json`)).json()) as {
    openapi: string;
    paths: object;
  };
  assert.equal(description.openapi, "3.1.0");
  assert.ok("/api/v1/transactions/{id}" in description.paths);
  assert.equal((await fetch(`${house.http}/healthz`)).status, 200);
  const home = await fetch(`${house.http}/`, { redirect: "manual" });
  assert.equal(home.headers.get("location"), "/till");
});
