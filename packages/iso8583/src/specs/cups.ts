import { defineSpec } from "../spec.ts";
import { type Content, type Encoding, type Layout, type Prefix } from "../table.ts";
import { cupsRules } from "./cups-rules.ts";
import { additionalAmounts, entryMode, originalElements, securityControl } from "./parts.ts";

type Shape = {
  readonly content: Content;
  readonly encoding: Encoding;
  readonly length: number;
  readonly prefix?: Prefix;
};

const fixed = (content: Content, length: number, encoding: Encoding = "ascii"): Shape => ({
  content,
  encoding,
  length,
});

const variable = (
  content: Content,
  digits: 2 | 3,
  length: number,
  encoding: Encoding = "ascii",
): Shape => ({ content, encoding, length, prefix: { digits, encoding: "ascii", unit: "bytes" } });

/** DE 60: reason code, then service point information [U]. */
const reason: readonly Layout[] = [{ parts: [{ key: "reason", length: 4 }] }];

/**
 * CUPS institution interface, acquirer ↔ network ↔ issuer (spec unionpay-pos §2.12): two bitmaps in
 * binary, ASCII fields with ASCII lengths. Certain only from one public source each, so settings of
 * a link: the maximum lengths of 44 to 63, 102, 103, 121 to 123; that 52, 55, 96 and 128 are bytes
 * and not hex text; the parts of 60; that 48 carries a new key.
 */
export const cups = defineSpec({
  name: "cups",
  mti: "ascii",
  bitmap: "binary",
  bits: 128,
  rules: cupsRules,
  fields: {
    2: { name: { en: "card number", zh: "主账号" }, ...variable("n", 2, 19), privacy: "pan" },
    3: { name: { en: "processing code", zh: "交易处理码" }, ...fixed("n", 6) },
    4: { name: { en: "amount", zh: "交易金额" }, ...fixed("n", 12) },
    5: { name: { en: "settlement amount", zh: "清算金额" }, ...fixed("n", 12) },
    6: { name: { en: "billing amount", zh: "持卡人扣账金额" }, ...fixed("n", 12) },
    7: { name: { en: "transmission time", zh: "交易传输时间" }, ...fixed("n", 10) },
    9: { name: { en: "settlement rate", zh: "清算汇率" }, ...fixed("n", 8) },
    10: { name: { en: "billing rate", zh: "持卡人扣账汇率" }, ...fixed("n", 8) },
    11: { name: { en: "trace number", zh: "系统跟踪号" }, ...fixed("n", 6) },
    12: { name: { en: "local time", zh: "受卡方所在地时间" }, ...fixed("n", 6) },
    13: { name: { en: "local date", zh: "受卡方所在地日期" }, ...fixed("n", 4) },
    14: { name: { en: "expiry date", zh: "卡有效期" }, ...fixed("n", 4), privacy: "expiry" },
    15: { name: { en: "settlement date", zh: "清算日期" }, ...fixed("n", 4) },
    16: { name: { en: "conversion date", zh: "兑换日期" }, ...fixed("n", 4) },
    18: { name: { en: "merchant category", zh: "商户类型" }, ...fixed("n", 4) },
    19: { name: { en: "merchant country", zh: "商户国家代码" }, ...fixed("n", 3) },
    22: {
      name: { en: "entry mode", zh: "服务点输入方式码" },
      ...fixed("n", 3),
      structure: entryMode,
    },
    23: { name: { en: "card sequence number", zh: "卡序列号" }, ...fixed("n", 3) },
    25: { name: { en: "condition code", zh: "服务点条件码" }, ...fixed("n", 2) },
    26: { name: { en: "PIN capture code", zh: "服务点PIN获取码" }, ...fixed("n", 2) },
    28: { name: { en: "transaction fee", zh: "交易费" }, ...fixed("xn", 9) },
    32: { name: { en: "acquirer", zh: "受理机构标识码" }, ...variable("n", 2, 11) },
    33: { name: { en: "forwarder", zh: "发送机构标识码" }, ...variable("n", 2, 11) },
    35: { name: { en: "track 2", zh: "二磁道数据" }, ...variable("z", 2, 37), privacy: "secret" },
    36: { name: { en: "track 3", zh: "三磁道数据" }, ...variable("z", 3, 104), privacy: "secret" },
    37: { name: { en: "retrieval reference", zh: "检索参考号" }, ...fixed("an", 12) },
    38: { name: { en: "authorisation code", zh: "授权码" }, ...fixed("an", 6) },
    39: { name: { en: "response code", zh: "应答码" }, ...fixed("an", 2) },
    41: { name: { en: "terminal", zh: "终端号" }, ...fixed("ans", 8) },
    42: { name: { en: "merchant", zh: "商户号" }, ...fixed("ans", 15) },
    43: { name: { en: "merchant name", zh: "商户名称地址" }, ...fixed("ans", 40, "gbk") },
    44: {
      name: { en: "additional response data", zh: "附加响应数据" },
      ...variable("ans", 2, 25, "gbk"),
    },
    45: { name: { en: "track 1", zh: "一磁道数据" }, ...variable("ans", 2, 79), privacy: "secret" },
    48: {
      name: { en: "additional data", zh: "附加数据" },
      ...variable("ans", 3, 512, "gbk"),
      privacy: "secret",
    },
    49: { name: { en: "currency", zh: "交易货币代码" }, ...fixed("an", 3) },
    50: { name: { en: "settlement currency", zh: "清算货币代码" }, ...fixed("an", 3) },
    51: { name: { en: "billing currency", zh: "持卡人账户货币代码" }, ...fixed("an", 3) },
    52: {
      name: { en: "PIN block", zh: "个人标识码数据" },
      ...fixed("b", 8, "binary"),
      privacy: "secret",
    },
    53: {
      name: { en: "security control", zh: "安全控制信息" },
      ...fixed("n", 16),
      structure: securityControl,
    },
    54: {
      name: { en: "additional amounts", zh: "附加金额" },
      ...variable("an", 3, 120),
      structure: additionalAmounts,
    },
    55: {
      name: { en: "chip data", zh: "IC卡数据" },
      ...variable("b", 3, 255, "binary"),
      privacy: "chip",
      structure: "tlv",
    },
    57: { name: { en: "additional text", zh: "附加交易信息" }, ...variable("ans", 3, 100, "gbk") },
    59: {
      name: { en: "detailed information", zh: "明细查询数据" },
      ...variable("ans", 3, 600, "gbk"),
      privacy: "secret",
    },
    60: {
      name: { en: "reason and service point", zh: "自定义域60" },
      ...variable("ans", 3, 100, "gbk"),
      structure: reason,
    },
    61: {
      name: { en: "cardholder identity", zh: "持卡人身份认证信息" },
      ...variable("ans", 3, 200, "gbk"),
      privacy: "secret",
    },
    62: {
      name: { en: "switching data", zh: "交换中心数据" },
      ...variable("ans", 3, 200, "gbk"),
      privacy: "secret",
    },
    63: {
      name: { en: "network information", zh: "金融网络数据" },
      ...variable("ans", 3, 512, "gbk"),
    },
    70: { name: { en: "network management code", zh: "网络管理信息码" }, ...fixed("n", 3) },
    90: {
      name: { en: "original data elements", zh: "原始数据元" },
      ...fixed("n", 42),
      structure: originalElements,
    },
    96: {
      name: { en: "message security code", zh: "报文安全码" },
      ...fixed("b", 8, "binary"),
      privacy: "secret",
    },
    100: { name: { en: "receiver", zh: "接收机构标识码" }, ...variable("n", 2, 11) },
    102: { name: { en: "account 1", zh: "账户标识1" }, ...variable("ans", 2, 28), privacy: "pan" },
    103: { name: { en: "account 2", zh: "账户标识2" }, ...variable("ans", 2, 28), privacy: "pan" },
    121: {
      name: { en: "network reserved", zh: "银联处理中心保留" },
      ...variable("ans", 3, 100, "gbk"),
    },
    122: { name: { en: "acquirer reserved", zh: "受理方保留" }, ...variable("ans", 3, 100, "gbk") },
    123: { name: { en: "issuer reserved", zh: "发卡方保留" }, ...variable("ans", 3, 100, "gbk") },
    128: { name: { en: "MAC", zh: "报文鉴别码" }, ...fixed("b", 8, "binary") },
  },
});
