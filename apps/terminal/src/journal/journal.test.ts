import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import {
  openJournal,
  provisionJournal,
  type Begun,
  type Journal,
  type NewTransaction,
} from "./index.ts";

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
  type: "sale",
  amount: "2580",
  currency: "CNY",
  entry: "chip",
  maskedPan: "621626*********0018",
  at: 1_700_000_000_000,
});
const reversal = { "2": pan, "4": "000000002580", "11": "000001" };
const begun = (stan: string, more: Partial<NewTransaction> = {}): Begun => ({
  transaction: { ...sale(stan), ...more },
  due: { kind: "reversal", message: { mti: "0400", fields: reversal } },
});

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
  journal.begin(begun("000001"));
  journal.close();
  provisionJournal(path, { ...identity, merchantName: "Other name" }, "another block");
  const again = open(path);
  assert.equal(again.identity().merchantName, "Other name");
  assert.equal(again.masterKey(), "another block");
  assert.equal(again.nextStan(), "000002");
  assert.equal(again.dues().length, 1);
  again.close();
});

test("a sale without an outcome is one to undo after a restart, and not before", () => {
  const path = fresh();
  const journal = open(path);
  journal.begin(begun("000001"));
  assert.deepEqual(journal.dues(), []);
  journal.close();
  const again = open(path);
  const [pending] = again.dues();
  assert.deepEqual(pending?.message.fields, reversal);
  assert.equal(pending?.reason, "98");
  assert.equal(again.transactions(10)[0]?.state, "reversing");
  again.reversed("id-000001");
  assert.deepEqual(again.dues(), []);
  assert.equal(again.transactions(10)[0]?.state, "reversed");
  again.close();
});

test("a certain outcome drops the reversal; a later demand has nothing to undo", () => {
  const journal = open(fresh());
  journal.begin(begun("000001"));
  journal.settle("id-000001", { state: "approved", responseCode: "00", rrn: "112200000002" });
  journal.demand("id-000001", "98");
  assert.deepEqual(journal.dues(), []);
  const [row] = journal.transactions(1);
  assert.equal(row?.state, "approved");
  assert.equal(row?.rrn, "112200000002");
  journal.close();
});

test("a demand gives its reason and what has become known", () => {
  const journal = open(fresh());
  journal.begin(begun("000001"));
  journal.demand("id-000001", "06", { "38": "123456" });
  const [pending] = journal.dues();
  assert.equal(pending?.reason, "06");
  assert.deepEqual(pending?.message.fields, { ...reversal, "38": "123456" });
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
  journal.begin(begun("000001", { maskedPan: "PLANTED-621626", card: { pan, expiry: "3312" } }));
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
    journal.dues().map(({ stan, reason }) => ({ stan, reason })),
    [{ stan: "000001", reason: "98" }],
  );
  assert.equal(journal.nextStan(), "000002");
  journal.close();
});

const advice = { kind: "advice", message: { mti: "0220", fields: { "2": pan } } } as const;

test("an advice without an answer is still owed after a restart, with its trace number", () => {
  const path = fresh();
  const journal = open(path);
  journal.begin({ transaction: { ...sale("000004"), type: "refund" }, due: advice });
  journal.close();
  const again = open(path);
  assert.equal(again.transactions(1)[0]?.state, "open");
  const [due] = again.dues();
  assert.deepEqual([due?.kind, due?.stan, due?.message.mti], ["advice", "000004", "0220"]);
  again.settle("id-000004", { state: "approved", responseCode: "00" });
  assert.deepEqual(again.dues(), []);
  again.close();
});

test("what moved nothing lapses with the process", () => {
  const path = fresh();
  const journal = open(path);
  journal.begin({ transaction: { ...sale("000001"), type: "balance inquiry" } });
  journal.close();
  const again = open(path);
  assert.equal(again.transactions(1)[0]?.state, "lapsed");
  assert.deepEqual(again.dues(), []);
  again.close();
});

test("a promise and its confirmation are one commit: never one without the other", () => {
  const journal = open(fresh());
  journal.begin({ transaction: { ...sale("000001"), type: "deposit" } });
  const confirmation = (stan: string): Begun => ({
    transaction: { ...sale(stan), type: "deposit confirmation" },
    due: advice,
  });
  const settled = { state: "approved", responseCode: "00" } as const;
  assert.throws(() => journal.settle("id-000001", settled, confirmation("000001")), /UNIQUE/);
  assert.equal(journal.transactions(1)[0]?.state, "open");
  journal.settle("id-000001", settled, confirmation("000002"));
  assert.deepEqual(
    journal.transactions(2).map(({ state }) => state),
    ["open", "approved"],
  );
  assert.equal(journal.dues().length, 1);
  journal.close();
});

test("script results go before reversals, those before advices, signatures last", () => {
  const journal = open(fresh());
  journal.begin(begun("000001"));
  journal.demand("id-000001", "98");
  journal.begin({ transaction: { ...sale("000002"), type: "refund" }, due: advice });
  journal.begin(begun("000003"));
  journal.owe("id-000003", { kind: "signature", message: { mti: "0820", fields: {} } });
  journal.owe("id-000003", { kind: "script", message: { mti: "0620", fields: {} } });
  assert.deepEqual(
    journal.dues().map(({ kind, stan }) => `${kind} ${stan}`),
    ["script 000003", "reversal 000001", "advice 000002", "signature 000003"],
  );
  journal.sent("id-000003", "script");
  assert.equal(journal.dues()[0]?.kind, "reversal");
  journal.close();
});

test("a trace number is not given twice in a batch, even after 999999", () => {
  const path = fresh();
  const journal = open(path);
  journal.begin(begun("000001"));
  const database = journal.nextStan();
  assert.equal(database, "000002");
  journal.begin(begun("000003"));
  assert.equal(journal.nextStan(), "000004");
  journal.close();
});

test("the card of an approval is known until the batch is closed, and no longer", () => {
  const journal = open(fresh());
  const card = { pan, expiry: "3312" };
  journal.begin(begun("000001", { card }));
  journal.begin(begun("000002", { card }));
  journal.settle("id-000001", { state: "approved", responseCode: "00", rrn: "112200000009" });
  journal.settle("id-000002", { state: "declined", responseCode: "51" });
  assert.deepEqual(journal.card("id-000001"), card);
  assert.equal(journal.card("id-000002"), undefined);
  assert.equal(journal.find({ rrn: "112200000009" })?.id, "id-000001");
  assert.equal(journal.find({ stan: "000002" })?.id, "id-000002");
  assert.equal(journal.find({}), undefined);
  journal.closeBatch("000001");
  assert.equal(journal.card("id-000001"), undefined);
  journal.close();
});
