/** Each type of the catalogue at a device against a scripted host: approved, declined, unanswered, unproved. */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { fromHex, toAscii } from "@tillway/bytes";
import type { Decoded } from "@tillway/iso8583";
import { catalogue, type TransactionName } from "@tillway/transactions";
import type { Terminals } from "../src/app.ts";
import { fateOf } from "../src/payment/fate.ts";
import { apiOf, type Api } from "./api.ts";
import { demonstration, until, type Demonstration } from "./demonstration.ts";
import type { Reaction } from "./scripted-host.ts";

let shop: Demonstration;
let terminals: Terminals;
let api: Api;

before(async () => {
  shop = await demonstration();
  terminals = await shop.start({ TILLWAY_REPLY_MS: "150" });
  api = apiOf(shop, terminals);
  await api.signedIn();
});
after(() => shop.close());
beforeEach(async () => {
  shop.host.script = () => ({ code: "00" });
  await until(async () => (await waiting()).length === 0, "nothing owed");
});

type Answer = Record<string, unknown>;

const card = { entry: "chip", card: "unionpay-debit" };
const path = "/terminals/10000001/transactions";

async function run(order: Answer): Promise<Answer> {
  const { status, body } = await api.post(path, order);
  assert.equal(status, 200, JSON.stringify(body));
  return body as Answer;
}

async function waiting(): Promise<readonly Answer[]> {
  const { body } = await api.get("/terminals/10000001/batch");
  return (body as { waiting: readonly Answer[] }).waiting;
}

const row = async (id: unknown): Promise<Answer> =>
  (await api.transactions()).find((one) => one["id"] === id) ?? {};

/** An approved transaction for another to follow. */
async function original(type: TransactionName): Promise<{ readonly rrn: unknown }> {
  const made = await run(await order(type));
  assert.equal(made["outcome"], "approved", JSON.stringify(made));
  return { rrn: made["rrn"] };
}

/** An order of a type that the host would approve. */
async function order(type: TransactionName): Promise<Answer> {
  const [follows] = catalogue[type].follows;
  if (follows !== undefined) {
    const name = follows as TransactionName;
    const more = type === "tip adjustment" ? { tip: "200" } : {};
    return { type, original: await original(name), ...more };
  }
  const amount = catalogue[type].amount === "none" ? {} : { amount: "2580" };
  return {
    type,
    ...amount,
    ...card,
    ...(type === "transfer" ? { receiver: "unionpay-credit" } : {}),
    ...(type === "instalment sale" ? { plan: { periods: 12, code: "01", payer: "holder" } } : {}),
  };
}

/** What the cashier can order; the others the device begins by itself. */
const ordered = (Object.keys(catalogue) as TransactionName[]).filter(
  (type) => !["offline chip sale", "deposit confirmation", "transfer confirmation"].includes(type),
);

/** The host does this with the very type, and approves the rest. */
function react(type: TransactionName, reaction: Reaction): void {
  const { mti, processing, type: code, condition } = catalogue[type].pos;
  shop.host.script = ({ mti: heard, fields }) => {
    const mine =
      heard === mti &&
      fields["3"] === processing &&
      fields["25"] === condition &&
      fields["60"]?.startsWith(code);
    return mine === true ? reaction : { code: "00" };
  };
}

const requests = (type: TransactionName, stan: unknown): Decoded[] =>
  shop.host.of(catalogue[type].pos.mti).filter(({ fields }) => fields["11"] === stan);

for (const type of ordered) {
  const { pos, follows, amount } = catalogue[type];

  test(`${type}, approved: its codes, its original, its receipt, its place in the journal`, async () => {
    const made = await run(await order(type));
    assert.equal(made["outcome"], "approved", JSON.stringify(made));
    assert.equal(made["type"], type);
    const [request] = requests(type, made["stan"]);
    assert.equal(request?.fields["3"], pos.processing);
    assert.equal(request?.fields["25"], pos.condition);
    assert.ok(request?.fields["60"]?.startsWith(pos.type));
    assert.equal(request?.fields["4"] === undefined, amount === "none");
    assert.equal(request?.fields["61"] !== undefined, follows.length > 0);
    assert.equal(
      shop.host.of("0400").filter(({ fields }) => fields["11"] === made["stan"]).length,
      0,
    );
    assert.match(String(made["receipt"]), new RegExp(catalogue[type].text.en.slice(0, 8)));
    assert.equal((await row(made["transaction"]))["state"], "approved");
  });

  test(`${type}, declined: said, and nothing to undo or to repeat`, async () => {
    const asked = await order(type);
    react(type, { code: "57" });
    const made = await run(asked);
    assert.equal(made["outcome"], "declined");
    assert.equal(made["responseCode"], "57");
    assert.equal((await row(made["transaction"]))["state"], "declined");
    assert.deepEqual(await waiting(), []);
    assert.equal(requests(type, made["stan"]).length, 1);
  });

  test(`${type}, no answer: ${fateOf(type)}`, async () => {
    const asked = await order(type);
    react(type, "silence");
    await unknown(type, asked, "98");
  });

  test(`${type}, an approval with a wrong MAC: as if there had been none`, async () => {
    const asked = await order(type);
    react(type, { code: "00", mac: "wrong" });
    await unknown(type, asked, "A0");
  });
}

/** What becomes of a transaction of this type without an outcome. */
async function unknown(type: TransactionName, asked: Answer, reason: string): Promise<void> {
  const made = await run(asked);
  const id = made["transaction"];
  const reversals = (): Decoded[] =>
    shop.host.of("0400").filter(({ fields }) => fields["11"] === made["stan"]);
  switch (fateOf(type)) {
    case "reversal":
      assert.equal(made["outcome"], "reversed", JSON.stringify(made));
      assert.equal((await row(id))["state"], "reversed");
      assert.equal(reversals().length, 1);
      assert.equal(reversals()[0]?.fields["39"], reason);
      return;
    case "advice":
      assert.equal(made["outcome"], "timed-out");
      assert.equal((await row(id))["state"], "open");
      shop.host.script = () => ({ code: "00" });
      await until(async () => (await row(id))["state"] === "approved", "the repeated advice");
      assert.ok(requests(type, made["stan"]).length >= 2);
      assert.deepEqual(reversals(), []);
      return;
    case "promise":
    case "nothing":
      assert.equal(made["outcome"], "timed-out");
      assert.equal((await row(id))["state"], "lapsed");
      assert.deepEqual(reversals(), []);
      assert.deepEqual(await waiting(), []);
  }
}

test("a deposit is confirmed by an advice of its own, which names the promise", async () => {
  const made = await run(await order("deposit"));
  const confirmation = shop.host.of("0220").at(-1);
  assert.equal(confirmation?.fields["3"], "210000");
  assert.equal(confirmation?.fields["37"], made["rrn"]);
  assert.equal(confirmation?.fields["61"]?.slice(6, 12), made["stan"]);
  const [last] = await api.transactions();
  assert.deepEqual([last?.["type"], last?.["state"]], ["deposit confirmation", "approved"]);
});

test("a deposit whose confirmation is not answered is done, and the confirmation repeated", async () => {
  react("deposit confirmation", "silence");
  const made = await run(await order("deposit"));
  assert.equal(made["outcome"], "approved");
  assert.deepEqual(
    (await waiting()).map(({ kind }) => kind),
    ["advice"],
  );
  shop.host.script = () => ({ code: "00" });
  await until(async () => (await waiting()).length === 0, "the confirmation");
});

test("a transfer names its receiver to the host and to nobody else", async () => {
  const made = await run(await order("transfer"));
  const [request] = requests("transfer", made["stan"]);
  assert.equal(toAscii(fromHex(request?.fields["62"] ?? "")), "TF166250940500000006");
  assert.ok(!JSON.stringify([made, await api.transactions()]).includes("6250940500000006"));
});

test("a part is approved: the receipt says what is still to pay, the journal what was paid", async () => {
  const part = { code: "10", fields: { "4": "000000001000", "54": "0057156D000000002580" } };
  react("sale", part);
  const made = await run({ type: "sale", amount: "2580", partial: true, ...card });
  assert.equal(made["outcome"], "approved", JSON.stringify(made));
  assert.equal(made["amount"], "1000");
  assert.equal(made["rest"], "1580");
  assert.match(String(made["receipt"]), /STILL TO PAY\s+CNY 15\.80/);
  assert.equal((await row(made["transaction"]))["amount"], "1000");
  assert.equal(requests("sale", made["stan"])[0]?.fields["60"]?.slice(13), "1");
  const whole = await run({ type: "sale", amount: "2580", ...card });
  assert.equal(whole["outcome"], "reversed", "a part that nobody wanted");
});

test("a balance is shown as the bank has it", async () => {
  react("balance inquiry", { code: "00", fields: { "54": "0002156D000000012345" } });
  const made = await run(await order("balance inquiry"));
  assert.equal(made["balance"], "-12345");
  assert.match(String(made["receipt"]), /BALANCE\s+CNY -123\.45/);
});

test("a follow-up of another terminal's transaction needs the card, a void the open batch", async () => {
  const foreign = { rrn: "112299999999", date: "1101" };
  const without = await api.post(path, { type: "refund", amount: "100", original: foreign });
  assert.equal((without.body as Answer)["code"], "card-needed");
  const made = await run({ type: "refund", amount: "100", original: foreign, ...card });
  assert.equal(made["outcome"], "approved");
  const [request] = requests("refund", made["stan"]);
  assert.equal(request?.fields["37"], "112299999999");
  assert.equal(request?.fields["61"], "0000000000001101");
  assert.equal(request?.fields["22"], "012");
  for (const secret of ["35", "52", "55"]) assert.equal(request?.fields[secret], undefined);
  const voided = await api.post(path, { type: "sale void", original: foreign, ...card });
  assert.equal((voided.body as Answer)["code"], "unknown-original");
});

test("what does not stand, or is of another kind, is followed by nothing", async () => {
  react("sale", { code: "51" });
  const declined = await run({ type: "sale", amount: "100", ...card });
  const undoing = { type: "sale void", original: { transaction: declined["transaction"] } };
  assert.equal(((await api.post(path, undoing)).body as Answer)["code"], "wrong-original");
  shop.host.script = () => ({ code: "00" });
  const hold = await original("pre-authorisation");
  const wrong = await api.post(path, { type: "refund", original: hold, amount: "1" });
  assert.equal((wrong.body as Answer)["code"], "wrong-original");
  const big = await api.post(path, {
    type: "tip adjustment",
    original: await original("sale"),
    tip: "2580",
  });
  assert.equal((big.body as Answer)["code"], "not-allowed", "a tip as large as the bill");
});

test("every message had the fields of its kind, and every MAC was right", () => {
  const incomplete = shop.host.heard.filter(({ message }) => message.mti.includes(" "));
  assert.deepEqual([...new Set(incomplete.map(({ message }) => message.mti))], []);
  assert.ok(shop.host.heard.every(({ macRight }) => macRight !== false));
});
