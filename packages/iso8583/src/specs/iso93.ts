import { defineSpec } from "../spec.ts";
import {
  asciiByteStyle,
  expiry,
  fixed,
  ll,
  lll,
  pan,
  rowsOf,
  secret,
  styled,
  textTrackStyle,
} from "./editions.ts";
import { additionalAmounts } from "./parts.ts";

/** ISO 8583:1993. Where it differs from 1987: dates with years, action codes, original data in 56. */

const count = (en: string, zh: string) => fixed("n", 10, en, zh);
const total = (en: string, zh: string) => fixed("n", 16, en, zh);
const country = (en: string, zh: string) => fixed("n", 3, en, zh);
const institution = (en: string, zh: string) => ll("n", 11, en, zh);

const reserved = lll("ans", 999, "reserved", "保留", secret);

/** DE 56: the original's type, trace, local time, acquirer (variable, so whatever is left). */
const original = {
  structure: [
    {
      parts: [
        { key: "mti", length: 4 },
        { key: "trace", length: 6 },
        { key: "localTime", length: 12 },
        { key: "acquirer", length: 13 },
      ],
    },
  ],
} as const;

/** DE 30: what the transaction and its reconciliation amounted to before. */
const originalAmounts = {
  structure: [
    {
      parts: [
        { key: "transaction", length: 12 },
        { key: "reconciliation", length: 12 },
      ],
    },
  ],
} as const;

const rows = {
  2: ll("n", 19, "card number", "主账号", pan),
  3: fixed("n", 6, "processing code", "交易处理码"),
  4: fixed("n", 12, "amount", "交易金额"),
  5: fixed("n", 12, "reconciliation amount", "对账金额"),
  6: fixed("n", 12, "billing amount", "持卡人扣账金额"),
  7: fixed("n", 10, "transmission time", "交易传输时间"),
  8: fixed("n", 8, "billing fee", "持卡人扣账手续费"),
  9: fixed("n", 8, "reconciliation rate", "对账汇率"),
  10: fixed("n", 8, "billing rate", "持卡人扣账汇率"),
  11: fixed("n", 6, "trace number", "系统跟踪号"),
  12: fixed("n", 12, "local date and time", "受卡方所在地日期时间"),
  13: fixed("n", 4, "effective date", "生效日期"),
  14: fixed("n", 4, "expiry date", "卡有效期", expiry),
  15: fixed("n", 6, "settlement date", "清算日期"),
  16: fixed("n", 4, "conversion date", "兑换日期"),
  17: fixed("n", 4, "capture date", "受理日期"),
  18: fixed("n", 4, "merchant category", "商户类型"),
  19: country("acquirer's country", "受理机构国家代码"),
  20: country("card's country", "主账号国家代码"),
  21: country("forwarder's country", "发送机构国家代码"),
  22: fixed("an", 12, "point of service data", "服务点数据码"),
  23: fixed("n", 3, "card sequence number", "卡序列号"),
  24: fixed("n", 3, "function code", "功能码"),
  25: fixed("n", 4, "message reason", "报文原因码"),
  26: fixed("n", 4, "business code", "受卡方业务代码"),
  27: fixed("n", 1, "approval code length", "授权码长度"),
  28: fixed("n", 6, "reconciliation date", "对账日期"),
  29: fixed("n", 3, "reconciliation indicator", "对账标识"),
  30: fixed("n", 24, "original amounts", "原始金额", originalAmounts),
  31: ll("ans", 99, "acquirer's reference", "受理方参考数据"),
  32: institution("acquirer", "受理机构标识码"),
  33: institution("forwarder", "发送机构标识码"),
  34: ll("ans", 28, "card number, extended", "扩展主账号", pan),
  35: ll("z", 37, "track 2", "二磁道数据", secret),
  36: lll("z", 104, "track 3", "三磁道数据", secret),
  37: fixed("an", 12, "retrieval reference", "检索参考号"),
  38: fixed("an", 6, "approval code", "授权码"),
  39: fixed("n", 3, "action code", "动作码"),
  40: fixed("n", 3, "service code", "服务代码"),
  41: fixed("ans", 8, "terminal", "终端号"),
  42: fixed("ans", 15, "merchant", "商户号"),
  43: ll("ans", 99, "merchant name", "商户名称地址"),
  44: ll("ans", 99, "additional response data", "附加响应数据"),
  45: ll("ans", 76, "track 1", "一磁道数据", secret),
  46: lll("ans", 204, "fees", "费用金额"),
  47: lll("ans", 999, "additional data, national", "附加数据-国家", secret),
  48: lll("ans", 999, "additional data, private", "附加数据-私有", secret),
  49: fixed("an", 3, "currency", "交易货币代码"),
  50: fixed("an", 3, "reconciliation currency", "对账货币代码"),
  51: fixed("an", 3, "billing currency", "持卡人账户货币代码"),
  52: fixed("b", 8, "PIN block", "个人标识码数据", secret),
  53: ll("b", 48, "security control", "安全控制信息"),
  54: lll("ans", 120, "additional amounts", "附加金额", { structure: additionalAmounts }),
  55: lll("b", 255, "chip data", "IC卡数据", { privacy: "chip", structure: "tlv" }),
  56: ll("n", 35, "original data elements", "原始数据元", original),
  57: fixed("n", 3, "authorisation life cycle", "授权生命周期"),
  58: institution("authorising agent", "授权代理机构标识码"),
  59: lll("ans", 999, "transport data", "传输数据", secret),
  ...rowsOf([60, 61, 62, 63], reserved),
  64: fixed("b", 8, "MAC", "报文鉴别码"),
  65: fixed("b", 8, "reserved", "保留"),
  66: lll("ans", 204, "original fees", "原始费用金额"),
  67: fixed("n", 2, "extended payment data", "扩展付款数据"),
  68: country("receiver's country", "接收机构国家代码"),
  69: country("settlement institution's country", "清算机构国家代码"),
  70: country("authorising agent's country", "授权代理机构国家代码"),
  71: fixed("n", 8, "message number", "报文编号"),
  72: lll("ans", 999, "data record", "数据记录", secret),
  73: fixed("n", 6, "action date", "动作日期"),
  74: count("credits, number", "贷记笔数"),
  75: count("credits reversed, number", "冲正贷记笔数"),
  76: count("debits, number", "借记笔数"),
  77: count("debits reversed, number", "冲正借记笔数"),
  78: count("transfers, number", "转账笔数"),
  79: count("transfers reversed, number", "冲正转账笔数"),
  80: count("inquiries, number", "查询笔数"),
  81: count("authorisations, number", "授权笔数"),
  82: count("inquiries reversed, number", "冲正查询笔数"),
  83: count("payments, number", "付款笔数"),
  84: count("payments reversed, number", "冲正付款笔数"),
  85: count("fee collections, number", "收费笔数"),
  86: total("credits, amount", "贷记金额"),
  87: total("credits reversed, amount", "冲正贷记金额"),
  88: total("debits, amount", "借记金额"),
  89: total("debits reversed, amount", "冲正借记金额"),
  90: count("authorisations reversed, number", "冲正授权笔数"),
  91: country("destination's country", "目的机构国家代码"),
  92: country("originator's country", "发起机构国家代码"),
  93: institution("destination", "目的机构标识码"),
  94: institution("originator", "发起机构标识码"),
  95: ll("ans", 99, "issuer's reference", "发卡方参考数据"),
  96: lll("b", 999, "key management data", "密钥管理数据", secret),
  97: fixed("xn", 17, "net reconciliation amount", "净对账金额"),
  98: fixed("ans", 25, "payee", "收款人"),
  99: ll("an", 11, "settlement institution", "清算机构标识码"),
  100: institution("receiver", "接收机构标识码"),
  101: ll("ans", 17, "file name", "文件名"),
  102: ll("ans", 28, "account 1", "账户标识1", pan),
  103: ll("ans", 28, "account 2", "账户标识2", pan),
  104: lll("ans", 100, "transaction description", "交易描述", secret),
  105: total("credits charged back, amount", "贷记退单金额"),
  106: total("debits charged back, amount", "借记退单金额"),
  107: count("credits charged back, number", "贷记退单笔数"),
  108: count("debits charged back, number", "借记退单笔数"),
  109: ll("ans", 84, "credits, fees", "贷记费用金额"),
  110: ll("ans", 84, "debits, fees", "借记费用金额"),
  ...rowsOf([111, 112, 113, 114, 115, 116, 117, 118, 119], reserved),
  ...rowsOf([120, 121, 122, 123, 124, 125, 126, 127], reserved),
  128: fixed("b", 8, "MAC", "报文鉴别码"),
};

/** ISO 8583:1993 in characters: type, bitmap in hex, fields and lengths in ASCII. */
export const iso93Ascii = defineSpec({
  name: "iso93-ascii",
  mti: "ascii",
  bitmap: "hex",
  bits: 128,
  rules: [],
  fields: styled(rows, asciiByteStyle),
});

/** ISO 8583:1993 packed: digits two a byte, tracks as text, bitmap and bytes as they are. */
export const iso93Binary = defineSpec({
  name: "iso93-binary",
  mti: "bcd",
  bitmap: "binary",
  bits: 128,
  rules: [],
  fields: styled(rows, textTrackStyle),
});
