import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { runTillway, startInstallation, type Installation } from "./installation.ts";

let house: Installation;
before(async () => {
  house = await startInstallation();
});
after(async () => house?.stop());

type Answer = Readonly<Record<string, unknown>>;

async function pay(...words: readonly string[]): Promise<{ code: number; answer: Answer }> {
  const ran = await house.tillway("pay", "--json", ...words);
  assert.notEqual(ran.code, 1, ran.err);
  return { code: ran.code, answer: JSON.parse(ran.out) as Answer };
}

test("a chip payment is approved and answers with the documented shape", async () => {
  const before = BigInt(await house.balance("unionpay-debit"));
  const words = ["--amount", "25.80", "--entry", "chip", "--card", "unionpay-debit"];
  const { code, answer } = await pay(...words);
  assert.equal(code, 0);
  const { transaction, receipt, rrn, authorizationCode, stan, batch, elapsedMs } = answer;
  const { outcome, responseCode, amount, currency, entry, pan, terminal, merchant } = answer;
  const rest = { outcome, responseCode, amount, currency, entry, pan, terminal, merchant };
  assert.deepEqual(rest, {
    outcome: "approved",
    responseCode: "00",
    amount: "2580",
    currency: "CNY",
    entry: "chip",
    pan: "621626*********0018",
    terminal: "10000001",
    merchant: "898290058120001",
  });
  assert.match(String(transaction), /^[0-9a-f-]{36}$/);
  assert.match(String(rrn), /^\d{12}$/);
  assert.match(String(authorizationCode), /^[0-9A-Z]{6}$/);
  assert.match(String(stan), /^\d{6}$/);
  assert.match(String(batch), /^\d{6}$/);
  assert.ok(typeof elapsedMs === "number" && elapsedMs > 0);
  assert.ok(String(receipt).includes("25.80") && String(receipt).includes(String(rrn)));
  assert.equal(
    BigInt(await house.balance("unionpay-debit")),
    before - 2580n,
    "the account was debited",
  );
  const shown = await fetch(`${house.http}/api/v1/transactions/${String(transaction)}`, {
    headers: { authorization: `Bearer ${house.apiKey}` },
  });
  assert.equal(shown.status, 200);
  const view = (await shown.json()) as { rrn: string; messages: readonly { mti: string }[] };
  assert.equal(view.rrn, rrn);
  assert.deepEqual(
    view.messages.map(({ mti }) => mti),
    ["0200", "0200", "0210", "0210"],
  );
});

test("every demonstration card of a good account pays", async () => {
  for (const card of ["unionpay-credit", "visa", "mastercard"]) {
    const { code, answer } = await pay("--amount", "1.00", "--card", card);
    assert.equal(code, 0, `${card}: ${String(answer.responseCode)}`);
  }
});

test("refusals carry their reason: 51, 54, a forged cryptogram, 55 twice, then 75", async () => {
  assert.equal((await pay("--amount", "99999999.99")).answer.responseCode, "51");
  assert.equal(
    (await pay("--amount", "1", "--card", "unionpay-expired")).answer.responseCode,
    "54",
  );
  const forged = await pay("--amount", "1", "--card", "unionpay-counterfeit");
  assert.equal(forged.code, 2);
  assert.equal(forged.answer.outcome, "declined");
  const codes: unknown[] = [];
  for (let tries = 0; tries < 3; tries += 1)
    codes.push((await pay("--amount", "1", "--pin", "999999")).answer.responseCode);
  assert.deepEqual(codes, ["55", "55", "75"]);
  assert.equal((await pay("--amount", "1")).answer.responseCode, "75", "the right PIN is too late");
  assert.equal((await house.tillway("cards", "--reset")).code, 0);
  assert.equal((await pay("--amount", "1")).answer.responseCode, "00");
});

test("echo, sign-in and audit answer", async () => {
  assert.equal((await house.tillway("echo")).code, 0);
  assert.equal((await house.tillway("sign-in", "--terminal", "10000002")).code, 0);
  const ran = await house.tillway("audit", "--json");
  assert.equal(ran.code, 0, ran.out);
  const { ok, checks } = JSON.parse(ran.out) as {
    ok: boolean;
    checks: readonly { checked: number }[];
  };
  assert.equal(ok, true);
  assert.ok(checks.some(({ checked }) => checked >= 4));
});

test("words that do not fit end with exit 1 and one sentence", async () => {
  for (const words of [
    ["pay"],
    ["pay", "--amount", "1,00"],
    ["pay", "--amount", "1", "--card", "nobody"],
    ["pay", "--amount", "1", "--terminal", "99999999"],
    ["pay", "--amount", "1", "--pin", "12"],
    ["pay", "--amount", "1", "--entry", "wish"],
  ]) {
    const ran = await house.tillway(...words);
    assert.equal(ran.code, 1, words.join(" "));
    assert.equal(ran.err.trim().split("\n").length, 1, ran.err);
  }
});

test("a second start on the same data folder is refused with the pid of the first", async () => {
  const ran = await runTillway(["start", "--data", house.data]);
  assert.equal(ran.code, 1);
  assert.match(ran.err, new RegExp(`in use by process ${process.pid}`));
});

test("the books follow two terminals at once", async () => {
  const answers = await Promise.all([
    house.pay({ amount: "300", card: "unionpay-debit", tid: "10000001" }),
    house.pay({ amount: "400", card: "unionpay-credit", tid: "10000002" }),
  ]);
  assert.deepEqual(
    answers.map(({ outcome }) => outcome),
    ["approved", "approved"],
  );
  assert.equal((await house.tillway("audit")).code, 0);
});
