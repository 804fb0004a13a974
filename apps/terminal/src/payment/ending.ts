/** How a payment can end, and what screen and receipt say of it. */
import type { KernelOutcome } from "@tillway/emv";
import { responseCode } from "@tillway/iso8583";
import type { Both } from "../receipt/index.ts";
import type { Readiness, Verdict } from "../session/index.ts";
import type { Prompt } from "./screen.ts";

export type Outcome = "approved" | "declined" | "timed-out" | "reversed" | "refused";

/** Why a payment ended as it did, where the host's response code does not say it. */
export type Cause =
  | "host"
  | "cancelled"
  | "no-card"
  | "pin-timed-out"
  | "card-removed"
  | "card-error"
  | "no-application"
  | "card-blocked"
  | "declined-by-card"
  | "not-connected"
  | "not-signed-in"
  | "reversal-pending"
  | "no-answer"
  | "not-proved"
  | "defect";

/** `responseCode`: the host's DE 39, Z1 where the card itself declined, otherwise empty. */
export type Ending = {
  readonly outcome: Outcome;
  readonly responseCode: string;
  readonly cause: Cause;
};

/** Nothing was sent: the payment ended at the till. */
export function refused(cause: Cause): Ending {
  return { outcome: "refused", responseCode: "", cause };
}

/** Why no payment can begin. */
export function notReady(readiness: Exclude<Readiness, "ready">): Ending {
  return refused(readiness);
}

/** The end of a payment whose request was never sent, from what the kernel says. */
export function endedByCard(outcome: KernelOutcome): Ending {
  const byCard: Ending = { outcome: "declined", responseCode: "Z1", cause: "declined-by-card" };
  const { reason } = outcome;
  // An approval without the host: this device authorises online only.
  if (reason === undefined) return byCard;
  switch (reason) {
    case "cancelled":
      return refused("cancelled");
    case "card-removed":
      return refused("card-removed");
    case "no-application":
      return refused("no-application");
    case "blocked":
      return refused("card-blocked");
    case "declined-offline":
    case "declined-by-card":
    case "declined-by-host":
    case "not-accepted":
    case "unable-to-go-online":
      return byCard;
    case "card-error":
      return refused("card-error");
    case "unexpected-event":
      return refused("defect");
  }
}

/**
 * The end of a payment that was sent (or tried to be): from the host's verdict, whether the card
 * completed it, and whether what had to be undone is undone.
 */
export function endedByHost(verdict: Verdict, outcome: KernelOutcome, undone: boolean): Ending {
  switch (verdict.kind) {
    case "approved":
      if (outcome.result === "approved") return { outcome: "approved", ...said(verdict) };
      return {
        outcome: "declined",
        responseCode: "Z1",
        cause: outcome.reason === "card-removed" ? "card-removed" : "declined-by-card",
      };
    case "declined":
      return { outcome: "declined", ...said(verdict) };
    case "refused":
      return { outcome: "refused", ...said(verdict) };
    case "unknown": {
      const cause = verdict.reason === "A0" ? "not-proved" : "no-answer";
      return { outcome: undone ? "reversed" : "timed-out", responseCode: "", cause };
    }
    case "unsent":
      return refused("not-connected");
  }
}

function said(verdict: Extract<Verdict, { host: unknown }>): {
  responseCode: string;
  cause: "host";
} {
  return { responseCode: verdict.host.responseCode, cause: "host" };
}

const texts: Readonly<Record<Exclude<Cause, "host">, { text: Both; advice: Both }>> = {
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
  "not-connected": {
    text: { en: "No connection to the acquirer", zh: "未连接收单机构" },
    advice: { en: "Nothing was charged. Try again in a moment.", zh: "未扣款，请稍后重试。" },
  },
  "not-signed-in": {
    text: { en: "The terminal could not sign in", zh: "终端签到失败" },
    advice: { en: "Nothing was charged. Sign in, then try again.", zh: "未扣款，请签到后重试。" },
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
};

/** What to say of an ending, and what to do about it, in both languages. */
export function textsOf(ending: Ending): { readonly text: Both; readonly advice: Both } {
  if (ending.cause !== "host") return texts[ending.cause];
  const { text, advice } = responseCode(ending.responseCode);
  return { text, advice };
}

/** The prompt under which an ending is shown. */
export function promptOf(ending: Ending): Prompt {
  switch (ending.outcome) {
    case "approved":
      return "approved";
    case "declined":
      return ending.responseCode === "55" ? "wrong-pin" : "declined";
    case "timed-out":
      return "timed-out";
    case "reversed":
      return "reversed";
    case "refused":
      return refusedPrompt(ending.cause);
  }
}

function refusedPrompt(cause: Cause): Prompt {
  switch (cause) {
    case "card-removed":
    case "card-error":
      return "try-again";
    case "no-application":
    case "card-blocked":
      return "use-another-card";
    case "not-connected":
    case "not-signed-in":
    case "reversal-pending":
      return "not-connected";
    case "host":
    case "declined-by-card":
      return "declined";
    case "cancelled":
    case "no-card":
    case "pin-timed-out":
    case "no-answer":
    case "not-proved":
    case "defect":
      return "cancelled";
  }
}
