/** What only some payments do: in part, by stripe, by key, without contact, beyond the balance. */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { signedOn, type Acquirer } from "./acquirer.ts";
import { hold, type HeldCard } from "./chip.ts";
import { install, until, type Installation } from "./installation.ts";
import { following, moneyOf, offline, opening, reversing, type Message } from "./messages.ts";

let installation: Installation;
let acquirer: Acquirer;
let card: HeldCard;

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
  card = hold(installation.card("unionpay-debit"));
});

const delivered = () =>
  until("every advice is delivered", async () => {
    const rows = await installation.sql(
      "select 1 from issuer.network_advice where state = 'pending'",
    );
    return rows.length === 0;
  });

const tell = async ({ mti, fields }: Message) => (await acquirer.ask(mti, fields)).fields;
const balance = (name = "unionpay-debit") => installation.balance(name);
const adviceCode = async ({ fields }: Message): Promise<unknown> =>
  (
    await installation.sql("select response_code from issuer.network_advice where key like $1", [
      `${fields["7"]}${fields["11"]}%`,
    ])
  )[0]?.["response_code"];
const wantsPart = { "60": "00001" };
const twelve = (amount: bigint): string => amount.toString().padStart(12, "0");

test("where part is wanted, what there is of the amount is approved with 10", async () => {
  const had = await balance();
  const ask = await opening(acquirer, "sale", card, had + 5_00n, wantsPart);
  const answer = await tell(ask);
  assert.deepEqual([answer["39"], answer["4"]], ["10", twelve(had)]);
  assert.equal(answer["54"], `0057156D${twelve(had + 5_00n)}`);
  assert.equal(await balance(), 0n);
  const again = await tell(ask);
  assert.deepEqual([again["39"], again["4"], again["54"]], ["10", answer["4"], answer["54"]]);
  // A reversal that knows no answer names what was asked.
  assert.equal((await tell(reversing(ask)))["39"], "00");
  await delivered();
  assert.equal(await balance(), had);
});

test("where part is not wanted, or the product has none, it is 51", async () => {
  const had = await balance();
  assert.equal((await tell(await opening(acquirer, "sale", card, had + 1n)))["39"], "51");
  const credit = hold(installation.card("unionpay-credit"));
  const much = await opening(acquirer, "sale", credit, 90_000_000_00n, wantsPart);
  assert.equal((await tell(much))["39"], "51");
});

test("what is set apart cannot be spent, and can when it is free again", async () => {
  const had = await balance();
  const first = await opening(acquirer, "pre-authorisation", card, had - 1_00n);
  const answer = await acquirer.ask(first.mti, first.fields);
  assert.equal(answer.fields["39"], "00");
  assert.equal((await tell(await opening(acquirer, "sale", card, 1_01n)))["39"], "51");
  const inquiry = await tell(await opening(acquirer, "balance inquiry", card, 0n));
  assert.equal(inquiry["54"], `1002156C${twelve(1_00n)}1001156C${twelve(had)}`);
  const released = following("pre-authorisation void", first, answer, had - 1_00n);
  assert.equal((await tell(released))["39"], "00");
  assert.equal((await tell(await opening(acquirer, "sale", card, 1_01n)))["39"], "00");
});

test("a payment is refunded in parts, and never more than it was", async () => {
  const had = await balance();
  const sale = await opening(acquirer, "sale", card, 10_00n);
  const answer = await acquirer.ask(sale.mti, sale.fields);
  const codes: unknown[] = [];
  for (const amount of [4_00n, 5_00n, 2_00n, 1_00n]) {
    const refund = following("refund", sale, answer, amount);
    assert.equal((await tell(refund))["39"], "00");
    await delivered();
    codes.push(await adviceCode(refund));
  }
  assert.deepEqual(codes, ["00", "00", "64", "00"]);
  assert.equal(await balance(), had);
  const late = following("sale void", sale, answer, 10_00n);
  assert.equal((await tell(late))["39"], "22");
  const reversal = reversing(sale);
  await tell(reversal);
  await delivered();
  assert.equal(await adviceCode(reversal), "22");
  assert.equal(await balance(), had);
});

test("a refund of what the bank does not know is taken or not by its policy", async () => {
  const had = await balance();
  const unknown = await opening(acquirer, "sale", card, 10_00n);
  const refund = following("refund", unknown, undefined, 3_00n);
  await tell(refund);
  await delivered();
  assert.equal(await adviceCode(refund), "00");
  assert.equal(await balance(), had + 3_00n);
  await installation.stop();
  await installation.start({ TILLWAY_ISSUER_UNKNOWN_REFUND: "no" });
  acquirer.close();
  acquirer = await signedOn(installation);
  const refused = following("refund", unknown, undefined, 3_00n);
  await tell(refused);
  await delivered();
  assert.equal(await adviceCode(refused), "25");
  assert.equal(await balance(), had + 3_00n);
});

test("what follows names a payment of the same card, of a type that it can follow, once", async () => {
  const sale = await opening(acquirer, "sale", card, 10_00n);
  const answer = await acquirer.ask(sale.mti, sale.fields);
  const other = hold(installation.card("unionpay-credit")).image.profile.pan;
  const strange = following("sale void", sale, answer, 10_00n, { "2": other });
  assert.equal((await tell(strange))["39"], "22");
  const wrongType = following("completion", sale, answer, 10_00n);
  assert.equal((await tell(wrongType))["39"], "22");
  assert.equal((await tell(following("sale void", sale, answer, 10_00n)))["39"], "00");
  assert.equal((await tell(following("sale void", sale, answer, 10_00n)))["39"], "22");
  const nothing = await opening(acquirer, "sale", card, 10_00n);
  assert.equal((await tell(following("sale void", nothing, answer, 10_00n)))["39"], "25");
});

test("a void that is reversed leaves the payment as it was, to be voided again", async () => {
  const had = await balance();
  const sale = await opening(acquirer, "sale", card, 10_00n);
  const answer = await acquirer.ask(sale.mti, sale.fields);
  const voiding = following("sale void", sale, answer, 10_00n);
  assert.equal((await tell(voiding))["39"], "00");
  await tell(reversing(voiding));
  await delivered();
  assert.equal(await balance(), had - 10_00n);
  assert.equal((await tell(following("sale void", sale, answer, 10_00n)))["39"], "00");
  assert.equal(await balance(), had);
});

test("a void that comes after its reversal is 22, whatever the payment", async () => {
  const had = await balance();
  const sale = await opening(acquirer, "sale", card, 10_00n);
  const answer = await acquirer.ask(sale.mti, sale.fields);
  const voiding = following("sale void", sale, answer, 10_00n);
  const [reversal, voided] = await Promise.all([tell(reversing(voiding)), tell(voiding)]);
  assert.equal(reversal["39"], "00");
  await delivered();
  assert.ok(["00", "22"].includes(voided["39"] ?? ""));
  assert.equal(await balance(), had - 10_00n);
});

test("a void by chip is proved to the card where the chip signed, and taken where it did not", async () => {
  const sale = await opening(acquirer, "sale", card, 10_00n);
  const answer = await acquirer.ask(sale.mti, sale.fields);
  const chip = await opening(acquirer, "sale", card, 1_00n);
  const proof = { "22": "052", "23": "001", "55": chip.fields["55"] };
  const signed = following("sale void", sale, answer, 10_00n, proof);
  const voided = await tell(signed);
  assert.equal(voided["39"], "00");
  assert.match(voided["55"] ?? "", /^91/);
  const other = await opening(acquirer, "sale", card, 10_00n);
  const paid = await acquirer.ask(other.mti, other.fields);
  const silent = { ...proof, "55": "9F360200019F270100" };
  assert.equal((await tell(following("sale void", other, paid, 10_00n, silent)))["39"], "00");
});

test("a tip is part of what is voided and refunded", async () => {
  const had = await balance();
  const sale = await opening(acquirer, "sale", card, 10_00n);
  const answer = await acquirer.ask(sale.mti, sale.fields);
  const tip = { "54": "0040156D000000000150" };
  await tell(following("tip adjustment", sale, answer, 11_50n, tip));
  await delivered();
  assert.equal(await balance(), had - 11_50n);
  assert.equal((await tell(following("sale void", sale, answer, 10_00n)))["39"], "64");
  assert.equal((await tell(following("sale void", sale, answer, 11_50n)))["39"], "00");
  assert.equal(await balance(), had);
});

test("what the chip approved by itself is taken beyond the balance, and each only once", async () => {
  const had = await balance();
  const first = await opening(acquirer, "sale", card, had - 2_00n);
  assert.equal((await tell(first))["39"], "00");
  const approved = await offline(acquirer, card, 10_00n);
  assert.equal((await tell(approved))["39"], "00");
  await delivered();
  assert.equal(await adviceCode(approved), "00");
  assert.equal(await balance(), 0n);
  const [owed] = await installation.sql(
    `select sum(e.amount)::text as owed from issuer.ledger_entry e join issuer.ledger_account a
     on a.bucket = e.bucket and a.id = e.account_id where a.kind = 'overdraft'`,
  );
  assert.equal(owed?.["owed"], "-800");
  const twice = { ...approved, fields: { ...approved.fields, "11": "990001" } };
  await tell(twice);
  await delivered();
  assert.equal(await adviceCode(twice), "05");
});

test("an instalment sale leaves its schedule; the amounts sum to the price", async () => {
  const plan = { "122": "IP03A11               " };
  const sale = await opening(acquirer, "instalment sale", card, 100_00n, plan);
  assert.equal((await tell(sale))["39"], "00");
  const due = await installation.sql(
    `select i.number, i.amount::text as amount, p.fee_payer from issuer.instalment i
     join issuer.instalment_plan p on p.bucket = i.bucket and p.id = i.plan
     where p.state = 'active' order by i.number`,
  );
  assert.deepEqual(
    due.map((row) => row["amount"]),
    ["3334", "3333", "3333"],
  );
  assert.equal(due[0]?.["fee_payer"], "merchant");
});

const bare = { "26": undefined, "52": undefined, "53": undefined, "55": undefined };

test("a card with a chip is not taken by its stripe; a foreign one is where its chip failed", async () => {
  const { stripe, profile } = card.image;
  const swiped = { ...bare, "22": "022", "35": stripe };
  assert.equal((await tell(await opening(acquirer, "sale", card, 10_00n, swiped)))["39"], "45");
  const fallen = { ...swiped, "22": "802" };
  assert.equal((await tell(await opening(acquirer, "sale", card, 10_00n, fallen)))["39"], "45");
  const visa = hold(installation.card("visa"));
  const foreign = { ...fallen, "35": visa.image.stripe };
  assert.equal((await tell(await opening(acquirer, "sale", visa, 10_00n, foreign)))["39"], "00");
  const wrong = `${visa.image.stripe?.slice(0, -1)}${visa.image.stripe?.endsWith("0") ? 1 : 0}`;
  const forged = { ...foreign, "35": wrong };
  assert.equal((await tell(await opening(acquirer, "sale", visa, 10_00n, forged)))["39"], "59");
  assert.ok(stripe?.startsWith(profile.pan));
});

test("a stripe card of the country is taken by its stripe, with its PIN", async () => {
  const noChip = "update issuer.card set service_code = '120' where name = 'unionpay-debit'";
  await installation.sql(noChip);
  const { stripe = "" } = card.image;
  // The value on this stripe was made for another service code.
  const swiped = { "22": "021", "35": stripe.replace(/(D\d{4})220/, "$1120"), "55": undefined };
  assert.equal((await tell(await opening(acquirer, "sale", card, 10_00n, swiped)))["39"], "59");
});

test("a keyed card number is taken where the bank allows it, a debit card's with its PIN", async () => {
  const keyed = { "22": "011", "35": undefined, "55": undefined };
  assert.equal((await tell(await opening(acquirer, "sale", card, 10_00n, keyed)))["39"], "00");
  const silent = { ...keyed, ...bare, "22": "012" };
  assert.equal((await tell(await opening(acquirer, "sale", card, 10_00n, silent)))["39"], "55");
});

test("without contact a small amount needs no PIN, a large one does", async () => {
  const tapped = { "22": "072", "26": undefined, "52": undefined, "53": undefined };
  assert.equal((await tell(await opening(acquirer, "sale", card, 10_00n, tapped)))["39"], "00");
  const large = await opening(acquirer, "sale", card, 1000_01n, tapped);
  assert.equal((await tell(large))["39"], "55");
});

test("a hold and a promise end with their time; a late deposit is taken, a late completion is not", async () => {
  const had = await balance();
  const held = await opening(acquirer, "pre-authorisation", card, 10_00n);
  const heldAnswer = await acquirer.ask(held.mti, held.fields);
  const deposit = await opening(acquirer, "deposit", card, 20_00n);
  const depositAnswer = await acquirer.ask(deposit.mti, deposit.fields);
  await installation.sql(
    "update issuer.authorisation set expires_at = '2020-01-01' where expires_at is not null",
  );
  await until("both are expired", async () => {
    const rows = await installation.sql(
      "select 1 from issuer.authorisation where state = 'expired'",
    );
    return rows.length >= 2;
  });
  assert.equal((await moneyOf(installation, "unionpay-debit")).held, 0n);
  assert.equal((await tell(following("completion", held, heldAnswer, 10_00n)))["39"], "22");
  await tell(following("deposit confirmation", deposit, depositAnswer, 20_00n));
  await delivered();
  assert.equal(await balance(), had + 20_00n);
});

test("a transfer reaches the other account, and one that is not confirmed moves nothing", async () => {
  const had = await balance();
  const friend = await balance("unionpay-credit");
  const to = { "103": installation.card("unionpay-credit").profile.pan };
  const left = await opening(acquirer, "transfer", card, 10_00n, to);
  const answer = await acquirer.ask(left.mti, left.fields);
  assert.equal(await balance(), had);
  await tell(following("transfer confirmation", left, answer, 10_00n));
  await delivered();
  assert.deepEqual(
    [await balance(), await balance("unionpay-credit")],
    [had - 10_00n, friend + 10_00n],
  );
  const nobody = { "103": "6250940000000009" };
  assert.equal((await tell(await opening(acquirer, "transfer", card, 1_00n, nobody)))["39"], "14");
});

test("a script reaches the chip with the next answer, and its result comes back", async () => {
  const none = await installation.post("cards/nobody/scripts", { command: "unblock-pin" });
  assert.equal(none.status, 404);
  const wrong = await installation.post("cards/unionpay-debit/scripts", { command: "eject" });
  assert.equal(wrong.status, 400);
  const made = await installation.post("cards/unionpay-debit/scripts", { command: "unblock-pin" });
  assert.equal(made.status, 201);
  const states = async (): Promise<unknown[]> => {
    const answer = await installation.admin("cards/unionpay-debit/scripts");
    const { scripts } = (await answer.json()) as { scripts: { state: string }[] };
    return scripts.map(({ state }) => state);
  };
  const answer = await acquirer.pay(card);
  assert.equal(answer.fields["39"], "00");
  assert.deepEqual(await states(), ["sent"]);
  const outcome = answer.sale.chip.finish("00", answer.fields["55"] ?? "");
  assert.equal(outcome.result, "approved");
  const results = Buffer.from(outcome.scriptResults ?? [])
    .toString("hex")
    .toUpperCase();
  assert.match(results, /^2/);
  const sale = { mti: "0200", fields: answer.sale.fields };
  const { 90: original } = reversing(sale).fields;
  const notice = {
    ...following("sale void", sale, answer, 25_80n).fields,
    "3": "000000",
    "38": answer.fields["38"] ?? "",
    "55": `DF31${(results.length / 2).toString(16).padStart(2, "0")}${results}`,
    "60": "0951",
    "90": original ?? "",
  };
  assert.equal((await acquirer.ask("0620", notice)).fields["39"], "00");
  await delivered();
  assert.deepEqual(await states(), ["done"]);
});

test("the books are in order after all this", async () => {
  await delivered();
  const books = await installation.audit();
  assert.ok(books.ok, JSON.stringify(books.checks.filter((check) => !check.ok)));
});
