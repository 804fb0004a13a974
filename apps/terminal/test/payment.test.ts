/** Payments at a device against a scripted host: real card, kernel, codec, keys, sockets, journal. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { fromHex, toHex } from "@tillway/bytes";
import { parseTlv, toStore } from "@tillway/emv";
import manifest from "../package.json" with { type: "json" };
import type { Terminals } from "../src/app.ts";
import { apiOf, type Api } from "./api.ts";
import { demonstration, pan, until, type Demonstration } from "./demonstration.ts";

let shop: Demonstration;
let terminals: Terminals;
let api: Api;

before(async () => {
  shop = await demonstration();
  terminals = await shop.start();
  api = apiOf(shop, terminals);
  await api.signedIn();
});
after(() => shop.close());
beforeEach(() => {
  shop.host.script = () => ({ code: "00" });
});

const latest = async (): Promise<Record<string, unknown>> => (await api.transactions())[0] ?? {};

test("it signs in at its start and is ready", async () => {
  assert.equal(shop.host.of("0800").length, 1);
  const { body } = await api.get("/terminals");
  assert.deepEqual(body, [
    {
      tid: "10000001",
      mid: "898290058120001",
      merchantName: "Tillway Cafe",
      merchantNameZh: "收单通咖啡",
      signedIn: true,
      linked: true,
      tampered: false,
      software: manifest.version,
      wantedSoftware: "",
    },
  ]);
});

test("an approved sale: request, journal, receipt and answer agree", async () => {
  const paid = await api.pay();
  assert.equal(paid["outcome"], "approved", JSON.stringify(paid));
  assert.equal(paid["responseCode"], "00");
  assert.equal(paid["authorizationCode"], "A1B2C3");
  assert.equal(paid["rrn"], "112200000002");
  assert.equal(paid["pan"], "621626*********0018");
  assert.match(String(paid["receipt"]), /APPROVED/);
  assert.match(String(paid["receipt"]), /TC {2}/);
  const sale = shop.host.of("0200").at(-1);
  assert.ok(sale);
  assert.equal(shop.host.heard.find(({ message }) => message === sale)?.macRight, true);
  assert.equal(sale.fields["22"], "051");
  assert.equal(sale.fields["53"], "2610000000000000");
  assert.equal(sale.fields["60"], "2200000100050");
  assert.equal(sale.fields["4"], "000000002580");
  assert.equal(sale.fields["2"], pan);
  assert.equal(sale.fields["52"]?.length, 16);
  assert.notEqual(sale.fields["35"]?.includes(pan), true);
  const data = toStore(parseTlv(fromHex(sale.fields["55"] ?? "")));
  assert.equal(toHex(data.get("9F27") ?? new Uint8Array(0)), "80");
  const row = await latest();
  assert.equal(row["state"], "approved");
  assert.equal(row["stan"], paid["stan"]);
  assert.equal(shop.host.of("0400").length, 0);
});

test("a declined sale is settled and not reversed", async () => {
  shop.host.script = () => ({ code: "51" });
  const paid = await api.pay();
  assert.equal(paid["outcome"], "declined");
  assert.equal(paid["responseCode"], "51");
  assert.match(String(paid["receipt"]), /Not enough money/);
  assert.equal((await latest())["state"], "declined");
  assert.equal(shop.host.of("0400").length, 0);
});

test("no answer: the reversal repeats the trace number with reason 98 and is confirmed", async () => {
  shop.host.script = ({ mti }) => (mti === "0200" ? "silence" : { code: "00" });
  const paid = await api.pay();
  assert.equal(paid["outcome"], "reversed");
  const [reversal] = shop.host.of("0400").slice(-1);
  assert.equal(reversal?.fields["11"], paid["stan"]);
  assert.equal(reversal?.fields["39"], "98");
  assert.equal(reversal?.fields["2"], pan);
  for (const gone of ["26", "35", "36", "37", "52", "53"]) {
    assert.equal(reversal?.fields[gone], undefined, gone);
  }
  assert.equal((await latest())["state"], "reversed");
});

test("a sale whose reversal is not answered times out, and the next sale waits for it", async () => {
  const silent = new Set(["0200", "0400"]);
  shop.host.script = ({ mti }) => (silent.has(mti) ? "silence" : { code: "00" });
  const first = await api.pay();
  assert.equal(first["outcome"], "timed-out");
  assert.equal((await latest())["state"], "reversing");
  silent.delete("0200");
  const before = shop.host.of("0200").length;
  const blocked = await api.pay();
  assert.equal(blocked["outcome"], "refused");
  assert.equal(shop.host.of("0200").length, before);

  silent.clear();
  const second = await api.pay();
  assert.equal(second["outcome"], "approved");
  const order = shop.host.heard.map(({ message }) => `${message.mti} ${message.fields["11"]}`);
  const reversed = order.lastIndexOf(`0400 ${String(first["stan"])}`);
  assert.ok(reversed >= 0 && reversed < order.indexOf(`0200 ${String(second["stan"])}`));
  const states = (await api.transactions()).slice(0, 2).map((row) => row["state"]);
  assert.deepEqual(states, ["approved", "reversed"]);
});

test("an approval without a MAC, or with a wrong one, is reversed with reason A0", async () => {
  for (const mac of ["none", "wrong"] as const) {
    shop.host.script = ({ mti }) => (mti === "0200" ? { code: "00", mac } : { code: "00" });
    const paid = await api.pay();
    assert.equal(paid["outcome"], "reversed");
    assert.equal(paid["authorizationCode"], "");
    assert.equal(shop.host.of("0400").at(-1)?.fields["39"], "A0");
  }
});

test("a refusal without a MAC is shown and does not clear the reversal", async () => {
  const reversals = shop.host.of("0400").length;
  shop.host.script = ({ mti }) => (mti === "0200" ? { code: "97", mac: "none" } : { code: "00" });
  const paid = await api.pay();
  assert.equal(paid["outcome"], "refused");
  assert.equal(paid["responseCode"], "97");
  assert.equal(shop.host.of("0400").length, reversals + 1);
  assert.equal((await latest())["state"], "reversed");
});

test("a reversal is only over with a decoded answer under a valid MAC", async () => {
  let trusted = false;
  shop.host.script = ({ mti }) => {
    if (mti === "0200") return "silence";
    return mti === "0400" && !trusted ? { code: "00", mac: "none" } : { code: "25" };
  };
  const paid = await api.pay();
  assert.equal(paid["outcome"], "timed-out");
  assert.equal((await latest())["state"], "reversing");
  trusted = true;
  // It is sent again by itself, without another sale.
  await until(
    async () => (await latest())["state"] === "reversed",
    "the reversal in the background",
  );
});

for (const code of ["A0", "77", "99"]) {
  test(`${code} makes it sign in again, and the reversal goes out under the new keys`, async () => {
    const signIns = shop.host.of("0800").length;
    shop.host.batch = code === "77" ? "000002" : shop.host.batch;
    shop.host.script = ({ mti }) => (mti === "0200" ? { code, mac: "none" } : { code: "00" });
    const paid = await api.pay();
    assert.equal(paid["responseCode"], code);
    assert.equal(shop.host.of("0800").length, signIns + 1);
    const reversal = shop.host.heard.at(-1);
    assert.equal(reversal?.message.mti, "0400");
    assert.equal(reversal?.macRight, true);
    // A reversal keeps the batch of its original.
    assert.equal(reversal?.message.fields["60"]?.slice(2, 8), paid["batch"]);
    shop.host.script = () => ({ code: "00" });
    const next = await api.pay();
    assert.equal(next["outcome"], "approved");
    assert.equal(next["batch"], shop.host.batch);
  });
}

test("a late answer changes nothing: the sale stays reversed", async () => {
  let release = (): void => undefined;
  const later = new Promise<void>((resolve) => {
    release = resolve;
  });
  shop.host.script = ({ mti }) => (mti === "0200" ? { after: later, code: "00" } : { code: "00" });
  const paid = await api.pay();
  assert.equal(paid["outcome"], "reversed");
  release();
  await until(() => shop.logged.some((line) => line.includes("late-answer")), "the late answer");
  assert.equal((await latest())["state"], "reversed");
});

test("the line is lost while an answer is awaited: reversed on the next connection", async () => {
  shop.host.script = ({ mti }) => (mti === "0200" ? "hang-up" : { code: "00" });
  const paid = await api.pay();
  assert.ok(["timed-out", "reversed"].includes(String(paid["outcome"])));
  await until(
    async () => (await latest())["state"] === "reversed",
    "the reversal after reconnecting",
  );
  shop.host.script = () => ({ code: "00" });
  assert.equal((await api.pay())["outcome"], "approved");
});

test("an answer for another amount, or for a part of it, is not an approval", async () => {
  for (const answer of [{ code: "00", fields: { "4": "000000000001" } }, { code: "10" }]) {
    shop.host.script = ({ mti }) => (mti === "0200" ? answer : { code: "00" });
    assert.equal((await api.pay())["outcome"], "reversed");
  }
});

test("answers for another terminal, trace number or batch are nobody's", async () => {
  for (const [field, value] of [
    ["41", "10000002"],
    ["42", "898290058120002"],
    ["11", "999999"],
    ["60", "2299999900050"],
  ] as const) {
    shop.host.script = ({ mti }) =>
      mti === "0200" ? { code: "00", fields: { [field]: value } } : { code: "00" };
    assert.equal((await api.pay())["outcome"], "reversed", field);
  }
});

test("an approval with a wrong issuer cryptogram: the card declines, reason 06", async () => {
  shop.host.script = ({ mti }) =>
    mti === "0200" ? { code: "00", fields: { "55": "910A00000000000000003030" } } : { code: "00" };
  const paid = await api.pay();
  assert.equal(paid["outcome"], "declined");
  assert.equal(paid["responseCode"], "Z1");
  const reversal = shop.host.of("0400").at(-1);
  assert.equal(reversal?.fields["39"], "06");
  assert.equal(reversal?.fields["38"], "A1B2C3");
  assert.equal((await latest())["state"], "reversed");
});

test("the host asks in its header for a new sign-in", async () => {
  const signIns = shop.host.of("0800").length;
  shop.host.header = "603103310000";
  assert.equal((await api.post("/terminals/10000001/echo")).status, 200);
  shop.host.header = "603100310000";
  await until(() => shop.host.of("0800").length > signIns, "a sign-in");
});

test("a device that is stopped in the middle of a sale reverses it at the next start", async () => {
  const open = shop.host.of("0200").length;
  shop.host.script = ({ mti }) => (mti === "0200" ? "silence" : { code: "00" });
  const going = api.pay().catch(() => undefined);
  await until(() => shop.host.of("0200").length > open, "the sale");
  const stan = shop.host.of("0200").at(-1)?.fields["11"];
  await terminals.close();
  await going;
  const before = shop.host.of("0400").length;
  terminals = await shop.start();
  api = apiOf(shop, terminals);
  await until(() => shop.host.of("0400").length > before, "the reversal");
  assert.equal(shop.host.of("0400").at(-1)?.fields["11"], stan);
  await until(async () => (await latest())["state"] === "reversed", "its confirmation");
});

test("every message had the fields of its kind, and every MAC was right", () => {
  const incomplete = shop.host.heard.filter(({ message }) => message.mti.includes(" "));
  assert.deepEqual(
    incomplete.map(({ message }) => message.mti),
    [],
  );
  assert.ok(shop.host.heard.every(({ macRight }) => macRight !== false));
});

test("neither log nor journal nor card folder holds card data or a PIN in clear", async () => {
  const typed = "90817263";
  await api.signedIn();
  assert.equal((await api.pay({ pin: typed }))["outcome"], "approved");
  const sale = shop.host.of("0200").at(-1);
  const secrets = [pan, typed, sale?.fields["35"] ?? "-", sale?.fields["52"] ?? "-"];
  const folders = ["terminal", "cards"].map((name) => join(shop.data, name));
  const files = folders.flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)));
  const kept = files.map((file) => readFileSync(file).toString("latin1")).join("\n");
  const bcd = fromHex(`${pan}0`);
  const all = `${kept}\n${shop.logged.join("\n")}`;
  assert.ok(all.includes("621626*********0018"), "the search reads what is there");
  for (const secret of secrets) assert.ok(!all.includes(secret));
  assert.ok(!kept.includes(Buffer.from(bcd).toString("latin1")));
});
