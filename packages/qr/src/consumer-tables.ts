import { type Text } from "./merchant-tables.ts";

/** Data elements of consumer-presented codes (EMV QRCPS consumer-presented mode 1.1). */

/** b bytes; cn digits, F fill behind; n digits, 0 fill in front; ans printable ASCII; a letters. */
export type TagFormat = "b" | "cn" | "n" | "ans" | "a";

/** How an element may be shown: whole, a card number, a track, or not at all. */
export type Privacy = "open" | "pan" | "track2" | "hidden";

export type TagRule = {
  readonly name: Text;
  readonly format: TagFormat;
  /** In bytes. */
  readonly length: readonly [least: number, most: number];
  readonly privacy: Privacy;
};

function tag(
  [en, zh]: readonly [string, string],
  format: TagFormat,
  length: number | readonly [number, number],
  privacy: Privacy = "open",
): TagRule {
  const [least, most] = typeof length === "number" ? [length, length] : length;
  return { name: { en, zh }, format, length: [least, most], privacy };
}

/** Primitive elements by tag. Those not listed are allowed, and hidden when shown. */
export const tagRules: Readonly<Record<string, TagRule>> = {
  "4F": tag(["application", "应用标识"], "b", [5, 16]),
  "50": tag(["application label", "应用标签"], "ans", [1, 16]),
  "57": tag(["track 2 equivalent", "二磁道等效数据"], "b", [1, 19], "track2"),
  "5A": tag(["card number", "主账号"], "cn", [1, 10], "pan"),
  "5F20": tag(["cardholder name", "持卡人姓名"], "ans", [2, 26], "hidden"),
  "5F24": tag(["expiry date", "失效日期"], "n", 3, "hidden"),
  "5F2D": tag(["languages", "首选语言"], "a", [2, 8]),
  "5F34": tag(["card sequence number", "卡序列号"], "n", 1),
  "5F50": tag(["issuer URL", "发卡行网址"], "ans", [1, 255]),
  "82": tag(["interchange profile", "应用交互特征"], "b", 2),
  "85": tag(["payload format", "格式版本"], "ans", 5),
  "95": tag(["verification results", "终端验证结果"], "b", 5),
  "9F08": tag(["application version", "应用版本号"], "b", 2),
  "9F10": tag(["issuer application data", "发卡行应用数据"], "b", [1, 32]),
  "9F19": tag(["token requestor", "标记请求方"], "n", 6),
  "9F24": tag(["payment account reference", "支付账户参考"], "ans", 29, "hidden"),
  "9F25": tag(["last four digits", "卡号后四位"], "n", 2),
  "9F26": tag(["cryptogram", "应用密文"], "b", 8),
  "9F27": tag(["cryptogram information", "密文信息数据"], "b", 1),
  "9F36": tag(["transaction counter", "交易计数器"], "b", 2),
  "9F37": tag(["unpredictable number", "不可预知数"], "b", 4),
};

export const FORMAT_TAG = "85";
export const APPLICATION = "61";
const COMMON = "62";
const APPLICATION_TRANSPARENT = "63";
const COMMON_TRANSPARENT = "64";

/** Templates by tag, and what each may stand in ("" is the code itself). */
export const templateRules: Readonly<
  Record<string, { readonly name: Text; readonly inside: string }>
> = {
  [APPLICATION]: { name: { en: "application template", zh: "应用模板" }, inside: "" },
  [COMMON]: { name: { en: "common data", zh: "公共数据模板" }, inside: "" },
  [APPLICATION_TRANSPARENT]: {
    name: { en: "transparent data", zh: "应用透明数据" },
    inside: APPLICATION,
  },
  [COMMON_TRANSPARENT]: {
    name: { en: "common transparent data", zh: "公共透明数据" },
    inside: COMMON,
  },
};
