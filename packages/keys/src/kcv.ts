import { type BlockCipher, blockLength, ecbEncrypt } from "./cipher.ts";
import { cmac } from "./mac.ts";

/**
 * Bytes of a key check value where nobody says otherwise: TDES 4 as UnionPay sends them, SM4 8,
 * AES 5 (ANSI X9.24-1).
 */
const usual: Record<BlockCipher, number> = { tdes: 4, sm4: 8, aes: 5 };

/**
 * A key check value: the left bytes of a block of zeros encrypted under a TDES or SM4 key, or of
 * the CMAC of a block of zeros for AES (ANSI X9.24-1 Annex A).
 */
export function keyCheckValue(
  cipher: BlockCipher,
  key: Uint8Array,
  length: number = usual[cipher],
): Uint8Array {
  const zeros = new Uint8Array(blockLength(cipher));
  const whole = cipher === "aes" ? cmac("aes", key, zeros) : ecbEncrypt(cipher, key, zeros);
  return whole.slice(0, length);
}

/** A variant of a TDES key: the number times 8 folded into the first byte of each part. */
export function keyVariant(key: Uint8Array, variant: number): Uint8Array {
  if (!Number.isInteger(variant) || variant < 0 || variant > 31) {
    throw new RangeError("a variant is 0 to 31");
  }
  if (key.length !== 8 && key.length !== 16 && key.length !== 24) {
    throw new RangeError("a TDES key has 8, 16 or 24 bytes");
  }
  return key.map((byte, at) => (at % 8 === 0 ? byte ^ (variant << 3) : byte));
}
