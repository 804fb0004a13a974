import { encode } from "./codec.ts";
import { type Message, type MessageFields } from "./message.ts";
import { type Spec } from "./spec.ts";
import { type Text } from "./table.ts";

/** Facts about message types, addresses and the MAC field. */

/** A TPDU with destination and source changed over, as a reply carries it. 10 hex digits. */
export function swapTpdu(tpdu: string): string {
  if (!/^[0-9A-Fa-f]{10}$/.test(tpdu)) throw new RangeError("a TPDU is 10 hex digits");
  return tpdu.slice(0, 2) + tpdu.slice(6) + tpdu.slice(2, 6);
}

/** The type of the reply: 0200 → 0210, 0421 → 0430. RangeError for what takes no reply. */
export function responseMti(mti: string): string {
  if (!/^\d\d[0246][0-5]$/.test(mti)) throw new RangeError("not the type of a request");
  // A repeat (last digit odd) is answered like the first one (ISO 8583:1987 §4.1).
  const origin = mti.charCodeAt(3) - 0x30;
  return `${mti.slice(0, 2)}${mti.charCodeAt(2) - 0x30 + 1}${origin - (origin % 2)}`;
}

const CLASSES: readonly Text[] = [
  { en: "reserved", zh: "保留" },
  { en: "authorisation", zh: "授权" },
  { en: "financial", zh: "金融" },
  { en: "file", zh: "批上送" },
  { en: "reversal", zh: "冲正" },
  { en: "reconciliation", zh: "对账" },
  { en: "administrative", zh: "管理" },
  { en: "fee collection", zh: "费用" },
  { en: "network management", zh: "网络管理" },
  { en: "reserved", zh: "保留" },
];

const FUNCTIONS: readonly Text[] = [
  { en: "request", zh: "请求" },
  { en: "response", zh: "应答" },
  { en: "advice", zh: "通知" },
  { en: "advice response", zh: "通知应答" },
  { en: "notification", zh: "通告" },
  { en: "notification acknowledgement", zh: "通告确认" },
  { en: "instruction", zh: "指令" },
  { en: "instruction acknowledgement", zh: "指令确认" },
  { en: "reserved", zh: "保留" },
  { en: "reserved", zh: "保留" },
];

/** What a message type says: class and function, and whether it is a repeat. */
export function mtiText(mti: string): Text {
  const named = (texts: readonly Text[], at: number): Text =>
    texts[mti.charCodeAt(at) - 0x30] ?? { en: "unknown", zh: "未知" };
  const [kind, role] = [named(CLASSES, 1), named(FUNCTIONS, 2)];
  const repeat = /[135]$/.test(mti);
  return {
    en: `${kind.en} ${role.en}${repeat ? " (repeat)" : ""}`,
    zh: `${kind.zh}${role.zh}${repeat ? "（重发）" : ""}`,
  };
}

/** The last field of each bitmap: where the MAC of a message stands. */
export type MacField = "64" | "128";

/** The field that holds a message's MAC: 128 where the spec has two bitmaps, else 64. */
export function macField(spec: Spec): MacField {
  return spec.table.bits === 128 ? "128" : "64";
}

/** Whether the message ends in its MAC. */
export function hasMac(spec: Spec, message: { readonly fields: MessageFields }): boolean {
  return message.fields[macField(spec)] !== undefined;
}

/** What the MAC of a message covers: everything before its last eight bytes, the MAC field. */
export function macInput(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, -8);
}

/** The message encoded with a MAC of zeros: compute the MAC over `macInput` of it, then `withMac`. */
export function encodeForMac(spec: Spec, message: Message): Uint8Array {
  const fields = { ...message.fields, [macField(spec)]: "0000000000000000" };
  return encode(spec, { mti: message.mti, fields });
}

/** The encoded message with these eight bytes as its MAC. RangeError for another length. */
export function withMac(bytes: Uint8Array, mac: Uint8Array): Uint8Array {
  if (mac.length !== 8 || bytes.length < 8) throw new RangeError("a MAC is 8 bytes");
  const whole = bytes.slice();
  whole.set(mac, whole.length - 8);
  return whole;
}
