import { type Text } from "./table.ts";

/**
 * What DE 39 says (spec unionpay-pos §2.8). Action classes: A success, B failed and may be tried
 * again, C failed for good, D somebody has to act, E a fault of a system, "-" not settled.
 */
export type ActionClass = "A" | "B" | "C" | "D" | "E" | "-";

export type ResponseCode = {
  readonly code: string;
  readonly action: ActionClass;
  readonly text: Text;
  /** What the cashier should do. */
  readonly advice: Text;
};

const advice = {
  none: { en: "Nothing more to do.", zh: "无需其他操作。" },
  partial: {
    en: "Only part was approved: take the rest another way.",
    zh: "仅部分金额获批，余额请用其他方式收取。",
  },
  otherCard: { en: "Ask for another way to pay.", zh: "请顾客换一种付款方式。" },
  issuer: {
    en: "The cardholder should call the issuing bank; ask for another way to pay.",
    zh: "请持卡人联系发卡行，并换一种付款方式。",
  },
  retain: {
    en: "Do not give the card back without calling the acquirer.",
    zh: "请勿交还卡片，立即联系收单机构。",
  },
  again: { en: "Check the entry and try again.", zh: "请核对输入后重试。" },
  later: { en: "Try again in a few minutes.", zh: "请稍后重试。" },
  acquirer: { en: "Call the acquirer.", zh: "请联系收单机构。" },
  pin: { en: "Ask the cardholder for the PIN again.", zh: "请持卡人重新输入密码。" },
  signIn: {
    en: "The terminal signs in again; then try again.",
    zh: "终端将重新签到，随后请重试。",
  },
  chip: { en: "Use the chip of this card.", zh: "请插卡使用芯片交易。" },
  original: { en: "Check the number of the original payment.", zh: "请核对原交易信息。" },
  inquire: {
    en: "Ask for the outcome before paying again.",
    zh: "请先查询交易结果，再决定是否重新付款。",
  },
} satisfies Record<string, Text>;

type Row = readonly [string, ActionClass, string, string, keyof typeof advice];

const rows: readonly Row[] = [
  ["00", "A", "Approved", "交易成功", "none"],
  ["01", "C", "Refer to the issuer", "查发卡行", "issuer"],
  ["03", "C", "Invalid merchant", "无效商户", "acquirer"],
  ["04", "D", "Pick up the card", "没收卡", "retain"],
  ["05", "C", "Not authenticated", "认证失败", "issuer"],
  ["06", "-", "Error", "错误", "later"],
  ["07", "-", "Pick up the card, special condition", "特定条件下没收卡", "retain"],
  ["09", "-", "Being processed", "正在处理中", "inquire"],
  ["10", "A", "Partly approved", "部分批准", "partial"],
  ["11", "A", "Approved, VIP", "VIP 批准", "none"],
  ["12", "C", "Invalid transaction", "无效交易", "acquirer"],
  ["13", "B", "Invalid amount", "无效金额", "again"],
  ["14", "B", "Invalid card number", "无效卡号", "again"],
  ["15", "C", "No such issuer", "无此发卡方", "otherCard"],
  ["21", "C", "Card not activated", "卡未初始化或睡眠卡", "issuer"],
  ["22", "C", "Related transaction wrong", "关联交易错误", "original"],
  ["25", "C", "Original transaction not found", "找不到原交易", "original"],
  ["30", "C", "Message format wrong", "报文格式错误", "acquirer"],
  ["34", "D", "Fraud suspected", "有作弊嫌疑", "retain"],
  ["38", "D", "Too many wrong PINs", "密码错误次数超限", "retain"],
  ["40", "C", "Function not supported", "不支持的功能", "otherCard"],
  ["41", "D", "Lost card", "挂失卡", "retain"],
  ["43", "D", "Stolen card", "被窃卡", "retain"],
  ["45", "D", "Use the chip", "请使用芯片", "chip"],
  ["51", "C", "Not enough money", "余额不足", "otherCard"],
  ["54", "C", "Card expired", "过期卡", "otherCard"],
  ["55", "C", "Wrong PIN", "密码错误", "pin"],
  ["57", "C", "Not allowed for this card", "不允许持卡人进行的交易", "otherCard"],
  ["58", "C", "Not allowed for this terminal", "不允许终端进行的交易", "acquirer"],
  ["59", "C", "Fraud suspected, card check failed", "有作弊嫌疑或卡校验错", "issuer"],
  ["61", "C", "Over the amount limit", "超出金额限制", "otherCard"],
  ["62", "C", "Restricted card", "受限制的卡", "issuer"],
  ["64", "C", "Differs from the original amount", "与原金额不符", "original"],
  ["65", "C", "Over the limit of uses", "超出次数限制", "otherCard"],
  ["68", "C", "Timed out", "超时", "later"],
  ["75", "C", "PIN blocked after wrong attempts", "密码错误次数超限", "issuer"],
  ["77", "D", "Batch differs, sign in again", "批次不一致，重新签到", "signIn"],
  ["90", "C", "Day is being closed", "日切处理中", "later"],
  ["91", "C", "Issuer not available", "发卡方不能操作", "later"],
  ["92", "C", "Institution or line fault", "机构或线路异常", "later"],
  ["94", "C", "Repeated transaction", "重复交易", "inquire"],
  ["96", "C", "Switching centre fault", "交换中心异常", "later"],
  ["97", "D", "Terminal not registered", "终端未登记", "acquirer"],
  ["98", "E", "Issuer timed out", "发卡方超时", "later"],
  ["99", "B", "PIN format wrong, sign in again", "PIN 格式错，重新签到", "signIn"],
  ["A0", "B", "MAC wrong, sign in again", "MAC 错，重新签到", "signIn"],
  ["A1", "C", "Currency differs", "货币不一致", "acquirer"],
  ["A2", "A", "Approved with a defect", "有缺陷的成功", "none"],
  ["A3", "C", "Account wrong", "账户不正确", "issuer"],
  ["A4", "A", "Approved with a defect", "有缺陷的成功", "none"],
  ["A5", "A", "Approved with a defect", "有缺陷的成功", "none"],
  ["A6", "A", "Approved with a defect", "有缺陷的成功", "none"],
  ["A7", "C", "Security processing failed", "安全处理失败", "acquirer"],
];

/** Every known response code by code. */
export const responseCodes: ReadonlyMap<string, ResponseCode> = new Map(
  rows.map(([code, action, en, zh, key]) => [
    code,
    { code, action, text: { en, zh }, advice: advice[key] },
  ]),
);

/** The codes of class A. */
export const approvedCodes: readonly string[] = rows
  .filter(([, action]) => action === "A")
  .map(([code]) => code);

/** A code's meaning; one that is not in the list is a failure (spec §2.8). */
export function responseCode(code: string): ResponseCode {
  return (
    responseCodes.get(code) ?? {
      code,
      action: "C",
      text: { en: "Failed", zh: "交易失败" },
      advice: advice.otherCard,
    }
  );
}
