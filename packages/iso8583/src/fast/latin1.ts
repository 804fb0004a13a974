/** Bytes as text, one character a byte. */

type Slice = (this: Uint8Array, from: number, to: number) => string;

/** One call into the runtime where it has one (Node), else built here. */
const slice: Slice | undefined =
  typeof Buffer === "undefined"
    ? undefined
    : (Buffer.prototype as unknown as { latin1Slice: Slice }).latin1Slice;

export function latin1(bytes: Uint8Array, to: number): string {
  if (slice !== undefined) return slice.call(bytes, 0, to);
  let text = "";
  for (let at = 0; at < to; at += 1) text += String.fromCharCode(bytes[at] ?? 0);
  return text;
}
