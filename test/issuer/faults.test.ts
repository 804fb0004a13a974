import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { signedOn, type Acquirer } from "./acquirer.ts";
import { hold, type HeldCard } from "./chip.ts";
import { install, until, type Installation } from "./installation.ts";
import { startRelay, type Relay } from "./relay.ts";

let relay: Relay;
let installation: Installation;
let acquirer: Acquirer;
let card: HeldCard;

before(async () => {
  relay = await startRelay();
  installation = await install(relay);
  await restart();
  card = hold(installation.card("unionpay-debit"));
});
after(async () => {
  acquirer.close();
  await installation.close();
  await relay.close();
});

/** The network waits 1.5 s for the bank from here on. */
async function restart(): Promise<void> {
  acquirer?.close();
  await installation.stop();
  await installation.start({ TILLWAY_ISSUER_REPLY_MS: 1500 });
  acquirer = await signedOn(installation);
}

const bankIsBack = () => until("the bank is signed on", () => installation.issuer().ready());

const delivered = () =>
  until("every advice is delivered", async () => {
    const rows = await installation.sql(
      "select 1 from issuer.network_advice where state = 'pending'",
    );
    return rows.length === 0;
  });

const stateAtBank = async (rrn: string | undefined): Promise<unknown> =>
  (await installation.sql("select state from issuer.authorisation where rrn = $1", [rrn]))[0]?.[
    "state"
  ];

afterEach(async () => {
  relay.join();
  relay.holdAnswers(false);
  await bankIsBack();
  await delivered();
  const books = await installation.audit();
  assert.ok(books.ok, JSON.stringify(books.checks.filter((check) => !check.ok)));
});

test("a bank that is not connected is 91, and nothing is debited", async () => {
  const before = await installation.balance("unionpay-debit");
  relay.cut(true);
  await until("the bank is gone", () => !installation.issuer().ready());
  const answer = await acquirer.pay(card);
  assert.equal(answer.fields["39"], "91");
  relay.join();
  await bankIsBack();
  assert.equal((await acquirer.ask("0200", answer.sale.fields)).fields["39"], "91");
  assert.equal(await installation.balance("unionpay-debit"), before);
});

test("a bank that is silent is 98, and what it did debit is reversed", async () => {
  const before = await installation.balance("unionpay-debit");
  relay.holdAnswers(true);
  const answer = await acquirer.pay(card);
  assert.equal(answer.fields["39"], "98");
  relay.holdAnswers(false);
  await delivered();
  assert.equal(await stateAtBank(answer.sale.fields["37"]), "reversed");
  assert.equal(await installation.balance("unionpay-debit"), before);
  const late = await until("the late answer is recorded", async () => {
    const rows = await installation.sql(
      "select late_reply ->> '39' as code from issuer.network_exchange where late_reply is not null",
    );
    return rows[0];
  });
  assert.equal(late["code"], "00");
  assert.equal((await acquirer.ask("0200", answer.sale.fields)).fields["39"], "98");
});

test("a link that is cut on the way back is 98 at once, and the debit is reversed", async () => {
  const before = await installation.balance("unionpay-debit");
  relay.cutAtNextAnswer();
  const began = Date.now();
  const answer = await acquirer.pay(card);
  assert.equal(answer.fields["39"], "98");
  assert.ok(Date.now() - began < 1500);
  await bankIsBack();
  await delivered();
  assert.equal(await stateAtBank(answer.sale.fields["37"]), "reversed");
  assert.equal(await installation.balance("unionpay-debit"), before);
});

test("an acquirer whose link is cut gets the same answer when it asks again", async () => {
  const before = await installation.balance("unionpay-debit");
  const sale = await acquirer.prepare(card);
  await acquirer.tell("0200", sale.fields);
  await until("the network has it", async () => {
    const wanted = "select 1 from issuer.network_exchange where rrn = $1";
    return (await installation.sql(wanted, [sale.fields["37"]])).length > 0;
  });
  acquirer.close();
  acquirer = await signedOn(installation);
  assert.equal((await acquirer.ask("0200", sale.fields)).fields["39"], "00");
  assert.equal(await installation.balance("unionpay-debit"), before - 25_80n);
});

test("an advice is acknowledged at once and delivered when the bank is back", async () => {
  const before = await installation.balance("unionpay-debit");
  const { sale } = await acquirer.pay(card);
  relay.cut(true);
  await until("the bank is gone", () => !installation.issuer().ready());
  const reversal = acquirer.reversalOf(sale.fields);
  assert.equal((await acquirer.ask("0420", reversal)).fields["39"], "00");
  assert.equal(await installation.balance("unionpay-debit"), before - 25_80n);
  relay.join();
  await delivered();
  assert.equal(await installation.balance("unionpay-debit"), before);
});

test("an advice outlives the process that took it", async () => {
  const before = await installation.balance("unionpay-debit");
  const { sale } = await acquirer.pay(card);
  relay.cut(true);
  await until("the bank is gone", () => !installation.issuer().ready());
  await acquirer.ask("0420", acquirer.reversalOf(sale.fields));
  await installation.stop();
  assert.equal(await installation.balance("unionpay-debit"), before - 25_80n);
  relay.join();
  await restart();
  await delivered();
  assert.equal(await installation.balance("unionpay-debit"), before);
});

test("an advice whose acknowledgement is lost is sent again as a repeat", async () => {
  const before = await installation.balance("unionpay-debit");
  const { sale } = await acquirer.pay(card);
  relay.cutAtNextAnswer();
  await acquirer.ask("0420", acquirer.reversalOf(sale.fields));
  await bankIsBack();
  await delivered();
  const [row] = await installation.sql(
    "select attempts, response_code from issuer.network_advice order by received_at desc limit 1",
  );
  assert.ok(Number(row?.["attempts"]) >= 2);
  assert.equal(row?.["response_code"], "00");
  assert.equal(await installation.balance("unionpay-debit"), before);
});

test("a request whose process ended in flight is given up and reversed after its lease", async () => {
  const before = await installation.balance("unionpay-debit");
  const { sale } = await acquirer.pay(card);
  // As a process leaves it that was killed between the bank's commit and its own.
  await installation.sql(
    `update issuer.network_exchange
     set state = 'forwarded', owner = 'gone', reply = null, response_code = null, answered_at = null,
         lease_until = received_at
     where rrn = $1`,
    [sale.fields["37"]],
  );
  await restart();
  await until("it is given up", async () => {
    const rows = await installation.sql(
      "select 1 from issuer.network_exchange where rrn = $1 and state = 'timed-out'",
      [sale.fields["37"]],
    );
    return rows.length > 0;
  });
  await delivered();
  assert.equal(await installation.balance("unionpay-debit"), before);
  assert.equal((await acquirer.ask("0200", sale.fields)).fields["39"], "98");
});
