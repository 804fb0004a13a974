import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fromAscii, fromHex, toAscii, toHex } from "@tillway/bytes";
import { startTestDatabase, type TestDatabase } from "../../apps/database/src/testing.ts";
import { startHouse, until, type House } from "./house.ts";
import { MID, TID, type Reply, type Terminal } from "./terminal.ts";

let database: TestDatabase;
let house: House;
let device: Terminal;
before(async () => {
  database = await startTestDatabase();
  house = await startHouse(await database.fresh("management"));
  device = await house.signedIn();
});
after(async () => {
  device?.close();
  await house?.stop();
  await database?.stop();
});

const hex = (text: string): string => toHex(fromAscii(text));

/** A management message: no MAC, its code in DE 60.3. */
function say(mti: "0800" | "0820", code: string, more: Record<string, string> = {}) {
  const fields = { "41": TID, "42": MID, "60": `00${device.batch()}${code}`, ...more };
  return device.ask({ mti, fields }, "none");
}

const echo = (): Promise<Reply> => say("0820", "301");

test("a parameter set for the merchant reaches the terminal, which is asked until it has it", async () => {
  assert.equal((await echo()).requirement, "0");
  const set = await house.send("PUT", `/api/v1/parameters/merchant/${MID}/tipPercent`, {
    value: "25",
  });
  assert.deepEqual(set, [200, { scope: "merchant", name: "tipPercent", value: "25" }]);
  assert.equal((await echo()).requirement, "1");
  const got = await say("0800", "360");
  assert.equal(got.fields["39"], "00");
  assert.equal(got.parsed["62"]?.["19"], "25");
  assert.equal((await echo()).requirement, "1", "it has not said yet that it has them");
  await say("0800", "361");
  assert.equal((await echo()).requirement, "0");

  await house.send("PUT", `/api/v1/parameters/terminal/${TID}/tipPercent`, { value: "05" });
  assert.equal((await say("0800", "360")).parsed["62"]?.["19"], "05");
  await say("0800", "361");
});

test("a parameter of another form, of nobody, or unknown is refused, and nothing changes", async () => {
  const before = await house.get(`/api/v1/terminals/${TID}/parameters`);
  const refused = async (path: string, value: string, status: number): Promise<void> => {
    const [answered] = await house.send("PUT", `/api/v1/parameters/${path}`, { value });
    assert.equal(answered, status, path);
  };
  await refused(`terminal/${TID}/tips`, "maybe", 400);
  await refused("terminal/99999999/tips", "1", 404);
  await refused(`terminal/${TID}/colour`, "1", 404);
  await refused(`country/${TID}/tips`, "1", 400);
  assert.deepEqual(await house.get(`/api/v1/terminals/${TID}/parameters`), before);
});

test("every application is listed, downloaded by its name, and the end clears the task", async () => {
  await house.send("POST", `/api/v1/terminals/${TID}/tasks`, { task: "applications" });
  assert.equal((await echo()).requirement, "5");
  const listed = await say("0820", "382", { "62": hex("100") });
  const field = listed.fields["62"] ?? "";
  assert.match(toAscii(fromHex(field.slice(0, 2))), /[13]/);
  const names = [...field.slice(2).matchAll(/9F06(..)/g)];
  assert.ok(names.length > 0);
  let rest = field.slice(2);
  let count = 0;
  while (rest !== "") {
    const name = rest.slice(0, 6 + Number.parseInt(rest.slice(4, 6), 16) * 2);
    rest = rest.slice(name.length);
    const one = await say("0800", "380", { "62": name });
    assert.equal(one.fields["39"], "00");
    assert.ok(one.fields["62"]?.slice(2).startsWith(name));
    count += 1;
  }
  assert.ok(count > 0);
  assert.equal((await say("0800", "380", { "62": "9F0605A0000000FF" })).fields["39"], "25");
  await say("0800", "381");
  assert.equal((await echo()).requirement, "0");
});

test("a locked terminal is refused payments, may be managed, and pays again once unlocked", async () => {
  const [status, locked] = await house.send("POST", `/api/v1/terminals/${TID}/lock`);
  assert.equal(status, 200);
  assert.equal(locked["state"], "locked");
  assert.equal((await device.ask(await device.sale())).fields["39"], "58");
  assert.equal((await echo()).fields["39"], "00");
  assert.equal((await house.send("POST", `/api/v1/terminals/${TID}/lock`))[0], 409);
  assert.equal((await house.send("POST", "/api/v1/terminals/99999999/lock"))[0], 404);
  await house.send("POST", `/api/v1/terminals/${TID}/unlock`);
  assert.equal((await device.ask(await device.sale())).fields["39"], "00");
});

const item = (tag: string, digits: number, value: string): string =>
  tag + String(value.length).padStart(digits, "0") + value;
const de59 = (place: string, serial: string): string =>
  item("A1", 3, place) + item("A2", 3, item("01", 2, "02") + item("02", 2, serial));

test("a terminal pays at its place and with its own serial number only", async () => {
  const place = { latitude: 22_540_000, longitude: 114_057_900, radiusMetres: 300 };
  await house.send("PUT", `/api/v1/terminals/${TID}/place`, { place });
  const pay = async (field?: string): Promise<string> => {
    const sale = await device.sale(field === undefined ? {} : { "59": field });
    return (await device.ask(sale)).fields["39"] ?? "";
  };
  assert.equal(await pay(de59("22.540500,114.058000", `TW${TID}`)), "00");
  assert.equal(await pay(de59("22.640000,114.057900", `TW${TID}`)), "58");
  assert.equal(await pay(de59("22.540500,114.058000", "TW-OTHER")), "58");
  assert.equal(await pay(), "58");
  await until("both refusals are written down", async () => {
    const reasons = await house.query(
      "select distinct reason from refused_message where reason in ('other-place', 'other-serial')",
    );
    return reasons.length === 2;
  });
  await house.send("PUT", `/api/v1/terminals/${TID}/place`, { place: null });
  assert.equal(await pay(), "00");
});

test("status and version are kept; a new version is announced until the terminal has it", async () => {
  assert.equal(
    (await say("0820", "362", { "62": hex("011021031041050911.0.0") })).fields["39"],
    "00",
  );
  const shown = await house.get(`/api/v1/terminals/${TID}`);
  assert.deepEqual([shown["hardware"], shown["software"]], ["011021031041050", "1.0.0"]);
  await house.send("PUT", `/api/v1/terminals/${TID}/software`, { version: "1.1.0" });
  assert.equal((await echo()).requirement, "6");
  const told = await say("0820", "364");
  assert.equal(toAscii(fromHex(told.fields["62"] ?? "")), "1.1.0");
  await say("0820", "362", { "62": hex("911.1.0") });
  assert.equal((await say("0820", "364")).fields["62"], undefined);
  assert.equal((await echo()).requirement, "0");
  assert.equal((await say("0820", "362", { "62": hex("nonsense") })).fields["39"], "30");
});

test("a terminal that was tampered with is refused everything but its status", async () => {
  const other = await house.signedIn({ tid: "10000002" });
  const fields = { "41": "10000002", "42": MID, "60": `00${other.batch()}362` };
  await other.ask({ mti: "0820", fields: { ...fields, "62": hex("901") } }, "none");
  assert.equal((await house.get("/api/v1/terminals/10000002"))["state"], "tampered");
  assert.equal((await other.ask(await other.sale())).fields["39"], "97");
  assert.equal((await other.signIn()).fields["39"], "97");
  assert.equal((await house.send("POST", "/api/v1/terminals/10000002/unlock"))[0], 409);
  other.close();
});

test("the last contact is kept, and all this left the books as they should be", async () => {
  await house.restart();
  await until("the last contact is written", async () => {
    const { seenAt } = await house.get(`/api/v1/terminals/${TID}`);
    return typeof seenAt === "string";
  });
  await house.audit();
});
