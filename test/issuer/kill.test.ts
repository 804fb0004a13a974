import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { signedOn, type Acquirer } from "./acquirer.ts";
import { hold } from "./chip.ts";
import { install, until, type Installation } from "./installation.ts";
import { following, opening } from "./messages.ts";

const main = join(import.meta.dirname, "../../apps/issuer/src/main.ts");

let installation: Installation;
let child: ChildProcess | undefined;

before(async () => {
  installation = await install();
  await installation.stop();
});
after(async () => {
  child?.kill("SIGKILL");
  await installation.close();
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts the issuer's own process; the port of its network. */
async function run(): Promise<number> {
  const port = await freePort();
  const http = await freePort();
  const started = spawn(process.execPath, [main], {
    env: {
      ...process.env,
      ...installation.environment,
      TILLWAY_NETWORK_PORT: String(port),
      TILLWAY_ISSUER_HTTP_PORT: String(http),
      TILLWAY_ISSUER_REPLY_MS: "1000",
      TILLWAY_ISSUER_ADVICE_MS: "50",
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  child = started;
  const lines = createInterface({ input: started.stdout });
  const line = await new Promise<string>((resolve, reject) => {
    lines.once("line", resolve);
    started.once("exit", () => reject(new Error("the issuer ended")));
  });
  const addresses = JSON.parse(line) as { network: string; http: string };
  assert.deepEqual(addresses, { network: `127.0.0.1:${port}`, http: `http://127.0.0.1:${http}` });
  await until("the issuer is ready", async () => (await fetch(`${addresses.http}/readyz`)).ok);
  return port;
}

async function end(signal: NodeJS.Signals): Promise<number | null> {
  const ended = child;
  if (!ended) return null;
  const exit = new Promise<number | null>((resolve) => ended.once("exit", resolve));
  ended.kill(signal);
  return exit;
}

test("killed at any moment of a sale, what the acquirer reverses is as if it had never been", async () => {
  const before = await installation.balance("unionpay-debit");
  const card = hold(installation.card("unionpay-debit"));
  let port = await run();
  for (const delay of [0, 6, 20]) {
    const acquirer: Acquirer = await signedOn(installation, port);
    const sale = await acquirer.prepare(card);
    await acquirer.tell("0200", sale.fields);
    await sleep(delay);
    await end("SIGKILL");
    acquirer.close();
    port = await run();
    const again = await signedOn(installation, port);
    assert.equal((await again.ask("0420", again.reversalOf(sale.fields))).fields["39"], "00");
    again.close();
  }
  await until("every advice is delivered and every lease ended", async () => {
    const rows = await installation.sql(
      `select 1 from issuer.network_advice where state = 'pending'
       union all select 1 from issuer.network_exchange where state = 'forwarded'`,
    );
    return rows.length === 0;
  });
  assert.equal(await installation.balance("unionpay-debit"), before);
  assert.equal(await end("SIGTERM"), 0);
  await installation.start();
  const books = await installation.audit();
  assert.ok(books.ok, JSON.stringify(books.checks.filter((check) => !check.ok)));
});

test("killed at any moment of an advice, what the acquirer repeats is done once", async () => {
  await installation.stop();
  const before = await installation.balance("unionpay-debit");
  const card = hold(installation.card("unionpay-debit"));
  // The counter of this card went on in the payments before.
  card.state = { ...card.state, atc: 1000 };
  let port = await run();
  for (const delay of [0, 6, 20]) {
    const acquirer: Acquirer = await signedOn(installation, port);
    const deposit = await opening(acquirer, "deposit", card, 10_00n);
    const answer = await acquirer.ask(deposit.mti, deposit.fields);
    assert.equal(answer.fields["39"], "00");
    const confirmation = following("deposit confirmation", deposit, answer, 10_00n);
    await acquirer.tell(confirmation.mti, confirmation.fields);
    await sleep(delay);
    await end("SIGKILL");
    acquirer.close();
    port = await run();
    const again = await signedOn(installation, port);
    assert.equal((await again.ask("0221", confirmation.fields)).fields["39"], "00");
    again.close();
  }
  await until("every advice is delivered", async () => {
    const rows = await installation.sql(
      "select 1 from issuer.network_advice where state = 'pending'",
    );
    return rows.length === 0;
  });
  assert.equal(await installation.balance("unionpay-debit"), before + 30_00n);
  assert.equal(await end("SIGTERM"), 0);
  await installation.start();
  const books = await installation.audit();
  assert.ok(books.ok, JSON.stringify(books.checks.filter((check) => !check.ok)));
});
