/** Data objects of merchant-presented codes (EMV QRCPS merchant-presented mode 1.1). */

export type Text = { readonly en: string; readonly zh: string };

/** n digits; ans printable ASCII (Book 4 common character set); s any character but controls. */
export type Format = "n" | "ans" | "s";

/** What IDs `from` to `to` of a level may hold. Lengths count characters. */
export type ObjectRule = {
  readonly from: string;
  readonly to: string;
  readonly name: Text;
  readonly format: Format;
  readonly length: readonly [least: number, most: number];
  readonly mandatory?: true;
  /** Of a value that its format alone does not describe, with what it must be. */
  readonly shape?: readonly [pattern: RegExp, what: string];
  /** Of a payment system's identifier: shown whole. */
  readonly isIdentifier?: true;
  /** The level below, where the value is a template. */
  readonly template?: readonly ObjectRule[];
};

type Extras = Pick<ObjectRule, "mandatory" | "shape" | "isIdentifier" | "template">;

function rule(
  ids: string,
  [en, zh]: readonly [string, string],
  format: Format,
  length: number | readonly [number, number],
  extras: Extras = {},
): ObjectRule {
  const [from = "", to = from] = ids.split("-");
  const [least, most] = typeof length === "number" ? [length, length] : length;
  return { from, to, name: { en, zh }, format, length: [least, most], ...extras };
}

const mandatory = { mandatory: true } as const;
const upTo = (most: number): readonly [number, number] => [1, most];

/** Templates of a payment system: a globally unique identifier, the rest is that system's own. */
const system: readonly ObjectRule[] = [
  rule("00", ["identifier", "全球唯一标识"], "ans", upTo(32), { ...mandatory, isIdentifier: true }),
  rule("01-99", ["system's own", "系统自定义"], "s", upTo(99)),
];

const requests = /^(?!.*(.).*\1)[AME]+$/;

const additional: readonly ObjectRule[] = [
  rule("01", ["bill number", "账单号"], "ans", upTo(25)),
  rule("02", ["mobile number", "手机号"], "ans", upTo(25)),
  rule("03", ["store label", "门店标识"], "ans", upTo(25)),
  rule("04", ["loyalty number", "会员号"], "ans", upTo(25)),
  rule("05", ["reference label", "参考标识"], "ans", upTo(25)),
  rule("06", ["customer label", "客户标识"], "ans", upTo(25)),
  rule("07", ["terminal label", "终端标识"], "ans", upTo(25)),
  rule("08", ["purpose", "交易用途"], "ans", upTo(25)),
  rule("09", ["data asked of the consumer", "索取的客户资料"], "ans", upTo(3), {
    shape: [requests, "letters A, M, E, each once"],
  }),
  rule("10", ["merchant tax ID", "商户税号"], "ans", upTo(20)),
  rule("11", ["merchant channel", "商户渠道"], "ans", 3),
  rule("12-49", ["reserved", "保留"], "s", upTo(99)),
  rule("50-99", ["payment system's data", "支付系统数据"], "s", upTo(99), { template: system }),
];

const language: readonly ObjectRule[] = [
  rule("00", ["language", "语言"], "ans", 2, {
    ...mandatory,
    shape: [/^[A-Za-z]{2}$/, "two letters of ISO 639"],
  }),
  rule("01", ["merchant name", "商户名称"], "s", upTo(25), mandatory),
  rule("02", ["merchant city", "商户城市"], "s", upTo(15)),
  rule("03-99", ["reserved", "保留"], "s", upTo(99)),
];

const network = (ids: string, name: string): ObjectRule =>
  rule(ids, [`account: ${name}`, `商户账号：${name}`], "ans", upTo(99));

/** The root. ID 63 is judged apart: it must be right before anything else is looked at. */
export const rootRules: readonly ObjectRule[] = [
  rule("00", ["payload format", "格式版本"], "n", 2, { ...mandatory, shape: [/^01$/, "01"] }),
  rule("01", ["initiation", "发起方式"], "n", 2, {
    shape: [/^1[12]$/, "11 (static) or 12 (dynamic)"],
  }),
  network("02-03", "Visa"),
  network("04-05", "Mastercard"),
  network("06-08", "EMVCo"),
  network("09-10", "Discover"),
  network("11-12", "Amex"),
  network("13-14", "JCB"),
  network("15-16", "UnionPay"),
  network("17-25", "EMVCo"),
  rule("26-51", ["merchant account", "商户账户"], "s", upTo(99), { template: system }),
  rule("52", ["merchant category", "商户类别码"], "n", 4, mandatory),
  rule("53", ["currency", "币种"], "n", 3, mandatory),
  rule("54", ["amount", "金额"], "ans", upTo(13)),
  rule("55", ["tip or fee", "小费或附加费"], "n", 2, { shape: [/^0[123]$/, "01, 02 or 03"] }),
  rule("56", ["fixed fee", "固定附加费"], "ans", upTo(13)),
  rule("57", ["fee in percent", "附加费比例"], "ans", upTo(5)),
  rule("58", ["country", "国家"], "ans", 2, {
    ...mandatory,
    shape: [/^[A-Z]{2}$/, "two capital letters of ISO 3166"],
  }),
  rule("59", ["merchant name", "商户名称"], "ans", upTo(25), mandatory),
  rule("60", ["merchant city", "商户城市"], "ans", upTo(15), mandatory),
  rule("61", ["postal code", "邮编"], "ans", upTo(10)),
  rule("62", ["additional data", "附加数据"], "s", upTo(99), { template: additional }),
  rule("64", ["in another language", "其他语言商户信息"], "s", upTo(99), { template: language }),
  rule("65-79", ["reserved", "保留"], "s", upTo(99)),
  rule("80-99", ["unreserved", "自定义模板"], "s", upTo(99), { template: system }),
];

/**
 * Payment systems whose own data objects are templates again, by identifier. Others stay text:
 * whether "0103abc" is a template cannot be seen from outside.
 */
export const nestedTemplates: Readonly<Record<string, readonly string[]>> = {
  // VietQR (NAPAS): 01 holds bank and account.
  A000000727: ["01"],
};

export const nestedRules: readonly ObjectRule[] = [
  rule("00-99", ["system's own", "系统自定义"], "s", upTo(99)),
];

/** The rule for an ID of a level. */
export function ruleFor(rules: readonly ObjectRule[], id: string): ObjectRule | undefined {
  return rules.find(({ from, to }) => from <= id && id <= to);
}
