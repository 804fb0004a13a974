/** The whole system with its security modules in processes of their own. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fromAscii, toHex } from "@tillway/bytes";
import { unwrapKey } from "@tillway/keys";
import pg from "pg";
import { parties } from "../../apps/cli/src/system/modules.ts";
import {
  freePort,
  runTillway,
  startInstallation,
  until,
  type Installation,
} from "../system/installation.ts";
import { scanMemory, type Key } from "../system/memory.ts";
import { scanFolder } from "../system/scan.ts";

let house: Installation;
before(async () => {
  house = await startInstallation({ form: "process" });
});
after(async () => house?.stop());

test("payments are approved, refused and undone as with modules in process", async () => {
  assert.equal((await house.pay()).outcome, "approved");
  assert.equal((await house.pay({ card: "visa", pin: "1234" })).outcome, "approved");
  assert.equal((await house.pay({ pin: "999999" })).responseCode, "55");
  assert.equal((await house.pay({ card: "unionpay-counterfeit" })).outcome, "declined");
  assert.equal((await house.tillway("sign-in")).code, 0);
  assert.equal((await house.tillway("audit")).code, 0);
});

test("each party's module has a socket for its owner alone, and logs its commands", () => {
  for (const party of parties) {
    assert.equal(statSync(join(house.data, party, "module.sock")).mode & 0o777, 0o600);
    const log = readFileSync(join(house.data, "logs", `${party}-module.log`), "utf8");
    assert.match(log, /"commands":\["[a-z-]+ .*done"/);
  }
  const log = (party: string): string =>
    readFileSync(join(house.data, "logs", `${party}-module.log`), "utf8");
  assert.match(log("acquirer"), /translate-pin from=P0:[0-9A-F]{8} to=P0:[0-9A-F]{8} done/);
  assert.match(log("issuer"), /verify-arqc /);
  assert.match(log("terminal"), /encrypt-pin key=P0:[0-9A-F]{8} done/);
});

test("a module that is killed comes back, and payments go on", async () => {
  for (const party of parties) {
    const name = `${party}-module` as const;
    const before = house.pid(name);
    process.kill(before, "SIGKILL");
    await until(`${name} is started again`, () => {
      const now = house.pid(name);
      return now !== 0 && now !== before;
    });
    const paid = await house.pay();
    assert.equal(paid.outcome, "approved", `${name}: ${JSON.stringify(paid)}`);
  }
  assert.equal((await house.tillway("audit")).code, 0);
});

/** Every key block in the rows of both schemas. */
async function keyBlocks(): Promise<string[]> {
  const client = new pg.Client({ connectionString: house.databaseUrl });
  await client.connect();
  const tables = await client.query(
    `select table_schema s, table_name t from information_schema.tables
      where table_schema in ('acquirer', 'issuer')`,
  );
  const blocks = new Set<string>();
  for (const { s, t } of tables.rows as { s: string; t: string }[]) {
    const { rows } = await client.query(`select x::text as row from ${s}.${t} x`);
    for (const { row } of rows as { row: string }[]) {
      // X9.143 §6: version, length, usage, algorithm, mode, key version, exportability, optional.
      const found = row.match(/D\d{4}[A-Z]\d[A-Z4][A-Z]\d\d[ENS]\d\d00[0-9A-F]{64,}/g);
      for (const block of found ?? []) blocks.add(block);
    }
  }
  await client.end();
  return [...blocks];
}

function masterKeys(): Key[] {
  return parties.map((party) => ({
    name: `master key of ${party}`,
    bytes: new Uint8Array(readFileSync(join(house.data, party, "master.key"))),
  }));
}

/** All keys of the system that its key blocks hold, in the clear. */
async function clearKeys(blocks: readonly string[]): Promise<Key[]> {
  const masters = masterKeys();
  const keys = blocks.flatMap((block) =>
    masters.flatMap(({ bytes }) => {
      const clear = unwrapKey(bytes, block);
      return clear.ok ? [{ name: `key of ${block.slice(0, 16)}`, bytes: clear.key }] : [];
    }),
  );
  // Two parties share some.
  const distinct = new Map(keys.map((key) => [toHex(key.bytes), key]));
  assert.ok(distinct.size > 15, `${distinct.size} keys of the system are known to this test`);
  return [...distinct.values()];
}

const linux = process.platform === "linux" ? false : "reads /proc/PID/mem";

test(
  "no key is in the memory of the hosts, where what was planted is found",
  { skip: linux },
  async () => {
    const blocks = await keyBlocks();
    const keys = await clearKeys(blocks);
    const secrets = [...masterKeys(), ...keys];
    // The search finds what is there: a master key in its module, a key block in its host.
    for (const [at, party] of parties.entries()) {
      const found = scanMemory(house.pid(`${party}-module`), masterKeys().slice(at, at + 1));
      assert.ok(found.length > 0, `the module of ${party} holds its master key`);
    }
    for (const party of ["acquirer", "issuer"] as const) {
      const planted = blocks.map((block) => ({ name: "key block", bytes: fromAscii(block) }));
      assert.ok(scanMemory(house.pid(party), planted).length > 0, `${party} holds key blocks`);
    }
    for (const party of parties) {
      assert.deepEqual(scanMemory(house.pid(party), secrets), [], `keys in the memory of ${party}`);
    }
  },
);

test("no key is in the clear in a file, but for the modules' master keys", async () => {
  const keys = await clearKeys(await keyBlocks());
  const found = scanFolder(house.data, [...masterKeys(), ...keys]);
  const places = new Set(found.map(({ place }) => place));
  assert.deepEqual([...places].sort(), parties.map((party) => join(party, "master.key")).sort());
});

test("start runs the modules too, also where the data folder's path is too long for a socket", async () => {
  const home = mkdtempSync(join(tmpdir(), "tillway-long-"));
  const data = join(home, "long".repeat(25));
  const names = ["HTTP", "POS", "POS_TLS", "NETWORK", "ISSUER_HTTP", "TERMINAL"];
  const ports: [string, string][] = [];
  for (const name of names) ports.push([`TILLWAY_${name}_PORT`, String(await freePort())]);
  const words = ["start", "--check", "--module", "process", "--data", data];
  const settings = { ...Object.fromEntries(ports), TILLWAY_LOG: "info" };
  const ran = await runTillway(words, settings);
  assert.equal(ran.code, 0, ran.err);
  assert.match(ran.out, /APPROVED/);
  const log = readFileSync(join(data, "logs", "issuer-module.log"), "utf8");
  assert.match(log, /verify-arqc .* done/);
  assert.doesNotMatch(readFileSync(join(data, "logs", "issuer.log"), "utf8"), /"commands"/);
  rmSync(home, { recursive: true, force: true });
});
