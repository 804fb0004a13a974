/** Every type of transaction, on each of its ways, over real sockets. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { catalogue, networkCodes, type TransactionName } from "@tillway/transactions";
import { signedOn, type Acquirer } from "./acquirer.ts";
import { hold, type HeldCard } from "./chip.ts";
import { install, until, type Installation } from "./installation.ts";
import { following, moneyOf, offline, opening, reversing, type Message } from "./messages.ts";
import { startRelay, type Relay } from "./relay.ts";

const CARD = "unionpay-debit";
const AMOUNT = 10_00n;
const PLAN = { "122": "IP03A10               " };

let relay: Relay;
let installation: Installation;
let acquirer: Acquirer;
let card: HeldCard;
let friend: string;

before(async () => {
  relay = await startRelay();
  installation = await install(relay);
  await installation.stop();
  await installation.start({ TILLWAY_ISSUER_REPLY_MS: 600 });
  acquirer = await signedOn(installation);
  card = hold(installation.card(CARD));
  friend = installation.card("unionpay-credit").profile.pan;
});
after(async () => {
  acquirer.close();
  await installation.close();
  await relay.close();
});

const delivered = () =>
  until("every advice is delivered", async () => {
    const rows = await installation.sql(
      "select 1 from issuer.network_advice where state = 'pending'",
    );
    return rows.length === 0;
  });

const ask = async (message: Message): Promise<string | undefined> =>
  (await acquirer.ask(message.mti, message.fields)).fields["39"];

/** A message that is approved, and what comes after it is made of. */
async function approved(type: TransactionName, changes = {}) {
  const message = await opening(acquirer, type, card, AMOUNT, changes);
  const answer = await acquirer.ask(message.mti, message.fields);
  assert.equal(answer.fields["39"], "00", type);
  return { message, answer };
}

async function followed(
  type: TransactionName,
  first: TransactionName,
  amount = AMOUNT,
  changes = {},
): Promise<Message> {
  const { message, answer } = await approved(first);
  return following(type, message, answer, amount, changes);
}

type Row = {
  /** Makes the message, and before it what it follows. */
  readonly make: () => Promise<Message>;
  /** What it changes on the account: balance, and what is set apart. */
  readonly effect: readonly [balance: bigint, held: bigint];
  /** The same message made wrong, and what the bank says to it. */
  readonly declined: { readonly change: Record<string, string>; readonly code: string };
};

const tooMuch = { change: { "4": "000099999999" }, code: "64" };

const rows: Readonly<Record<TransactionName, Row>> = {
  sale: {
    make: () => opening(acquirer, "sale", card, AMOUNT),
    effect: [-AMOUNT, 0n],
    declined: { change: { "14": "4001" }, code: "54" },
  },
  "sale void": {
    make: () => followed("sale void", "sale"),
    effect: [AMOUNT, 0n],
    declined: tooMuch,
  },
  refund: {
    make: () => followed("refund", "sale", 4_00n),
    effect: [4_00n, 0n],
    declined: tooMuch,
  },
  "pre-authorisation": {
    make: () => opening(acquirer, "pre-authorisation", card, AMOUNT),
    effect: [0n, AMOUNT],
    declined: { change: { "14": "4001" }, code: "54" },
  },
  "pre-authorisation void": {
    make: () => followed("pre-authorisation void", "pre-authorisation"),
    effect: [0n, -AMOUNT],
    declined: tooMuch,
  },
  completion: {
    make: () => followed("completion", "pre-authorisation", 11_50n),
    effect: [-11_50n, -AMOUNT],
    declined: { change: { "4": "000000001151" }, code: "61" },
  },
  "completion advice": {
    make: () => followed("completion advice", "pre-authorisation", 6_00n),
    effect: [-6_00n, -AMOUNT],
    declined: { change: { "4": "000000001151" }, code: "61" },
  },
  "completion void": {
    make: async () => {
      const { message, answer } = await approved("pre-authorisation");
      const completion = following("completion", message, answer, 8_00n);
      const completed = await acquirer.ask(completion.mti, completion.fields);
      assert.equal(completed.fields["39"], "00");
      return following("completion void", completion, completed, 8_00n);
    },
    effect: [8_00n, AMOUNT],
    declined: tooMuch,
  },
  "balance inquiry": {
    make: () => opening(acquirer, "balance inquiry", card, 0n),
    effect: [0n, 0n],
    declined: { change: { "14": "4001" }, code: "54" },
  },
  withdrawal: {
    make: () => opening(acquirer, "withdrawal", card, AMOUNT),
    effect: [-AMOUNT, 0n],
    declined: { change: { "14": "4001" }, code: "54" },
  },
  deposit: {
    make: () => opening(acquirer, "deposit", card, AMOUNT),
    effect: [0n, 0n],
    declined: { change: { "14": "4001" }, code: "54" },
  },
  "deposit confirmation": {
    make: () => followed("deposit confirmation", "deposit"),
    effect: [AMOUNT, 0n],
    declined: tooMuch,
  },
  transfer: {
    make: () => opening(acquirer, "transfer", card, AMOUNT, { "103": friend }),
    effect: [0n, AMOUNT],
    declined: { change: { "103": "6216261000000000018" }, code: "12" },
  },
  "transfer confirmation": {
    make: async () => {
      const { message, answer } = await approved("transfer", { "103": friend });
      return following("transfer confirmation", message, answer, AMOUNT);
    },
    effect: [-AMOUNT, -AMOUNT],
    declined: tooMuch,
  },
  "tip adjustment": {
    make: () => followed("tip adjustment", "sale", 12_00n, { "54": "0040156D000000000200" }),
    effect: [-2_00n, 0n],
    declined: { change: { "4": "000000000999" }, code: "64" },
  },
  "instalment sale": {
    make: () => opening(acquirer, "instalment sale", card, AMOUNT, PLAN),
    effect: [-AMOUNT, 0n],
    declined: { change: { "122": "IP05A10               " }, code: "57" },
  },
  "instalment void": {
    make: async () => {
      const { message, answer } = await approved("instalment sale", PLAN);
      return following("instalment void", message, answer, AMOUNT);
    },
    effect: [AMOUNT, 0n],
    declined: tooMuch,
  },
  "offline chip sale": {
    make: () => offline(acquirer, card, AMOUNT),
    effect: [-AMOUNT, 0n],
    declined: { change: { "4": "000000001001" }, code: "05" },
  },
};

/** What a step changes on the account. */
async function change(run: () => Promise<unknown>): Promise<[bigint, bigint]> {
  const first = await moneyOf(installation, CARD);
  await run();
  await delivered();
  const then = await moneyOf(installation, CARD);
  return [then.balance - first.balance, then.held - first.held];
}

/** What the bank said to an advice that the network took. */
async function bankSaid({ fields }: Message): Promise<unknown> {
  const [row] = await installation.sql(
    "select response_code from issuer.network_advice where key like $1",
    [`${fields["7"]}${fields["11"]}%`],
  );
  return row?.["response_code"];
}

test("a hold whose completion was voided is held again, and may be voided: nothing stays held", async () => {
  const { message, answer } = await approved("pre-authorisation");
  const effect = await change(async () => {
    const completion = following("completion", message, answer, 8_00n);
    const completed = await acquirer.ask(completion.mti, completion.fields);
    assert.equal(completed.fields["39"], "00");
    assert.equal(await ask(following("completion void", completion, completed, 8_00n)), "00");
    assert.equal(await ask(following("pre-authorisation void", message, answer, AMOUNT)), "00");
  });
  assert.deepEqual(effect, [0n, -AMOUNT]);
});

for (const [name, row] of Object.entries(rows)) {
  const type = name as TransactionName;
  const advice = networkCodes(type).mti === "0220";
  const { undo } = catalogue[type];

  test(`${type}: does what it says, once, however often it is sent`, async () => {
    const message = await row.make();
    const effect = await change(async () => assert.equal(await ask(message), "00"));
    assert.deepEqual(effect, row.effect);
    const repeat = { ...message, mti: `${message.mti.slice(0, 3)}1` };
    const again = await change(async () => assert.equal(await ask(repeat), "00"));
    assert.deepEqual(again, [0n, 0n]);
  });

  test(`${type}: declined it changes nothing`, async () => {
    const message = await row.make();
    const { change: spoilt, code } = row.declined;
    const wrong = { ...message, fields: { ...message.fields, ...spoilt } };
    // A chip signs its amount; without it the amount is the bank's to judge.
    const effect = await change(async () => {
      const said = await ask(wrong);
      if (!advice) assert.equal(said, code);
    });
    if (advice) assert.equal(await bankSaid(wrong), code);
    assert.deepEqual(effect, [0n, 0n]);
  });

  test(`${type}: with the answer late it is ${undo === "repeat" ? "done once all the same" : "as if it had not been"}`, async () => {
    const message = await row.make();
    const effect = await change(async () => {
      relay.holdAnswers(true);
      assert.equal(await ask(message), advice ? "00" : "98");
      relay.holdAnswers(false);
      await delivered();
    });
    if (undo !== "repeat") {
      assert.deepEqual(effect, [0n, 0n]);
      assert.equal(await ask(message), "98");
      return;
    }
    assert.deepEqual(effect, row.effect);
    // What was promised is asked again, and answered as it was the first time.
    const again = await change(async () => assert.equal(await ask(message), "00"));
    assert.deepEqual(again, [0n, 0n]);
  });

  test(`${type}: reversed it is ${undo === "reversal" ? "undone, once" : "left alone"}`, async () => {
    const message = await row.make();
    const done = await change(() => ask(message));
    assert.deepEqual(done, row.effect);
    const reversal = reversing(message);
    if (catalogue[type].amount === "none") return;
    const effect = await change(async () => {
      assert.equal(await ask(reversal), "00");
      assert.equal(await ask({ ...reversal, mti: "0421" }), "00");
    });
    const back = row.effect.map((moved) => (moved === 0n ? 0n : -moved));
    const undone = undo === "reversal" || type === "transfer" || type === "deposit";
    assert.deepEqual(effect, undone ? back : [0n, 0n]);
    const second = await change(() => ask(reversing(message)));
    assert.deepEqual(second, [0n, 0n]);
  });
}

test("the books are in order after all this, and no card number is in them", async () => {
  await delivered();
  const books = await installation.audit();
  assert.ok(books.ok, JSON.stringify(books.checks.filter((check) => !check.ok)));
  for (const table of ["authorisation", "network_exchange", "network_advice", "notice"]) {
    const lines = await installation.sql(`select t::text as line from issuer.${table} t`);
    const text = lines.map((line) => String(line["line"])).join("\n");
    for (const pan of [friend, card.image.profile.pan]) assert.ok(!text.includes(pan), table);
  }
});
