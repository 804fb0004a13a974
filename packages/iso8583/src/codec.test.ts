import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fromHex, toHex } from "@tillway/bytes";
import {
  cups,
  decode,
  defineSpec,
  encode,
  encodeForMac,
  hasMac,
  macInput,
  mtiText,
  readFrame,
  recognise,
  responseMti,
  swapTpdu,
  unionpayPos,
  varySpec,
  withMac,
  writeFrame,
  type FramingName,
  type Message,
} from "./index.ts";

type Sample = {
  name: string;
  hex: string;
  fields: Record<string, string>;
  mac?: { input: string };
  specName: string;
  framing: FramingName;
};

const samples = JSON.parse(
  readFileSync(new URL("../../../vectors/samples/iso8583.json", import.meta.url), "utf8"),
) as Sample[];
const ours = samples.filter((sample) => sample.specName === "unionpay-pos");

/** What the samples list in words instead of content. */
const WORDED: Record<string, string> = {
  "32 zero bytes (LLL binary, private)": "00".repeat(32),
};

test("every published unionpay-pos sample decodes to its fields and encodes to its bytes", () => {
  assert.equal(ours.length, 26);
  for (const sample of ours) {
    const frame = readFrame(sample.framing, fromHex(sample.hex));
    const decoded = decode(unionpayPos, frame.payload);
    const seen: Record<string, string | undefined> = {
      ...decoded.fields,
      mti: decoded.mti,
      bitmap: decoded.bitmap,
      tpdu: frame.tpdu,
      header: frame.header,
    };
    for (const [key, value] of Object.entries(sample.fields)) {
      if (/ bytes: /.test(value)) {
        assert.match(value, new RegExp(`^${seen[key]?.length} ANS bytes: `), sample.name);
      } else if (key === "header") {
        assert.equal(seen[key], value.toUpperCase(), sample.name);
      } else assert.equal(seen[key], WORDED[value] ?? value, `${sample.name}: ${key}`);
    }
    const listed = Object.keys(sample.fields).filter((key) => /^\d+$/.test(key));
    assert.deepEqual(Object.keys(decoded.fields), listed, sample.name);

    const payload = encode(unionpayPos, { mti: decoded.mti, fields: decoded.fields });
    const bytes = writeFrame(sample.framing, { ...frame, payload });
    assert.equal(toHex(bytes), sample.hex.toUpperCase(), sample.name);
    const found = recognise(bytes);
    assert.deepEqual([found?.spec.name, found?.framing], ["unionpay-pos", sample.framing]);
  }
});

test("the MAC covers what the samples say it covers", () => {
  const withMacs = ours.filter((sample) => sample.mac !== undefined);
  assert.ok(withMacs.length >= 10);
  for (const sample of withMacs) {
    const { payload } = readFrame(sample.framing, fromHex(sample.hex));
    const decoded = decode(unionpayPos, payload);
    assert.equal(hasMac(unionpayPos, decoded), true);
    assert.equal(toHex(macInput(payload)), sample.mac?.input, sample.name);
    const { "64": mac = "", ...fields } = decoded.fields;
    const prepared = encodeForMac(unionpayPos, { mti: decoded.mti, fields });
    assert.equal(toHex(macInput(prepared)), sample.mac?.input, sample.name);
    assert.deepEqual(withMac(prepared, fromHex(mac)), payload, sample.name);
  }
  assert.throws(() => withMac(new Uint8Array(20), new Uint8Array(4)), RangeError);
});

function sampleNamed(part: string): Sample {
  const sample = ours.find(({ name }) => name.includes(part));
  assert.ok(sample, part);
  return sample;
}

function parsedOf(part: string): Record<string, Record<string, string>> {
  const sample = sampleNamed(part);
  return decode(unionpayPos, readFrame(sample.framing, fromHex(sample.hex)).payload).parsed;
}

test("structured fields come with their parts", () => {
  const sale = parsedOf("contact IC + online PIN");
  assert.deepEqual(sale["22"], { "1": "05", "2": "1" });
  assert.deepEqual(sale["53"], { "1": "2", "2": "6", "3": "1", rest: "0000000000000" });
  assert.deepEqual(sale["60"], { "1": "22", "2": "000001", "3": "000", "4": "5", "5": "0" });
  assert.equal(sale["55"]?.["9F26"], "A1B2C3D4E5F60718");
  assert.equal(sale["55"]?.["9F36"], "0001");
  assert.equal(Object.keys(sale["55"] ?? {}).length, 20);
  assert.deepEqual(parsedOf("refund")["61"], { "1": "000001", "2": "000002", "3": "1122" });
  assert.equal(parsedOf("settlement response")["48"]?.["domesticResult"], "1");
  assert.equal(parsedOf("settlement response")["48"]?.["foreignResult"], "1");
  assert.equal(parsedOf("settlement response")["48"]?.["domesticCreditAmount"], "000000005000");
  assert.deepEqual(parsedOf("batch upload 0320")["48"], {
    count: "02",
    "1.cardType": "00",
    "1.trace": "000002",
    "1.pan": "00006200001234567892",
    "1.amount": "000000010000",
    "2.cardType": "00",
    "2.trace": "000005",
    "2.pan": "00006200001234567892",
    "2.amount": "000000005000",
  });
  assert.deepEqual(parsedOf("batch upload end")["48"], { count: "0002" });
  assert.equal(parsedOf("e-signature")["55"]?.["FF01"], "53414C45");
  const balance = { mti: "0210", fields: { "54": "1002156C000000012345" } };
  assert.deepEqual(decode(unionpayPos, encode(unionpayPos, balance)).parsed["54"], {
    "1.accountType": "10",
    "1.amountType": "02",
    "1.currency": "156",
    "1.sign": "C",
    "1.amount": "000000012345",
  });
  const twice = { mti: "0210", fields: { "55": "7203860100720386010171009F36020001" } };
  assert.deepEqual(decode(unionpayPos, encode(unionpayPos, twice)).parsed["55"], {
    "72": "860100",
    "72.2": "860101",
    "71": "",
    "9F36": "0001",
  });
});

test("a cups message has two bitmaps, ASCII fields and binary blocks", () => {
  const message: Message = {
    mti: "0420",
    fields: {
      "2": "6200001234567892",
      "7": "1122104530",
      "11": "000123",
      "32": "48021000",
      "41": "10000001",
      "43": "收单通咖啡",
      "55": "9F36020001",
      "90": "020000012211221045300004802100000048021000",
      "128": "0123456789ABCDEF",
    },
  };
  const bytes = encode(cups, message);
  assert.equal(
    toHex(bytes),
    "30343230" +
      "C220000100A00200" +
      "0000004000000001" +
      "31363632303030303132333435363738" +
      "3932" +
      "31313232313034353330" +
      "303030313233" +
      "30383438303231303030" +
      "3130303030303031" +
      "CAD5B5A5CDA8BFA7B7C8" +
      "20".repeat(30) +
      "303035" +
      "9F36020001" +
      "303230303030303132323131323231303435333030303034383032313030303030303438303231303030" +
      "0123456789ABCDEF",
  );
  const decoded = decode(cups, bytes);
  assert.equal(decoded.fields["43"], "收单通咖啡".padEnd(35));
  assert.deepEqual(decoded.parsed["90"], {
    mti: "0200",
    trace: "000122",
    transmission: "1122104530",
    acquirer: "00048021000",
    forwarder: "00048021000",
  });
  assert.equal(recognise(writeFrame("4ascii", { payload: bytes }))?.spec.name, "cups");
});

/** The other specs' samples show that the tables can hold them: prefixes, pads, hex bitmaps. */
test("tables for other editions: hex bitmap, F padding, lengths in bytes", () => {
  const asciiSample = samples.find(({ specName }) => specName === "iso87-ascii");
  const binarySample = samples.find(({ specName }) => specName === "iso87-binary");
  assert.ok(asciiSample && binarySample);
  const name = { en: "x", zh: "x" };
  const ll = { digits: 2, encoding: "ascii", unit: "content" } as const;
  const iso87 = defineSpec({
    name: "small-ascii",
    mti: "ascii",
    bitmap: "hex",
    bits: 128,
    rules: [],
    fields: {
      2: { name, content: "n", encoding: "ascii", length: 19, prefix: ll },
      28: { name, content: "xn", encoding: "ascii", length: 9 },
      52: { name, content: "b", encoding: "hex", length: 8 },
      96: { name, content: "b", encoding: "hex", length: 8, prefix: { ...ll, unit: "bytes" } },
    },
  });
  const first = decode(iso87, fromHex(asciiSample.hex));
  assert.deepEqual(first.fields, { "2": "1234567890" });
  assert.equal(toHex(encode(iso87, first)), asciiSample.hex);
  const more = { mti: "0200", fields: { "28": "C00000012", "52": "0123456789ABCDEF", "96": "AB" } };
  const text = "020080000010000010000000000100000000C000000120123456789ABCDEF02AB";
  assert.equal(String.fromCharCode(...encode(iso87, more)), text);
  assert.deepEqual(decode(iso87, encode(iso87, more)).fields, more.fields);

  const track = unionpayPos.definitions[35];
  assert.ok(track?.prefix);
  const varied = varySpec(unionpayPos, {
    name: "f-padded",
    fields: { 35: { ...track, pad: "F" } },
  });
  const content = "5111111211111111D11110000000000000000";
  assert.ok(binarySample.hex.includes(`37${content}F`));
  const odd = encode(varied, { mti: "0200", fields: { "35": content.replace("D", "=") } });
  assert.equal(toHex(odd).slice(20), `37${content}F`);
  assert.equal(decode(varied, odd).fields["35"], content);
  assert.equal(decode(unionpayPos, odd).fields["35"], content, "both pads are read");
  const prefix = { digits: 1, encoding: "binary", unit: "bytes" } as const;
  const inBytes = varySpec(unionpayPos, {
    name: "length-in-bytes",
    fields: { 35: { ...track, pad: "F", prefix } },
  });
  const counted = encode(inBytes, { mti: "0200", fields: { "35": content } });
  assert.equal(toHex(counted).slice(20), `13${content}F`);
  assert.equal(decode(inBytes, counted).fields["35"], content);
});

test("replies change the addresses over and the type by ten", () => {
  assert.equal(swapTpdu("6000030000"), "6000000003");
  assert.throws(() => swapTpdu("60"), RangeError);
  assert.equal(responseMti("0200"), "0210");
  assert.equal(responseMti("0421"), "0430");
  assert.equal(responseMti("0401"), "0410");
  assert.equal(responseMti("0820"), "0830");
  assert.throws(() => responseMti("0210"), RangeError);
  assert.deepEqual(mtiText("0421"), { en: "reversal advice (repeat)", zh: "冲正通知（重发）" });
});

test("what is no message is not recognised; a damaged one is, so that its error can be told", () => {
  assert.equal(recognise(new Uint8Array()), undefined);
  assert.equal(recognise(new TextEncoder().encode("hello, world")), undefined);
  const damaged = fromHex(sampleNamed("sign-off").hex);
  damaged[damaged.length - 1] = 0x0a;
  const found = recognise(damaged);
  assert.deepEqual([found?.spec.name, found?.framing], ["unionpay-pos", "2be-tpdu-header6"]);
});
