/** What can be read of a message that does not decode: enough to answer it. */
import { decode, MessageError, unionpayPos, type Decoded } from "@tillway/iso8583";

const BITMAP_AT = 2;
const FIELDS_AT = 10;
const AMOUNT_SIZE = 6;

type Attempt = { readonly message?: Decoded; readonly error?: MessageError };

function attempt(payload: Uint8Array): Attempt {
  try {
    return { message: decode(unionpayPos, payload) };
  } catch (error) {
    if (error instanceof MessageError) return { error };
    throw error;
  }
}

const bit = (number: number): number => 0x80 >> ((number - 1) & 7);
const byteOf = (number: number): number => BITMAP_AT + ((number - 1) >> 3);
const announces = (payload: Uint8Array, number: number): boolean =>
  ((payload[byteOf(number)] ?? 0) & bit(number)) !== 0;

/**
 * The type and the fields before the one that is wrong; undefined where not even the type and the
 * bitmap can be read.
 */
export function readablePart(payload: Uint8Array, error: MessageError): Decoded | undefined {
  if (error.code === "leftover") return attempt(payload.subarray(0, error.offset)).message;
  const [path = ""] = error.path;
  const wrong = /^\d{1,2}$/.test(path) ? Number.parseInt(path, 10) : 0;
  if (wrong < 2 || payload.length < FIELDS_AT) return undefined;
  // A copy in any case: slicing a Buffer would not make one.
  const start = Uint8Array.from(payload);
  for (let number = wrong; number <= 64; number += 1) {
    start[byteOf(number)] = (start[byteOf(number)] ?? 0) & ~bit(number);
  }
  const first = attempt(start);
  if (first.message || first.error?.code !== "leftover") return first.message;
  return attempt(start.subarray(0, first.error.offset)).message;
}

/**
 * The message read as if its amount were zero, where DE 4 alone is in the way: an amount that is no
 * number is answered 13, in its place among the refusals. Undefined where more is wrong.
 */
export function withoutAmount(payload: Uint8Array, error: MessageError): Decoded | undefined {
  if (error.path[0] !== "4" || error.code === "short") return undefined;
  let at = FIELDS_AT;
  // DE 2 has one BCD byte of length; DE 3 has three bytes: the only fields before.
  if (announces(payload, 2)) {
    const told = payload[at] ?? 0;
    at += 1 + Math.ceil(((told >> 4) * 10 + (told & 0x0f)) / 2);
  }
  if (announces(payload, 3)) at += 3;
  const blank = Uint8Array.from(payload);
  blank.fill(0, at, at + AMOUNT_SIZE);
  return attempt(blank).message;
}
