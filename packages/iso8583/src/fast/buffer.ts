/**
 * The one buffer through which messages are read and written. As it is always the same, the compiler
 * knows its place and a byte is one load; reading and writing never happen at the same time.
 */

/** The longest message that goes this way. */
export const LARGEST = 4096;

/** A message, and after it what is spelled out of it, at most two letters a byte. */
export const buffer = new Uint8Array(LARGEST * 3 + 2);
export const pairs = new Uint16Array(buffer.buffer);
export const words = new DataView(buffer.buffer);

/** Four bytes at a time: in each, the upper half is 3 before and after 6 is added. */
export function areDigits(from: number, to: number): boolean {
  if (to - from < 4) {
    for (let at = from; at < to; at += 1) {
      const byte = buffer[at] ?? 0;
      if (byte < 0x30 || byte > 0x39) return false;
    }
    return true;
  }
  const last = to - 4;
  let other = 0;
  for (let at = from; at < last; at += 4) {
    const four = words.getInt32(at);
    other |= (four ^ 0x30303030) | (((four + 0x06060606) | 0) ^ 0x30303030);
  }
  const four = words.getInt32(last);
  other |= (four ^ 0x30303030) | (((four + 0x06060606) | 0) ^ 0x30303030);
  return (other & 0xf0f0f0f0) === 0;
}

/** Four bytes at a time: the top bit is clear, and stays so when 20 is taken away or 1 is added. */
export function arePrintable(from: number, to: number): boolean {
  if (to - from < 4) {
    for (let at = from; at < to; at += 1) {
      const byte = buffer[at] ?? 0;
      if (byte < 0x20 || byte > 0x7e) return false;
    }
    return true;
  }
  const last = to - 4;
  let other = 0;
  for (let at = from; at < last; at += 4) {
    const four = words.getInt32(at);
    other |= four | ((four - 0x20202020) | 0) | ((four + 0x01010101) | 0);
  }
  const four = words.getInt32(last);
  other |= four | ((four - 0x20202020) | 0) | ((four + 0x01010101) | 0);
  return (other & 0x80808080) === 0;
}
