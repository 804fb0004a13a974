import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parseInput, provision } from "../../apps/issuer/src/provision.ts";
import { openPool } from "../../apps/issuer/src/db/pool.ts";
import { readConfiguration } from "@tillway/configuration";
import { maskPan } from "@tillway/money";
import { issuerSettings } from "../../apps/issuer/src/settings.ts";
import { signedOn } from "./acquirer.ts";
import { hold } from "./chip.ts";
import { clock, install, random, type Installation } from "./installation.ts";
import { openModule } from "../../apps/issuer/src/files.ts";

let installation: Installation;

before(async () => {
  installation = await install();
});
after(() => installation.close());

const get = (path: string) => fetch(`${installation.issuer().addresses.http}${path}`);

test("health, readiness and metrics are open to everybody", async () => {
  assert.equal((await get("/healthz")).status, 200);
  const ready = await get("/readyz");
  assert.equal(ready.status, 200);
  assert.deepEqual(await ready.json(), { status: "ready", problems: [] });
  const metrics = await (await get("/metrics")).text();
  assert.match(metrics, /^tillway_issuer_bank_ready 1$/m);
  assert.match(metrics, /^tillway_network_advices_pending 0$/m);
});

test("an administrator's calls need the token", async () => {
  for (const path of ["cards", "audit"]) {
    const refused = await installation.admin(path, "GET", "wrong");
    assert.equal(refused.status, 401);
    assert.match(refused.headers.get("content-type") ?? "", /^application\/problem\+json/);
    assert.equal(((await refused.json()) as { code: string }).code, "unauthorised");
  }
  assert.equal((await installation.admin("cards/reset", "POST", "wrong")).status, 401);
  assert.equal((await installation.admin("nothing")).status, 404);
});

test("the cards are listed masked, with their balances", async () => {
  const cards = (await (await installation.admin("cards")).json()) as Record<string, unknown>[];
  const debit = cards.find((card) => card["name"] === "unionpay-debit");
  const { pan } = installation.card("unionpay-debit").profile;
  const balance = await installation.balance("unionpay-debit");
  assert.equal(debit?.["maskedPan"], maskPan(pan));
  assert.equal(debit?.["balance"], balance.toString());
});

test("the audit names each transaction with its state and amount", async () => {
  const acquirer = await signedOn(installation);
  const card = hold(installation.card("unionpay-debit"));
  const { sale } = await acquirer.pay(card);
  await acquirer.pay(card, { pin: "000000" });
  acquirer.close();
  const books = (await (await installation.admin("audit")).json()) as {
    ok: boolean;
    transactions: Record<string, unknown>[];
  };
  assert.ok(books.ok);
  const found = books.transactions.find((one) => one["rrn"] === sale.fields["37"]);
  assert.deepEqual([found?.["state"], found?.["amount"]], ["approved", "2580"]);
  assert.deepEqual(
    books.transactions.map((one) => one["responseCode"]),
    ["00", "55"],
  );
});

test("a reset makes the cards anew: an old chip is no good any more", async () => {
  const acquirer = await signedOn(installation);
  const old = hold(installation.card("unionpay-debit"));
  const opening = 500_000n;
  await acquirer.pay(old);
  assert.notEqual(await installation.balance("unionpay-debit"), opening);
  assert.equal((await installation.admin("cards/reset", "POST")).status, 200);
  const fresh = hold(installation.card("unionpay-debit"));
  assert.notEqual(fresh.image.profile.psn, old.image.profile.psn);
  assert.equal(await installation.balance("unionpay-debit"), opening);
  assert.equal((await acquirer.pay(old)).fields["39"], "05");
  assert.equal((await acquirer.pay(fresh)).fields["39"], "00");
  acquirer.close();
});

test("secret files are readable by their owner alone and hold no card number", () => {
  for (const folder of ["issuer", "cards"]) {
    const path = join(installation.data, folder);
    for (const file of readdirSync(path)) {
      assert.equal(statSync(join(path, file)).mode & 0o777, 0o600, file);
      const bytes = readFileSync(join(path, file), "latin1");
      assert.ok(!bytes.includes(installation.card("unionpay-debit").profile.pan), file);
    }
  }
});

test("provisioning a second time changes nothing", async () => {
  const files = ["unionpay-debit", "visa"].map((name) =>
    join(installation.data, "cards", `${name}.card`),
  );
  const before = files.map((file) => readFileSync(file, "hex"));
  const database = openPool(installation.environment["DATABASE_URL"] ?? "", () => undefined, 2);
  const configuration = readConfiguration(issuerSettings, installation.environment);
  const links = parseInput({
    links: [{ institution: "48021000", components: installation.acquirerZmk }],
  });
  const log = { info: () => undefined };
  const module = openModule({ configuration, clock, random, log });
  const modules = { network: module, bank: module };
  const surroundings = { configuration, database, random, now: Date.now(), modules };
  const again = await provision(surroundings, links);
  await database.close();
  assert.deepEqual(again.caKeys, installation.caKeys);
  assert.deepEqual(
    files.map((file) => readFileSync(file, "hex")),
    before,
  );
});

test("what provisioning is given is checked, and not repeated in the complaint", () => {
  const secret = "0123456789ABCDEF";
  for (const [links, complaint] of [
    [undefined, /^links: must be a list$/],
    [[{ institution: "x", components: [] }], /^links\[0\]\.institution: /],
    [[{ institution: "48021000", components: [secret] }], /^links\[0\]\.components: /],
  ] as const) {
    assert.throws(
      () => parseInput({ links }),
      (error: Error) => complaint.test(error.message) && !error.message.includes(secret),
    );
  }
});
