import { fromHex, toHex } from "@tillway/bytes";
import { tdesDecrypt, tdesEncrypt } from "./cipher.ts";

/**
 * UnionPay's track encryption: of a track 2 or 3, one block of 16 digits is encrypted under a TDES
 * key and put back, the rest stays. Text of digits and `=` or D; the block comes out as hex digits,
 * where a nibble of 13 is written D. A track below 17 digits is filled with F on its left.
 * [U] for tracks that short: no source shows the filled length.
 */
export function encryptTrack(key: Uint8Array, track: string): string {
  const filled = track.replaceAll("D", "=").padStart(17, "F");
  const at = trackBlockStart(filled);
  const clear = filled.slice(at, at + 16).replaceAll("=", "D");
  const hidden = toHex(tdesEncrypt(key, fromHex(clear)));
  return filled.slice(0, at) + hidden + filled.slice(at + 16);
}

/** The reverse of `encryptTrack`; undefined where what comes out cannot be track data. */
export function decryptTrack(key: Uint8Array, track: string): string | undefined {
  const at = trackBlockStart(track);
  const hidden = track.slice(at, at + 16).replaceAll("=", "D");
  const clear = toHex(tdesDecrypt(key, fromHex(hidden)));
  const whole = (track.slice(0, at) + clear + track.slice(at + 16))
    .replaceAll("D", "=")
    .replace(/^F+/, "");
  return isTrack(whole) ? whole : undefined;
}

/**
 * Whether this is the text of a track: digits and separators (`=`, or D as in a chip's track 2),
 * at most 104 (ISO/IEC 7813, 4909).
 */
export function isTrack(text: string): boolean {
  return /^[\d=D]{1,104}$/.test(text);
}

/** Whether this may be the text of an encrypted track. */
export function isEncryptedTrack(text: string): boolean {
  return /^[\d=A-F]{17,104}$/.test(text);
}

/** Where the encrypted block begins: the last one or two digits stay clear. */
export function trackBlockStart(track: string): number {
  return track.length - (track.length % 2 === 0 ? 18 : 17);
}
