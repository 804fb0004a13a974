import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { toHex } from "@tillway/bytes";
import type { Frame } from "@tillway/iso8583";
import { startInstallation, until, type Installation } from "../system/installation.ts";
import type { Direction, Proxy, Rule, Treatment } from "../system/proxy.ts";

let house: Installation;
before(async () => {
  house = await startInstallation();
});
after(async () => house.stop());

/** The message type of a frame: BCD towards the terminal, ASCII towards the network. */
function mtiOf(proxy: Proxy, frame: Frame): string {
  if (proxy === house.pos) return toHex(frame.payload.subarray(0, 2));
  return Buffer.from(frame.payload.subarray(0, 4)).toString();
}

type Point = {
  readonly name: string;
  readonly link: "pos" | "network";
  readonly direction: Direction;
  readonly mti: string;
  readonly treatment: Treatment;
  /** Whether the issuer has debited the account by then. */
  readonly debited: boolean;
};

const points: readonly Point[] = [
  {
    name: "the sale is before the acquirer's door",
    link: "pos",
    direction: "up",
    mti: "0200",
    treatment: "hold",
    debited: false,
  },
  {
    name: "half of the sale is inside the acquirer",
    link: "pos",
    direction: "up",
    mti: "0200",
    treatment: "half",
    debited: false,
  },
  {
    name: "the sale is on its way to the network",
    link: "network",
    direction: "up",
    mti: "0200",
    treatment: "hold",
    debited: false,
  },
  {
    name: "the issuer's answer is on its way to the acquirer",
    link: "network",
    direction: "down",
    mti: "0210",
    treatment: "hold",
    debited: true,
  },
  {
    name: "the answer is on its way to the terminal",
    link: "pos",
    direction: "down",
    mti: "0210",
    treatment: "hold",
    debited: true,
  },
];

/** Stops a payment at a point, does harm there, and waits until every link is whole again. */
async function harmAt(point: Point, harm: () => void): Promise<void> {
  const proxy = house[point.link];
  let struck = false;
  const rule: Rule = (direction, frame) => {
    if (struck || direction !== point.direction || mtiOf(proxy, frame) !== point.mti) return "pass";
    struck = true;
    // Strike once the frame is settled: held, or half delivered.
    setTimeout(harm, 50);
    return point.treatment;
  };
  proxy.rule(rule);
  const before = await house.balance("unionpay-debit");
  const from = house.network.seen.length;
  const payment = await house.pay();
  proxy.rule(undefined);
  assert.ok(
    struck,
    `the payment did not reach the point: ${payment.outcome} ${payment.responseCode}`,
  );
  assert.ok(
    ["timed-out", "reversed", "declined", "refused"].includes(payment.outcome),
    payment.outcome,
  );
  if (point.debited) {
    await until("the 0420 has reached the network and was acknowledged", () => {
      const later = house.network.seen.slice(from).map(({ frame }) => mtiOf(house.network, frame));
      return later.some((mti) => mti === "0420" || mti === "0421") && later.includes("0430");
    });
  }
  await until(
    "the balance is as before",
    async () => (await house.balance("unionpay-debit")) === before,
  );
  const audit = await until("the books agree", async () => {
    const ran = await house.tillway("audit", "--json");
    return ran.code === 0 && ran;
  });
  assert.equal((JSON.parse(audit.out) as { ok: boolean }).ok, true);
  const next = await house.pay({ amount: "100" });
  assert.equal(next.outcome, "approved", "the next payment works");
}

for (const point of points) {
  test(`the acquirer is killed while ${point.name}`, async () => {
    await harmAt(point, () => process.kill(house.pid("acquirer"), "SIGKILL"));
  });
}

for (const point of points.filter(({ link }) => link === "network")) {
  test(`the issuer is killed while ${point.name}`, async () => {
    await harmAt(point, () => process.kill(house.pid("issuer"), "SIGKILL"));
  });
}

for (const point of points) {
  test(`the ${point.link} link is cut while ${point.name}`, async () => {
    await harmAt(point, () => house[point.link].cut());
  });
}
