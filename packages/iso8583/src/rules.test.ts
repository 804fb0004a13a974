import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fromHex } from "@tillway/bytes";
import {
  approvedCodes,
  checkMessage,
  cups,
  decode,
  readFrame,
  responseCode,
  responseCodes,
  unionpayPos,
  type FramingName,
  type MessageCheck,
  type MessageFields,
} from "./index.ts";

const samples = JSON.parse(
  readFileSync(new URL("../../../vectors/samples/iso8583.json", import.meta.url), "utf8"),
) as { name: string; hex: string; framing: FramingName }[];

function sample(part: string): { mti: string; fields: Record<string, string> } {
  const row = samples.find(({ name }) => name.includes(part));
  assert.ok(row, part);
  const { mti, fields } = decode(unionpayPos, readFrame(row.framing, fromHex(row.hex)).payload);
  return { mti, fields: { ...fields } };
}

function check(part: string, change: Record<string, string | undefined> = {}): MessageCheck {
  const { mti, fields } = sample(part);
  for (const [number, value] of Object.entries(change)) {
    if (value === undefined) delete fields[number];
    else fields[number] = value;
  }
  return checkMessage(unionpayPos, { mti, fields });
}

test("the samples of the spine are complete messages", () => {
  const complete = (name: string): MessageCheck => ({ outcome: "complete", name });
  assert.deepEqual(check("sign-in request 0800 (synthetic)"), complete("sign-in"));
  assert.deepEqual(check("60-byte key block"), complete("sign-in reply"));
  assert.deepEqual(check("magstripe + online PIN"), complete("sale"));
  assert.deepEqual(check("contact IC + online PIN"), complete("sale"));
  assert.deepEqual(check("reversal request 0400"), complete("reversal"));
  assert.deepEqual(check("reversal response 0410"), complete("reversal reply"));
  assert.deepEqual(check("echo test"), complete("echo"));
});

test("the first field that is missing or too much is named", () => {
  const chip = "contact IC + online PIN";
  const missing = (field: string): MessageCheck => ({ outcome: "missing", field, name: "sale" });
  assert.deepEqual(check(chip, { "4": undefined, "64": undefined }), missing("4"));
  assert.deepEqual(check(chip, { "64": undefined }), missing("64"));
  assert.deepEqual(check(chip, { "55": undefined }), missing("55"));
  assert.deepEqual(check(chip, { "52": undefined }), missing("52"));
  assert.deepEqual(check("magstripe + online PIN", { "35": undefined }), missing("35"));
  assert.deepEqual(check(chip, { "39": "00" }), {
    outcome: "forbidden",
    field: "39",
    name: "sale",
  });
  const noPin = { outcome: "forbidden", field: "26", name: "sale" };
  assert.deepEqual(check(chip, { "22": "052" }), noPin);
  const track = { outcome: "forbidden", field: "35", name: "reversal" };
  assert.deepEqual(check("reversal request 0400", { "35": "6200" }), track);
  assert.deepEqual(check(chip, { "60": undefined }), { outcome: "missing", field: "60" });
  assert.deepEqual(check(chip, { "3": undefined }), { outcome: "missing", field: "3" });
});

test("an unknown kind of message is told from an incomplete one", () => {
  assert.deepEqual(check("contact IC", { "3": "990000" }), { outcome: "unknown" });
  assert.deepEqual(check("echo test", { "60": "00000001999" }), { outcome: "unknown" });
  assert.deepEqual(checkMessage(unionpayPos, { mti: "0600", fields: {} }), { outcome: "unknown" });
  const short = { outcome: "missing", field: "60" };
  assert.deepEqual(check("echo test", { "60": "00000001" }), short);
});

test("a refusal may be short, an approval needs its MAC", () => {
  const refused = { "11": "000001", "39": "30", "41": "10000001", "42": "898000000000001" };
  const reply = (fields: MessageFields): MessageCheck =>
    checkMessage(unionpayPos, { mti: "0210", fields });
  assert.deepEqual(reply(refused), { outcome: "complete", name: "sale reply" });
  const approved = {
    ...refused,
    "3": "000000",
    "4": "000000000100",
    "12": "104512",
    "13": "1122",
    "37": "112200000001",
    "39": "00",
    "49": "156",
    "60": "2200000100050",
  };
  assert.deepEqual(reply(approved), { outcome: "missing", field: "64", name: "sale reply" });
  const sealed = { ...approved, "64": "3031344530453832" };
  assert.deepEqual(reply(sealed), { outcome: "complete", name: "sale reply" });
});

test("the institution interface has its own rules", () => {
  const key = { "7": "1122024512", "11": "000001", "32": "48021000", "33": "48021000" };
  const of = (mti: string, fields: MessageFields): MessageCheck =>
    checkMessage(cups, { mti, fields });
  const complete = (name: string): MessageCheck => ({ outcome: "complete", name });
  assert.deepEqual(of("0800", { ...key, "70": "001" }), complete("sign-on"));
  assert.deepEqual(of("0810", { ...key, "39": "00", "70": "301" }), complete("echo reply"));
  const keyless = { outcome: "missing", field: "48", name: "key reset reply" };
  assert.deepEqual(of("0810", { ...key, "39": "00", "70": "101" }), keyless);
  const reset = { outcome: "missing", field: "53", name: "key reset" };
  assert.deepEqual(of("0800", { ...key, "70": "101" }), reset);
  const digits =
    "2=6200001234567892 3=000000 4=000000000100 12=104512 13=1122 18=5812 22=051 25=00 26=12 " +
    "37=112200000001 41=10000001 42=898290058120001 49=156 52=0000000000000000 55=9F36020001 " +
    "53=2600000000000000 128=0000000000000000";
  const fields = Object.fromEntries(digits.split(" ").map((pair) => pair.split("=")));
  const sale: Record<string, string> = { ...key, ...fields };
  const without = (...numbers: string[]): Record<string, string> =>
    Object.fromEntries(Object.entries(sale).filter(([number]) => !numbers.includes(number)));
  assert.deepEqual(of("0200", sale), complete("sale"));
  assert.deepEqual(of("0200", without("32")), { outcome: "missing", field: "32", name: "sale" });
  const repeat = { ...without("26", "52", "53", "12", "13"), "90": "0".repeat(42) };
  assert.deepEqual(of("0421", repeat), complete("reversal"));
  assert.deepEqual(of("0430", { ...key, "39": "25" }), complete("reversal reply"));
});

const link = "7=1122024512 11=000001 32=48021000 33=48021000 128=0000000000000000";
const payment =
  "2=6200001234567892 4=000000000100 12=104512 13=1122 18=5812 22=012 37=112200000001 " +
  "41=10000001 42=898290058120001 49=156";
const original = `90=${"0".repeat(42)}`;
const chip = "22=052 55=9F36020001";

const fieldsOf = (text: string): Record<string, string> =>
  Object.fromEntries(text.split(" ").map((pair) => pair.split("=")));

/** Each type of the institution interface: MTI, and what it has beside link and payment. */
const types: Readonly<Record<string, readonly [mti: string, own: string]>> = {
  sale: ["0200", "3=000000 25=00"],
  "sale void": ["0200", `3=200000 25=00 38=123456 ${original}`],
  refund: ["0220", `3=200000 25=00 ${original}`],
  "pre-authorisation": ["0100", "3=030000 25=06"],
  "pre-authorisation void": ["0100", `3=200000 25=06 38=123456 ${original}`],
  completion: ["0200", `3=000000 25=06 38=123456 ${original}`],
  "completion advice": ["0220", `3=000000 25=06 38=123456 ${original}`],
  "completion void": ["0200", `3=200000 25=06 38=123456 ${original}`],
  "balance inquiry": ["0200", "3=310000 25=00"],
  withdrawal: ["0200", `3=010000 25=00 ${chip}`],
  deposit: ["0200", "3=210000 25=00"],
  "deposit confirmation": ["0220", `3=210000 25=00 ${original}`],
  transfer: ["0200", "3=400000 25=00 103=6250940000000000"],
  "transfer confirmation": ["0220", `3=400000 25=00 103=6250940000000000 ${original}`],
  "tip adjustment": [
    "0220",
    `3=000000 25=00 38=123456 54=0040156D000000000100 60=0034 ${original}`,
  ],
  "instalment sale": ["0200", "3=000000 25=64 122=IP12"],
  "instalment void": ["0200", `3=200000 25=64 38=123456 ${original}`],
  "offline chip sale": ["0220", `3=000000 25=00 60=0036 ${chip}`],
  "script result": ["0620", `3=000000 25=00 60=0951 55=DF3100 ${original}`],
};

for (const [name, [mti, own]] of Object.entries(types)) {
  const fields = fieldsOf(`${link} ${payment} ${own}`);
  if (name === "balance inquiry") delete fields["4"];
  const of = (type: string, given: MessageFields): MessageCheck =>
    checkMessage(cups, { mti: type, fields: given });

  test(`on the institution interface a ${name} is told by its codes, first or repeated`, () => {
    const complete = { outcome: "complete", name };
    assert.deepEqual(of(mti, fields), complete);
    assert.deepEqual(of(`${mti.slice(0, 3)}1`, fields), complete);
    const { 128: _mac, ...unsigned } = fields;
    assert.deepEqual(of(mti, unsigned), { outcome: "missing", field: "128", name });
    const { 90: elements, ...alone } = fields;
    const checked = elements === undefined ? of(mti, { ...fields, "39": "00" }) : of(mti, alone);
    assert.notEqual(checked.outcome, "complete");
  });

  test(`the reply to a ${name} may be short where it refuses, and is whole where it approves`, () => {
    const reply = `${mti.slice(0, 2)}${mti[2] === "0" ? "1" : "3"}0`;
    const { 60: reason = "0000" } = fields;
    const short = { ...fieldsOf(link), "3": fields["3"] ?? "", "39": "51", "60": reason };
    const { "25": condition = "" } = fields;
    const named = { ...short, "25": condition };
    const complete = { outcome: "complete", name: `${name} reply` };
    assert.deepEqual(of(reply, named), complete);
    const { 22: _entry, 55: _chip, 90: _original, 103: _other, 122: _plan, ...whole } = fields;
    const approved: Record<string, string> = { ...whole, "39": "00", "54": "1002156C000000000100" };
    assert.deepEqual(of(reply, approved), complete);
    const { 128: _mac, ...unsigned } = approved;
    assert.equal(of(reply, unsigned).outcome, "missing");
  });
}

test("an advice carries neither track nor PIN: it is stored on its way", () => {
  const [mti, own] = types["refund"] ?? ["", ""];
  const track = { ...fieldsOf(`${link} ${payment} ${own}`), "35": "6200001234567892D3012" };
  const forbidden = { outcome: "forbidden", field: "35", name: "refund" };
  assert.deepEqual(checkMessage(cups, { mti, fields: track }), forbidden);
});

test("a partial approval says what was asked for", () => {
  const [, own] = types["sale"] ?? ["", ""];
  const reply = { ...fieldsOf(`${link} ${payment} ${own}`), "39": "10" };
  const missing = { outcome: "missing", field: "54", name: "sale reply" };
  assert.deepEqual(checkMessage(cups, { mti: "0210", fields: reply }), missing);
});

test("response codes say what happened and what to do, in two languages", () => {
  assert.equal(responseCodes.size, 53);
  for (const { code, text, advice } of responseCodes.values()) {
    assert.match(code, /^[0-9A]\d$/);
    for (const words of [text, advice]) {
      assert.ok(words.en.length > 3);
      assert.match(words.zh, /\p{Script=Han}/u);
    }
  }
  assert.deepEqual(approvedCodes, ["00", "10", "11", "A2", "A4", "A5", "A6"]);
  assert.equal(responseCode("51").text.zh, "余额不足");
  assert.equal(responseCode("77").action, "D");
  assert.deepEqual(responseCode("ZZ").text, { en: "Failed", zh: "交易失败" });
});
