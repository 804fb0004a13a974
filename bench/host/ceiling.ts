/**
 * The batch statements driven alone: both steps of made-up payments through the acquirer's own
 * store, with nothing before or behind it. A process: arguments are address, date, seconds and
 * payments at a time; it prints one line of JSON.
 */
import { randomBytes } from "node:crypto";
import { openDayKeeper, openPool } from "../../apps/acquirer/src/db/index.ts";
import {
  openPostgresStore,
  type HopMessage,
  type Store,
} from "../../apps/acquirer/src/payments/index.ts";
import { bucketOf } from "../../packages/database/src/index.ts";
import { credit, debit } from "../../packages/ledger/src/index.ts";
import { uuidv7 } from "../../packages/money/src/index.ts";

type OpenStep = Parameters<Store["open"]>[0];
type CloseStep = Parameters<Store["close"]>[0];

const [address = "", day = "", seconds = "5", count = "256"] = process.argv.slice(2);
const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));
const merchants = Array.from(
  { length: 64 },
  (_, at) => `8982900LOAD${String(at + 1).padStart(4, "0")}`,
);
const fields = { "3": "000000", "4": "000000002580", "41": "L0000001", "55": "9F26".repeat(60) };
const kept = { spec: "cups", mti: "0200", fields, notKept: ["2", "14", "35", "52"] };
const message = (hop: HopMessage["hop"]): HopMessage => ({ hop, message: kept });
const lease = { owner: "ceiling", epoch: "1" };
const amount = 2580n;
const run = randomBytes(3).toString("hex");
let made = 0;

const database = openPool(address, () => undefined, 1);
const store = openPostgresStore({
  database,
  days: openDayKeeper(database),
  lanes: 2,
  batchMost: 256,
  onLost: () => undefined,
  knownMs: 1000,
  now: () => Date.now(),
});

function opening(place: number): OpenStep {
  const merchant = merchants[place % merchants.length] ?? "";
  const bucket = bucketOf(merchant);
  const at = Date.now();
  made += 1;
  const [terminal, stan] = [`L${place}`, String(made)];
  const panToken = "B".repeat(64);
  return {
    do: "open",
    name: "sale",
    key: { bucket, merchant, terminal, batch: run, stan, class: "request" },
    bucket,
    transaction: uuidv7(at, random(10)),
    businessDate: day,
    today: day,
    digest: panToken,
    rrn: "633100000001",
    amount,
    currency: "CNY",
    feePpm: 6000n,
    entryMode: "051",
    maskedPan: "621626******0018",
    panToken,
    panCipher: "C".repeat(94),
    receiverCipher: null,
    networkKey: `1127210000/${made}`,
    again: false,
    asked: {
      name: "sale",
      merchant,
      terminal,
      batch: run,
      panToken,
      authorisationCode: null,
      amount,
      tip: 0n,
      businessDate: day,
    },
    follows: null,
    rules: { refundDays: 30, holdDays: 30, completionPercent: 115 },
    overSingle: false,
    draws: [],
    lease,
    leaseUntil: at + 30_000,
    at,
    messages: [message("terminal-request"), message("network-request")],
    networkRequest: kept,
    journalId: uuidv7(at, random(10)),
    adviceId: uuidv7(at, random(10)),
    answer: () => ({ reply: { "39": "00" }, kept }),
  };
}

function closing({ bucket, transaction, key: { merchant }, at }: OpenStep): CloseStep {
  return {
    do: "close",
    bucket,
    transaction,
    businessDate: day,
    lease,
    claims: { follows: null, taken: { holds: false, refund: 0n, tip: 0n }, draws: [] },
    releases: null,
    frees: false,
    happening: {
      type: "approved",
      state: "approved",
      responseCode: "00",
      authorisationCode: "123456",
      reason: null,
      settlementDate: day,
      partOf: null,
      reply: { "12": "210000", "13": "1127", "37": "633100000001", "38": "123456", "39": "00" },
      at,
    },
    messages: [message("network-reply"), message("terminal-reply")],
    advice: null,
    journal: {
      id: uuidv7(at, random(10)),
      bucket,
      idempotencyKey: `${transaction}/sale`,
      kind: "sale",
      businessDate: day,
      occurredAt: at,
      legs: [
        debit("network:receivable", amount),
        credit(`merchant:${merchant}:payable`, amount - 15n),
        credit("fee:income", 15n),
      ],
    },
    event: { type: "transaction-approved", payload: { transaction, merchant, amount: "2580" } },
  };
}

async function pay(place: number): Promise<void> {
  const step = opening(place);
  await store.open(step);
  await store.close(closing(step));
}

const began = performance.now();
const end = began + Number(seconds) * 1000;
await Promise.all(
  Array.from({ length: Number(count) }, async (_, place) => {
    while (performance.now() < end) await pay(place);
  }),
);
const took = (performance.now() - began) / 1000;
await store.end();
await database.close();
process.stdout.write(`${JSON.stringify({ made, seconds: took })}\n`);
