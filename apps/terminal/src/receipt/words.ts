/** Every text of a receipt (签购单) in both languages. */
export type Language = "en" | "zh";
export type Both = Readonly<Record<Language, string>>;

export const words = {
  title: { en: "SALES SLIP", zh: "签购单" },
  copy: { en: "MERCHANT COPY", zh: "商户存根" },
  merchant: { en: "MERCHANT", zh: "商户名称" },
  mid: { en: "MERCHANT NO.", zh: "商户编号" },
  tid: { en: "TERMINAL NO.", zh: "终端编号" },
  card: { en: "CARD NO.", zh: "卡号" },
  entry: { en: "(CHIP)", zh: "（芯片）" },
  application: { en: "APPLICATION", zh: "应用" },
  type: { en: "TRANS. TYPE", zh: "交易类型" },
  sale: { en: "SALE", zh: "消费" },
  batch: { en: "BATCH NO.", zh: "批次号" },
  stan: { en: "TRACE NO.", zh: "凭证号" },
  rrn: { en: "REFERENCE", zh: "参考号" },
  authorization: { en: "AUTH. CODE", zh: "授权码" },
  date: { en: "DATE/TIME", zh: "日期时间" },
  amount: { en: "AMOUNT", zh: "金额" },
  result: { en: "RESULT", zh: "结果" },
  response: { en: "RESPONSE", zh: "应答码" },
  reason: { en: "REASON", zh: "说明" },
  approved: { en: "APPROVED", zh: "交易成功" },
  declined: { en: "DECLINED", zh: "交易失败" },
  "timed-out": { en: "NO ANSWER, NOT CHARGED", zh: "交易超时，未扣款" },
  reversed: { en: "REVERSED, NOT CHARGED", zh: "已冲正，未扣款" },
  refused: { en: "NOT DONE", zh: "交易未进行" },
  signature: { en: "CARDHOLDER SIGNATURE", zh: "持卡人签名" },
  consent: {
    en: "I accept the above transaction",
    zh: "本人确认以上交易，同意将其记入本卡账户",
  },
  pin: { en: "PIN verified, no signature", zh: "已验证密码，无需签名" },
  none: { en: "No signature required", zh: "无需签名" },
} as const satisfies Record<string, Both>;

export type Word = keyof typeof words;
