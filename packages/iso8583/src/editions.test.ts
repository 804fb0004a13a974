import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fromHex, toHex } from "@tillway/bytes";
import { packed } from "./generators.test.ts";
import {
  decode,
  describe,
  encode,
  iso2003,
  iso87Ascii,
  iso87Binary,
  iso93Ascii,
  iso93Binary,
  maskFields,
  readFrame,
  framingNames,
  recognise,
  specs,
  writeFrame,
  type FramingName,
  type Spec,
} from "./index.ts";

type Sample = {
  name: string;
  hex: string;
  fields: Record<string, string>;
  specName: string;
  framing: FramingName;
};

const samples = JSON.parse(
  readFileSync(new URL("../../../vectors/samples/iso8583.json", import.meta.url), "utf8"),
) as Sample[];

/** Names that the samples' sources have for the type and the bitmap. */
const OTHER_NAMES: Readonly<Record<string, string>> = { t: "mti", p: "bitmap" };

test("every sample of every spec decodes, is recognised, and encodes to its bytes", () => {
  assert.deepEqual([...new Set(samples.map(({ specName }) => specName))].sort(), [
    "iso87-ascii",
    "iso87-binary",
    "unionpay-pos",
  ]);
  for (const sample of samples) {
    const spec = specs.get(sample.specName);
    assert.ok(spec, sample.specName);
    const frame = readFrame(sample.framing, fromHex(sample.hex));
    const decoded = decode(spec, frame.payload);
    const payload = encode(spec, { mti: decoded.mti, fields: decoded.fields });
    const bytes = writeFrame(sample.framing, { ...frame, payload });
    assert.equal(toHex(bytes), sample.hex.toUpperCase(), sample.name);
    const found = recognise(bytes);
    assert.deepEqual([found?.spec.name, found?.framing], [sample.specName, sample.framing]);
    if (sample.specName === "unionpay-pos") continue;
    const seen: Record<string, string> = { ...decoded.fields, ...decoded, fields: "", parsed: "" };
    for (const [key, value] of Object.entries(sample.fields)) {
      if (!value.includes(" ")) assert.equal(seen[OTHER_NAMES[key] ?? key], value, sample.name);
    }
  }
});

test("the odd track of the published message is read, and padded with F again", () => {
  const sample = samples.find(({ name }) => name.includes("moov issue 327"));
  assert.ok(sample);
  const decoded = decode(iso87Binary, fromHex(sample.hex));
  assert.deepEqual(decoded.fields, {
    "3": "000000",
    "4": "000000001500",
    "11": "107989",
    "22": "071",
    "24": "021",
    "25": "00",
    "35": "5111111211111111D11110000000000000000",
    "41": "TEST0001",
  });
  assert.equal(
    describe(iso87Binary, decoded),
    `0200  financial request  (iso87-binary)
     bitmap                     3020058020800000
   3 processing code            000000
   4 amount                     000000001500
  11 trace number               107989
  22 entry mode                 071
  24 network identifier         021
  25 condition code             00
  35 track 2                    *************************************
  41 terminal                   TEST0001
`,
  );
});

const hex = (spec: Spec, mti: string, fields: Record<string, string>): string =>
  toHex(encode(spec, { mti, fields }));

const text = (bytes: string): string => toHex(new TextEncoder().encode(bytes));

test("each edition has its own forms for the same thing", () => {
  const trace = { "11": "000123" };
  assert.equal(hex(iso87Ascii, "0800", trace), text("08000020000000000000000123"));
  assert.equal(hex(iso87Binary, "0800", trace), "08000020000000000000000123");
  assert.equal(hex(iso93Ascii, "1804", trace), text("18040020000000000000000123"));
  assert.equal(hex(iso2003, "2804", { "11": "000000000123" }), "28040020000000000000000000000123");

  const fee = { "28": "D00000123" };
  assert.equal(hex(iso87Ascii, "0200", fee), text("02000000001000000000D00000123"));
  assert.equal(hex(iso87Binary, "0200", fee), "020000000010000000004400000123");
  assert.equal(hex(iso93Binary, "1200", { "28": "261122" }), "12000000001000000000261122");

  // Lengths of bytes: characters of hex in 1987, bytes in 1993, packed digits in the others.
  const chip = { "55": "9F36020001" };
  assert.equal(hex(iso87Ascii, "0200", chip), text("020000000000000002000109F36020001"));
  assert.equal(hex(iso93Ascii, "1200", chip), text("120000000000000002000059F36020001"));
  assert.equal(hex(iso87Binary, "0200", chip), "0200000000000000020000059F36020001");
  const set = "0100059F36020001";
  assert.equal(hex(iso2003, "2200", { "55": set }), `220000000000000002000008${set}`);

  const track = { "35": "620000=301" };
  assert.equal(hex(iso87Binary, "0200", track), "0200000000002000000010620000D301");
  assert.equal(hex(iso93Binary, "1200", track), `1200000000002000000010${text("620000=301")}`);
});

test("structured fields of the editions have their parts", () => {
  const parsed = (spec: Spec, mti: string, fields: Record<string, string>): unknown =>
    decode(spec, encode(spec, { mti, fields })).parsed;
  const original = "020000012211221045300004802100000048021000";
  assert.deepEqual(parsed(iso87Ascii, "0420", { "90": original }), {
    "90": {
      mti: "0200",
      trace: "000122",
      transmission: "1122104530",
      acquirer: "00048021000",
      forwarder: "00048021000",
    },
  });
  const changed = { "56": packed("1200000122261122104530 08 48021000") };
  assert.deepEqual(parsed(iso93Binary, "1420", changed), {
    "56": { mti: "1200", trace: "000122", localTime: "261122104530", acquirer: "0848021000" },
  });
  assert.deepEqual(parsed(iso2003, "2200", { "4": "1562000000002580" }), {
    "4": { currency: "156", exponent: "2", value: "000000002580" },
  });
  assert.deepEqual(parsed(iso2003, "2420", { "30": "15620000000025801562000000009900" }), {
    "30": {
      "0": "1562000000002580",
      "0.currency": "156",
      "0.exponent": "2",
      "0.value": "000000002580",
      "1": "1562000000009900",
      "1.currency": "156",
      "1.exponent": "2",
      "1.value": "000000009900",
    },
  });
});

test("every edition masks by default and shows nothing of a card", () => {
  const PAN = "6200001234567892";
  const fields = {
    "2": PAN,
    "14": "3012",
    "34": PAN,
    "35": `${PAN}=3012`,
    "37": PAN.slice(0, 12),
    "45": `B${PAN}^TEST^3012`,
    "52": "7611F9FA7025EBA3",
    "102": PAN,
  };
  const chip = `5A08${PAN}5711${PAN}D301220100000123459F36020001`;
  for (const spec of [iso87Ascii, iso87Binary, iso93Ascii, iso93Binary]) {
    const track = spec === iso87Binary ? `${PAN}D3012` : fields["35"];
    const message = { mti: "0200", fields: { ...fields, "35": track, "48": PAN, "55": chip } };
    const decoded = decode(spec, encode(spec, message));
    for (const shown of [describe(spec, decoded), JSON.stringify(maskFields(spec, decoded))]) {
      assert.ok(!shown.includes("123456") && !shown.includes("3012"), `${spec.name}: ${shown}`);
      assert.ok(!shown.includes("7611F9FA"), spec.name);
    }
    assert.match(describe(spec, decoded, { unmask: true }), new RegExp(PAN));
    assert.equal(maskFields(spec, decoded).parsed["55"]?.["9F36"], "0001");
  }
  const { "34": _extended, ...some } = fields;
  const sets = `01${(chip.length / 2).toString(16).padStart(4, "0").toUpperCase()}${chip}`;
  const message = { mti: "2200", fields: { ...some, "55": sets, "49": "71000420000123" } };
  const decoded = decode(iso2003, encode(iso2003, message));
  assert.deepEqual(decoded.parsed["49"], { "71.2": "0123" });
  const masked = maskFields(iso2003, decoded);
  assert.deepEqual(masked.parsed["49"], { "71.2": "****" });
  assert.equal(masked.parsed["55"]?.["01.9F36"], "0001");
  assert.equal(masked.parsed["55"]?.["01.5A"], "*".repeat(16));
  assert.ok(!JSON.stringify(masked).includes("123456"));
});

test("every spec in every framing is recognised, and one of the two may be known", () => {
  const header = { cups46: `2E02${"30".repeat(44)}` } as Partial<Record<FramingName, string>>;
  const fields = { "3": "000000", "4": "000000000100", "11": "000001", "41": "10000001" };
  for (const [name, spec] of specs) {
    const mti = `${/93/.test(name) ? 1 : /2003/.test(name) ? 2 : 0}200`;
    const own = Object.fromEntries(
      Object.entries(fields).map(([number, text]) => {
        const field = spec.definitions[Number(number)];
        return [number, /^\d+$/.test(text) ? text.padStart(field?.length ?? 0, "0") : text];
      }),
    );
    if (name === "iso2003") delete own["4"];
    const payload = encode(spec, { mti, fields: own });
    for (const framing of framingNames) {
      const frame = { payload, tpdu: "6000030000", header: header[framing] ?? "603100310000" };
      const bytes = writeFrame(framing, frame);
      const known = recognise(bytes, { spec });
      assert.deepEqual([known?.spec.name, known?.framing], [name, framing]);
      const seen = recognise(bytes, { framing });
      assert.ok(seen !== undefined && seen.framing === framing, `${name} ${framing}`);
      assert.deepEqual(decode(seen.spec, readFrame(framing, bytes).payload).mti, mti);
    }
  }
});

test("a frame that is cut short is recognised by what is left, so that its error can be told", () => {
  const bytes = fromHex("0020600003000060310031000002003020");
  const seen = recognise(bytes);
  assert.deepEqual([seen?.spec.name, seen?.framing], ["unionpay-pos", "2be-tpdu-header6"]);
  assert.throws(() => readFrame("2be-tpdu-header6", bytes), { code: "short" });
});

test("a bitmap that announces nothing is written again where it was read, and only there", () => {
  for (const [spec, text] of [
    [iso87Ascii, `0200${"8".padEnd(32, "0")}`],
    [iso87Ascii, `0200${"A".padEnd(32, "0")}000000`],
  ] as const) {
    const bytes = new TextEncoder().encode(text);
    const { bitmap, ...message } = decode(spec, bytes);
    assert.deepEqual(encode(spec, message, bitmap), bytes);
    assert.equal(encode(spec, message).length, bytes.length - 16);
    const more = { ...message, fields: { ...message.fields, "70": "301" } };
    assert.deepEqual(encode(spec, more, bitmap), encode(spec, more));
  }
});
