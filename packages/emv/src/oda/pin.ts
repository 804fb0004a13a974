/** Offline PIN encipherment (Book 2 §7.2), both sides. */
import { concat, equal } from "@tillway/bytes";
import { recover, sign } from "./rsa.ts";
import type { RsaKey, RsaPublicKey } from "./rsa.ts";

const HEADER = 0x7f;
const PIN_LENGTH = 8;
const CHALLENGE_LENGTH = 8;
const FIXED = 1 + PIN_LENGTH + CHALLENGE_LENGTH;

/** How many random bytes an enciphered PIN needs under a key. */
export function pinPaddingLength(key: Pick<RsaPublicKey, "modulus">): number {
  return Math.max(0, key.modulus.length - FIXED);
}

/**
 * The data of VERIFY: header, PIN block (format 2, 8 bytes), the card's challenge (8 bytes) and
 * random padding under the card's key. Undefined where the parts do not fit the key.
 */
export function encipherPin(
  key: RsaPublicKey,
  pinBlock: Uint8Array,
  challenge: Uint8Array,
  padding: Uint8Array,
): Uint8Array | undefined {
  if (pinBlock.length !== PIN_LENGTH || challenge.length !== CHALLENGE_LENGTH) return undefined;
  const clear = concat(Uint8Array.of(HEADER), pinBlock, challenge, padding);
  // The public operation is that of recovering a signature.
  const enciphered = recover(key, clear);
  clear.fill(0);
  return enciphered;
}

/** The PIN block in enciphered data, undefined where they are none or answer another challenge. */
export function decipherPin(
  key: RsaKey,
  data: Uint8Array,
  challenge: Uint8Array,
): Uint8Array | undefined {
  if (data.length !== key.modulus.length / 2) return undefined;
  const clear = decipher(key, data);
  const same = clear !== undefined && equal(clear.subarray(1 + PIN_LENGTH, FIXED), challenge);
  return same && clear[0] === HEADER ? clear.slice(1, 1 + PIN_LENGTH) : undefined;
}

function decipher(key: RsaKey, data: Uint8Array): Uint8Array | undefined {
  try {
    return sign(key, data);
  } catch (cause) {
    if (cause instanceof RangeError) return undefined;
    throw cause;
  }
}
