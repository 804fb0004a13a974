import { defineSpec } from "../spec.ts";
import { type Content, type Encoding, type Prefix } from "../table.ts";
import { additionalAmounts, entryMode, securityControl } from "./parts.ts";
import { keysAndParameters } from "./unionpay-pos-62.ts";
import {
  additionalData,
  operatorOrTexts,
  original,
  responseData,
  terminalInformation,
  transactionType,
} from "./unionpay-pos-parts.ts";
import { unionpayPosRules } from "./unionpay-pos-rules.ts";

type Shape = {
  readonly content: Content;
  readonly encoding: Encoding;
  readonly length: number;
  readonly prefix?: Prefix;
};

const fixed = (content: Content, encoding: Encoding, length: number): Shape => ({
  content,
  encoding,
  length,
});

/** LL is one BCD byte, LLL two; for BCD content it counts digits, else bytes. */
const variable = (content: Content, encoding: Encoding, digits: 2 | 3, length: number): Shape => ({
  content,
  encoding,
  length,
  prefix: { digits, encoding: "bcd", unit: "content" },
});

const digits = (length: number): Shape => fixed("n", "bcd", length);

/**
 * UnionPay POS terminal to acquirer: one bitmap, BCD (spec unionpay-pos §2.2). Not settled between
 * sources, so to be varied per link: DE 47 (private), 57 (no parts are public), 59, the pad nibble of
 * odd BCD fields (0).
 */
export const unionpayPos = defineSpec({
  name: "unionpay-pos",
  mti: "bcd",
  bitmap: "binary",
  bits: 64,
  rules: unionpayPosRules,
  fields: {
    2: {
      name: { en: "card number", zh: "主账号" },
      ...variable("n", "bcd", 2, 19),
      privacy: "pan",
    },
    3: { name: { en: "processing code", zh: "交易处理码" }, ...digits(6) },
    4: { name: { en: "amount", zh: "交易金额" }, ...digits(12) },
    11: { name: { en: "trace number", zh: "流水号" }, ...digits(6) },
    12: { name: { en: "local time", zh: "受卡方所在地时间" }, ...digits(6) },
    13: { name: { en: "local date", zh: "受卡方所在地日期" }, ...digits(4) },
    14: { name: { en: "expiry date", zh: "卡有效期" }, ...digits(4), privacy: "expiry" },
    15: { name: { en: "settlement date", zh: "清算日期" }, ...digits(4) },
    // The one fixed number that stands left in its bytes: 021 is 02 10.
    22: {
      name: { en: "entry mode", zh: "服务点输入方式码" },
      ...digits(3),
      justify: "left",
      structure: entryMode,
    },
    23: { name: { en: "card sequence number", zh: "卡序列号" }, ...digits(3) },
    25: { name: { en: "condition code", zh: "服务点条件码" }, ...digits(2) },
    26: { name: { en: "PIN capture code", zh: "服务点PIN获取码" }, ...digits(2) },
    32: { name: { en: "acquirer", zh: "受理机构标识码" }, ...variable("n", "bcd", 2, 11) },
    35: {
      name: { en: "track 2", zh: "二磁道数据" },
      ...variable("z", "bcd", 2, 37),
      privacy: "secret",
    },
    36: {
      name: { en: "track 3", zh: "三磁道数据" },
      ...variable("z", "bcd", 3, 104),
      privacy: "secret",
    },
    37: { name: { en: "retrieval reference", zh: "检索参考号" }, ...fixed("an", "ascii", 12) },
    38: { name: { en: "authorisation code", zh: "授权码" }, ...fixed("an", "ascii", 6) },
    39: { name: { en: "response code", zh: "应答码" }, ...fixed("an", "ascii", 2) },
    41: { name: { en: "terminal", zh: "终端号" }, ...fixed("ans", "ascii", 8) },
    42: { name: { en: "merchant", zh: "商户号" }, ...fixed("ans", "ascii", 15) },
    43: { name: { en: "merchant name", zh: "商户名称" }, ...fixed("ans", "gbk", 40) },
    44: {
      name: { en: "additional response data", zh: "附加响应数据" },
      ...variable("an", "gbk", 2, 25),
      structure: responseData,
    },
    47: {
      name: { en: "private data", zh: "私有数据" },
      ...variable("b", "binary", 3, 999),
      privacy: "secret",
    },
    48: {
      name: { en: "additional data", zh: "附加数据" },
      ...variable("n", "bcd", 3, 322),
      privacy: "parts",
      structure: additionalData,
    },
    49: { name: { en: "currency", zh: "交易货币代码" }, ...fixed("an", "ascii", 3) },
    52: {
      name: { en: "PIN block", zh: "个人标识码数据" },
      ...fixed("b", "binary", 8),
      privacy: "secret",
    },
    53: {
      name: { en: "security control", zh: "安全控制信息" },
      ...digits(16),
      structure: securityControl,
    },
    54: {
      name: { en: "additional amounts", zh: "附加金额" },
      ...variable("an", "ascii", 3, 20),
      structure: additionalAmounts,
    },
    55: {
      name: { en: "chip data", zh: "IC卡数据" },
      ...variable("b", "binary", 3, 255),
      privacy: "chip",
      structure: "tlv",
    },
    57: { name: { en: "additional text", zh: "附加交易信息" }, ...variable("ans", "gbk", 3, 100) },
    58: {
      name: { en: "electronic purse data", zh: "电子钱包数据" },
      ...variable("b", "binary", 3, 100),
      privacy: "secret",
    },
    59: {
      name: { en: "terminal information", zh: "终端信息" },
      ...variable("ans", "gbk", 3, 600),
      privacy: "secret",
      structure: terminalInformation,
    },
    60: {
      name: { en: "transaction type", zh: "自定义域60" },
      ...variable("n", "bcd", 3, 17),
      structure: transactionType,
    },
    61: {
      name: { en: "original transaction", zh: "原始信息域" },
      ...variable("n", "bcd", 3, 29),
      structure: original,
    },
    62: {
      name: { en: "keys or parameters", zh: "自定义域62" },
      ...variable("b", "binary", 3, 512),
      privacy: "parts",
      structure: keysAndParameters,
    },
    63: {
      name: { en: "operator or texts", zh: "自定义域63" },
      ...variable("ans", "gbk", 3, 163),
      structure: operatorOrTexts,
    },
    64: { name: { en: "MAC", zh: "报文鉴别码" }, ...fixed("b", "binary", 8) },
  },
});
