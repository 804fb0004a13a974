import { type Decoded } from "../message.ts";
import { nibble } from "../nibbles.ts";
import { buffer, LARGEST } from "./buffer.ts";
import { planOf, type FastSpec, type Plan } from "./plan.ts";
import { cut, scan } from "./scan.ts";

/**
 * Reading without a detour. Anything out of the ordinary ends in undefined: the careful way reads
 * the message again and says what is wrong.
 */
export function readFast(fast: FastSpec, bytes: Uint8Array): Decoded | undefined {
  const { length } = bytes;
  if (length > LARGEST || length < 12) return undefined;
  buffer.set(bytes);
  const mti = mtiAt(fast);
  const bitmapAt = fast.packedMti ? 2 : 4;
  const plan = mti === "" ? undefined : planAt(fast, bitmapAt, length);
  const end = plan === undefined ? -1 : scan(plan, bitmapAt + plan.head.length, length);
  if (plan === undefined || end < 0) return undefined;
  const fields: Record<string, string> = { ...plan.places };
  cut(plan, end, fields);
  const { bitmap } = plan;
  if (!plan.structured) return { mti, bitmap, fields, parsed: {} };
  const decoded = { mti, bitmap, fields };
  Object.defineProperty(decoded, "parsed", fast.parts);
  return decoded as Decoded;
}

/** The type that came last, as its bytes and as text: many in a row are the same. */
let lastType = -1;
let lastMti = "";

/** The message type, or "". */
function mtiAt(fast: FastSpec): string {
  const type = fast.packedMti ? ((buffer[0] ?? 0) << 8) | (buffer[1] ?? 0) : word(0);
  if (type === lastType) return lastMti;
  const mti = fast.packedMti
    ? type.toString(16).padStart(4, "0")
    : String.fromCharCode(type >> 24, (type >> 16) & 255, (type >> 8) & 255, type & 255);
  if (!/^\d{4}$/.test(mti)) return "";
  lastType = type;
  lastMti = mti;
  return mti;
}

/** The plan of the bitmaps that stand here. */
function planAt(fast: FastSpec, at: number, length: number): Plan | undefined {
  const hex = fast.hexBitmap;
  const width = hex ? 16 : 8;
  if (at + width > length || (hex && !allHex(at, at + width))) return undefined;
  const a = hex ? hexWord(at) : word(at);
  const b = hex ? hexWord(at + 8) : word(at + 4);
  if (a >= 0) return planOf(fast, a, b, 0, 0);
  const second = at + width;
  if (fast.oneBitmap || second + width > length) return undefined;
  if (hex && !allHex(second, second + width)) return undefined;
  const c = hex ? hexWord(second) : word(second);
  const d = hex ? hexWord(second + 8) : word(second + 4);
  return planOf(fast, a, b, c, d);
}

function word(at: number): number {
  return (
    ((buffer[at] ?? 0) << 24) |
    ((buffer[at + 1] ?? 0) << 16) |
    ((buffer[at + 2] ?? 0) << 8) |
    (buffer[at + 3] ?? 0)
  );
}

/** A word in hex, whose characters have been looked at. */
function hexWord(at: number): number {
  let value = 0;
  for (let index = 0; index < 8; index += 1) {
    value = (value << 4) | nibble(buffer[at + index] ?? 0);
  }
  return value;
}

function allHex(from: number, to: number): boolean {
  let union = 0;
  for (let at = from; at < to; at += 1) union |= nibble(buffer[at] ?? 0);
  return union >= 0;
}
