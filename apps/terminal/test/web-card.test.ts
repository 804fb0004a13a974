/** A card over WebSockets at a whole device: who may be one, what it pays, what comes of tearing it out. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { WebSocket } from "ws";
import type { Terminals } from "../src/app.ts";
import { apiOf, type Api } from "./api.ts";
import { cardName, demonstration, pin, tid, until, type Demonstration } from "./demonstration.ts";

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

const paths = [`/terminals/${tid}/reader`, `/terminals/${tid}/lent-cards/${cardName}`] as const;

function connect(path: string, headers: Record<string, string>): WebSocket {
  return new WebSocket(`${api.base.replace("http", "ws")}${path}`, { headers });
}

type Said = { readonly type: string; readonly apdu?: string; readonly code?: string };
const cardsAtDesk = async (): Promise<readonly string[]> =>
  ((await api.get(`/terminals/${tid}/cards`)).body as { name: string }[]).map(({ name }) => name);

/** A page with the card in its hand: passes on until `tears` says that the card is torn out. */
async function page(tears: (command: string) => boolean = () => false) {
  const headers = { authorization: `Bearer ${api.code}`, origin: "http://localhost:8080" };
  const reader = connect(paths[0], headers);
  await once(reader, "open");
  const held = connect(paths[1], headers);
  const codes: string[] = [];
  const tear = (): void => {
    reader.terminate();
    held.terminate();
  };
  const pass = (to: WebSocket) => (data: Buffer) => {
    const { type, apdu = "", code = "" } = JSON.parse(data.toString()) as Said;
    if (type === "refused") codes.push(code);
    if (type === "command" && tears(apdu)) tear();
    else if (to.readyState === WebSocket.OPEN) to.send(data.toString());
  };
  reader.on("message", pass(held));
  held.on("message", pass(reader));
  await until(async () => codes.length > 0 || (await cardsAtDesk()).includes("page"), "attached");
  const closed = Promise.all([once(reader, "close"), once(held, "close")]);
  const away = async (): Promise<void> => {
    tear();
    await closed;
    await until(async () => !(await cardsAtDesk()).includes("page"), "the card is out");
  };
  return { codes, away };
}

test("only a paired page of ours is a card or holds one", async () => {
  for (const path of paths) {
    await assert.rejects(once(connect(path, {}), "open"), /401/);
    const headers = { authorization: `Bearer ${api.code}`, origin: "http://evil.example" };
    await assert.rejects(once(connect(path, headers), "open"), /403/);
  }
});

test("a page's card pays, and is back in the tray afterwards", async () => {
  const { codes, away } = await page();
  const order = { card: "page", pin };
  const first = await api.pay(order);
  assert.equal(first["outcome"], "approved", JSON.stringify(first));
  assert.deepEqual((await api.pay(order))["outcome"], "approved");
  assert.equal((await api.pay())["code"], "in-use", "it is in the page's hand");
  await away();
  assert.deepEqual(codes, []);
  assert.equal((await api.pay())["outcome"], "approved");
});

test("torn out while it is read, nothing was sent", async () => {
  const sales = (): number =>
    shop.host.heard.filter(({ message }) => message.mti === "0200").length;
  const sent = sales();
  const { away } = await page((command) => command.startsWith("80A8"));
  const paid = await api.pay({ card: "page", pin });
  assert.equal(paid["outcome"], "refused", JSON.stringify(paid));
  await away();
  assert.equal(sales(), sent);
});

test("torn out after the issuer approved, the sale is declined and reversed", async () => {
  let generated = 0;
  const { away } = await page((command) => command.startsWith("80AE") && ++generated === 2);
  const paid = await api.pay({ card: "page", pin });
  assert.deepEqual([paid["outcome"], paid["responseCode"]], ["declined", "Z1"]);
  await away();
  assert.equal((await api.transactions())[0]?.["state"], "reversed");
});

test("while a card is in the reader a second page is refused", async () => {
  const first = await page();
  const reader = connect(paths[0], { authorization: `Bearer ${api.code}` });
  await once(reader, "open");
  const answer = once(reader, "message");
  reader.send(JSON.stringify({ type: "attach", interface: "contact", atr: "3B80800101" }));
  assert.deepEqual(JSON.parse(String((await answer)[0])), { type: "refused", code: "in-use" });
  reader.terminate();
  await first.away();
});
