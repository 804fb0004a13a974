import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex, toAscii } from "@tillway/bytes";
import { DEFAULT_APPLICATIONS } from "@tillway/emv";
import { decode, encode, unionpayPos } from "@tillway/iso8583";
import fc from "fast-check";
import { distance, misplaced, readDe59 } from "./location.ts";
import { applicationObject, listField } from "./objects.ts";
import { parameterField, resolve, wrongValue, type Given } from "./parameters.ts";
import { requirement, withRequirement } from "./tasks.ts";

const valueOf = (given: readonly Given[], name: string) => {
  const found = resolve(given).find((one) => one.name === name);
  return found && [found.value, found.from];
};

test("the narrowest scope that sets a parameter wins; nobody's is the default", () => {
  const wide: Given = { scope: "institution", name: "tipPercent", value: "10" };
  const middle: Given = { scope: "merchant", name: "tipPercent", value: "12" };
  const narrow: Given = { scope: "terminal", name: "tipPercent", value: "20" };
  assert.deepEqual(valueOf([], "tipPercent"), ["15", "default"]);
  assert.deepEqual(valueOf([wide], "tipPercent"), ["10", "institution"]);
  assert.deepEqual(valueOf([wide, middle], "tipPercent"), ["12", "merchant"]);
  assert.deepEqual(valueOf([narrow, wide, middle], "tipPercent"), ["20", "terminal"]);
  assert.equal(valueOf([], "phone1"), undefined);
});

test("a value of another form is refused with what is allowed", () => {
  assert.equal(wrongValue("tips", "1"), undefined);
  assert.match(wrongValue("tips", "yes") ?? "", /tips: must be 0 or 1/);
  assert.match(wrongValue("merchantName", "咖啡") ?? "", /printable/);
});

test("the answer to a parameter download is read back as it was resolved", () => {
  const given: Given[] = [{ scope: "merchant", name: "merchantName", value: "Tillway Cafe" }];
  const fields = { "60": "00000001360", "62": parameterField(resolve(given)), "39": "00" };
  const message = { mti: "0810", fields: { ...fields, "41": "10000001", "42": "898290058120001" } };
  const { parsed } = decode(unionpayPos, encode(unionpayPos, message));
  assert.equal(parsed["62"]?.["22"], "Tillway Cafe".padEnd(40));
  assert.equal(parsed["62"]?.["12"], "60");
});

test("tasks are asked for one at a time, the sign-in first", () => {
  assert.equal(requirement([]), "0");
  assert.equal(requirement(["software", "parameters"]), "1");
  assert.equal(requirement(["parameters", "ca-keys", "sign-in"]), "3");
  assert.equal(withRequirement("603100310000", "4"), "603104310000");
});

test("a list is told in parts until its last name", () => {
  const names = Array.from({ length: 70 }, (_, at) => `9F0605A0000003339F2201${String(at + 10)}`);
  let received: string[] = [];
  const controls: string[] = [];
  for (let rounds = 0; rounds < 10 && controls.at(-1) !== "3"; rounds += 1) {
    const field = listField(names, received.length);
    assert.ok(field.length / 2 <= 512);
    controls.push(toAscii(fromHex(field.slice(0, 2))));
    received = received.concat(field.slice(2).match(/.{24}/g) ?? []);
  }
  assert.deepEqual(received, names);
  assert.deepEqual(controls, ["2", "3"]);
  assert.equal(listField(names.slice(0, 1), 0).slice(0, 2), "31");
  assert.equal(listField([], 0), "30");
});

test("an application is told with its action codes and limits", () => {
  const [application] = DEFAULT_APPLICATIONS;
  assert.ok(application);
  const limits = { floor: "50000", transaction: "100000", cvm: "10000" };
  const { name, content } = applicationObject(application, limits);
  assert.ok(content.startsWith(name));
  assert.ok(content.includes(`DF1105${application.actionCodes.default}`));
  assert.ok(content.includes("DF2006000000100000"));
});

const item = (tag: string, digits: number, value: string): string =>
  tag + String(value.length).padStart(digits, "0") + value;

test("a terminal's place, serial number and version are read from DE 59", () => {
  const device = item("01", 2, "04") + item("02", 2, "TW00000001") + item("05", 2, "1.0");
  const text = item("A1", 3, "22.54,-114.057900") + item("A2", 3, device);
  assert.deepEqual(readDe59(text), {
    place: { latitude: 22_540_000, longitude: -114_057_900 },
    kind: "04",
    serial: "TW00000001",
    version: "1.0",
  });
  for (let end = 1; end < text.length; end += 1) {
    if (end !== item("A1", 3, "22.54,-114.057900").length) {
      assert.equal(readDe59(text.slice(0, end)), undefined);
    }
  }
  assert.equal(readDe59(item("A1", 3, "hello")), undefined);
  assert.equal(readDe59(item("A1", 3, "91.0,0.0")), undefined);
});

test("reading DE 59 never throws", () => {
  fc.assert(fc.property(fc.string(), (text) => void readDe59(text)));
  fc.assert(
    fc.property(fc.stringMatching(/^(A[12]\d{3}[-0-9.,]*){0,3}$/), (text) => void readDe59(text)),
  );
});

test("distances are those of the globe", () => {
  const beijing = { latitude: 39_904_200, longitude: 116_407_400 };
  const shanghai = { latitude: 31_230_400, longitude: 121_473_700 };
  const metres = distance(beijing, shanghai);
  assert.ok(Math.abs(metres - 1_067_000) < 3000, String(metres));
  assert.equal(distance(beijing, beijing), 0);
});

test("a terminal away from its place, or with another serial number, is found out", () => {
  const place = { latitude: 22_540_000, longitude: 114_057_900, radiusMetres: 500 };
  const near = { latitude: 22_541_000, longitude: 114_057_900 };
  const far = { latitude: 22_640_000, longitude: 114_057_900 };
  const bound = { serial: "TW1", place };
  assert.equal(misplaced({ serial: "TW1", place: near }, bound), undefined);
  assert.equal(misplaced({ serial: "TW2", place: near }, bound), "other-serial");
  assert.equal(misplaced({ serial: "TW1", place: far }, bound), "other-place");
  assert.equal(misplaced({ serial: "TW1" }, bound), "other-place");
  assert.equal(misplaced({}, { serial: "TW1", place: undefined }), undefined);
});
