import { type Alternative, type Layout, type Part, type Probe, type Tags } from "../table.ts";

/**
 * DE 62 of the POS dialect: keys at sign-in, parameters, card keys and applications, states, batch
 * records, a signature (spec unionpay-pos §2.5, §2.6, §2.10). [1]: one source; [U]: unsure.
 */

const management = (...values: string[]): Probe => ({ field: "60", from: 8, to: 11, values });
const processing = (...values: string[]): Probe => ({ field: "3", values });

const text = (key: string, length: number, en: string, zh: string): Part => ({
  key,
  length,
  as: "text",
  name: { en, zh },
});

/** A working key under the terminal's master key, and its check value. */
const key = (name: string, length: number, en: string, zh: string): Part[] => [
  { key: name, length, privacy: "secret", name: { en, zh } },
  { key: `${name}Check`, length: 4, name: { en: `${en}, check value`, zh: `${zh}校验值` } },
];

/** Keys of a sign-in: for the PIN, the MAC and (from 60 bytes) the track. The MAK may be 8 and 8 zeros. */
const workingKeys = (size: number, length: number, track: boolean): Layout => ({
  mti: ["0810"],
  when: [management("001", "003", "004")],
  size,
  parts: [
    ...key("pik", length, "PIN key", "PIN密钥"),
    ...key("mak", length, "MAC key", "MAC密钥"),
    ...(track ? key("tdk", length, "track key", "磁道密钥") : []),
  ],
});

const digit = (en: string, zh: string) => ({ length: 1, as: "text", name: { en, zh } }) as const;
const two = (en: string, zh: string) => ({ length: 2, as: "text", name: { en, zh } }) as const;
const phone = (en: string, zh: string) => ({ length: 14, as: "text", name: { en, zh } }) as const;

/** Parameters of the terminal (§2.5): a code of two digits, then a value whose size the code tells. */
const parameters: Tags = {
  kind: "tags",
  tag: 2,
  length: 0,
  items: {
    "11": two("application type", "应用类型"),
    "12": two("timeout", "超时时间"),
    "13": digit("retries", "重试次数"),
    "14": phone("phone 1", "交易电话号码一"),
    "15": phone("phone 2", "交易电话号码二"),
    "16": phone("phone 3", "交易电话号码三"),
    "17": phone("management phone", "管理电话号码"),
    "18": digit("tips", "是否支持小费"),
    "19": two("tip percentage", "小费百分比"),
    "20": digit("manual entry", "是否支持手工输入卡号"),
    "21": digit("automatic sign-off", "是否自动签退"),
    "22": { length: 40, as: "text", name: { en: "merchant name", zh: "商户名称" } },
    "23": digit("resends", "重发次数"),
    "24": digit("offline upload", "离线上送方式"),
    "25": digit("key index", "主密钥索引"),
    "26": { length: 4, name: { en: "open transactions", zh: "交易开关" } },
  },
};

/** States of the terminal's hardware: 1 good, 0 bad. */
const states: Tags = {
  kind: "tags",
  tag: 2,
  length: 0,
  items: {
    "01": digit("hardware 1", "硬件1"),
    "02": digit("hardware 2", "硬件2"),
    "03": digit("hardware 3", "硬件3"),
    "04": digit("hardware 4", "硬件4"),
    "05": digit("hardware 5", "硬件5"),
  },
};

const objects = {
  "9F06": { en: "RID or AID", zh: "RID或AID" },
  "9F22": { en: "key index", zh: "公钥索引" },
  DF02: { en: "modulus", zh: "公钥模" },
  DF03: { en: "checksum", zh: "公钥校验值" },
  DF04: { en: "exponent", zh: "公钥指数" },
  DF05: { en: "expiry date", zh: "公钥有效期" },
  DF06: { en: "hash algorithm", zh: "哈希算法标识" },
  DF07: { en: "signature algorithm", zh: "公钥算法标识" },
  DF01: { en: "application selection", zh: "应用选择指示符" },
  "9F08": { en: "application version", zh: "应用版本号" },
  DF11: { en: "TAC default", zh: "TAC-缺省" },
  DF12: { en: "TAC online", zh: "TAC-联机" },
  DF13: { en: "TAC denial", zh: "TAC-拒绝" },
  "9F1B": { en: "floor limit", zh: "终端最低限额" },
  DF14: { en: "DDOL", zh: "缺省DDOL" },
  DF15: { en: "selection threshold", zh: "随机选择阈值" },
  DF16: { en: "selection maximum percentage", zh: "随机选择最大目标百分数" },
  DF17: { en: "selection percentage", zh: "随机选择目标百分数" },
  DF18: { en: "online PIN", zh: "终端联机PIN支持能力" },
  "9F7B": { en: "electronic cash limit", zh: "终端电子现金交易限额" },
  DF19: { en: "contactless floor limit", zh: "非接触终端脱机最低限额" },
  DF20: { en: "contactless limit", zh: "非接触终端交易限额" },
  DF21: { en: "contactless CVM limit", zh: "终端执行CVM限额" },
} as const;

const control = text("control", 1, "how much follows: 0 none, 1 or 3 the last, 2 more", "后续标识");

/** DE 62 by message. What has none of these forms is hidden: it may be a key or a card number. */
export const keysAndParameters: readonly Alternative[] = [
  {
    mti: ["0800"],
    when: [management("001", "003", "004")],
    parts: [
      text("label", 11, "label", "标签"),
      text("code", 2, "code", "代码"),
      text("licence", 4, "licence", "许可号"),
      text("serial", 8, "serial number", "序列号"),
    ],
  },
  workingKeys(24, 8, false),
  workingKeys(40, 16, false),
  workingKeys(60, 16, true),
  // Keys of 24 bytes are only mentioned [U].
  workingKeys(56, 24, false),
  workingKeys(84, 24, true),
  { mti: ["0810"], when: [management("360", "361")], composite: parameters },
  { mti: ["0820"], when: [management("362")], composite: states },
  {
    mti: ["0820"],
    when: [management("372", "382")],
    parts: [text("request", 1, "request", "请求"), text("received", 2, "received", "已收个数")],
  },
  {
    mti: ["0830"],
    when: [management("372", "382")],
    composite: { kind: "ber", lead: [control], names: objects },
  },
  {
    mti: ["0800", "0810"],
    when: [management("370", "380")],
    composite: { kind: "ber", names: objects },
  },
  {
    mti: ["0810"],
    when: [management("370", "380")],
    composite: { kind: "ber", lead: [control], names: objects },
  },
  {
    mti: ["0800"],
    when: [management("390")],
    parts: [text("index", 3, "index", "索引")],
  },
  // The slot of a card number in the blacklist: 14 bytes [1].
  {
    mti: ["0810"],
    when: [management("390")],
    parts: [text("more", 1, "more", "后续标识"), text("count", 3, "count", "个数")],
    group: [text("size", 2, "digits", "卡号长度"), { key: "pan", length: 14, privacy: "pan" }],
  },
  {
    mti: ["0320"],
    when: [management("203", "205")],
    size: 21,
    parts: [
      text("kind", 2, "kind", "类型"),
      text("cardType", 2, "card type", "卡类型"),
      text("reserved", 2, "reserved", "保留"),
      text("amount", 12, "amount", "金额"),
      text("currency", 3, "currency", "货币代码"),
    ],
  },
  {
    mti: ["0320"],
    when: [management("204", "206")],
    size: 23,
    parts: [
      text("kind", 2, "kind", "类型"),
      text("reason", 4, "reason", "原因"),
      text("amount", 12, "amount", "金额"),
      text("currency", 3, "currency", "货币代码"),
      text("result", 2, "result", "结果"),
    ],
  },
  {
    mti: ["0820"],
    when: [management("800")],
    parts: [
      {
        key: "image",
        length: 512,
        privacy: "secret",
        name: { en: "signature, JBIG", zh: "电子签名" },
      },
    ],
  },
  {
    mti: ["0200", "0400"],
    when: [{ field: "25", values: ["64"] }],
    size: 22,
    parts: [text("plan", 22, "instalments", "分期信息")],
  },
  {
    mti: ["0200"],
    when: [processing("620000")],
    parts: [
      {
        key: "pan",
        length: 40,
        as: "text",
        privacy: "pan",
        name: { en: "card to load", zh: "转入卡号" },
      },
    ],
  },
];
