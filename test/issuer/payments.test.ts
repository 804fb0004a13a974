import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { signedOn, type Acquirer } from "./acquirer.ts";
import { hold } from "./chip.ts";
import { install, type Installation } from "./installation.ts";

let installation: Installation;
let acquirer: Acquirer;

before(async () => {
  installation = await install();
  acquirer = await signedOn(installation);
});
after(() => {
  acquirer.close();
  return installation.close();
});
beforeEach(async () => {
  assert.equal((await installation.admin("cards/reset", "POST")).status, 200);
});

const held = (name: string) => hold(installation.card(name));

test("a chip sale with the right PIN is approved, debited and proved to the card", async () => {
  const before = await installation.balance("unionpay-debit");
  const answer = await acquirer.pay(held("unionpay-debit"));
  assert.equal(answer.fields["39"], "00");
  assert.match(answer.fields["38"] ?? "", /^\d{6}$/);
  assert.equal(answer.fields["100"], "63031000");
  assert.equal(await installation.balance("unionpay-debit"), before - 25_80n);
  const outcome = answer.sale.chip.finish("00", answer.fields["55"] ?? "");
  assert.deepEqual([outcome.result, outcome.cryptogram?.type], ["approved", "TC"]);
});

for (const name of ["unionpay-credit", "visa", "mastercard"]) {
  test(`${name} is approved within its limit and refused beyond it`, async () => {
    const card = held(name);
    const answer = await acquirer.pay(card, { amount: 100_00n });
    assert.equal(answer.fields["39"], "00");
    const outcome = answer.sale.chip.finish("00", answer.fields["55"] ?? "");
    assert.equal(outcome.result, "approved", JSON.stringify(outcome));
    const refused = await acquirer.pay(card, { amount: 90_000_000_00n });
    assert.equal(refused.fields["39"], "51");
  });
}

test("more than the account holds is refused with 51 and moves nothing", async () => {
  const before = await installation.balance("unionpay-debit");
  const answer = await acquirer.pay(held("unionpay-debit"), { amount: before + 1n });
  assert.equal(answer.fields["39"], "51");
  assert.equal(answer.fields["38"], undefined);
  assert.equal(await installation.balance("unionpay-debit"), before);
  const outcome = answer.sale.chip.finish("51", answer.fields["55"] ?? "");
  assert.equal(outcome.result, "declined");
  const exact = await acquirer.pay(held("unionpay-credit"), { amount: before });
  assert.equal(exact.fields["39"], "00");
});

test("a wrong PIN is 55, the third 75, and then the right one is 75 until the reset", async () => {
  const card = held("unionpay-debit");
  const codes: (string | undefined)[] = [];
  for (const pin of ["111111", "222222", "333333", undefined]) {
    const options = pin === undefined ? {} : { pin };
    codes.push((await acquirer.pay(card, options)).fields["39"]);
  }
  assert.deepEqual(codes, ["55", "55", "75", "75"]);
  await installation.admin("cards/reset", "POST");
  assert.equal((await acquirer.pay(held("unionpay-debit"))).fields["39"], "00");
});

test("a right PIN clears the wrong ones before it", async () => {
  const card = held("unionpay-debit");
  const pins = ["111111", "111111", card.image.profile.pin, "111111", "111111"];
  const codes: (string | undefined)[] = [];
  for (const pin of pins) codes.push((await acquirer.pay(card, { pin })).fields["39"]);
  assert.deepEqual(codes, ["55", "55", "00", "55", "55"]);
});

test("a debit card without its PIN is refused", async () => {
  const answer = await acquirer.pay(held("unionpay-debit"), { pin: undefined });
  assert.equal(answer.fields["39"], "55");
});

test("an expired card is 54, a counterfeit cryptogram 05", async () => {
  assert.equal((await acquirer.pay(held("unionpay-expired"))).fields["39"], "54");
  const before = await installation.balance("unionpay-counterfeit");
  assert.equal((await acquirer.pay(held("unionpay-counterfeit"))).fields["39"], "05");
  assert.equal(await installation.balance("unionpay-counterfeit"), before);
  const [row] = await installation.sql(
    "select wrong_cryptograms from issuer.card where name = 'unionpay-counterfeit'",
  );
  assert.equal(row?.["wrong_cryptograms"], 1);
});

for (const [status, code] of [
  ["lost", "41"],
  ["stolen", "43"],
  ["restricted", "62"],
]) {
  test(`a card reported ${status} is ${code}, whatever its PIN`, async () => {
    await installation.sql("update issuer.card set status = $1 where name = 'visa'", [status]);
    assert.equal((await acquirer.pay(held("visa"), { pin: "0000" })).fields["39"], code);
  });
}

test("an unknown card of the bank is 14, a number nobody issues 15", async () => {
  const pan = "6250940000000009";
  const unknown = { "2": pan, "35": `${pan}D34122200000000` };
  const card = held("unionpay-debit");
  // Without a PIN: its block would be bound to the other number.
  const answer = await acquirer.pay(card, { pin: undefined, change: unknown });
  assert.equal(answer.fields["39"], "14");
  const nobody = { "2": "9999990000000009", "35": undefined };
  const unrouted = await acquirer.pay(card, { pin: undefined, change: nobody });
  assert.equal(unrouted.fields["39"], "15");
});

test("another amount, currency or date than the card signed is refused", async () => {
  const card = held("unionpay-debit");
  const amount = await acquirer.pay(card, { change: { "4": "000000000001" } });
  assert.equal(amount.fields["39"], "05");
  const currency = await acquirer.pay(card, { change: { "49": "840" } });
  assert.equal(currency.fields["39"], "05");
  const expiry = await acquirer.pay(card, { change: { "14": "4001", "35": undefined } });
  assert.equal(expiry.fields["39"], "54");
});

test("an amount of zero is 13, an incomplete message 30, another transaction 40", async () => {
  const card = held("unionpay-debit");
  assert.equal((await acquirer.pay(card, { amount: 0n })).fields["39"], "13");
  assert.equal((await acquirer.pay(card, { change: { "55": undefined } })).fields["39"], "30");
  assert.equal((await acquirer.pay(card, { change: { "3": "990000" } })).fields["39"], "40");
});

test("the limits of a card refuse with 61 and 65", async () => {
  const set = "update issuer.card set";
  await installation.sql(
    `${set} transaction_limit = 100000, day_limit = 150000 where name = 'visa'`,
  );
  const card = held("visa");
  const amounts = [1000_01n, 900_00n, 700_00n];
  const codes: (string | undefined)[] = [];
  for (const amount of amounts) codes.push((await acquirer.pay(card, { amount })).fields["39"]);
  assert.deepEqual(codes, ["61", "00", "61"]);
  await installation.sql(`${set} day_count_limit = 1 where name = 'visa'`);
  assert.equal((await acquirer.pay(card, { amount: 1_00n })).fields["39"], "65");
});

test("the same request again gets the same answer and no second debit", async () => {
  const before = await installation.balance("unionpay-debit");
  const sale = await acquirer.prepare(held("unionpay-debit"));
  const first = await acquirer.ask("0200", sale.fields);
  const again = await acquirer.ask("0200", sale.fields);
  const { 128: _mac, ...stored } = again.fields;
  const { 128: _other, ...given } = first.fields;
  assert.deepEqual(stored, given);
  assert.equal(await installation.balance("unionpay-debit"), before - 25_80n);
});

test("the same request twice at the same moment is one debit", async () => {
  const before = await installation.balance("unionpay-debit");
  const sale = await acquirer.prepare(held("unionpay-debit"));
  const heard = acquirer.answers.length;
  await Promise.all([acquirer.tell("0200", sale.fields), acquirer.tell("0200", sale.fields)]);
  await acquirer.ask("0200", sale.fields);
  const codes = acquirer.answers.slice(heard).map((answer) => answer.fields["39"]);
  assert.ok(codes.every((code) => code === "00"));
  assert.equal(await installation.balance("unionpay-debit"), before - 25_80n);
});

test("the same key with another content is 94", async () => {
  const card = held("unionpay-debit");
  const first = await acquirer.prepare(card);
  assert.equal((await acquirer.ask("0200", first.fields)).fields["39"], "00");
  const { 7: sent = "", 11: trace = "" } = first.fields;
  const other = await acquirer.prepare(card, { amount: 1_00n, change: { "7": sent, "11": trace } });
  assert.equal((await acquirer.ask("0200", other.fields)).fields["39"], "94");
});

test("a cryptogram cannot be used a second time under another key", async () => {
  const sale = await acquirer.prepare(held("unionpay-debit"));
  assert.equal((await acquirer.ask("0200", sale.fields)).fields["39"], "00");
  const replay = { ...sale.fields, "11": "900001", "37": "999999999999" };
  assert.equal((await acquirer.ask("0200", replay)).fields["39"], "05");
});

test("a PIN block that holds no PIN is 99", async () => {
  const options = { change: { "52": "0123456789ABCDEF" } };
  assert.equal((await acquirer.pay(held("unionpay-debit"), options)).fields["39"], "99");
});

test("the books are in order after all this, and nothing secret is in database or log", async () => {
  const planted = `x${installation.card("visa").profile.pan}x`;
  assert.throws(() => assertNoSecrets(planted, "a planted line"));
  const books = await installation.audit();
  assert.ok(books.ok, JSON.stringify(books.checks.filter((check) => !check.ok)));
  const tables = [
    "network_exchange",
    "network_advice",
    "authorisation",
    "notice",
    "outbox",
    "card",
  ];
  for (const table of tables) {
    const rows = await installation.sql(`select t::text as line from issuer.${table} t`);
    const text = rows.map((row) => String(row["line"])).join("\n");
    assertNoSecrets(text, table);
  }
  assertNoSecrets(installation.logged(), "log");
});

function assertNoSecrets(text: string, where: string): void {
  const names = ["unionpay-debit", "unionpay-credit", "visa", "mastercard", "unionpay-expired"];
  for (const name of names) {
    const { pan } = installation.card(name).profile;
    assert.ok(!text.includes(pan), `${where} holds the number of ${name}`);
  }
}
