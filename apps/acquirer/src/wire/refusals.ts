/** Why a terminal's message is refused, in one order of precedence. */
import type { TurnedAway } from "../payments/index.ts";

type Rule = {
  readonly reason: string;
  /** DE 39. */
  readonly code: string;
  /** Whether the reply goes without a MAC: the terminal may have no key that fits. */
  readonly plain?: true;
  readonly meaning: string;
  readonly zh: string;
};

/**
 * The first that applies is answered, whatever else is wrong. What comes after `other-content` is
 * looked at for new requests only: a repeat gets the answer that is stored.
 */
export const refusals = [
  {
    reason: "malformed",
    code: "30",
    plain: true,
    meaning: "cannot be read, or a field is missing",
    zh: "无法读取，或缺少必要的域",
  },
  {
    reason: "unknown-terminal",
    code: "97",
    plain: true,
    meaning: "the terminal is not registered",
    zh: "终端未登记",
  },
  {
    reason: "other-certificate",
    code: "97",
    plain: true,
    meaning: "the line's certificate is another terminal's",
    zh: "线路证书属于另一终端",
  },
  {
    reason: "wrong-merchant",
    code: "03",
    meaning: "the terminal belongs to another merchant",
    zh: "终端属于另一商户",
  },
  {
    reason: "merchant-suspended",
    code: "03",
    meaning: "the merchant may not take payments",
    zh: "商户被暂停收款",
  },
  {
    reason: "terminal-suspended",
    code: "58",
    meaning: "the terminal may not take payments",
    zh: "终端被暂停收款",
  },
  {
    reason: "terminal-locked",
    code: "58",
    meaning: "the terminal was locked from here",
    zh: "终端已被远程锁定",
  },
  {
    reason: "terminal-tampered",
    code: "97",
    plain: true,
    meaning: "the terminal erased its keys: it is to be injected again",
    zh: "终端已清除密钥，须重新注入",
  },
  {
    reason: "not-signed-in",
    code: "A0",
    plain: true,
    meaning: "no working keys yet",
    zh: "尚无工作密钥",
  },
  {
    reason: "wrong-mac",
    code: "A0",
    plain: true,
    meaning: "the MAC is not the newest session's",
    zh: "MAC 不是最近一次签到的密钥所生成",
  },
  {
    reason: "other-serial",
    code: "58",
    meaning: "another device than the one that is bound",
    zh: "不是所绑定的设备",
  },
  {
    reason: "other-place",
    code: "58",
    meaning: "away from the place that it is bound to",
    zh: "不在所绑定的地点",
  },
  {
    reason: "unsupported",
    code: "40",
    meaning: "a message or transaction that is not offered",
    zh: "不提供的报文或交易",
  },
  {
    reason: "overloaded",
    code: "96",
    meaning: "so much waits that the answer would come late",
    zh: "等待过多，应答会太迟",
  },
  {
    reason: "wrong-batch",
    code: "77",
    meaning: "the batch is not the terminal's open one",
    zh: "批次不是终端当前的批次",
  },
  {
    reason: "other-content",
    code: "94",
    meaning: "the key was used for another request",
    zh: "该流水号已用于另一笔请求",
  },
  {
    reason: "reversed-before",
    code: "22",
    meaning: "the key was reversed",
    zh: "该流水号已被冲正",
  },
  {
    reason: "not-reversible",
    code: "40",
    meaning: "a reversal of what is repeated, not reversed",
    zh: "冲正了只可重发、不可冲正的交易",
  },
  {
    reason: "followed",
    code: "22",
    meaning: "a reversal of what was voided, refunded or completed",
    zh: "冲正了已撤销、已退货或已完成的交易",
  },
  {
    reason: "amount-differs",
    code: "64",
    meaning: "a reversal of another amount",
    zh: "冲正的金额不同",
  },
  {
    reason: "wrong-amount",
    code: "13",
    meaning: "the amount is zero or no number",
    zh: "金额为零或不是数字",
  },
  {
    reason: "wrong-currency",
    code: "A1",
    meaning: "not the currency of the merchant's contract",
    zh: "不是商户合同的币种",
  },
  {
    reason: "wrong-card",
    code: "14",
    meaning: "no card number, or two that differ",
    zh: "没有卡号，或两个卡号不一致",
  },
  {
    reason: "not-approved-offline",
    code: "12",
    meaning: "an offline sale that the card did not approve: no Y1 or Y3, or no TC",
    zh: "脱机消费未经卡片批准：无 Y1 或 Y3，或无 TC",
  },
  {
    reason: "unknown-original",
    code: "25",
    meaning: "there is no original of this merchant",
    zh: "本商户没有这笔原交易",
  },
  {
    reason: "other-card",
    code: "22",
    meaning: "not the original's card or authorisation code",
    zh: "不是原交易的卡或授权码",
  },
  {
    reason: "not-followed",
    code: "12",
    meaning: "nothing of this type follows that original",
    zh: "该原交易之后不能做这种交易",
  },
  {
    reason: "original-not-approved",
    code: "22",
    meaning: "the original does not stand",
    zh: "原交易不成立",
  },
  {
    reason: "original-taken",
    code: "22",
    meaning: "it was voided, refunded or completed already",
    zh: "原交易已撤销、已退货或已完成",
  },
  {
    reason: "batch-closed",
    code: "12",
    meaning: "the original is not of the terminal's open batch",
    zh: "原交易不在终端当前批次内",
  },
  {
    reason: "too-late",
    code: "12",
    meaning: "the original is too old for it",
    zh: "原交易日期过久",
  },
  {
    reason: "more-than-held",
    code: "61",
    meaning: "more than may be completed of what is held",
    zh: "超过预授权可完成的金额",
  },
  {
    reason: "not-its-amount",
    code: "64",
    meaning: "not the amount that the original comes to",
    zh: "与原交易应有的金额不符",
  },
  {
    reason: "other-signature",
    code: "22",
    meaning: "a signature with another payment's code",
    zh: "电子签名的特征码属于另一笔交易",
  },
  {
    reason: "more-than-remains",
    code: "64",
    meaning: "more than remains to be refunded",
    zh: "超过可退货的余额",
  },
  { reason: "over-limit", code: "61", meaning: "over a limit of the amount", zh: "超过金额限制" },
  {
    reason: "over-count",
    code: "65",
    meaning: "over a limit of the number of payments",
    zh: "超过次数限制",
  },
  {
    reason: "network-down",
    code: "91",
    meaning: "the network cannot be reached",
    zh: "无法连接银行卡网络",
  },
  {
    reason: "wrong-pin",
    code: "99",
    meaning: "PIN or track do not open under the session's keys",
    zh: "PIN 或磁道不能用本次签到的密钥解开",
  },
  {
    reason: "failed",
    code: "96",
    meaning: "the request could not be written down",
    zh: "请求未能写入",
  },
] as const satisfies readonly Rule[];

/** What is decided in the commit that writes a request down: it is kept as a declined transaction. */
export const codeOf = (reason: TurnedAway): string => refusalFor(reason).code;

export type Reason = (typeof refusals)[number]["reason"];
export type Refusal = Rule & { readonly reason: Reason };

/** What was found out about a message: true where the reason applies. */
export type Facts = Partial<Record<Reason, boolean>>;

/** The refusal that a message gets, or undefined where nothing stands against it. */
export function firstRefusal(facts: Facts): Refusal | undefined {
  return refusals.find(({ reason }) => facts[reason] === true);
}

/** The refusal for a reason. */
export function refusalFor(reason: Reason): Refusal {
  const found = refusals.find((one) => one.reason === reason);
  if (!found) throw new Error("every reason stands in the list");
  return found;
}

/** Whether a reason comes after the check for repeats. */
export function afterRepeats(reason: Reason): boolean {
  const order = refusals.map((one) => one.reason);
  return order.indexOf(reason) > order.indexOf("other-content");
}
