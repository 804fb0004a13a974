import { fromAscii, toAscii } from "@tillway/bytes";
import { QrError } from "./errors.ts";

/**
 * The bytes of canonical base64 (RFC 4648 §4: padded, no line breaks, unused bits zero). Throws
 * QrError `base64`; its offset counts characters.
 */
export function fromBase64(text: string): Uint8Array {
  const stray = text.search(/[^A-Za-z0-9+/=]|=(?!=?$)/);
  if (stray >= 0) throw new QrError("base64", [], stray, "a character is not of base64");
  if (text.length % 4 !== 0) {
    throw new QrError("base64", [], text.length, "base64 comes in groups of four characters");
  }
  const bytes = fromAscii(atob(text));
  if (toBase64(bytes) !== text) {
    throw new QrError("base64", [], text.length - 4, "the unused bits of base64 are not zero");
  }
  return bytes;
}

/** Bytes as padded base64. */
export function toBase64(bytes: Uint8Array): string {
  return btoa(toAscii(bytes));
}
