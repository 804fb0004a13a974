import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { runTillway, startInstallation, type Installation } from "./installation.ts";

const folder = mkdtempSync(join(tmpdir(), "tillway-drill-"));
const file = join(folder, "drill.backup");
const restored = join(folder, "restored");
let house: Installation;
let second: Installation | undefined;
before(async () => {
  house = await startInstallation();
});
after(async () => {
  await second?.stop();
  await house?.stop();
  rmSync(folder, { recursive: true, force: true });
});

type Listed = { readonly id: string; readonly rrn: string; readonly state: string };

async function listed(at: Installation): Promise<readonly Listed[]> {
  const answer = await fetch(`${at.http}/api/v1/transactions?limit=100`, {
    headers: { authorization: `Bearer ${at.apiKey}` },
  });
  const { transactions, items } = (await answer.json()) as Record<string, readonly Listed[]>;
  return transactions ?? items ?? [];
}

async function audited(at: Installation): Promise<void> {
  const { code, out } = await at.tillway("audit");
  assert.equal(code, 0, out);
}

test("the drill: backed up while payments run, restored elsewhere, the books agree, tills go on", async () => {
  for (let at = 0; at < 3; at += 1) assert.equal((await house.pay()).outcome, "approved");
  assert.equal((await house.pay({ pin: "000000" })).responseCode, "55");
  const until = new AbortController();
  const outcomes: string[] = [];
  const paying = (async () => {
    while (!until.signal.aborted) {
      const card = outcomes.length % 2 === 0 ? "unionpay-debit" : "unionpay-credit";
      const paid = await house.pay({ amount: "101", card, tid: "10000002" });
      outcomes.push(paid.outcome);
    }
  })();
  const made = await house.tillway("db", "backup", file, "--json");
  until.abort();
  await paying;
  assert.equal(made.code, 0, made.err);
  assert.ok(outcomes.length > 0 && outcomes.every((one) => one === "approved"), outcomes.join());
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(statSync(`${file}.key`).mode & 0o777, 0o600);
  assert.ok(!existsSync(join(house.data, "terminal", "copies")), "the copies are gone");
  await audited(house);
  const known = await listed(house);

  const back = await runTillway(["db", "restore", file, "--data", restored, "--json"]);
  assert.equal(back.code, 0, back.err);
  second = await startInstallation({ data: restored });
  await audited(second);
  const there = await listed(second);
  assert.ok(there.length >= 4 && there.length <= known.length);
  const rrns = new Set(known.map(({ rrn }) => rrn));
  for (const { rrn } of there) assert.ok(rrns.has(rrn), "nothing is there that was not before");

  const before = BigInt(await second.balance("unionpay-debit"));
  for (const tid of ["10000001", "10000002"]) {
    const paid = await second.pay({ tid });
    assert.equal(paid.outcome, "approved", JSON.stringify(paid));
  }
  assert.equal(BigInt(await second.balance("unionpay-debit")), before - 5160n);
  await audited(second);
});

test("a backup holds no key, card or name that could be read without its passphrase", () => {
  const sealed = readFileSync(file);
  for (const planted of ["898290058120001", "merchant", "master", "Tillway Cafe"]) {
    assert.equal(sealed.indexOf(planted), -1, planted);
  }
});

test("what cannot be done is said in one sentence, and leaves nothing behind", async () => {
  const said = async (words: readonly string[], sentence: RegExp): Promise<void> => {
    const { code, err } = await runTillway(words);
    assert.equal(code, 1);
    assert.match(err, sentence);
  };
  const target = join(folder, "other");
  await said(["db", "restore", file, "--data", house.data], /not empty/);
  await said(["db", "restore", join(folder, "none"), "--data", target], /there is no file/);
  await said(["db", "backup", join(folder, "x"), "--data", target], /nothing is running/);
  await said(["db", "backup", file, "--data", house.data], /is there already/);
  const wrong = { TILLWAY_BACKUP_PASSPHRASE: "not the one" };
  const refused = await runTillway(["db", "restore", file, "--data", target], wrong);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /another passphrase/);
  assert.ok(!existsSync(target));
});
