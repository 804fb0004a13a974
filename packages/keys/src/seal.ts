import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";
import { concat, fromAscii } from "@tillway/bytes";

const NONCE = 12;
const TAG = 16;

/**
 * AES-256-GCM: nonce, cipher text and tag in one. Key of 32 bytes; nonce of 12 bytes from a random
 * source, never used twice under one key. `context` says what is sealed and must be named again to
 * open it, so that one file cannot be put in another's place.
 */
export function seal(
  key: Uint8Array,
  nonce: Uint8Array,
  clear: Uint8Array,
  context: string,
): Uint8Array {
  if (key.length !== 32 || nonce.length !== NONCE) throw new RangeError("key of 32, nonce of 12");
  const worker = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG });
  worker.setAAD(fromAscii(context));
  const hidden = concat(worker.update(clear), worker.final());
  return concat(nonce, hidden, worker.getAuthTag());
}

/** What was sealed, or undefined where key, context or any byte is another. */
export function open(key: Uint8Array, sealed: Uint8Array, context: string): Uint8Array | undefined {
  if (key.length !== 32) throw new RangeError("key of 32 bytes");
  if (sealed.length < NONCE + TAG) return undefined;
  const worker = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, NONCE), {
    authTagLength: TAG,
  });
  worker.setAAD(fromAscii(context));
  worker.setAuthTag(sealed.subarray(-TAG));
  const clear = worker.update(sealed.subarray(NONCE, -TAG));
  try {
    return concat(clear, worker.final());
  } catch {
    return undefined;
  }
}

/** Keyed token of a PAN: HMAC-SHA-256, 32 bytes (PCI DSS 3.5.1.1). */
export function panToken(key: Uint8Array, pan: string): Uint8Array {
  return new Uint8Array(createHmac("sha256", key).update(fromAscii(pan)).digest());
}
