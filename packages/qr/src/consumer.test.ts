import assert from "node:assert/strict";
import { test } from "node:test";
import {
  buildConsumerCode,
  inspectConsumerCode,
  parseConsumerCode,
  QrError,
  type Tlv,
  writeConsumerCode,
} from "./index.ts";

const format = "85054350563031";
const base64 = (hex: string): string => Buffer.from(hex, "hex").toString("base64");

const application: Tlv = {
  tag: "61",
  value: [
    { tag: "4F", value: "A000000333010101" },
    { tag: "57", value: "6226000000000012D30122010000000000" },
    { tag: "5F34", value: "01" },
    {
      tag: "63",
      value: [
        { tag: "9F26", value: "0123456789ABCDEF" },
        { tag: "9F36", value: "0001" },
      ],
    },
  ],
};

/** How a text is refused: code, path, offset. */
function refusal(text: string, read: (text: string) => unknown = parseConsumerCode): string {
  try {
    read(text);
  } catch (error) {
    assert.ok(error instanceof QrError, String(error));
    return `${error.code} ${error.path.join(".")} @${error.offset}`;
  }
  return "accepted";
}

test("a code gives each application its own data and the common ones it has not", () => {
  const second = { tag: "61", value: [{ tag: "4F", value: "A000000333010102" }] };
  const common = {
    tag: "62",
    value: [
      { tag: "50", value: "556E696F6E506179" },
      { tag: "5A", value: "6226000000000020FFFF" },
      { tag: "5F24", value: "301231" },
      { tag: "5F34", value: "02" },
      { tag: "64", value: [{ tag: "9F26", value: "FEDCBA9876543210" }] },
    ],
  };
  const text = buildConsumerCode([application, second, common]);
  const [first, other] = parseConsumerCode(text).applications;
  assert.equal(first?.aid, "A000000333010101");
  assert.equal(first.label, "UnionPay");
  assert.equal(first.track2, "6226000000000012D30122010000000000");
  assert.equal(first.sequence, "01");
  assert.equal(first.cryptogram, "0123456789ABCDEF");
  assert.equal(first.data["9F36"], "0001");
  assert.deepEqual(
    { ...other, data: undefined },
    {
      aid: "A000000333010102",
      label: "UnionPay",
      pan: "6226000000000020",
      expiry: "3012",
      sequence: "02",
      cryptogram: "FEDCBA9876543210",
      data: undefined,
    },
  );
});

test("number and expiry come from the track where there is nothing else", () => {
  const [only] = parseConsumerCode(buildConsumerCode([application])).applications;
  assert.equal(only?.pan, "6226000000000012");
  assert.equal(only.expiry, "3012");
});

test("what breaks the text itself is refused with code, path and offset", () => {
  assert.equal(refusal(""), "missing 85 @0");
  assert.equal(refusal("hQVD UFYwMQ="), "base64  @4");
  assert.equal(refusal("hQVDUFYwMQ"), "base64  @10");
  assert.equal(refusal("hQVDUFYwMR=="), "base64  @8");
  assert.equal(refusal("hQVDUFYwMQ==\n"), "base64  @10");
  assert.equal(refusal("hQ==UFYwMQ=="), "base64  @2");
  assert.equal(refusal("A".repeat(516)), "too-long  @512");
  assert.equal(refusal(base64(`61024F00${format}`)), "order 85 @4");
  assert.equal(refusal(base64("61024F00")), "missing 85 @0");
  assert.equal(refusal(base64("85054350563032")), "value 85 @2");
  assert.equal(refusal(base64(`${format}00`)), "tag  @7");
  assert.equal(refusal(base64(`${format}9F8001`)), "tag  @7");
  assert.equal(refusal(base64(`${format}9F81818100`)), "tag  @7");
  assert.equal(refusal(base64(`${format}9F`)), "short  @7");
  assert.equal(refusal(base64(`${format}61`)), "short 61 @8");
  assert.equal(refusal(base64(`${format}6181`)), "short 61 @8");
  assert.equal(refusal(base64(`${format}6104`)), "short 61 @9");
  assert.equal(refusal(base64(`${format}6180`)), "length 61 @8");
  assert.equal(refusal(base64(`${format}6183000000`)), "length 61 @8");
  assert.equal(refusal(base64(`${format}6181024F00`)), "length 61 @8");
  assert.equal(refusal(base64(`${format}618200024F00`)), "length 61 @8");
  assert.equal(refusal(base64(`${format}61034F0500`)), "short 61.4F @11");
  assert.equal(
    refusal(base64(`${format}6108630663046302630`.padEnd(34, "0"))),
    "nesting 61.63.63.63 @15",
  );
});

test("what departs from the tables is refused with code, path and offset", () => {
  const aid = "4F05A000000333";
  const body = (hex: string): string => {
    const length = (hex.length / 2).toString(16).padStart(2, "0");
    return refusal(base64(`${format}61${length}${hex}`));
  };
  assert.equal(body(aid), "accepted");
  assert.equal(refusal(base64(format)), "missing 61 @7");
  assert.equal(refusal(base64(`${format}6200`)), "missing 61 @9");
  assert.equal(body("5001FF"), "missing 61.4F @12");
  assert.equal(body("4F04A0000003"), "length 61.4F @11");
  assert.equal(body(`${aid}50024107`), "characters 61.50 @18");
  assert.equal(body(`${aid}5A02123A`), "characters 61.5A @18");
  assert.equal(body(`${aid}5A021FF3`), "characters 61.5A @18");
  assert.equal(body(`${aid}9F260101`), "length 61.9F26 @19");
  assert.equal(body(`${aid}57041234D301`), "value 61.57 @18");
  assert.equal(body(`${aid}5F34010A`), "characters 61.5F34 @19");
  assert.equal(body(`${aid}${aid}`), "duplicate 61.4F @16");
  assert.equal(body(`${aid}6400`), "template 61.64 @16");
  assert.equal(body(`${aid}DF01021234`), "accepted");
  assert.equal(refusal(base64(`${format}6107${aid}6107${aid}62006200`)), "duplicate 62 @27");
  assert.equal(refusal(base64(`${format}${format}6107${aid}`)), "duplicate 85 @7");
});

test("elements that no code can carry are not written", () => {
  const written = (...elements: Tlv[]): string =>
    refusal("", () => writeConsumerCode(elements)).replace(/ @0$/, "");
  assert.equal(written(application), "accepted");
  assert.equal(written({ tag: "", value: "" }), "tag ");
  assert.equal(written({ tag: "5", value: "" }), "characters 5");
  assert.equal(written({ tag: "5F", value: "" }), "short 5F");
  assert.equal(written({ tag: "5A5A", value: "" }), "tag 5A5A");
  assert.equal(written({ tag: "5A", value: "123" }), "characters 5A");
  assert.equal(written({ tag: "5A", value: [] }), "tag 5A");
  assert.equal(written({ tag: "61", value: "4F00" }), "tag 61");
  assert.equal(written({ tag: "61", value: [{ tag: "4F", value: "ZZ" }] }), "characters 61.4F");
  assert.equal(written({ tag: "DF01", value: "00".repeat(0x10000) }), "length DF01");
});

test("lengths beyond 127 and 255 bytes take one and two bytes more", () => {
  for (const [size, length] of [
    [127, "7F"],
    [128, "8180"],
    [255, "81FF"],
    [256, "820100"],
    [330, "82014A"],
  ] as const) {
    const value = "AB".repeat(size);
    const text = writeConsumerCode([{ tag: "DF01", value }]);
    assert.ok(
      Buffer.from(text, "base64").toString("hex").toUpperCase().includes(`DF01${length}AB`),
    );
    assert.deepEqual(inspectConsumerCode(text).elements, [{ tag: "DF01", value }]);
  }
});
