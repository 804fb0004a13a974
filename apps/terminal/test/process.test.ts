/** The terminal as a process: it says when it listens, ends when asked, and survives kill -9. */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { cardName, demonstration, pan, until, type Demonstration } from "./demonstration.ts";

let shop: Demonstration;
const children: ChildProcess[] = [];

before(async () => {
  shop = await demonstration();
});
after(async () => {
  for (const child of children) if (child.exitCode === null) child.kill("SIGKILL");
  await shop.close();
});

async function freePort(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  // A listening TCP server has such an address.
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return String(port);
}

type Running = { readonly child: ChildProcess; readonly http: string; readonly log: () => string };

async function launch(...args: readonly string[]): Promise<Running> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "../src/main.ts"), ...args], {
    env: {
      ...process.env,
      ...shop.environment,
      TILLWAY_LOG: "debug",
      TILLWAY_POS_PORT: String(shop.host.port),
      TILLWAY_TERMINAL_PORT: await freePort(),
      TILLWAY_REPLY_MS: "2000",
    },
    stdio: ["pipe", "pipe", "pipe"],
  });
  children.push(child);
  let log = "";
  child.stderr.on("data", (text: Buffer) => {
    log += text.toString();
  });
  const lines = createInterface({ input: child.stdout });
  const line = await Promise.race([
    once(lines, "line").then(([text]) => String(text)),
    once(child, "exit").then(() => ""),
  ]);
  const said = line === "" ? {} : (JSON.parse(line) as { addresses?: { http?: string } });
  return { child, http: said.addresses?.http ?? "", log: () => log };
}

const code = (): string => readFileSync(join(shop.data, "terminal/pairing-code"), "utf8").trim();

function call(http: string, path: string, body?: object): Promise<Response> {
  return fetch(http + path, {
    headers: { authorization: `Bearer ${code()}`, "content-type": "application/json" },
    ...(body ? { method: "POST", body: JSON.stringify(body) } : {}),
  });
}

const order = { type: "sale", amount: "2580", currency: "CNY", entry: "chip", card: cardName };

test("killed between request and answer: the next start reverses that sale first", async () => {
  const first = await launch();
  shop.host.script = ({ mti }) => (mti === "0200" ? "silence" : { code: "00" });
  await until(() => shop.host.of("0800").length === 1, "sign-in");
  const going = call(first.http, "/terminals/10000001/transactions", order).catch(() => undefined);
  await until(() => shop.host.of("0200").length === 1, "the sale");
  first.child.kill("SIGKILL");
  await once(first.child, "exit");
  await going;
  assert.equal(shop.host.of("0400").length, 0);

  shop.host.script = () => ({ code: "00" });
  const second = await launch();
  await until(() => shop.host.of("0400").length === 1, "the reversal");
  const [sale] = shop.host.of("0200");
  const [reversal] = shop.host.of("0400");
  for (const field of ["2", "3", "4", "11", "41", "42", "60"]) {
    assert.equal(reversal?.fields[field], sale?.fields[field], field);
  }
  assert.equal(reversal?.fields["39"], "98");
  await until(async () => {
    const rows = await (await call(second.http, "/terminals/10000001/transactions")).json();
    return (rows as { state: string }[])[0]?.state === "reversed";
  }, "its confirmation");
  const paid = await call(second.http, "/terminals/10000001/transactions", order);
  assert.equal(((await paid.json()) as { outcome: string }).outcome, "approved");

  const late = await launch();
  assert.notEqual(late.child.exitCode, 0, "a second process of one data folder does not start");
  assert.match(late.log(), /locked/);

  second.child.kill("SIGTERM");
  const [exit] = await once(second.child, "exit");
  assert.equal(exit, 0);
  assert.ok(!`${first.log()}${second.log()}`.includes(pan));
});

test("it ends with its parent when told so", async () => {
  const running = await launch("--with-parent");
  assert.equal((await fetch(`${running.http}/healthz`)).status, 200);
  running.child.stdin?.end();
  const [exit] = await once(running.child, "exit");
  assert.equal(exit, 0);
});

test("a bad setting is named, and nothing starts", async () => {
  const child = spawn(process.execPath, [join(import.meta.dirname, "../src/main.ts")], {
    env: { ...process.env, TILLWAY_TERMINAL_PORT: "none", TILLWAY_REPLY_MS: "1" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (text: Buffer) => {
    said += text.toString();
  });
  const [exit] = await once(child, "exit");
  assert.equal(exit, 1);
  assert.match(said, /TILLWAY_TERMINAL_PORT: must be/);
  assert.match(said, /TILLWAY_REPLY_MS: must be/);
});
