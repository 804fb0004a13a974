import { concat, fromAscii, toHex, xor } from "@tillway/bytes";
import {
  type BlockCipher,
  blockLength,
  cbcChainer,
  cbcEncrypt,
  ecbEncrypt,
  ecbEncryptor,
  tdesDecrypt,
  tdesEncrypt,
} from "./cipher.ts";

/** Padding methods of ISO/IEC 9797-1 §6.3. */
export type MacPadding = 1 | 2 | 3;

/**
 * Fills data to whole blocks: 1 adds zeros only where needed (no data gives one block of zeros),
 * 2 adds 80 and then zeros, 3 puts the bit length in a block before the data filled as by 1.
 */
export function padForMac(data: Uint8Array, padding: MacPadding, block: 8 | 16 = 8): Uint8Array {
  switch (padding) {
    case 1:
      return fill(data, block);
    case 2:
      return fill(concat(data, Uint8Array.of(0x80)), block);
    case 3: {
      const length = new Uint8Array(block);
      new DataView(length.buffer).setBigUint64(block - 8, BigInt(data.length) * 8n);
      return concat(length, fill(data, block));
    }
  }
}

/** ISO/IEC 9797-1 algorithm 1, CBC-MAC: one block of output (8 bytes for TDES). */
export function cbcMac(
  cipher: BlockCipher,
  key: Uint8Array,
  data: Uint8Array,
  padding: MacPadding,
): Uint8Array {
  const block = blockLength(cipher);
  const chained = cbcEncrypt(cipher, key, new Uint8Array(block), padForMac(data, padding, block));
  return chained.slice(-block);
}

/**
 * ISO/IEC 9797-1 algorithm 3: chaining under the first key, the last block decrypted under the
 * second and encrypted under the first again. Keys are TDES keys of any length; 8 bytes of output.
 */
export function algorithm3Mac(
  first: Uint8Array,
  second: Uint8Array,
  data: Uint8Array,
  padding: MacPadding,
): Uint8Array {
  return tdesEncrypt(first, tdesDecrypt(second, cbcMac("tdes", first, data, padding)));
}

/** The retail MAC (ANSI X9.19): algorithm 3 with the halves of a key of 16 bytes. */
export function retailMac(key: Uint8Array, data: Uint8Array, padding: MacPadding): Uint8Array {
  return retailMacer(key)(data, padding);
}

/** The same with one key for many messages, one after the other: the key is set up once. */
export function retailMacer(
  key: Uint8Array,
): (data: Uint8Array, padding: MacPadding) => Uint8Array {
  if (key.length !== 16) throw new RangeError("a retail MAC key has 16 bytes");
  const chain = cbcChainer("tdes", key.subarray(0, 8));
  // Encrypted, decrypted, encrypted: what algorithm 3 does to its last block is TDES with two keys.
  const finish = ecbEncryptor("tdes", key);
  return (data, padding) => {
    // Only the end is filled: the rest need not be copied for it.
    const whole = padding === 3 ? padForMac(data, 3) : data;
    const rest = whole.length % 8;
    const before = whole.length - (rest > 0 || padding === 2 || whole.length === 0 ? rest : 8);
    const last = padForMac(whole.subarray(before), padding === 3 ? 1 : padding);
    return finish(before === 0 ? last : xor(chain(whole.subarray(0, before)), last));
  };
}

/** CMAC (NIST SP 800-38B): one block of output; callers truncate from the left. */
export function cmac(cipher: BlockCipher, key: Uint8Array, data: Uint8Array): Uint8Array {
  const block = blockLength(cipher);
  const once = double(ecbEncrypt(cipher, key, new Uint8Array(block)));
  const whole = data.length > 0 && data.length % block === 0;
  const padded = whole ? data.slice() : padForMac(data, 2, block);
  const last = padded.length - block;
  padded.set(xor(padded.subarray(last), whole ? once : double(once)), last);
  return cbcEncrypt(cipher, key, new Uint8Array(block), padded).slice(-block);
}

/** Every value on the way to a UnionPay MAC; `mac` is the content of DE 64. */
export type UnionpayMacSteps = {
  readonly folded: Uint8Array;
  readonly expanded: Uint8Array;
  readonly first: Uint8Array;
  readonly mixed: Uint8Array;
  readonly second: Uint8Array;
  readonly mac: Uint8Array;
};

/**
 * The MAC of UnionPay POS messages, often called "ECB". Data are all bytes from the message type
 * to the last field before DE 64. The blocks are folded by exclusive or, the result is written as
 * 16 hex characters, and those two halves are encrypted one into the other. A key of 8 bytes gives
 * single DES, 16 bytes TDES in both steps.
 */
export function unionpayMacSteps(key: Uint8Array, data: Uint8Array): UnionpayMacSteps {
  return stepsWith(ecbEncryptor("tdes", key), data);
}

function stepsWith(encrypt: (block: Uint8Array) => Uint8Array, data: Uint8Array): UnionpayMacSteps {
  const folded = new Uint8Array(8);
  for (let at = 0; at < data.length; at += 1) {
    folded[at & 7] = (folded[at & 7] ?? 0) ^ (data[at] ?? 0);
  }
  const expanded = fromAscii(toHex(folded));
  const first = encrypt(expanded.subarray(0, 8));
  const mixed = xor(first, expanded.subarray(8));
  const second = encrypt(mixed);
  return { folded, expanded, first, mixed, second, mac: fromAscii(toHex(second.subarray(0, 4))) };
}

/** The 8 characters of DE 64 (see `unionpayMacSteps`). */
export function unionpayMac(key: Uint8Array, data: Uint8Array): Uint8Array {
  return unionpayMacSteps(key, data).mac;
}

/** The same, with the TDES encryption of one block under a key that is set up already. */
export function unionpayMacWith(
  encrypt: (block: Uint8Array) => Uint8Array,
  data: Uint8Array,
): Uint8Array {
  return stepsWith(encrypt, data).mac;
}

/**
 * UnionPay's chained MAC ("CBC"): each block folded in and encrypted under the MAK, zero-filled,
 * from zeros; DE 64 is the last block. A MAK of 8 bytes gives single DES. [U] No final value of it
 * is published; the chaining is ISO 9797-1 algorithm 1, whose values are.
 */
export function unionpayCbcMac(key: Uint8Array, data: Uint8Array): Uint8Array {
  return cbcMac("tdes", key, data, 1);
}

/** X9.19 as some UnionPay acquirers write it into DE 64: its first 4 bytes as 8 hex characters. */
export function unionpayRetailMac(key: Uint8Array, data: Uint8Array): Uint8Array {
  return fromAscii(toHex(retailMac(key, data, 1).subarray(0, 4)));
}

function fill(data: Uint8Array, block: number): Uint8Array {
  const filled = new Uint8Array(Math.max(block, Math.ceil(data.length / block) * block));
  filled.set(data);
  return filled;
}

/** Doubling in the field of SP 800-38B §5.3: shift left, fold an overflow back in. */
function double(block: Uint8Array): Uint8Array {
  const doubled = block.map((byte, at) => ((byte << 1) | ((block[at + 1] ?? 0) >> 7)) & 0xff);
  if ((block[0] ?? 0) & 0x80) {
    const last = block.length - 1;
    doubled[last] = (doubled[last] ?? 0) ^ (block.length === 16 ? 0x87 : 0x1b);
  }
  return doubled;
}
