/** Batch close, downloads, sign-off and what the issuer's scripts leave, against a scripted host. */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { fromAscii, fromHex, toAscii, toHex } from "@tillway/bytes";
import type { Decoded } from "@tillway/iso8583";
import type { Terminals } from "../src/app.ts";
import { apiOf, type Api } from "./api.ts";
import { demonstration, until, type Demonstration } from "./demonstration.ts";

let shop: Demonstration;
let terminals: Terminals;
let api: Api;

before(async () => {
  shop = await demonstration();
  terminals = await shop.start({ TILLWAY_REPLY_MS: "200" });
  api = apiOf(shop, terminals);
  await api.signedIn();
});
after(() => shop.close());
beforeEach(() => {
  shop.host.script = () => ({ code: "00" });
  shop.host.header = "603100310000";
});

type Answer = Record<string, unknown>;

const chip = { entry: "chip", card: "unionpay-debit" };
const at = (path: string): string => `/terminals/10000001/${path}`;

async function post(path: string, body?: Answer): Promise<Answer> {
  return (await api.post(at(path), body)).body as Answer;
}

const management = ({ fields }: Decoded): string => fields["60"]?.slice(8, 11) ?? "";

const heard = (mti: string, code: string): Decoded[] =>
  shop.host.of(mti).filter((message) => management(message) === code);

/** DE 48 of a 0510 with this result. */
const result = (request: Decoded, digit: string): string => {
  const totals = request.fields["48"] ?? "";
  return `${totals.slice(0, 30)}${digit}${totals.slice(31)}`;
};

test("a balanced batch: totals by the catalogue's sides, its end, a new sign-in and batch", async () => {
  const sale = await post("transactions", { type: "sale", amount: "3000", ...chip });
  const original = { transaction: sale["transaction"] };
  await post("transactions", { type: "tip adjustment", original, tip: "300" });
  await post("transactions", { type: "refund", original, amount: "1000" });
  await post("transactions", { type: "balance inquiry", ...chip });
  const wanted = { debit: { count: 2, amount: "3300" }, credit: { count: 1, amount: "1000" } };
  assert.deepEqual(((await api.get(at("batch"))).body as Answer)["totals"], wanted);
  shop.host.batch = "000002";
  const settled = await post("settle");
  assert.equal(settled["outcome"], "approved", JSON.stringify(settled));
  assert.equal(settled["balanced"], true);
  const [asked] = heard("0500", "201");
  assert.equal(asked?.fields["48"]?.slice(0, 31), `${"3300".padStart(12, "0")}0020000000010000010`);
  assert.equal(heard("0320", "207")[0]?.fields["48"], "0003");
  assert.equal(heard("0320", "201").length, 0);
  assert.equal(((await api.get(at("batch"))).body as Answer)["batch"], "000002");
  const late = await api.post(at("transactions"), { type: "sale void", original });
  assert.equal((late.body as Answer)["code"], "wrong-original");
  const gone = await api.post(at("transactions"), { type: "refund", original, amount: "1" });
  assert.equal((gone.body as Answer)["code"], "card-needed", "card numbers go with the batch");
});

test("a batch that differs is uploaded, eight records a message, and ended as such", async () => {
  for (let count = 0; count < 9; count += 1) {
    await post("transactions", { type: "sale", amount: String(100 + count), ...chip });
  }
  shop.host.script = (request) =>
    request.mti === "0500"
      ? { code: "00", fields: { "48": result(request, "2") } }
      : { code: "00" };
  shop.host.batch = "000003";
  const settled = await post("settle");
  assert.deepEqual([settled["outcome"], settled["balanced"]], ["approved", false]);
  const uploads = heard("0320", "201").map(({ fields }) => fields["48"] ?? "");
  assert.deepEqual(
    uploads.map((text) => text.slice(0, 2)),
    ["08", "01"],
  );
  assert.equal(uploads[0]?.slice(2, 4), "00");
  assert.equal(uploads[0]?.slice(10, 30), "6216261000000000018".padStart(20, "0"));
  assert.equal(uploads[0]?.slice(30, 42), "000000000100");
  assert.equal(heard("0320", "202").at(-1)?.fields["48"], "0009");
});

test("a close that broke off blocks payments and goes on with the same trace numbers", async () => {
  await post("transactions", { type: "sale", amount: "500", ...chip });
  let broken = true;
  shop.host.script = ({ mti }) => (broken && mti === "0320" ? "silence" : { code: "00" });
  assert.equal((await post("settle"))["outcome"], "timed-out");
  const blocked = await post("transactions", { type: "sale", amount: "100", ...chip });
  assert.equal(blocked["outcome"], "refused");
  assert.match(JSON.stringify(blocked["responseText"]), /batch is still being closed/);
  broken = false;
  shop.host.batch = "000004";
  assert.equal((await post("settle"))["outcome"], "approved");
  const traces = (mti: string, code: string): unknown[] => [
    ...new Set(
      heard(mti, code)
        .slice(-2)
        .map(({ fields }) => fields["11"]),
    ),
  ];
  assert.equal(traces("0500", "201").length, 1);
  assert.equal(traces("0320", "207").length, 1);
  const next = await post("transactions", { type: "sale", amount: "100", ...chip });
  assert.equal(next["outcome"], "approved");
});

test("nothing is settled while something is owed", async () => {
  shop.host.script = ({ mti }) => (mti === "0220" ? "silence" : { code: "00" });
  const sale = await post("transactions", { type: "sale", amount: "500", ...chip });
  const original = { transaction: sale["transaction"] };
  const refund = await post("transactions", { type: "refund", original });
  assert.equal(refund["outcome"], "timed-out");
  const before = shop.host.of("0500").length;
  assert.equal((await post("settle"))["outcome"], "refused");
  assert.equal(shop.host.of("0500").length, before);
  shop.host.script = () => ({ code: "00" });
  await until(async () => {
    const { body } = await api.get(at("batch"));
    return ((body as Answer)["waiting"] as unknown[]).length === 0;
  }, "the refund");
});

test("parameters are asked for by the header, and rule what the merchant may", async () => {
  const field62 = toHex(fromAscii("11011801905200211"));
  shop.host.script = ({ mti, fields }) =>
    mti === "0800" && fields["60"]?.endsWith("360")
      ? { code: "00", fields: { "62": field62 } }
      : { code: "00" };
  shop.host.header = "603101310000";
  await post("echo");
  await until(() => heard("0800", "360").length > 0, "the download");
  shop.host.header = "603100310000";
  await until(() => heard("0800", "361").length > 0, "its end");
  const keyed = { entry: "manual", card: "unionpay-debit" };
  const refused = await api.post(at("transactions"), { type: "sale", amount: "100", ...keyed });
  assert.equal((refused.body as Answer)["code"], "not-allowed");
  const sale = await post("transactions", { type: "sale", amount: "1000", ...chip });
  const original = { transaction: sale["transaction"] };
  const tip = await api.post(at("transactions"), { type: "tip adjustment", original, tip: "10" });
  assert.equal((tip.body as Answer)["code"], "not-allowed");
  const wrong = await api.post(at("download/ca-keys"));
  assert.equal((wrong.body as Answer)["count"], 0);
});

test("its state is told when asked for", async () => {
  shop.host.header = "603102310000";
  await post("echo");
  await until(() => heard("0820", "362").length > 0, "the status");
  shop.host.header = "603100310000";
  const text = toAscii(fromHex(heard("0820", "362")[0]?.fields["62"] ?? ""));
  assert.match(text, /^(0[1-5][01]){5}$/);
});

test("what the issuer's script did is owed before the next transaction", async () => {
  // Application unblock without a MAC: the card refuses it, which is a result too.
  const script = "7209860784180000020000";
  shop.host.script = ({ mti }) =>
    mti === "0200" ? { code: "51", fields: { "55": script } } : { code: "00" };
  const made = await post("transactions", { type: "sale", amount: "100", ...chip });
  assert.equal(made["outcome"], "declined", JSON.stringify(made));
  shop.host.script = () => ({ code: "00" });
  const next = await post("transactions", { type: "sale", amount: "100", ...chip });
  assert.equal(next["outcome"], "approved");
  const notice = shop.host.of("0620").at(-1);
  assert.ok(notice, "a notice");
  assert.equal(notice.fields["61"]?.slice(6, 12), made["stan"]);
  assert.match(notice.fields["55"] ?? "", /DF31/);
  const order = shop.host.heard.map(({ message }) => `${message.mti} ${message.fields["11"]}`);
  const sent = order.indexOf(`0620 ${notice.fields["11"]}`);
  assert.ok(sent < order.indexOf(`0200 ${String(next["stan"])}`));
});

test("signed off it stays so until somebody signs in or pays", async () => {
  const signIns = shop.host.of("0800").length;
  assert.equal((await post("sign-off"))["outcome"], "approved");
  const { body } = await api.get("/terminals");
  assert.equal((body as readonly Answer[])[0]?.["signedIn"], false);
  assert.equal(shop.host.of("0800").length, signIns);
  const made = await post("transactions", { type: "sale", amount: "100", ...chip });
  assert.equal(made["outcome"], "approved");
});

test("every message had the fields of its kind, and every MAC was right", () => {
  const incomplete = shop.host.heard.filter(({ message }) => message.mti.includes(" "));
  assert.deepEqual([...new Set(incomplete.map(({ message }) => message.mti))], []);
  assert.ok(shop.host.heard.every(({ macRight }) => macRight !== false));
});
