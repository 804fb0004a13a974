/** Why a transaction ended as it did, and what a cashier reads of it. */
import { responseCode } from "@tillway/iso8583";
import type { Both } from "../receipt/index.ts";

type Said = { readonly text: Both; readonly advice: Both };

const texts = {
  cancelled: {
    text: { en: "Cancelled", zh: "交易已取消" },
    advice: { en: "Nothing was charged.", zh: "未扣款。" },
  },
  "no-card": {
    text: { en: "No card was inserted", zh: "未插卡" },
    advice: { en: "Start the sale again.", zh: "请重新发起交易。" },
  },
  "pin-timed-out": {
    text: { en: "No PIN was entered in time", zh: "输入密码超时" },
    advice: { en: "Nothing was charged. Start the sale again.", zh: "未扣款，请重新发起交易。" },
  },
  "card-removed": {
    text: { en: "The card was taken out too soon", zh: "卡片过早拔出" },
    advice: {
      en: "Nothing is charged. Try again and leave the card in.",
      zh: "不会扣款，请重试并保持插卡。",
    },
  },
  "card-error": {
    text: { en: "The card could not be read", zh: "读卡失败" },
    advice: { en: "Try again or use another card.", zh: "请重试或换卡。" },
  },
  "no-application": {
    text: { en: "This kind of card is not accepted", zh: "不支持此类卡" },
    advice: { en: "Use another card.", zh: "请换卡。" },
  },
  "card-blocked": {
    text: { en: "The card is blocked", zh: "卡片已锁定" },
    advice: {
      en: "Use another card; the cardholder asks the bank.",
      zh: "请换卡，持卡人请联系发卡行。",
    },
  },
  "declined-by-card": {
    text: { en: "Declined by the card", zh: "卡片拒绝交易" },
    advice: { en: "Nothing is charged. Use another card.", zh: "不会扣款，请换卡。" },
  },
  tampered: {
    text: { en: "The terminal was opened and erased its keys", zh: "终端防拆触发，密钥已清除" },
    advice: {
      en: "Nothing was charged. It takes no payment until its keys are injected again.",
      zh: "未扣款。重新注入密钥前不能交易。",
    },
  },
  "not-connected": {
    text: { en: "No connection to the acquirer", zh: "未连接收单机构" },
    advice: { en: "Nothing was charged. Try again in a moment.", zh: "未扣款，请稍后重试。" },
  },
  "not-signed-in": {
    text: { en: "The terminal could not sign in", zh: "终端签到失败" },
    advice: { en: "Nothing was charged. Sign in, then try again.", zh: "未扣款，请签到后重试。" },
  },
  "approved-offline": {
    text: { en: "Approved by the card", zh: "卡片脱机批准" },
    advice: {
      en: "It is sent to the acquirer with the next connection.",
      zh: "交易将在下次联机时上送。",
    },
  },
  "use-chip": {
    text: { en: "This card has a chip", zh: "该卡为芯片卡" },
    advice: { en: "Insert the card or hold it to the reader.", zh: "请插卡或挥卡。" },
  },
  "use-another-interface": {
    text: { en: "Not possible without contact", zh: "不能以非接方式交易" },
    advice: { en: "Insert the card.", zh: "请插卡。" },
  },
  "see-phone": {
    text: { en: "The phone has to be unlocked", zh: "请先解锁手机" },
    advice: {
      en: "Ask the cardholder to unlock the phone and hold it there again.",
      zh: "请持卡人解锁手机后再次靠近读卡器。",
    },
  },
  "several-cards": {
    text: { en: "More than one card was there", zh: "检测到多张卡" },
    advice: { en: "Hold one card to the reader.", zh: "请只出示一张卡。" },
  },
  "batch-closing": {
    text: { en: "The batch is still being closed", zh: "批结算尚未完成" },
    advice: { en: "Settle again, then try again.", zh: "请重新结算后再试。" },
  },
  "will-repeat": {
    text: { en: "No answer yet", zh: "暂未收到应答" },
    advice: {
      en: "It is kept and sent again until it is answered. Do not enter it a second time.",
      zh: "交易已保存并将重复上送直至应答，请勿重复操作。",
    },
  },
  "not-promised": {
    text: { en: "No answer from the acquirer", zh: "收单机构无应答" },
    advice: {
      en: "Nothing was moved. Hand the cash back, or try again.",
      zh: "未入账，请退还现金或重试。",
    },
  },
  "not-told": {
    text: { en: "No answer from the acquirer", zh: "收单机构无应答" },
    advice: { en: "Try again in a moment.", zh: "请稍后重试。" },
  },
  "reversal-pending": {
    text: { en: "An earlier reversal is not confirmed yet", zh: "上笔冲正尚未完成" },
    advice: { en: "Nothing was charged. Try again in a moment.", zh: "未扣款，请稍后重试。" },
  },
  "no-answer": {
    text: { en: "No answer from the acquirer", zh: "收单机构无应答" },
    advice: {
      en: "The payment is reversed; nothing stays charged.",
      zh: "交易将被冲正，不会扣款。",
    },
  },
  "not-proved": {
    text: { en: "The answer could not be trusted", zh: "应答校验失败" },
    advice: {
      en: "The payment is reversed; nothing stays charged.",
      zh: "交易将被冲正，不会扣款。",
    },
  },
  defect: {
    text: { en: "The terminal stopped the payment", zh: "终端中止交易" },
    advice: {
      en: "What was sent is reversed. Ask for support.",
      zh: "已发送的交易将被冲正，请联系支持。",
    },
  },
} as const satisfies Readonly<Record<string, Said>>;

/** `host`: its response code says why. */
export type Cause = "host" | keyof typeof texts;

/** What to say of an ending, and what to do about it, in both languages. */
export function textsOf(ending: { readonly cause: Cause; readonly responseCode: string }): Said {
  if (ending.cause !== "host") return texts[ending.cause];
  const { text, advice } = responseCode(ending.responseCode);
  return { text, advice };
}
