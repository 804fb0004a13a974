import assert from "node:assert/strict";
import { test } from "node:test";
import {
  checkMessage,
  composeField,
  cups,
  decode,
  describe,
  encode,
  fieldParts,
  keptFields,
  maskFields,
  MessageError,
  signatureCode,
  unionpayPos,
  varySpec,
  type Decoded,
  type MessageRule,
  type Spec,
} from "./index.ts";

type Fields = Readonly<Record<string, string>>;

function received(mti: string, fields: Fields): Decoded {
  return decode(unionpayPos, encode(unionpayPos, { mti, fields }));
}

const ascii = (text: string): string => Buffer.from(text, "latin1").toString("hex").toUpperCase();

/** Composes a field from parts, sends it, and gets the same parts. */
function roundTrip(mti: string, other: Fields, number: string, parts: Fields): Decoded {
  const content = composeField(unionpayPos, { mti, fields: other }, number, parts);
  const decoded = received(mti, { ...other, [number]: content });
  assert.deepEqual(decoded.parsed[number], parts);
  assert.equal(decoded.fields[number], content);
  return decoded;
}

const management = (code: string): Fields => ({ "60": `00000001${code}` });

test("keys of a sign-in are cut by their size, and hidden", () => {
  const sizes = [
    { size: 24, key: 8, names: ["pik", "mak"] },
    { size: 40, key: 16, names: ["pik", "mak"] },
    { size: 56, key: 24, names: ["pik", "mak"] },
    { size: 60, key: 16, names: ["pik", "mak", "tdk"] },
    { size: 84, key: 24, names: ["pik", "mak", "tdk"] },
  ];
  for (const { size, key, names } of sizes) {
    const parts: Record<string, string> = {};
    for (const [index, name] of names.entries()) {
      parts[name] = `${index + 1}B`.repeat(key);
      parts[`${name}Check`] = `C${index}`.repeat(4);
    }
    const decoded = roundTrip("0810", management("004"), "62", parts);
    assert.equal((decoded.fields["62"]?.length ?? 0) / 2, size);
    const masked = maskFields(unionpayPos, decoded);
    assert.equal(masked.fields["62"], "*".repeat(size * 2));
    assert.equal(masked.parsed["62"]?.["pik"], "*".repeat(key * 2));
    assert.equal(masked.parsed["62"]?.["pikCheck"], "C0C0C0C0");
    assert.deepEqual(keptFields(unionpayPos, decoded).notKept, ["62"]);
    assert.throws(
      () => encode(unionpayPos, { mti: "0810", fields: { "62": masked.fields["62"] ?? "" } }),
      (error) => error instanceof MessageError && error.code === "masked",
    );
  }
  // A reply that does not say what it is, or keys of another size: all of it hidden.
  for (const [fields, size] of [
    [{}, 60],
    [management("004"), 61],
  ] as const) {
    const decoded = received("0810", { ...fields, "62": "AB".repeat(size) });
    assert.equal(decoded.parsed["62"], undefined);
    assert.equal(maskFields(unionpayPos, decoded).fields["62"], "*".repeat(size * 2));
  }
});

test("parameters, states, batch records and signatures have their parts", () => {
  const phone = "02100000001   ";
  const parameters = {
    "11": "60",
    "12": "30",
    "14": phone,
    "22": "TILLWAY".padEnd(40),
    "26": "FFFF0000",
  };
  const download = roundTrip("0810", management("360"), "62", parameters);
  assert.match(
    describe(unionpayPos, download),
    / 11 application type +60\n +12 timeout +30\n +14 phone 1 +02100000001\n/,
  );
  const states = { "01": "1", "02": "1", "03": "1", "04": "1", "05": "0" };
  const upload = roundTrip("0820", management("362"), "62", states);
  assert.equal(upload.fields["62"], ascii("011021031041050"));
  roundTrip("0320", management("203"), "62", {
    kind: "61",
    cardType: "00",
    reserved: "00",
    amount: "000000010000",
    currency: "156",
  });
  roundTrip("0320", management("204"), "62", {
    kind: "71",
    reason: "0005",
    amount: "000000010000",
    currency: "156",
    result: "22",
  });
  const signed = roundTrip("0820", { "60": "07000001800" }, "62", { image: "00FF".repeat(8) });
  assert.equal(maskFields(unionpayPos, signed).fields["62"], "*".repeat(32));
  const plan = { plan: "12MONTHS".padEnd(22) };
  roundTrip("0200", { "25": "64" }, "62", plan);
  const load = roundTrip("0200", { "3": "620000" }, "62", { pan: "6200001234567892" });
  assert.ok(!JSON.stringify(maskFields(unionpayPos, load)).includes(ascii("001234567")));
  assert.equal(maskFields(unionpayPos, load).parsed["62"]?.["pan"], "620000******7892");
});

test("card keys, applications and blacklists are downloaded object by object", () => {
  const query = roundTrip("0820", management("372"), "62", { request: "1", received: "00" });
  assert.equal(query.fields["62"], "313030");
  const list = [
    { key: "control", text: "2" },
    { key: "9F06", text: "A000000333" },
    { key: "9F22", text: "08" },
    { key: "DF05", text: ascii("20301231") },
    { key: "9F06.2", text: "A000000333" },
    { key: "9F22.2", text: "09" },
  ];
  const reply = { mti: "0830", fields: management("372") };
  const content = composeField(unionpayPos, reply, "62", list);
  const decoded = received("0830", { ...reply.fields, "62": content });
  assert.deepEqual(
    fieldParts(unionpayPos, decoded, "62")?.map(({ key, text }) => ({ key, text })),
    list,
  );
  assert.match(describe(unionpayPos, decoded), / DF05 expiry date +3230333031323331\n/);
  const none = received("0830", { ...reply.fields, "62": "30" });
  assert.deepEqual(none.parsed["62"], { control: "0" });
  const key = { "9F06": "A000000333", "9F22": "08" };
  roundTrip("0800", management("370"), "62", key);
  roundTrip("0810", management("370"), "62", { ...key, DF04: "03" });
  const counted = received("0810", { ...management("380"), "62": "319F0608A000000333010101" });
  assert.deepEqual(counted.parsed["62"], { control: "1", "9F06": "A000000333010101" });
  const blocked = roundTrip("0810", management("390"), "62", {
    more: "2",
    count: "001",
    "1.size": "16",
    "1.pan": "6200001234567892".padEnd(28, "F"),
  });
  assert.ok(!JSON.stringify(maskFields(unionpayPos, blocked)).includes("123456"));
});

test("texts of DE 63 are cut by bytes, terminal data of DE 59 by tags", () => {
  const texts = {
    organisation: "CUP",
    issuer: "中国银行".padEnd(16),
    network: "收单通".padEnd(17),
    acquirer: " ".repeat(20),
  };
  const reply = roundTrip("0210", {}, "63", texts);
  assert.match(
    describe(unionpayPos, reply, { language: "zh" }),
    / issuer 发卡方保留域 +中国银行\n/,
  );
  roundTrip("0800", {}, "63", { operator: "01 " });
  roundTrip("0220", {}, "63", { organisation: "VIS" });
  // A name cut inside a character keeps its half.
  const half = { organisation: "CUP", issuer: `${"银".repeat(9)}a\uF7D6` };
  roundTrip("0210", {}, "63", { ...half, network: "\uF7D0 x".padEnd(20) });

  const terminal = {
    "A2.01": "04",
    "A2.02": "0000000312345678",
    "A2.05": "00000001",
    A3: "6200001234",
  };
  const sent = roundTrip("0200", {}, "59", terminal);
  assert.equal(sent.fields["59"]?.slice(0, 13), "A203801020402");
  assert.equal(maskFields(unionpayPos, sent).parsed["59"], undefined);
  assert.equal(received("0200", { "59": "12 8986 loose text" }).parsed["59"], undefined);
});

test("amounts, purse data, batch totals and the answer's institutions", () => {
  roundTrip("0210", {}, "54", {
    "1.accountType": "10",
    "1.amountType": "02",
    "1.currency": "156",
    "1.sign": "C",
    "1.amount": "000000012345",
  });
  roundTrip("0210", {}, "44", { issuer: "01020000   ", acquirer: "48021000   " });
  roundTrip("0320", {}, "48", {
    count: "01",
    "1.cardType": "00",
    "1.trace": "000002",
    "1.pan": "00006200001234567892",
    "1.amount": "000000010000",
  });
  roundTrip("0220", {}, "48", { tip: "000000000500" });
  roundTrip("0200", { "3": "620000" }, "48", { load: "0520" });
  roundTrip("0200", {}, "61", { "1": "000001", "2": "000002", "3": "1122" });
  const message = { mti: "0200", fields: {} };
  for (const [number, parts] of [
    ["61", { "2": "000002" }],
    ["61", { "1": "01" }],
    ["60", { "1": "22", "3": "000" }],
    ["3", { "1": "00" }],
  ] as const) {
    // Parts that are there, but too short, are digits of another length: the last may be short.
    if (number === "61" && "1" in parts) continue;
    assert.throws(() => composeField(unionpayPos, message, number, parts), MessageError);
  }
});

/** A message that has just what a rule asks for. */
function asked(spec: Spec, rule: MessageRule, mti: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const number of rule.mandatory) fields[number] = "0".repeat(14);
  for (const { field, from = 0, values } of rule.match) {
    const [value = ""] = values;
    const before = (fields[field] ?? "").padEnd(14, "0");
    fields[field] = before.slice(0, from) + value + before.slice(from + value.length);
    if (from === 0 && spec.definitions[Number(field)]?.prefix === undefined) fields[field] = value;
  }
  // A reply without it could be one of several.
  if (rule.reply === true && spec === unionpayPos) fields["60"] ??= "0".repeat(14);
  assert.ok(rule.mti.includes(mti));
  return fields;
}

for (const spec of [unionpayPos, cups]) {
  test(`each rule of ${spec.name} is reached, and misses and refuses each of its fields`, () => {
    const names = new Set<string>();
    for (const rule of spec.table.rules) {
      for (const mti of rule.mti) {
        const fields = asked(spec, rule, mti);
        const check = (change: Record<string, string | undefined>): unknown => {
          const changed = Object.entries({ ...fields, ...change }).filter(
            (entry): entry is [string, string] => entry[1] !== undefined,
          );
          return checkMessage(spec, { mti, fields: Object.fromEntries(changed) });
        };
        const { name } = rule;
        names.add(name);
        const whole = check({});
        assert.deepEqual(whole, { outcome: "complete", name }, `${mti} ${name}`);
        const probed = new Set(rule.match.map(({ field }) => field));
        for (const field of rule.mandatory.filter((one) => !probed.has(one))) {
          assert.deepEqual(check({ [field]: undefined }), { outcome: "missing", field, name });
        }
        for (const field of rule.forbidden) {
          assert.deepEqual(check({ [field]: "0" }), { outcome: "forbidden", field, name });
        }
      }
    }
    if (spec === unionpayPos) assert.ok(names.size > 90, `${names.size}`);
  });
}

test("how a card was read and whether a PIN was entered decide what comes with it", () => {
  const rule = unionpayPos.table.rules.find(({ name }) => name === "sale void");
  assert.ok(rule);
  const fields = asked(unionpayPos, rule, "0200");
  const check = (change: Fields): unknown =>
    checkMessage(unionpayPos, { mti: "0200", fields: { ...fields, ...change } });
  const name = "sale void";
  assert.deepEqual(check({ "22": "012" }), { outcome: "missing", field: "2", name });
  assert.deepEqual(check({ "22": "021" }), { outcome: "missing", field: "35", name });
  assert.deepEqual(check({ "22": "021", "35": "62" }), { outcome: "missing", field: "26", name });
  assert.deepEqual(check({ "22": "052", "52": "00" }), { outcome: "forbidden", field: "52", name });
  assert.deepEqual(check({ "22": "052" }), { outcome: "complete", name });
  const reversal = { ...fields, "22": "052", "39": "98", "60": "2300000100050" };
  const reversed = (change: Fields): unknown => {
    const { "37": _rrn, "61": _original, ...rest }: Record<string, string> = reversal;
    return checkMessage(unionpayPos, { mti: "0400", fields: { ...rest, ...change } });
  };
  assert.deepEqual(reversed({}), { outcome: "missing", field: "61", name: "reversal" });
  assert.deepEqual(reversed({ "61": "000001000002" }), { outcome: "complete", name: "reversal" });
});

test("the code of a signature folds settlement date and reference", () => {
  // 12241122 xor 33445566.
  assert.equal(signatureCode("1224", "112233445566"), "21604444");
  assert.equal(signatureCode("0000", "000000000000"), "00000000");
  assert.throws(() => signatureCode("124", "112233445566"), RangeError);
  assert.throws(() => signatureCode("1224", "11223344556A"), RangeError);
});

test("a link with SM4 keys varies one field: a PIN block of 16 bytes", () => {
  const pinBlock = unionpayPos.table.fields[52];
  const sm4 = varySpec(unionpayPos, { name: "sm4", fields: { 52: { ...pinBlock!, length: 16 } } });
  const fields = { "3": "000000", "52": "E639B7346D93D4ECE1E991CDCC84936E" };
  const bytes = encode(sm4, { mti: "0200", fields });
  assert.deepEqual(decode(sm4, bytes).fields, fields);
  assert.equal(maskFields(sm4, decode(sm4, bytes)).fields["52"], "*".repeat(32));
  assert.throws(() => encode(unionpayPos, { mti: "0200", fields }), { code: "length" });
});
