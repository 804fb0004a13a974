/** The terminal's process is killed at named points of a transaction; its next life sets it right. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { toHex } from "@tillway/bytes";
import { responseMti } from "@tillway/iso8583";
import { catalogue, type TransactionName } from "@tillway/transactions";
import {
  startInstallation,
  until,
  type Installation,
  type Payment,
} from "../system/installation.ts";

const CARD = "unionpay-debit";
const AMOUNT = 1200n;
let house: Installation;
before(async () => {
  house = await startInstallation();
});
after(async () => house?.stop());

type Answer = Payment & { readonly authorizationCode: string };

/** Orders a transaction at the first terminal; undefined where the terminal ends meanwhile. */
async function order(type: TransactionName, original?: Answer): Promise<Answer | undefined> {
  const named = original && {
    original: { rrn: original.rrn, authorizationCode: original.authorizationCode },
  };
  const card = { entry: "chip", card: CARD, pin: "123456" };
  const amount = AMOUNT.toString();
  try {
    const answer = await fetch(`${house.terminal}/terminals/10000001/transactions`, {
      method: "POST",
      headers: { authorization: `Bearer ${house.pairing}`, "content-type": "application/json" },
      body: JSON.stringify({ type, amount, currency: "CNY", ...(named ?? card) }),
    });
    return (await answer.json()) as Answer;
  } catch {
    return undefined;
  }
}

async function approved(type: TransactionName, original?: Answer): Promise<Answer> {
  const answer = await order(type, original);
  assert.equal(answer?.outcome, "approved", `${type}: ${JSON.stringify(answer)}`);
  return answer;
}

const cases: readonly {
  readonly type: TransactionName;
  readonly follows?: TransactionName;
  /** What it has done to the account in the end: a refund is repeated, all else is reversed. */
  readonly moved: bigint;
}[] = [
  { type: "sale", moved: 0n },
  { type: "sale void", follows: "sale", moved: 0n },
  { type: "refund", follows: "sale", moved: AMOUNT },
  { type: "pre-authorisation", moved: 0n },
  { type: "completion", follows: "pre-authorisation", moved: 0n },
];

const points = [
  { name: "the request is on its way", direction: "up" },
  { name: "the answer is on its way", direction: "down" },
] as const;

for (const { type, follows, moved } of cases) {
  for (const { name, direction } of points) {
    test(`the terminal is killed in a ${type} while ${name}`, async () => {
      const original = follows && (await approved(follows));
      const balance = BigInt(await house.balance(CARD));
      const request = catalogue[type].pos.mti;
      const mti = direction === "up" ? request : responseMti(request);
      const pid = house.pid("terminal");
      let struck = false;
      house.pos.rule((way, frame) => {
        if (struck || way !== direction || toHex(frame.payload.subarray(0, 2)) !== mti)
          return "pass";
        struck = true;
        process.kill(pid, "SIGKILL");
        return "hold";
      });
      assert.equal(await order(type, original), undefined);
      house.pos.rule(undefined);
      assert.ok(struck);
      await until("the terminal runs again", () => house.pid("terminal") !== pid);
      await until("what was owed is settled", async () => {
        return BigInt(await house.balance(CARD)) === balance + moved;
      });
      await until("the next one is approved", async () => {
        return (await order("sale"))?.outcome === "approved";
      });
      await until("the books agree", async () => (await house.tillway("audit")).code === 0);
    });
  }
}
