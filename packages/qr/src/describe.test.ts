import assert from "node:assert/strict";
import { test } from "node:test";
import {
  buildConsumerCode,
  buildMerchantCode,
  crcOf,
  describe,
  dissect,
  inspectConsumerCode,
  inspectMerchantCode,
  parseConsumerCode,
  parseMerchantCode,
  QrError,
  readCode,
  recogniseCode,
  recognisePaymentCode,
} from "./index.ts";

const options = { decimals: (): number => 2 };

const merchant = buildMerchantCode(
  {
    initiation: "static",
    accounts: [
      { id: "15", number: "48021000 6303 1000" },
      { id: "26", guid: "A000000333010101", data: [{ id: "01", value: "898290058120001" }] },
    ],
    category: "5812",
    currency: "156",
    country: "CN",
    name: "TILLWAY CAFE",
    city: "SHANGHAI",
    otherLanguage: { language: "ZH", name: "收单通咖啡" },
  },
  options,
);

const pan = "6226000000000012";
const consumer = buildConsumerCode([
  {
    tag: "61",
    value: [
      { tag: "4F", value: "A000000333010101" },
      { tag: "57", value: `${pan}D30122010000012345` },
      { tag: "5A", value: pan },
      { tag: "5F20", value: Buffer.from("ZHANG/SAN").toString("hex").toUpperCase() },
      { tag: "63", value: [{ tag: "9F26", value: "0123456789012345" }] },
    ],
  },
  { tag: "DF01", value: pan },
]);

test("a merchant-presented code is dissected in its own order, long numbers masked", () => {
  assert.equal(
    describe(readCode(merchant, options)),
    `merchant-presented code
  00 payload format                01
  01 initiation                    11
  15 account: UnionPay             480210** **** 1000
  26 merchant account
    00 identifier                  A000000333010101
    01 system's own                898290*****0001
  52 merchant category             5812
  53 currency                      156
  58 country                       CN
  59 merchant name                 TILLWAY CAFE
  60 merchant city                 SHANGHAI
  64 in another language
    00 language                    ZH
    01 merchant name               收单通咖啡
  63 CRC                           ${merchant.slice(-4)}
`,
  );
});

test("a consumer-presented code shows its cryptogram and hides the card", () => {
  assert.equal(
    describe(readCode(consumer, options), { language: "zh" }),
    `用户出示码
  85 格式版本                      CPV01
  61 应用模板
    4F 应用标识                    A000000333010101
    57 二磁道等效数据              622600******0012D*****************
    5A 主账号                      622600******0012
    5F20 持卡人姓名                ******************
    63 应用透明数据
      9F26 应用密文                0123456789012345
  DF01                             ****************
`,
  );
});

test("unmasked only when asked for", () => {
  const shown = describe(readCode(consumer, options), { unmask: true });
  for (const text of [`${pan}D30122010000012345`, "ZHANG/SAN", `DF01`.padEnd(33) + pan]) {
    assert.ok(shown.includes(text), text);
  }
  const rows = dissect(readCode(merchant, options), { unmask: true });
  assert.deepEqual(rows[4], { path: ["26", "00"], name: "identifier", value: "A000000333010101" });
  assert.deepEqual(rows[3], { path: ["26"], name: "merchant account" });
  assert.equal(rows[5]?.value, "898290058120001");
});

test("departures are listed, and text cannot steer the screen", () => {
  const shown = describe(readCode(sealed("00020126050001\u001B5803C\u202EN"), options));
  assert.equal(
    shown,
    `merchant-presented code
  00 payload format                01
  26 merchant account
    00 identifier                  \\u{1B}
  58 country                       C\\u{202E}N
  63 CRC                           ${crcOf("00020126050001\u001B5803C\u202EN6304")}
! 52 at 22: merchant category is missing (missing)
! 53 at 22: currency is missing (missing)
! 59 at 22: merchant name is missing (missing)
! 60 at 22: merchant city is missing (missing)
! 26.00 at 14: identifier must be printable ASCII (characters)
! 58 at 19: country has 2 characters (length)
`,
  );
});

test("no error and no description of a refused code holds what the code holds", () => {
  const track = `${pan}D30122010000012345`;
  const wrongs = [
    () => parseConsumerCode(consumer),
    () =>
      parseConsumerCode(
        Buffer.from(`85054350563031 6112 5A08${pan}5A08${pan}`.replaceAll(" ", ""), "hex").toString(
          "base64",
        ),
      ),
    () => parseConsumerCode(consumer.slice(0, -4)),
    () => parseMerchantCode(merchant.replace("SHANGHAI", pan.slice(0, 8)), options),
    () => parseMerchantCode(sealed(`00020102${pan.length}${pan}5902${pan}`), options),
    () => readCode(pan, options),
    () => readCode(track, options),
    () => buildConsumerCode([{ tag: "5A", value: `${pan}Z` }]),
    () => buildConsumerCode([{ tag: "5A", value: `${pan}A1` }]),
  ];
  let refused = 0;
  for (const wrong of wrongs) {
    try {
      wrong();
    } catch (error) {
      assert.ok(error instanceof QrError, String(error));
      refused += 1;
      const said = JSON.stringify([error.message, error.path, error.stack]);
      assert.ok(!/\d{8,}/.test(said.replace(/:\d+:\d+/g, "")), said);
    }
  }
  assert.equal(refused, wrongs.length - 1);
  const faults = JSON.stringify([
    inspectConsumerCode(consumer).faults,
    inspectMerchantCode(sealed(`0002010216${pan}5912${pan.slice(4)}`), options).faults,
  ]);
  assert.ok(faults.length > 100 && !/\d{8,}/.test(faults), faults);
});

function sealed(text: string): string {
  return `${text}6304${crcOf(`${text}6304`)}`;
}

test("payment codes are told apart by their first digits and length", () => {
  const wallet = (text: string): string | undefined => recognisePaymentCode(text)?.wallet;
  assert.equal(wallet("6220123456789012345"), "unionpay");
  assert.equal(wallet("622012345678901234"), undefined);
  assert.equal(wallet("62201234567890123456"), undefined);
  for (const start of ["25", "28", "30"]) {
    assert.equal(wallet(start + "0".repeat(14)), "alipay");
    assert.equal(wallet(start + "0".repeat(22)), "alipay");
    assert.equal(wallet(start + "0".repeat(13)), undefined);
    assert.equal(wallet(start + "0".repeat(23)), undefined);
  }
  assert.equal(wallet("240000000000000000"), undefined);
  assert.equal(wallet("310000000000000000"), undefined);
  assert.equal(wallet("134567890123456789"), "wechat");
  assert.equal(wallet("164567890123456789"), undefined);
  assert.equal(wallet("13456789012345678"), undefined);
  assert.equal(wallet("134567890123456789\n"), undefined);
  assert.equal(wallet("１34567890123456789"), undefined);
  assert.equal(
    describe(readCode("6220123456789012345", options)),
    "payment code\n   UnionPay                        622012*********2345\n",
  );
});

test("a text is recognised by its beginning, and anything else is refused", () => {
  assert.equal(recogniseCode(merchant), "merchant");
  assert.equal(recogniseCode(consumer), "consumer");
  assert.equal(recogniseCode("134567890123456789"), "payment-code");
  for (const text of ["", "https://example.org", "https://qr.95516.com/00010000/x", "0102"]) {
    assert.equal(recogniseCode(text), undefined);
    assert.throws(() => readCode(text, options), { code: "unrecognised", path: [], offset: 0 });
  }
});
