/** Each transaction type through the command line against the whole system, the books clean after each. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startInstallation, until, type Installation } from "./installation.ts";

let house: Installation;
before(async () => {
  house = await startInstallation();
});
after(async () => house?.stop());

type Answer = Readonly<Record<string, unknown>>;

/** Runs a command; its document and exit code. */
async function run(...words: readonly string[]): Promise<{ code: number; answer: Answer }> {
  const ran = await house.tillway(...words, "--json");
  assert.notEqual(ran.code, 1, ran.err);
  return { code: ran.code, answer: JSON.parse(ran.out) as Answer };
}

/** One that must be approved: its document. */
async function approved(...words: readonly string[]): Promise<Answer> {
  const { code, answer } = await run(...words);
  assert.equal(code, 0, `${words.join(" ")}: ${JSON.stringify(answer)}`);
  assert.equal(answer["outcome"], "approved");
  return answer;
}

/** The reference of one that must be approved. */
const made = async (...words: readonly string[]): Promise<string> =>
  String((await approved(...words))["rrn"]);

async function declined(code: string, ...words: readonly string[]): Promise<void> {
  const ran = await run(...words);
  assert.equal(ran.code, 2, JSON.stringify(ran.answer));
  assert.equal(ran.answer["responseCode"], code, JSON.stringify(ran.answer));
}

/** Advices reach the bank after the terminal has its answer: the books are clean when they have. */
async function booksAreClean(): Promise<void> {
  await until("clean books", async () => (await run("audit")).code === 0);
}

/** What a card's account moves by through something, in minor units, once all of it has arrived. */
async function moves(card: string, by: bigint, act: () => Promise<unknown>): Promise<void> {
  const had = BigInt(await house.balance(card));
  await act();
  const arrived = async () => BigInt(await house.balance(card)) === had + by;
  await until(`${card} to move by ${by}`, arrived);
}

const debit = "unionpay-debit";

test("a sale, its void by id, and no second void", async () => {
  await moves(debit, 0n, async () => {
    const sale = await approved("pay", "--amount", "25.80");
    await approved("void", "--transaction", String(sale["transaction"]));
    await declined("22", "void", "--rrn", String(sale["rrn"]));
  });
  await booksAreClean();
});

test("a tip, and refunds that come to no more than what was paid", async () => {
  await moves(debit, -300n, async () => {
    const sale = await made("pay", "--amount", "30.00");
    const tip = await approved("tip", "--rrn", sale, "--tip", "3.00");
    assert.equal(tip["amount"], "3300");
    await approved("refund", "--rrn", sale, "--amount", "10.00");
    await approved("refund", "--rrn", sale, "--amount", "20.00");
    await declined("64", "refund", "--rrn", sale, "--amount", "20.00");
  });
  await booksAreClean();
});

test("a refund at another terminal, where the card is read again", async () => {
  await moves(debit, 0n, async () => {
    const sale = await made("pay", "--amount", "7.00");
    await approved("refund", "--rrn", sale, "--amount", "7.00", "--terminal", "10000002");
  });
  await booksAreClean();
});

test("an amount set apart is freed, charged, charged by advice, and given back", async () => {
  await moves(debit, -11_000n, async () => {
    await approved("cancel-preauth", "--rrn", await made("preauth", "--amount", "100.00"));
    // Its hold stands again afterwards, on another card's account, and is cancelled.
    const first = await made("preauth", "--amount", "100.00", "--card", "unionpay-credit");
    const completion = await made("complete", "--rrn", first, "--amount", "90.00");
    await approved("cancel-completion", "--rrn", completion);
    await approved("cancel-preauth", "--rrn", first);
    const second = await made("preauth", "--amount", "100.00");
    await approved("complete", "--rrn", second, "--amount", "110.00", "--advice");
    const third = await made("preauth", "--amount", "10.00");
    await declined("61", "complete", "--rrn", third, "--amount", "20.00");
    await approved("cancel-preauth", "--rrn", third);
  });
  await booksAreClean();
});

test("balance, cash out, cash in, a transfer", async () => {
  const balance = await approved("balance");
  assert.equal(balance["balance"], await house.balance(debit));
  await moves(debit, -2000n, () => approved("withdraw", "--amount", "20.00"));
  await moves(debit, 4000n, () => approved("deposit", "--amount", "40.00"));
  await moves("unionpay-credit", 500n, () =>
    approved("transfer", "--amount", "5.00", "--to", "unionpay-credit"),
  );
  await booksAreClean();
});

test("an instalment sale and its void", async () => {
  const words = ["--amount", "600.00", "--periods", "6", "--card", "unionpay-credit"];
  const sale = await made("instalment", ...words);
  const voided = await approved("void", "--rrn", sale);
  assert.equal(voided["type"], "instalment void");
  await booksAreClean();
});

test("contactless, stripe and keyed cards, and a chip card's stripe that is refused", async () => {
  const tap = ["--entry", "tap"];
  const small = await approved("pay", "--amount", "150.00", ...tap);
  assert.match(String(small["receipt"]), /Small: no PIN, no signature/);
  const phone = ["--card", "contactless-unionpay-phone"];
  await approved("pay", "--amount", "900.00", ...tap, ...phone);
  await approved("pay", "--amount", "12.00", ...tap, "--card", "visa");
  await approved("pay", "--amount", "12.00", "--entry", "swipe", "--card", "unionpay-stripe");
  await approved("pay", "--amount", "12.00", "--entry", "manual");
  await declined("", "pay", "--amount", "12.00", "--entry", "swipe");
  await declined("", "pay", "--amount", "1", ...tap, "--card", debit, "--card", "visa");
  await booksAreClean();
});

test("a payment by code is honestly not there yet", async () => {
  for (const entry of ["qr-scan", "qr-show"]) {
    const ran = await house.tillway("pay", "--amount", "1", "--entry", entry);
    assert.equal(ran.code, 1);
    assert.match(ran.err, /not offered yet/);
  }
});

test("a part is approved where there is no more, and the rest is said", async () => {
  const had = BigInt(await house.balance(debit));
  const answer = await approved("pay", "--amount", "99999.00", "--partial");
  assert.equal(answer["responseCode"], "10");
  assert.equal(BigInt(String(answer["amount"])), had);
  assert.equal(BigInt(String(answer["rest"])), 9_999_900n - had);
  await approved("void", "--rrn", String(answer["rrn"]));
  assert.equal(BigInt(await house.balance(debit)), had);
  await booksAreClean();
});

test("downloads and the state of the device", async () => {
  for (const what of ["parameters", "ca-keys", "applications"]) {
    const { answer } = await run("download", what);
    assert.equal(answer["outcome"], "approved", what);
    assert.ok(Number(answer["count"]) > 0, what);
  }
  await approved("upload", "status");
  await approved("pay", "--amount", "2.00");
});

test("the batch is closed in agreement; a void comes too late, a refund does not", async () => {
  const sale = await made("pay", "--amount", "9.00");
  const batch = (await approved("settle"))["batch"];
  const next = await approved("pay", "--amount", "1.00");
  assert.notEqual(next["batch"], batch);
  const late = await run("void", "--rrn", sale);
  assert.equal(late.code, 2);
  await approved("refund", "--rrn", sale, "--amount", "4.00");
  await booksAreClean();
  const { answer } = await run("settle");
  assert.equal(answer["balanced"], true);
  await approved("sign-off");
  await approved("sign-in");
  await booksAreClean();
});
