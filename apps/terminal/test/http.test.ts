/** The local API: pairing, origins, the screen's socket, the PIN pad's document and its socket. */
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { WebSocket } from "ws";
import type { Terminals } from "../src/app.ts";
import type { Screen } from "../src/payment/index.ts";
import { apiOf, type Api } from "./api.ts";
import { cardName, demonstration, pan, until, type Demonstration } from "./demonstration.ts";

let shop: Demonstration;
let terminals: Terminals;
let api: Api;

before(async () => {
  shop = await demonstration();
  terminals = await shop.start();
  api = apiOf(shop, terminals);
  await api.signedIn();
});
after(() => shop.close());

const ours = "http://localhost:8080";
const json = { "content-type": "application/json" };

async function pair(code: string, headers: Record<string, string> = {}): Promise<Response> {
  const body = JSON.stringify({ code });
  return fetch(`${api.base}/terminals/pair`, {
    method: "POST",
    headers: { ...json, ...headers },
    body,
  });
}

async function cookie(): Promise<string> {
  const paired = await pair(api.code);
  assert.equal(paired.status, 204);
  return paired.headers.get("set-cookie") ?? "";
}

type Heard = { readonly socket: WebSocket; readonly messages: Record<string, unknown>[] };

function open(path: string, headers: Record<string, string>): Promise<Heard> {
  const socket = new WebSocket(`${api.base.replace("http", "ws")}${path}`, { headers });
  const messages: Record<string, unknown>[] = [];
  socket.on("message", (data: Buffer) => {
    messages.push(JSON.parse(data.toString()) as Record<string, unknown>);
  });
  return new Promise((resolve, reject) => {
    socket.on("open", () => resolve({ socket, messages }));
    socket.on("error", reject);
  });
}

const stateOf = ({ messages }: Heard): Screen | undefined =>
  messages.findLast((message) => message["type"] === "state")?.["state"] as Screen | undefined;

test("the pairing code is a file of its owner; nothing is told without it", async () => {
  assert.equal(statSync(join(shop.data, "terminal/pairing-code")).mode & 0o777, 0o600);
  for (const path of ["/terminals", "/terminals/10000001/cards", "/terminals/10000001/pin-pad"]) {
    const answer = await fetch(api.base + path);
    assert.equal(answer.status, 401);
    assert.match(answer.headers.get("content-type") ?? "", /problem\+json/);
    assert.equal(((await answer.json()) as { code: string }).code, "not-paired");
  }
  await assert.rejects(open("/terminals/10000001/screen", {}), /401/);
  assert.equal((await fetch(`${api.base}/healthz`)).status, 200);
});

test("a paired screen has a cookie that scripts cannot read; another origin is refused", async () => {
  const set = await cookie();
  assert.match(set, /HttpOnly; SameSite=Strict/);
  assert.ok(!set.includes(api.code));
  const headers = { cookie: set.split(";")[0] ?? "" };
  assert.equal((await fetch(`${api.base}/terminals`, { headers })).status, 200);
  const mine = await fetch(`${api.base}/terminals`, { headers: { ...headers, origin: ours } });
  assert.equal(mine.status, 200);
  const foreign = { ...headers, origin: "http://evil.example" };
  assert.equal((await fetch(`${api.base}/terminals`, { headers: foreign })).status, 403);
  assert.equal((await pair(api.code, { origin: "null" })).status, 403);
  await assert.rejects(open("/terminals/10000001/screen", foreign), /403/);
});

test("bad requests are problems with a code and repeat nothing", async () => {
  const order = { type: "sale", amount: "2580", currency: "CNY", card: cardName };
  const cases: [object, number, string][] = [
    [{ ...order, amount: "0" }, 400, "bad-amount"],
    [{ ...order, amount: "25.80" }, 400, "bad-amount"],
    [{ ...order, amount: 2580.5 }, 400, "bad-amount"],
    [{ ...order, currency: "ZZZ" }, 400, "bad-currency"],
    [{ ...order, card: "no-such-card" }, 404, "unknown-card"],
    [{ ...order, pin: "12" }, 400, "bad-request"],
    [{ ...order, entry: "thrown" }, 400, "bad-request"],
    [{ ...order, type: "sale void" }, 400, "bad-order"],
    [{ ...order, type: "deposit confirmation" }, 400, "bad-order"],
    [{}, 400, "bad-request"],
  ];
  for (const [body, status, code] of cases) {
    const answer = await api.post("/terminals/10000001/transactions", body);
    assert.deepEqual([answer.status, (answer.body as { code: string }).code], [status, code]);
  }
  const unknown = await api.post("/terminals/99999999/transactions", order);
  assert.equal((unknown.body as { code: string }).code, "unknown-terminal");
  assert.equal((await api.get("/nothing")).status, 404);
});

test("a sale by hand: amount, card, PIN on the pad, card out, result, receipt", async () => {
  const headers = { cookie: (await cookie()).split(";")[0] ?? "", origin: ours };
  const screen = await open("/terminals/10000001/screen", headers);
  const say = (message: object): void => screen.socket.send(JSON.stringify(message));
  const phase = (wanted: string): Promise<void> =>
    until(() => stateOf(screen)?.phase === wanted, `the phase ${wanted}`);
  await phase("idle");
  say({ type: "begin", order: { type: "sale", amount: "2580" } });
  await phase("card");
  const busy = await api.post("/terminals/10000001/sign-in");
  assert.equal((busy.body as { code: string }).code, "busy");

  say({ type: "insert", card: cardName });
  await phase("pin");
  const page = await fetch(`${api.base}/terminals/10000001/pin-pad?lang=zh-CN`, { headers });
  assert.match(page.headers.get("content-security-policy") ?? "", /sandbox allow-scripts/);
  const html = await page.text();
  assert.match(html, /lang="zh-CN"/);
  const ticket = /data-ticket="(\w+)"/.exec(html)?.[1] ?? "";
  // The pad's document has an origin of its own: it brings a ticket instead of a cookie.
  const path = `/terminals/10000001/pin-pad/input?ticket=${ticket}`;
  const pad = await open(path, { origin: "null" });
  const again = await open(path, { origin: "null" });
  await until(() => again.socket.readyState === WebSocket.CLOSED, "the used ticket's refusal");
  await until(() => pad.messages.some(({ type }) => type === "layout"), "the layout");
  for (const key of ["1", "2", "3", "4", "5", "6"])
    pad.socket.send(JSON.stringify({ type: "key", key }));
  await until(() => stateOf(screen)?.pinDigits === 6, "six digits");
  pad.socket.send(JSON.stringify({ type: "key", key: "Enter" }));
  await phase("remove");
  say({ type: "remove" });
  await phase("result");
  const { result, receipt, prompt } = stateOf(screen) ?? {};
  assert.equal(prompt, "approved");
  assert.equal(result?.maskedPan, "621626*********0018");
  assert.match(receipt?.text.zh ?? "", /交易成功/);
  assert.match(receipt?.svg.en ?? "", /^<svg/);
  say({ type: "dismiss" });
  await phase("idle");

  const told = JSON.stringify([screen.messages, pad.messages]);
  assert.ok(!told.includes(pan));
  assert.ok(!JSON.stringify(screen.messages).includes("123456"));
  screen.socket.close();
  pad.socket.close();
});

test("cancel at the PIN pad, and the card out while the host is asked", async () => {
  const headers = { authorization: `Bearer ${api.code}` };
  const screen = await open("/terminals/10000001/screen", headers);
  const say = (message: object): void => screen.socket.send(JSON.stringify(message));
  const seen = (holds: (state: Screen) => boolean, what: string): Promise<void> =>
    until(() => {
      const state = stateOf(screen);
      return state !== undefined && holds(state);
    }, what);
  say({ type: "begin", order: { type: "sale", amount: "100" } });
  say({ type: "insert", card: cardName });
  await seen(({ phase }) => phase === "pin", "the PIN pad");
  say({ type: "cancel" });
  await seen(({ phase }) => phase === "remove", "the end");
  say({ type: "remove" });
  await seen(({ prompt }) => prompt === "cancelled", "cancelled");

  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  shop.host.script = ({ mti }) => (mti === "0200" ? { after: held, code: "00" } : { code: "00" });
  const reversals = shop.host.of("0400").length;
  say({ type: "begin", order: { type: "sale", amount: "100" } });
  say({ type: "insert", card: cardName });
  await seen(({ phase }) => phase === "pin", "the PIN pad");
  const page = await fetch(`${api.base}/terminals/10000001/pin-pad`, { headers });
  const ticket = /data-ticket="(\w+)"/.exec(await page.text())?.[1] ?? "";
  const pad = await open(`/terminals/10000001/pin-pad/input?ticket=${ticket}`, {});
  for (const key of [..."123456", "Enter"]) pad.socket.send(JSON.stringify({ type: "key", key }));
  await seen(({ phase }) => phase === "online", "the request");
  say({ type: "remove" });
  await seen(({ card }) => card === null, "the card out");
  release();
  await seen(({ phase }) => phase === "result", "the end");
  assert.equal(stateOf(screen)?.result?.outcome, "declined");
  assert.equal(shop.host.of("0400").length, reversals + 1);
  assert.equal(shop.host.of("0400").at(-1)?.fields["39"], "06");
  shop.host.script = () => ({ code: "00" });
  for (const { socket } of [screen, pad]) socket.close();
});

test("a page's own script cannot fetch the PIN pad's document", async () => {
  const headers = { authorization: `Bearer ${api.code}` };
  const at = `${api.base}/terminals/10000001/pin-pad`;
  const by = (dest: string) => fetch(at, { headers: { ...headers, "sec-fetch-dest": dest } });
  assert.equal((await by("iframe")).status, 200);
  assert.equal((await by("empty")).status, 403);
});

test("the till is one address away, or it is said that it is not built", async () => {
  for (const path of ["/till", "/till/"]) {
    const page = await fetch(api.base + path);
    assert.ok([200, 503].includes(page.status), `${path}: ${page.status}`);
    if (page.status === 503) continue;
    assert.equal(new URL(page.url).pathname, "/till/");
    assert.match(page.headers.get("content-security-policy") ?? "", /frame-ancestors 'none'/);
  }
});

test("dashes and case of the code do not matter; guessing is stopped", async () => {
  assert.equal((await pair(api.code.toLowerCase().replaceAll("-", " "))).status, 204);
  const statuses: number[] = [];
  for (let count = 0; count < 11; count += 1) statuses.push((await pair("AAAA-BBBB")).status);
  assert.deepEqual(statuses, [...Array.from({ length: 10 }, () => 403), 429]);
  // Whoever is paired already goes on.
  assert.equal((await api.get("/terminals")).status, 200);
});

test("no log line holds the pairing code, a card number or a PIN pad's ticket", () => {
  const log = shop.logged.join("\n");
  assert.ok(log.includes("signed-in"), "there is a log");
  for (const secret of [api.code, pan, "ticket="]) assert.ok(!log.includes(secret));
});

test("a till is told what there is to begin, and what may follow each transaction", async () => {
  const offer = (await api.get("/terminals/10000001/types")).body as {
    readonly types: readonly { readonly type: string }[];
  };
  assert.ok(offer.types.some(({ type }) => type === "refund"));
  assert.ok(!offer.types.some(({ type }) => type === "deposit confirmation"));
  const made = await api.pay();
  const row = (await api.transactions()).find(({ id }) => id === made["transaction"]);
  assert.deepEqual(row?.["text"], { en: "Sale", zh: "消费" });
  assert.deepEqual(row?.["following"], [
    { type: "sale void", most: "2580" },
    { type: "refund", most: "2580" },
    { type: "tip adjustment", most: "774" },
  ]);
});

test("a card is keyed in by its name in the tray, as its number is not told", async () => {
  const order = { type: "sale", amount: "2580", entry: "manual", pin: "123456" };
  const path = "/terminals/10000001/transactions";
  const made = await api.post(path, { ...order, keyed: { card: cardName } });
  const { outcome, entry } = made.body as Record<string, unknown>;
  assert.deepEqual([outcome, entry], ["approved", "manual"]);
  const wrong = await api.post(path, { ...order, keyed: { card: "no-such-card" } });
  assert.equal((wrong.body as { code: string }).code, "bad-card-number");
});
