import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { encode, cups } from "@tillway/iso8583";
import { connectAcquirer, signedOn, type Acquirer } from "./acquirer.ts";
import { hold, type HeldCard } from "./chip.ts";
import { install, until, type Installation } from "./installation.ts";

let installation: Installation;
let acquirer: Acquirer;
let card: HeldCard;

before(async () => {
  installation = await install();
  acquirer = await signedOn(installation);
  card = hold(installation.card("unionpay-debit"));
});
after(() => {
  acquirer.close();
  return installation.close();
});

const delivered = () =>
  until("every advice is delivered", async () => {
    const rows = await installation.sql(
      "select 1 from issuer.network_advice where state = 'pending'",
    );
    return rows.length === 0;
  });

const adviceCodes = async (): Promise<unknown[]> =>
  (
    await installation.sql("select response_code from issuer.network_advice order by received_at")
  ).map((row) => row["response_code"]);

test("a reversal gives the money back once, however often it is sent", async () => {
  const before = await installation.balance("unionpay-debit");
  const { sale } = await acquirer.pay(card);
  assert.equal(await installation.balance("unionpay-debit"), before - 25_80n);
  const reversal = acquirer.reversalOf(sale.fields);
  assert.equal((await acquirer.ask("0420", reversal)).fields["39"], "00");
  assert.equal((await acquirer.ask("0421", reversal)).fields["39"], "00");
  await delivered();
  assert.equal(await installation.balance("unionpay-debit"), before);
  const second = acquirer.reversalOf(sale.fields);
  assert.equal((await acquirer.ask("0420", second)).fields["39"], "00");
  await delivered();
  assert.equal(await installation.balance("unionpay-debit"), before);
});

test("a reversed sale that is repeated is not debited again", async () => {
  const before = await installation.balance("unionpay-debit");
  const { sale } = await acquirer.pay(card);
  await acquirer.ask("0420", acquirer.reversalOf(sale.fields));
  await delivered();
  await acquirer.ask("0200", sale.fields);
  assert.equal(await installation.balance("unionpay-debit"), before);
});

test("a reversal of something unknown is taken, and the issuer says 25", async () => {
  const sale = await acquirer.prepare(card);
  const answer = await acquirer.ask("0420", acquirer.reversalOf(sale.fields));
  assert.equal(answer.fields["39"], "00");
  await delivered();
  assert.equal((await adviceCodes()).at(-1), "25");
});

test("a request that comes after its reversal is never debited", async () => {
  const before = await installation.balance("unionpay-debit");
  const sale = await acquirer.prepare(card);
  await acquirer.ask("0420", acquirer.reversalOf(sale.fields));
  await delivered();
  assert.equal((await acquirer.ask("0200", sale.fields)).fields["39"], "22");
  // The bank refuses it too, where the network has forgotten the advice.
  await installation.sql("delete from issuer.network_advice");
  await installation.sql("delete from issuer.network_exchange where key = $1", [
    `${sale.fields["7"]}${sale.fields["11"]}0004802100000048021000`,
  ]);
  assert.equal((await acquirer.ask("0200", sale.fields)).fields["39"], "22");
  assert.equal(await installation.balance("unionpay-debit"), before);
});

test("a reversal of another amount changes nothing", async () => {
  const { sale } = await acquirer.pay(card);
  const debited = await installation.balance("unionpay-debit");
  const reversal = { ...acquirer.reversalOf(sale.fields), "4": "000000000001" };
  await acquirer.ask("0420", reversal);
  await delivered();
  assert.equal((await adviceCodes()).at(-1), "64");
  assert.equal(await installation.balance("unionpay-debit"), debited);
});

test("the same advice key with another content is 94", async () => {
  const { sale } = await acquirer.pay(card);
  const reversal = acquirer.reversalOf(sale.fields);
  assert.equal((await acquirer.ask("0420", reversal)).fields["39"], "00");
  const other = { ...reversal, "4": "000000000001" };
  assert.equal((await acquirer.ask("0420", other)).fields["39"], "94");
});

test("a wrong MAC is A0, and nothing is written down", async () => {
  const sale = await acquirer.prepare(card);
  const count = async () =>
    (await installation.sql("select count(*)::int as n from issuer.network_exchange"))[0]?.["n"];
  const stored = await count();
  const heard = acquirer.answers.length;
  const forged = { ...sale.fields, "128": "0011223344556677" };
  acquirer.sendRaw(encode(cups, { mti: "0200", fields: forged }));
  acquirer.sendRaw(encode(cups, { mti: "0200", fields: sale.fields }));
  await until("both are answered", () => acquirer.answers.length >= heard + 2);
  const codes = acquirer.answers.slice(heard).map((answer) => answer.fields["39"]);
  assert.deepEqual(codes, ["A0", "A0"]);
  assert.equal(await count(), stored);
});

test("a message that cannot be read is 30 where it says who it is, else the end", async () => {
  const other = await signedOn(installation);
  const sale = await other.prepare(card);
  const bytes = encode(cups, { mti: "0200", fields: { ...sale.fields, "41": "1000000!" } });
  // The currency is letters and digits: a control character in it cannot be.
  const at = Buffer.from(bytes).indexOf("1000000!");
  bytes[at] = 0x01;
  const heard = other.answers.length;
  other.sendRaw(bytes);
  await until("it is answered", () => other.answers.length > heard);
  assert.equal(other.answers.at(-1)?.fields["39"], "30");
  assert.equal(other.answers.at(-1)?.fields["11"], sale.fields["11"]);
  other.sendRaw(new TextEncoder().encode("this is no message"));
  await until("it is closed", () => other.closed());
  assert.equal((await acquirer.pay(card)).fields["39"], "00");
});

test("who has not signed on, or is unknown, is refused with 92", async () => {
  const stranger = await connectAcquirer(installation);
  const time = { "7": "1123010203", "11": "000777" };
  const unknown = await stranger.ask("0800", { ...time, "33": "99999999", "70": "001" });
  assert.equal(unknown.fields["39"], "92");
  const sale = await acquirer.prepare(card);
  const refused = await stranger.ask("0200", sale.fields);
  assert.equal(refused.fields["39"], "92");
  stranger.close();
});

test("whoever signs on in the bank's name without its key gets no requests", async () => {
  const impostor = await connectAcquirer(installation);
  const time = { "7": "1123010204", "33": "63031000" };
  for (const [trace, more] of [
    ["000001", { "70": "001" }],
    ["000002", { "53": "1600000000000000", "70": "101" }],
    ["000003", { "53": "2000000000000000", "70": "101" }],
  ] as const) {
    const answer = await impostor.ask("0800", { ...time, "11": trace, ...more });
    assert.equal(answer.fields["39"], "00");
  }
  const heard = impostor.answers.length;
  assert.equal((await acquirer.pay(card)).fields["39"], "00");
  assert.equal(impostor.answers.length, heard);
  impostor.close();
});

test("new keys in the middle of a session are used from then on", async () => {
  const before = await installation.balance("unionpay-debit");
  await acquirer.signOn();
  assert.equal((await acquirer.pay(card)).fields["39"], "00");
  assert.equal(await installation.balance("unionpay-debit"), before - 25_80n);
});

test("the books are in order after all this", async () => {
  await delivered();
  const books = await installation.audit();
  assert.ok(books.ok, JSON.stringify(books.checks.filter((check) => !check.ok)));
});
