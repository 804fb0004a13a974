import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openJournal, provisionJournal, type Journal, type NewTransaction } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "tillway-journal-"));
after(() => rmSync(folder, { recursive: true }));

const identity = {
  tid: "10000001",
  mid: "898290058120001",
  merchantName: "Tillway Cafe",
  merchantNameZh: "收单通咖啡",
  serial: "TW00000001",
};
const pan = "6216261000000000018";
const deviceKey = new Uint8Array(32).fill(7);

let files = 0;
function fresh(): string {
  files += 1;
  const path = join(folder, `journal-${files}.sqlite`);
  provisionJournal(path, identity, "the master key's block");
  return path;
}
let drawn = 0;
const open = (path: string): Journal =>
  openJournal({
    path,
    deviceKey,
    random: (length) => {
      drawn += 1;
      return new Uint8Array(length).fill(drawn);
    },
  });
const sale = (stan: string): NewTransaction => ({
  id: `id-${stan}`,
  batch: "000001",
  stan,
  kind: "sale",
  amount: "2580",
  currency: "CNY",
  entry: "chip",
  maskedPan: "621626*********0018",
  at: 1_700_000_000_000,
});
const reversal = { "2": pan, "4": "000000002580", "11": "000001" };

test("trace numbers go on after a restart and start again after 999999", () => {
  const path = fresh();
  const journal = open(path);
  assert.equal(journal.nextStan(), "000001");
  assert.equal(journal.nextStan(), "000002");
  journal.close();
  const again = open(path);
  assert.equal(again.nextStan(), "000003");
  for (let count = 0; count < 5; count += 1) again.nextStan();
  assert.equal(again.nextStan(), "000009");
  again.close();
});

test("a device that is provisioned again keeps its counters and its transactions", () => {
  const path = fresh();
  const journal = open(path);
  journal.nextStan();
  journal.begin(sale("000001"), reversal);
  journal.close();
  provisionJournal(path, { ...identity, merchantName: "Other name" }, "another block");
  const again = open(path);
  assert.equal(again.identity().merchantName, "Other name");
  assert.equal(again.masterKey(), "another block");
  assert.equal(again.nextStan(), "000002");
  assert.equal(again.reversals().length, 1);
  again.close();
});

test("a sale without an outcome is one to undo after a restart, and not before", () => {
  const path = fresh();
  const journal = open(path);
  journal.begin(sale("000001"), reversal);
  assert.deepEqual(journal.reversals(), []);
  journal.close();
  const again = open(path);
  const [pending] = again.reversals();
  assert.deepEqual(pending?.fields, reversal);
  assert.equal(pending?.reason, "98");
  assert.equal(again.transactions(10)[0]?.state, "reversing");
  again.reversed("id-000001");
  assert.deepEqual(again.reversals(), []);
  assert.equal(again.transactions(10)[0]?.state, "reversed");
  again.close();
});

test("a certain outcome drops the reversal; a later demand has nothing to undo", () => {
  const journal = open(fresh());
  journal.begin(sale("000001"), reversal);
  journal.settle("id-000001", { state: "approved", responseCode: "00", rrn: "112200000002" });
  journal.demand("id-000001", "98");
  assert.deepEqual(journal.reversals(), []);
  const [row] = journal.transactions(1);
  assert.equal(row?.state, "approved");
  assert.equal(row?.rrn, "112200000002");
  journal.close();
});

test("a demand gives its reason and what has become known", () => {
  const journal = open(fresh());
  journal.begin(sale("000001"), reversal);
  journal.demand("id-000001", "06", { "38": "123456" });
  const [pending] = journal.reversals();
  assert.equal(pending?.reason, "06");
  assert.deepEqual(pending?.fields, { ...reversal, "38": "123456" });
  journal.close();
});

test("a second process is kept out while the first one runs", () => {
  const path = fresh();
  const journal = open(path);
  assert.throws(() => open(path), /locked/);
  journal.close();
  open(path).close();
});

test("no file of the journal shows a card number, before or after the sale is settled", () => {
  const path = fresh();
  const journal = open(path);
  journal.begin({ ...sale("000001"), maskedPan: "PLANTED-621626" }, reversal);
  const look = (): string =>
    readdirSync(folder)
      .filter((file) => file.startsWith(path.slice(folder.length + 1)))
      .map((file) => readFileSync(join(folder, file), "latin1"))
      .join("");
  // The search does find what is written in clear.
  assert.ok(look().includes("PLANTED-621626"));
  const bcd = Buffer.from(`${pan}0`, "hex").toString("latin1");
  for (const form of [pan, bcd]) assert.ok(!look().includes(form));
  journal.settle("id-000001", { state: "declined", responseCode: "51" });
  journal.close();
  for (const form of [pan, bcd]) assert.ok(!look().includes(form));
});

test("a process killed after the sale was written and before it is sent leaves a reversal", async () => {
  const path = fresh();
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, "../../test/journal-child.ts"), path],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const [line] = await once(child.stdout, "data");
  assert.match(String(line), /written/);
  child.kill("SIGKILL");
  await once(child, "exit");
  const journal = open(path);
  assert.deepEqual(
    journal.reversals().map(({ stan, reason }) => ({ stan, reason })),
    [{ stan: "000001", reason: "98" }],
  );
  assert.equal(journal.nextStan(), "000002");
  journal.close();
});
