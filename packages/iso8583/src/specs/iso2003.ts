import { defineSpec } from "../spec.ts";
import { type FieldDefinition, type FieldTable, type Layout } from "../table.ts";
import {
  binaryStyle,
  expiry,
  fixed,
  ll,
  lll,
  llll,
  pan,
  rowsOf,
  secret,
  styled,
  textTrackStyle,
  type Row,
} from "./editions.ts";

/**
 * ISO 8583:2003, packed, with the choices of jPOS's Common Message Format (cmfv3): data sets in 34,
 * 43, 44, 49, 51, 55, 71, 104; a MAC of four bytes. An amount is currency, exponent, value.
 */

const institution = (en: string, zh: string) => ll("n", 11, en, zh);
const text = (length: number, en: string, zh: string): Row => fixed("ans", length, en, zh);
const reserved = llll("b", 9999, "reserved", "保留", secret);
const fees = (length: number, en: string, zh: string) => lll("ans", length, en, zh);

const amountParts = (digits: number): { readonly structure: readonly Layout[] } => ({
  structure: [
    {
      parts: [
        { key: "currency", length: 3 },
        { key: "exponent", length: 1 },
        { key: "value", length: digits },
      ],
    },
  ],
});
const amount = (en: string, zh: string) => fixed("n", 16, en, zh, amountParts(12));

const list = (rows: Readonly<Record<number, Row>>): { structure: FieldList } => ({
  structure: { kind: "fields", fields: styled(rows, binaryStyle) },
});
type FieldList = { readonly kind: "fields"; readonly fields: FieldTable };

const sets = (table: Readonly<Record<number, Row>>) => ({
  structure: { kind: "datasets", sets: { "*": styled(table, binaryStyle) } } as const,
});
const noSets = { structure: { kind: "datasets", sets: {} } as const };

const lifeCycle = list({
  0: text(1, "support indicator", "支持标识"),
  1: text(15, "trace", "跟踪标识"),
  2: fixed("n", 2, "sequence number", "序号"),
  3: fixed("n", 4, "authentication token", "验证令牌"),
});

const length3 = (en: string, zh: string) => fixed("an", 3, en, zh);

const capability = list({
  0: fixed("b", 8, "reading and verification", "读卡与验证能力"),
  1: fixed("an", 1, "approval code length", "授权码长度"),
  2: length3("cardholder receipt length", "持卡人凭条长度"),
  3: length3("merchant receipt length", "商户凭条长度"),
  4: length3("cardholder display length", "持卡人显示长度"),
  5: length3("merchant display length", "商户显示长度"),
  6: length3("chip script length", "IC卡脚本长度"),
  7: text(1, "track 3 rewrite", "三磁道改写能力"),
  8: text(1, "card capture", "吞卡能力"),
  9: fixed("b", 1, "PIN length", "密码长度"),
});

const originals = list({
  0: amount("original amount", "原交易金额"),
  1: amount("original reconciliation amount", "原对账金额"),
});

const place = sets({
  2: ll("ans", 50, "name", "名称"),
  3: ll("ans", 99, "street", "街道"),
  4: ll("ans", 50, "city", "城市"),
  5: text(3, "region", "地区"),
  6: text(10, "postal code", "邮政编码"),
  7: text(3, "country", "国家"),
  8: text(16, "phone", "电话"),
  9: text(16, "customer service phone", "客服电话"),
  10: ll("ans", 30, "contact", "联系信息"),
  11: lll("ans", 255, "web address", "网址"),
  12: ll("ans", 99, "e-mail", "电子邮箱"),
  13: ll("ans", 19, "location", "地理位置"),
  14: lll("ans", 255, "additional address", "附加地址"),
});

const verification = sets({
  1: fixed("n", 1, "identification type", "证件类型"),
  2: fixed("n", 4, "card verification value", "卡验证码", secret),
  3: text(16, "address, compressed", "压缩地址"),
  4: text(10, "postal code", "邮政编码"),
  5: text(40, "street", "街道"),
  6: text(1, "address verification result", "地址验证结果"),
});

const total = (en: string, zh: string) => fixed("n", 16, en, zh);
const count = (en: string, zh: string) => fixed("n", 10, en, zh);

const reconciliation = list({
  0: total("credits, amount", "贷记金额"),
  1: count("credits, number", "贷记笔数"),
  2: total("credits charged back, amount", "贷记退单金额"),
  3: count("credits charged back, number", "贷记退单笔数"),
  4: total("credits reversed, amount", "冲正贷记金额"),
  5: count("credits reversed, number", "冲正贷记笔数"),
  6: total("debits, amount", "借记金额"),
  7: count("debits, number", "借记笔数"),
  8: total("debits charged back, amount", "借记退单金额"),
  9: count("debits charged back, number", "借记退单笔数"),
  10: total("debits reversed, amount", "冲正借记金额"),
  11: count("debits reversed, number", "冲正借记笔数"),
});

const rows = {
  2: ll("n", 19, "card number", "主账号", pan),
  3: fixed("an", 6, "processing code", "交易处理码"),
  4: amount("amount", "交易金额"),
  5: amount("reconciliation amount", "对账金额"),
  6: amount("billing amount", "持卡人扣账金额"),
  7: fixed("n", 10, "transmission time", "交易传输时间"),
  8: fixed("n", 12, "billing fee", "持卡人扣账手续费", amountParts(8)),
  9: fixed("n", 8, "reconciliation rate", "对账汇率"),
  10: fixed("n", 8, "billing rate", "持卡人扣账汇率"),
  11: fixed("n", 12, "trace number", "系统跟踪号"),
  12: fixed("n", 14, "local date and time", "受卡方所在地日期时间"),
  13: fixed("n", 6, "effective date", "生效日期"),
  14: fixed("n", 4, "expiry date", "卡有效期", expiry),
  15: fixed("n", 8, "settlement date", "清算日期"),
  16: fixed("n", 4, "conversion date", "兑换日期"),
  17: fixed("n", 4, "capture date", "受理日期"),
  18: lll("ans", 140, "message error", "报文错误标识"),
  19: fixed("n", 3, "acquirer's country", "受理机构国家代码"),
  20: fixed("n", 3, "card's country", "主账号国家代码"),
  21: fixed("b", 19, "life cycle", "交易生命周期标识", lifeCycle),
  22: fixed("b", 16, "point of service data", "服务点数据码"),
  23: fixed("n", 3, "card sequence number", "卡序列号"),
  24: fixed("n", 3, "function code", "功能码"),
  25: fixed("n", 4, "message reason", "报文原因码"),
  26: fixed("n", 4, "merchant category", "商户类型"),
  27: fixed("b", 27, "point of service capability", "服务点能力", capability),
  28: fixed("n", 8, "reconciliation date", "对账日期"),
  29: fixed("n", 3, "reconciliation indicator", "对账标识"),
  30: fixed("b", 16, "original amounts", "原始金额", originals),
  31: fixed("n", 23, "acquirer's reference", "受理方参考号"),
  32: institution("acquirer", "受理机构标识码"),
  33: institution("forwarder", "发送机构标识码"),
  34: llll("b", 9999, "electronic commerce data", "电子商务数据", secret),
  35: ll("z", 37, "track 2", "二磁道数据", secret),
  36: lll("z", 104, "track 3", "三磁道数据", secret),
  37: fixed("an", 12, "retrieval reference", "检索参考号"),
  38: fixed("an", 6, "approval code", "授权码"),
  39: fixed("n", 4, "action code", "动作码"),
  40: fixed("n", 3, "service code", "服务代码"),
  41: fixed("ans", 16, "terminal", "终端号"),
  42: ll("ans", 35, "merchant", "商户号"),
  43: llll("b", 9999, "merchant name", "商户名称地址", place),
  44: llll("b", 9999, "additional response data", "附加响应数据", noSets),
  45: ll("ans", 76, "track 1", "一磁道数据", secret),
  46: fees(216, "fees", "费用金额"),
  47: lll("ans", 999, "additional data, national", "附加数据-国家", secret),
  48: lll("ans", 999, "additional data, private", "附加数据-私有", secret),
  49: llll("b", 9999, "verification data", "验证数据", { privacy: "parts", ...verification }),
  50: reserved,
  51: llll("b", 9999, "customer data", "客户数据", secret),
  52: fixed("b", 8, "PIN block", "个人标识码数据", secret),
  53: ll("b", 48, "security control", "安全控制信息"),
  54: lll("ans", 126, "additional amounts", "附加金额"),
  55: llll("b", 9999, "chip data", "IC卡数据", { privacy: "chip", ...noSets }),
  56: ll("n", 41, "original data elements", "原始数据元"),
  57: fixed("n", 3, "authorisation life cycle", "授权生命周期"),
  58: institution("authorising agent", "授权代理机构标识码"),
  59: lll("ans", 999, "transport data", "传输数据", secret),
  ...rowsOf([60, 61, 62, 63], lll("ans", 999, "reserved", "保留", secret)),
  64: fixed("b", 4, "MAC", "报文鉴别码"),
  65: fixed("b", 8, "reserved", "保留"),
  66: fees(216, "original fees", "原始费用金额"),
  67: fixed("n", 2, "extended payment data", "扩展付款数据"),
  68: text(9, "file transfer control", "文件传输控制"),
  69: text(40, "file transfer control data", "文件传输控制数据"),
  70: fixed("n", 18, "file transfer description", "文件传输描述"),
  71: llll("b", 9999, "reserved", "保留", { privacy: "secret", ...noSets }),
  72: llll("b", 9999, "data record", "数据记录", secret),
  73: fixed("n", 8, "action date", "动作日期"),
  74: fixed("b", 78, "reconciliation, primary", "主对账数据", reconciliation),
  75: fixed("n", 90, "reconciliation, secondary", "次对账数据"),
  ...rowsOf([76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92], reserved),
  93: institution("destination", "目的机构标识码"),
  94: institution("originator", "发起机构标识码"),
  95: ll("ans", 99, "issuer's reference", "发卡方参考数据"),
  96: lll("b", 999, "key management data", "密钥管理数据", secret),
  97: fixed("xn", 21, "net reconciliation amount", "净对账金额"),
  98: text(25, "payee", "收款人"),
  99: ll("an", 11, "settlement institution", "清算机构标识码"),
  100: institution("receiver", "接收机构标识码"),
  101: ll("ans", 99, "file name", "文件名"),
  102: ll("ans", 28, "account 1", "账户标识1", pan),
  103: ll("ans", 28, "account 2", "账户标识2", pan),
  104: llll("b", 9999, "transaction data", "交易特定数据", { privacy: "secret", ...noSets }),
  ...rowsOf([105, 106, 107, 108], reserved),
  109: fees(144, "credits, fees", "贷记费用金额"),
  110: fees(144, "debits, fees", "借记费用金额"),
  ...rowsOf([111, 112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122], reserved),
  123: lll("ans", 999, "reserved", "保留", secret),
  ...rowsOf([124, 125, 126, 127], reserved),
  128: fixed("b", 4, "MAC", "报文鉴别码"),
} satisfies Readonly<Record<number, Row>>;

const fields: { readonly [N in keyof typeof rows]: FieldDefinition } = styled(rows, textTrackStyle);

/** ISO 8583:2003 packed: digits two a byte, tracks as text, bitmap and bytes as they are. */
export const iso2003 = defineSpec({
  name: "iso2003",
  mti: "bcd",
  bitmap: "binary",
  bits: 128,
  rules: [],
  fields,
});
