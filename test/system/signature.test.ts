/** A signature from the pen on the till's screen to the acquirer's file, against the whole system. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { inflateRawSync } from "node:zlib";
import { WebSocket } from "ws";
import {
  characteristicCode,
  drawStrokes,
  withCode,
} from "../../apps/terminal/src/payment/signature.ts";
import { startInstallation, until, type Installation } from "./installation.ts";
import { scanFolder } from "./scan.ts";

let house: Installation;
before(async () => {
  house = await startInstallation();
});
after(async () => house?.stop());

const tid = "10000001";
const strokes = [
  [
    [0.1, 0.9],
    [0.5, 0.1],
    [0.9, 0.9],
  ],
  [
    [0.3, 0.5],
    [0.7, 0.5],
  ],
] as const;

type Answer = Readonly<Record<string, unknown>>;
type Listed = { readonly id: string; readonly rrn: string };
type Told = {
  readonly hop: string;
  readonly fields: readonly { readonly field: string; readonly value: string }[];
};
type Shown = { readonly receipt?: { readonly svg: { readonly en: string } } };

const headers = () => ({
  authorization: `Bearer ${house.pairing}`,
  "content-type": "application/json",
});

async function ofAcquirer(path: string): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`${house.http}/api/v1/${path}`, {
    headers: { authorization: `Bearer ${house.apiKey}` },
  });
  return { status: answer.status, body: await answer.json() };
}

async function pay(signature?: typeof strokes): Promise<Answer> {
  const card = { entry: "chip", card: "unionpay-signature" };
  const order = { type: "sale", amount: "12800", ...card, ...(signature ? { signature } : {}) };
  const url = `${house.terminal}/terminals/${tid}/transactions`;
  const body = JSON.stringify(order);
  const answer = await fetch(url, { method: "POST", headers: headers(), body });
  const paid = (await answer.json()) as Answer;
  assert.equal(paid["outcome"], "approved", JSON.stringify(paid));
  return paid;
}

const known = async ({ rrn }: Answer): Promise<Listed> => {
  const { body } = await ofAcquirer(`transactions?rrn=${String(rrn)}&limit=1`);
  const [one] = (body as { readonly items: readonly Listed[] }).items;
  assert.ok(one);
  return one;
};

test("signed on the screen: on the receipt, uploaded with its code, sealed, shown to staff", async () => {
  const screen = new WebSocket(`${house.terminal.replace("http", "ws")}/terminals/${tid}/screen`, {
    headers: headers(),
  });
  const svgs: string[] = [];
  screen.on("message", (data: Buffer) => {
    const { state } = JSON.parse(data.toString()) as { readonly state?: Shown };
    if (state?.receipt) svgs.push(state.receipt.svg.en);
  });
  await new Promise((open) => screen.once("open", open));
  const paid = await pay(strokes);
  assert.match(String(paid["receipt"]), /CARDHOLDER SIGNATURE\n.*Signed on the screen/);
  await until("the receipt with the picture", () => svgs.some((svg) => svg.includes("image/png")));
  screen.close();
  const { id } = await known(paid);
  const shown = await until("the upload", async () => {
    const { status, body } = await ofAcquirer(`transactions/${id}/signature`);
    return status === 200 && (body as Readonly<Record<"characteristicCode" | "image", string>>);
  });
  const packed = Buffer.from(shown.image, "base64");
  const picture = withCode(drawStrokes(strokes), shown.characteristicCode);
  assert.deepEqual(new Uint8Array(inflateRawSync(packed)), picture);
  const { body } = await ofAcquirer(`transactions/${id}`);
  const { messages } = body as { readonly messages: readonly Told[] };
  const reply = messages.find(({ hop }) => hop === "terminal-reply");
  const day = reply?.fields.find(({ field }) => field === "15")?.value ?? "";
  const code = characteristicCode(day, String(paid["rrn"]));
  assert.equal(shown.characteristicCode, code);
  assert.deepEqual(scanFolder(house.data, [{ name: "signature", bytes: packed }]), []);
});

test("signed on paper: room on the receipt, and the acquirer has no picture", async () => {
  const paid = await pay();
  assert.match(String(paid["receipt"]), /CARDHOLDER SIGNATURE/);
  assert.doesNotMatch(String(paid["receipt"]), /Signed on the screen/);
  const { id } = await known(paid);
  assert.equal((await ofAcquirer(`transactions/${id}/signature`)).status, 404);
});

test("a phone that verified its owner pays over 1,000.00 without a PIN, and the books agree", async () => {
  const words = ["--entry", "tap", "--card", "contactless-unionpay-phone", "--json"];
  const ran = await house.tillway("pay", "--amount", "1200.00", ...words);
  assert.equal(ran.code, 0, ran.out + ran.err);
  assert.match(ran.out, /Verified on cardholder's device/);
  await until("clean books", async () => (await house.tillway("audit")).code === 0);
});
