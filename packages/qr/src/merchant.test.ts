import assert from "node:assert/strict";
import { test } from "node:test";
import {
  buildMerchantCode,
  crcOf,
  inspectMerchantCode,
  type MerchantTerms,
  parseMerchantCode,
  QrError,
  writeMerchantCode,
} from "./index.ts";

const known: Readonly<Record<string, number>> = { "156": 2, "392": 0, "048": 3 };
const options = { decimals: (currency: string) => known[currency] };

const cafe: MerchantTerms = {
  initiation: "dynamic",
  accounts: [
    { id: "15", number: "4802100063031000" },
    { id: "26", guid: "com.tillway", data: [{ id: "01", value: "898290058120001" }] },
  ],
  category: "5812",
  currency: "156",
  amount: 2580n,
  country: "CN",
  name: "TILLWAY CAFE",
  city: "SHANGHAI",
  additional: { billNumber: "B-42", terminalLabel: "10000001" },
  otherLanguage: { language: "ZH", name: "收单通咖啡", city: "上海" },
};

/** A text with the right CRC, however wrong the rest. */
const sealed = (text: string): string => `${text}6304${crcOf(`${text}6304`)}`;

const head = "000201";
const rest = "520458125303156";
const tail = "5802CN5904CAFE6008SHANGHAI";
const account = "02041234";
const good = `${head}${account}${rest}${tail}`;

/** How a text is refused: code, path, offset. */
function refusal(text: string): string {
  try {
    parseMerchantCode(text, options);
  } catch (error) {
    assert.ok(error instanceof QrError, String(error));
    return `${error.code} ${error.path.join(".")} @${error.offset}`;
  }
  return "accepted";
}

test("terms build the text that the tables prescribe, and that text gives the terms back", () => {
  const text = buildMerchantCode(cafe, options);
  assert.equal(
    text.slice(0, -4),
    "000201010212" +
      "15164802100063031000" +
      "26340011com.tillway0115898290058120001" +
      "520458125303156540525.805802CN5912TILLWAY CAFE6008SHANGHAI" +
      "62200104B-42070810000001" +
      "64210002ZH0105收单通咖啡0202上海" +
      "6304",
  );
  const code = parseMerchantCode(text, options);
  assert.deepEqual(code.terms, cafe);
  assert.equal(text, writeMerchantCode(code.objects));
  assert.equal(code.crc, text.slice(-4));
});

test("lengths count characters, not bytes, also beyond the basic plane; the CRC bytes", () => {
  // U+20BB7 is one character, two UTF-16 units, four bytes.
  const language = { language: "zh", name: "\u{20BB7}野家", city: "上海" };
  const text = buildMerchantCode({ ...cafe, otherLanguage: language }, options);
  assert.ok(text.includes("64190002zh0103\u{20BB7}野家0202上海"));
  assert.deepEqual(parseMerchantCode(text, options).terms.otherLanguage, language);
  // A text whose lengths were counted in bytes does not fit together.
  assert.equal(refusal(sealed(`${good}64260002ZH0106上海0206北京`)), "missing 63 @85");
});

test("objects after 00 and before 63 come in any order, which is kept", () => {
  const text = sealed(`${head}5802CN${rest}6008SHANGHAI5904CAFE${account}`);
  const { objects, terms } = parseMerchantCode(text, options);
  assert.equal(writeMerchantCode(objects), text);
  assert.equal(terms.name, "CAFE");
  assert.equal(buildMerchantCode(terms, options), sealed(good));
});

test("amounts are exact in the currency's minor unit, or refused", () => {
  const amount = (text: string, currency = "156"): bigint | string | undefined => {
    const length = String(text.length).padStart(2, "0");
    const code = sealed(`${good.replace("5303156", `5303${currency}`)}54${length}${text}`);
    const { terms, faults } = inspectMerchantCode(code, options);
    return faults[0]?.code ?? terms.amount;
  };
  assert.equal(amount("98.73"), 9873n);
  assert.equal(amount("98"), 9800n);
  assert.equal(amount("98."), 9800n);
  assert.equal(amount("98.5"), 9850n);
  assert.equal(amount("98.500"), 9850n);
  assert.equal(amount("0.01"), 1n);
  assert.equal(amount("9999999999.99"), 999999999999n);
  assert.equal(amount("500", "392"), 500n);
  assert.equal(amount("500.00", "392"), 500n);
  assert.equal(amount("1.234", "048"), 1234n);
  for (const wrong of ["98.735", "98,73", "3 705", ".5", "-1", "0", "0.00", "1.2.3", "+1", "1e3"]) {
    assert.equal(amount(wrong), "value", wrong);
  }
  assert.equal(amount("98.5", "392"), "value");
  assert.equal(amount("98", "999"), "currency");
  assert.equal(amount("12345678901.23"), "length");
});

test("a tip is asked for, fixed, or a percentage, and nothing else", () => {
  const tips = [
    [{ kind: "prompt" }, "550201"],
    [{ kind: "fixed", amount: 150n }, "55020256041.50"],
    [{ kind: "percentage", basisPoints: 550n }, "55020357035.5"],
    [{ kind: "percentage", basisPoints: 1000n }, "550203570210"],
    [{ kind: "percentage", basisPoints: 1n }, "55020357040.01"],
  ] as const;
  for (const [tip, written] of tips) {
    const text = buildMerchantCode({ ...cafe, tip }, options);
    assert.ok(text.includes(`25.80${written}5802CN`), text);
    assert.deepEqual(parseMerchantCode(text, options).terms.tip, tip);
  }
  const refused = (text: string): string => refusal(sealed(good + text));
  assert.equal(refused("550204"), "value 55 @59");
  assert.equal(refused("550202"), "missing 56 @61");
  assert.equal(refused("550203"), "missing 57 @61");
  assert.equal(refused("56041.50"), "conflict 56 @55");
  assert.equal(refused("55020157015"), "conflict 57 @61");
  assert.equal(refused("5502035703100"), "value 57 @65");
  assert.equal(refused("55020357010"), "value 57 @65");
  assert.equal(refused("55020357050.005"), "value 57 @65");
});

test("what breaks the text itself is refused with code, path and offset", () => {
  assert.equal(refusal(""), "missing 00 @0");
  assert.equal(refusal(sealed("")), "missing 00 @0");
  assert.equal(refusal(good), "missing 63 @55");
  assert.equal(refusal(sealed(good).slice(0, -1)), "short 63 @59");
  assert.equal(refusal(sealed(good).slice(0, -6)), "short 63 @57");
  assert.equal(refusal(sealed(good).slice(0, -7)), "short  @55");
  assert.equal(refusal(sealed(`${account}${head}${rest}${tail}`)), "order 00 @8");
  assert.equal(refusal(sealed(`${good}6304ABCD`)), "duplicate 63 @63");
  assert.equal(refusal(`${sealed(good)}61041234`), "order 63 @55");
  assert.equal(refusal(`${good}6302AB`), "length 63 @59");
  assert.equal(refusal(`${good}6308${sealed(`${good}6308`).slice(-8)}`), "length 63 @59");
  assert.equal(refusal(sealed(`${good}5904CAFE`)), "duplicate 59 @55");
  assert.equal(refusal(sealed(`${good}6100`)), "length 61 @57");
  assert.equal(refusal(sealed(`${good}61-1AB`)), "length 61 @57");
  assert.equal(refusal(sealed(`${good}6A02AB`)), "identifier  @55");
  assert.equal(refusal(sealed(`${good}６１02AB`)), "identifier  @55");
  assert.equal(refusal(sealed(good).toLowerCase()), "crc 63 @59");
  assert.equal(refusal(`${good}6304${"é".repeat(4)}`), "crc 63 @59");
  assert.equal(refusal(sealed(good).replace("CAFE", "CAVE")), "crc 63 @59");
  assert.equal(refusal(`${good}61011\uD800`), "characters  @60");
  assert.equal(refusal("0".repeat(513)), "too-long  @512");
  assert.equal(refusal("0".repeat(100_000)), "too-long  @512");
});

test("what departs from the tables is refused with code, path and offset", () => {
  const without = (text: string): string => refusal(sealed(text));
  assert.equal(without(`${head}${rest}${tail}`), "missing 02 @47");
  assert.equal(without(`${head}${account}5303156${tail}`), "missing 52 @47");
  assert.equal(without(`${head}${account}52045812${tail}`), "missing 53 @48");
  assert.equal(without(good.replace("5802CN", "")), "missing 58 @49");
  assert.equal(without(good.replace("5904CAFE", "")), "missing 59 @47");
  assert.equal(without(good.replace("6008SHANGHAI", "")), "missing 60 @43");
  const added = (text: string): string => refusal(sealed(good + text));
  assert.equal(refusal(sealed(good.replace("000201", "000202"))), "value 00 @4");
  assert.equal(added("010213"), "value 01 @59");
  assert.equal(refusal(sealed(good.replace("5812", "581A"))), "characters 52 @18");
  assert.equal(refusal(sealed(good.replace("5802CN", "5802cn"))), "value 58 @33");
  assert.equal(refusal(sealed(good.replace("CAFE", "CAF\u00C9"))), "characters 59 @39");
  assert.equal(refusal(sealed(good.replace("04CAFE", `26${"X".repeat(26)}`))), "length 59 @39");
  assert.equal(added("2604abcd"), "template 26 @59");
  assert.equal(added("26060102ab"), "missing 26.00 @65");
  assert.equal(added("26120004a.b10101"), "template 26.01 @71");
  assert.equal(added("26140004a.b1010xab"), "template 26.01 @69");
  assert.equal(added("26130004a.b10001x"), "duplicate 26.00 @67");
  assert.equal(added("620609025A"), "value 62.09 @63");
  assert.equal(added("62060902AA"), "value 62.09 @63");
  assert.equal(added("62070803上海街"), "characters 62.08 @63");
  assert.equal(added("64060102上海"), "missing 64.00 @65");
  assert.equal(added("64120002ZH0102\u0007海"), "characters 64.01 @69");
  assert.equal(added("8006010112"), "template 80 @64");
});

test("a payment system known to nest templates is read two levels deep", () => {
  const inner = "000697040301130011012345678";
  const bank = `0010A00000072701${inner.length}${inner}0208QRIBFTTA`;
  const text = sealed(`${head}38${bank.length}${bank}${rest}${tail}`);
  const { terms } = inspectMerchantCode(text, options);
  assert.deepEqual(terms.accounts, [
    {
      id: "38",
      guid: "A000000727",
      data: [
        {
          id: "01",
          value: [
            { id: "00", value: "970403" },
            { id: "01", value: "0011012345678" },
          ],
        },
        { id: "02", value: "QRIBFTTA" },
      ],
    },
  ]);
});

test("terms that no code can carry are not built", () => {
  const built = (change: Partial<MerchantTerms>): string => {
    try {
      buildMerchantCode({ ...cafe, ...change }, options);
    } catch (error) {
      assert.ok(error instanceof QrError, String(error));
      return `${error.code} ${error.path.join(".")}`;
    }
    return "built";
  };
  assert.equal(built({}), "built");
  assert.equal(built({ name: "" }), "length 59");
  assert.equal(built({ name: "X".repeat(100) }), "length 59");
  assert.equal(built({ name: "收单通咖啡" }), "characters 59");
  assert.equal(built({ name: "\uDC00" }), "characters 59");
  assert.equal(built({ amount: 0n }), "value 54");
  assert.equal(built({ amount: -2580n }), "value 54");
  assert.equal(built({ amount: 10n ** 13n }), "length 54");
  assert.equal(built({ currency: "999" }), "currency 54");
  assert.equal(built({ accounts: [] }), "missing 02");
  assert.equal(built({ accounts: [{ id: "52", number: "1" }] }), "identifier 52");
  assert.equal(built({ accounts: [{ id: "2", number: "1" }] }), "identifier 2");
  assert.equal(built({ accounts: [{ id: "15", guid: "a.b", data: [] }] }), "identifier 15");
  assert.equal(built({ accounts: [{ id: "26", guid: "", data: [] }] }), "length 26.00");
  assert.equal(built({ reserved: [{ id: "63", value: "x" }] }), "identifier 63");
  assert.equal(built({ additional: { reserved: [{ id: "01", value: "x" }] } }), "identifier 62.01");
  assert.equal(built({ additional: {} }), "length 62");
  const twice = { id: "30", guid: "a.b", data: [] };
  assert.equal(built({ accounts: [twice, twice] }), "duplicate 30");
  const long = { guid: "a.b", data: [{ id: "01", value: "X".repeat(80) }] };
  const accounts = ["30", "31", "32", "33", "34"].map((id) => ({ id, ...long }));
  assert.equal(built({ accounts }), "too-long ");
});
