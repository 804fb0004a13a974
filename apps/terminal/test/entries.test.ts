/** Every way of reading a card and of proving who holds it, at a device against a scripted host. */
import assert from "node:assert/strict";
import { inflateRawSync } from "node:zlib";
import { after, before, beforeEach, test } from "node:test";
import { fromHex, toHex, fromAscii } from "@tillway/bytes";
import { parseTlv, toStore } from "@tillway/emv";
import type { Decoded } from "@tillway/iso8583";
import { WebSocket } from "ws";
import type { Terminals } from "../src/app.ts";
import type { Screen } from "../src/payment/index.ts";
import { apiOf, type Api } from "./api.ts";
import { demonstration, until, type Demonstration } from "./demonstration.ts";

let shop: Demonstration;
let terminals: Terminals;
let api: Api;

before(async () => {
  shop = await demonstration();
  terminals = await shop.start({ TILLWAY_FALLBACK: "yes" });
  api = apiOf(shop, terminals);
  await api.signedIn();
});
after(() => shop.close());
beforeEach(() => {
  shop.host.script = () => ({ code: "00" });
});

type Answer = Record<string, unknown>;

async function sale(more: Answer): Promise<Answer> {
  const order = { type: "sale", amount: "2580", ...more };
  const { status, body } = await api.post("/terminals/10000001/transactions", order);
  assert.equal(status, 200, JSON.stringify(body));
  return body as Answer;
}

const requestOf = (made: Answer): Decoded => {
  const found = shop.host.of("0200").find(({ fields }) => fields["11"] === made["stan"]);
  assert.ok(found, "a request");
  return found;
};
const tagOf = ({ fields }: Decoded, tag: string): string =>
  toHex(toStore(parseTlv(fromHex(fields["55"] ?? ""))).get(tag) ?? new Uint8Array(0));

test("a small contactless payment: no PIN, no signature, online with the chip's proof", async () => {
  // Above the limit of the reader, below the one of the programme (小额免密免签).
  const made = await sale({ entry: "tap", card: "unionpay-debit", amount: "15000" });
  assert.equal(made["outcome"], "approved", JSON.stringify(made));
  assert.equal(made["entry"], "tap");
  const request = requestOf(made);
  assert.equal(request.fields["22"], "072");
  assert.equal(request.fields["60"], `22${String(made["batch"])}00060`);
  assert.equal(request.fields["52"], undefined);
  assert.equal(tagOf(request, "9F27"), "80");
  assert.match(String(made["receipt"]), /Small: no PIN, no signature/);
});

test("a large contactless payment asks for the PIN", async () => {
  const made = await sale({ entry: "tap", card: "unionpay-debit", amount: "200000" });
  assert.equal(made["outcome"], "approved", JSON.stringify(made));
  assert.equal(requestOf(made).fields["22"], "071");
  assert.match(String(made["receipt"]), /PIN verified/);
});

test("two cards in the field: one is asked for, and none is charged", async () => {
  const made = await sale({ entry: "tap", card: ["unionpay-debit", "unionpay-credit"] });
  assert.equal(made["outcome"], "refused");
  assert.match(JSON.stringify(made["responseText"]), /More than one card/);
});

test("a locked phone says so; unlocked and held there again it pays without the pad", async () => {
  const made = await sale({
    entry: "tap",
    card: "contactless-unionpay-phone",
    amount: "200000",
  });
  assert.equal(made["outcome"], "approved", JSON.stringify(made));
  assert.equal(requestOf(made).fields["22"], "072");
  assert.match(String(made["receipt"]), /Verified on cardholder's device/);
});

test("a contactless payment without an answer is reversed, with a wrong one too", async () => {
  for (const reaction of ["silence", { code: "00", mac: "wrong" }] as const) {
    shop.host.script = ({ mti }) => (mti === "0200" ? reaction : { code: "00" });
    const made = await sale({ entry: "tap", card: "unionpay-debit" });
    assert.equal(made["outcome"], "reversed");
    assert.equal(shop.host.of("0400").at(-1)?.fields["11"], made["stan"]);
  }
});

test("a chip card that is swiped is to be inserted; nothing is sent", async () => {
  const before = shop.host.of("0200").length;
  const made = await sale({ entry: "swipe", card: "unionpay-debit" });
  assert.equal(made["outcome"], "refused");
  assert.match(JSON.stringify(made["responseText"]), /has a chip/);
  assert.equal(shop.host.of("0200").length, before);
});

test("a foreign card without a chip is swiped and signed for", async () => {
  const made = await sale({ entry: "swipe", card: "stripe-only" });
  assert.equal(made["outcome"], "approved", JSON.stringify(made));
  const { fields } = requestOf(made);
  assert.equal(fields["22"], "022");
  assert.equal(fields["53"], "0610000000000000");
  assert.ok(fields["35"] && !fields["35"].includes("4761739001010119D3412101"));
  assert.equal(fields["55"], undefined);
  assert.match(String(made["receipt"]), /CARDHOLDER SIGNATURE/);
});

test("a domestic card without a chip is swiped and asked for its PIN", async () => {
  const made = await sale({ entry: "swipe", card: "domestic-stripe" });
  assert.equal(made["outcome"], "approved", JSON.stringify(made));
  const { fields } = requestOf(made);
  assert.equal(fields["22"], "021");
  assert.equal(fields["52"]?.length, 16);
  const inserted = await sale({ entry: "chip", card: "domestic-stripe" });
  assert.equal(inserted["outcome"], "refused", "there is no chip to insert");
});

test("a reversal of a swiped payment holds neither track nor PIN", async () => {
  shop.host.script = ({ mti }) => (mti === "0200" ? "silence" : { code: "00" });
  const made = await sale({ entry: "swipe", card: "domestic-stripe" });
  assert.equal(made["outcome"], "reversed");
  const reversal = shop.host.of("0400").at(-1);
  assert.equal(reversal?.fields["22"], "021");
  for (const field of ["35", "52", "26", "53"]) assert.equal(reversal?.fields[field], undefined);
});

test("a number is keyed in, with a PIN where the card is domestic", async () => {
  const made = await sale({ entry: "manual", card: "unionpay-debit" });
  assert.equal(made["outcome"], "approved", JSON.stringify(made));
  const { fields } = requestOf(made);
  assert.equal(fields["22"], "011");
  assert.equal(fields["14"], "3312");
  for (const field of ["35", "55"]) assert.equal(fields[field], undefined);
  const foreign = await sale({
    entry: "manual",
    keyed: { pan: "4761739001010119", expiry: "3412" },
  });
  assert.equal(requestOf(foreign).fields["22"], "012");
  const wrong = await api.post("/terminals/10000001/transactions", {
    type: "sale",
    amount: "100",
    entry: "manual",
    keyed: { pan: "4761739001010118", expiry: "3412" },
  });
  assert.equal((wrong.body as Answer)["code"], "bad-card-number");
});

for (const name of ["plain-pin", "enciphered-pin"]) {
  test(`${name}: the card checks the PIN itself, and the host never sees one`, async () => {
    const made = await sale({ entry: "chip", card: name });
    assert.equal(made["outcome"], "approved", JSON.stringify(made));
    const request = requestOf(made);
    assert.equal(request.fields["22"], "052");
    assert.equal(request.fields["52"], undefined);
    // 9F34: the method, and "successful".
    assert.equal(tagOf(request, "9F34").slice(4), "02");
    assert.match(String(made["receipt"]), /PIN verified/);
    assert.ok(!shop.logged.join("").includes("123456"));
  });

  test(`${name}: a wrong PIN is told by the card; three in a row exhaust it`, async () => {
    const made = await sale({ entry: "chip", card: name, pin: "000000" });
    const request = requestOf(made);
    // TVR byte 3 bit 6: PIN try limit exceeded.
    assert.equal(Number.parseInt(tagOf(request, "95").slice(4, 6), 16) & 0x20, 0x20);
  });
}

async function screenOf(): Promise<{
  state: () => Screen | undefined;
  say: (message: object) => void;
}> {
  const headers = { authorization: `Bearer ${api.code}` };
  const socket = new WebSocket(`${api.base.replace("http", "ws")}/terminals/10000001/screen`, {
    headers,
  });
  let seen: Screen | undefined;
  socket.on("message", (data: Buffer) => {
    const message = JSON.parse(data.toString()) as { type: string; state: Screen };
    if (message.type === "state") seen = message.state;
  });
  await new Promise((resolve) => socket.on("open", resolve));
  return { state: () => seen, say: (message) => socket.send(JSON.stringify(message)) };
}

test("a signature on the screen: the code in the picture, kept sealed, uploaded, printed", async () => {
  const { state, say } = await screenOf();
  const phase = (wanted: string) => until(() => state()?.phase === wanted, `the phase ${wanted}`);
  shop.host.script = ({ mti }) => (mti === "0820" ? "silence" : { code: "00" });
  say({ type: "begin", order: { type: "sale", amount: "2580" } });
  await phase("card");
  assert.equal(state()?.prompt, "present-card");
  say({ type: "insert", card: "signs" });
  await phase("signature");
  const strokes = [
    [
      [0.1, 0.9],
      [0.5, 0.1],
      [0.9, 0.9],
    ],
  ];
  say({ type: "sign", strokes });
  await phase("remove");
  say({ type: "remove" });
  await phase("result");
  assert.match(state()?.receipt?.svg.en ?? "", /data:image\/png;base64/);
  await until(() => shop.host.of("0820").some(({ fields }) => fields["62"]), "the upload");
  shop.host.script = () => ({ code: "00" });
  const owed = async () =>
    ((await api.get("/terminals/10000001/batch")).body as { waiting: unknown[] }).waiting.length;
  await until(async () => (await owed()) === 0, "its acknowledgement");
  const upload = shop.host.of("0820").findLast(({ fields }) => fields["62"]);
  assert.ok(upload);
  assert.ok(upload.fields["60"]?.startsWith("07") && upload.fields["60"].endsWith("800"));
  assert.equal(upload.fields["37"], state()?.result?.rrn);
  const picture = inflateRawSync(fromHex(upload.fields["62"] ?? ""));
  assert.equal(picture.length, 1024);
  const [{ id } = { id: "" }] = (await api.transactions()) as readonly { id: string }[];
  const again = async (as: string): Promise<string> => {
    const url = `${api.base}/terminals/10000001/transactions/${id}/receipt?as=${as}`;
    const answer = await fetch(url, { headers: { authorization: `Bearer ${api.code}` } });
    return answer.text();
  };
  assert.match(await again("text"), /Signed on the screen/);
  assert.doesNotMatch(await again("svg"), /data:image\/png/);
  assert.ok(picture.some((byte) => byte !== 0));
  say({ type: "dismiss" });
});

test("swiped by hand: the chip card is refused, its chip then pays; a tap is taken too", async () => {
  const { state, say } = await screenOf();
  const shows = (prompt: string) => until(() => state()?.prompt === prompt, `the prompt ${prompt}`);
  say({ type: "begin", order: { type: "sale", amount: "2580" } });
  await shows("present-card");
  say({ type: "swipe", card: "unionpay-debit" });
  await shows("use-chip");
  say({ type: "tap", cards: ["unionpay-debit", "unionpay-credit"] });
  await shows("present-one-card");
  say({ type: "tap", card: "unionpay-debit" });
  await shows("approved");
  say({ type: "dismiss" });
});

test("an application is downloaded that lets the card approve small amounts by itself", async () => {
  const aid = "9F0608A000000333010102";
  const row =
    `${aid}DF0101009F08020020DF1105FCF0E40800DF1205FCF8E4F880DF13050010000000` +
    "9F1B0400000000DF150400000000DF160100DF170100DF14039F3704DF180101DF1906000000005000" +
    "DF2006000000200000DF2106000000100000";
  shop.host.script = ({ mti, fields }) => {
    const code = fields["60"]?.slice(8) ?? "";
    if (mti === "0820" && code === "382") return { code: "00", fields: { "62": `31${aid}` } };
    if (mti === "0800" && code === "380") return { code: "00", fields: { "62": `31${row}` } };
    return mti === "0200" ? "silence" : { code: "00" };
  };
  const { body } = await api.post("/terminals/10000001/download/applications");
  assert.deepEqual([(body as Answer)["outcome"], (body as Answer)["count"]], ["approved", 1]);
  const sales = shop.host.of("0200").length;
  const made = await sale({ entry: "tap", card: "unionpay-credit", amount: "1000" });
  assert.equal(made["outcome"], "approved", JSON.stringify(made));
  assert.equal(made["responseCode"], "Y1");
  assert.equal(made["type"], "offline chip sale");
  await until(() => shop.host.of("0200").length > sales, "its upload");
  const upload = shop.host.of("0200").at(-1);
  assert.ok(upload);
  assert.ok(upload.fields["60"]?.startsWith("36"));
  assert.equal(tagOf(upload, "9F27"), "40");
  assert.equal(tagOf(upload, "8A"), toHex(fromAscii("Y1")));
  shop.host.script = () => ({ code: "00" });
  const stan = made["stan"];
  await until(async () => {
    const found = (await api.transactions()).find((one) => one["stan"] === stan);
    return found?.["state"] === "approved" && found["rrn"] !== null;
  }, "its acknowledgement");
  const large = await sale({ entry: "tap", card: "unionpay-credit", amount: "6000" });
  assert.notEqual(large["responseCode"], "Y1");
});

test("every message had the fields of its kind, and every MAC was right", () => {
  const incomplete = shop.host.heard.filter(({ message }) => message.mti.includes(" "));
  assert.deepEqual([...new Set(incomplete.map(({ message }) => message.mti))], []);
  assert.ok(shop.host.heard.every(({ macRight }) => macRight !== false));
});
