import { type Cipheriv, createCipheriv, createDecipheriv, type Decipheriv } from "node:crypto";
import { concat } from "@tillway/bytes";

/** The block ciphers of card payment. A TDES key is 8, 16 or 24 bytes, SM4 16, AES 16, 24 or 32. */
export type BlockCipher = "tdes" | "aes" | "sm4";

/** Bytes of one block: 8 for TDES, 16 for AES and SM4. */
export function blockLength(cipher: BlockCipher): 8 | 16 {
  return cipher === "tdes" ? 8 : 16;
}

/** TDES electronic code book. A single-length key is used as K|K|K, which is single DES. */
export function tdesEncrypt(key: Uint8Array, data: Uint8Array): Uint8Array {
  return ecbEncrypt("tdes", key, data);
}

/** The reverse of `tdesEncrypt`. */
export function tdesDecrypt(key: Uint8Array, data: Uint8Array): Uint8Array {
  return ecbDecrypt("tdes", key, data);
}

/** SM4 electronic code book (GB/T 32907). */
export function sm4Encrypt(key: Uint8Array, data: Uint8Array): Uint8Array {
  return ecbEncrypt("sm4", key, data);
}

/** The reverse of `sm4Encrypt`. */
export function sm4Decrypt(key: Uint8Array, data: Uint8Array): Uint8Array {
  return ecbDecrypt("sm4", key, data);
}

/** Electronic code book over whole blocks. Throws RangeError on another key or data length. */
export function ecbEncrypt(cipher: BlockCipher, key: Uint8Array, data: Uint8Array): Uint8Array {
  return transform(cipher, "ecb", "encrypt", key, null, data);
}

/** The reverse of `ecbEncrypt`. */
export function ecbDecrypt(cipher: BlockCipher, key: Uint8Array, data: Uint8Array): Uint8Array {
  return transform(cipher, "ecb", "decrypt", key, null, data);
}

/**
 * Electronic code book with one key for many blocks, one after the other: the key is set up once.
 * Each call takes whole blocks.
 */
export function ecbEncryptor(
  cipher: BlockCipher,
  key: Uint8Array,
): (data: Uint8Array) => Uint8Array {
  return blocksThrough(
    cipher,
    createCipheriv(nameOf(cipher, "ecb", key), wholeKey(cipher, key), null),
  );
}

/** The reverse of `ecbEncryptor`. */
export function ecbDecryptor(
  cipher: BlockCipher,
  key: Uint8Array,
): (data: Uint8Array) => Uint8Array {
  return blocksThrough(
    cipher,
    createDecipheriv(nameOf(cipher, "ecb", key), wholeKey(cipher, key), null),
  );
}

/** Cipher block chaining over whole blocks. Throws RangeError on another key, IV or data length. */
export function cbcEncrypt(
  cipher: BlockCipher,
  key: Uint8Array,
  iv: Uint8Array,
  data: Uint8Array,
): Uint8Array {
  return transform(cipher, "cbc", "encrypt", key, iv, data);
}

/** The reverse of `cbcEncrypt`. */
export function cbcDecrypt(
  cipher: BlockCipher,
  key: Uint8Array,
  iv: Uint8Array,
  data: Uint8Array,
): Uint8Array {
  return transform(cipher, "cbc", "decrypt", key, iv, data);
}

/**
 * The last block of cipher block chaining from zeros, with one key for many texts, one after the
 * other: the key is set up once. Each call takes whole blocks.
 */
export function cbcChainer(cipher: BlockCipher, key: Uint8Array): (data: Uint8Array) => Uint8Array {
  const block = blockLength(cipher);
  const zeros = new Uint8Array(block);
  const worker = createCipheriv(nameOf(cipher, "cbc", key), wholeKey(cipher, key), zeros);
  worker.setAutoPadding(false);
  let before: Uint8Array = zeros;
  let room = new Uint8Array(512);
  return (data) => {
    if (data.length === 0 || data.length % block !== 0) {
      throw new RangeError("not whole cipher blocks");
    }
    if (data.length > room.length) room = new Uint8Array(data.length * 2);
    room.set(data);
    // The worker folds the last block that it made into the next one: folded in twice, it is gone.
    for (let at = 0; at < block; at += 1) room[at] = (room[at] ?? 0) ^ (before[at] ?? 0);
    before = bytesOf(worker.update(room.subarray(0, data.length))).slice(-block);
    room.fill(0, 0, data.length);
    return before.slice();
  };
}

/** Each byte with its last bit set so that the number of ones is odd (FIPS 46-3). */
export function oddParity(key: Uint8Array): Uint8Array {
  return key.map((byte) => {
    let ones = 0;
    for (let bits = byte >> 1; bits !== 0; bits >>= 1) ones += bits & 1;
    return (byte & 0xfe) | (ones % 2 === 0 ? 1 : 0);
  });
}

function transform(
  cipher: BlockCipher,
  mode: "ecb" | "cbc",
  direction: "encrypt" | "decrypt",
  key: Uint8Array,
  iv: Uint8Array | null,
  data: Uint8Array,
): Uint8Array {
  if (data.length % blockLength(cipher) !== 0) throw new RangeError("not whole cipher blocks");
  if (iv !== null && iv.length !== blockLength(cipher)) throw new RangeError("IV is not one block");
  const name = nameOf(cipher, mode, key);
  const whole = wholeKey(cipher, key);
  const worker =
    direction === "encrypt" ? createCipheriv(name, whole, iv) : createDecipheriv(name, whole, iv);
  worker.setAutoPadding(false);
  // Whole blocks without padding come out of one update: there is nothing left to finish.
  return through(worker, data);
}

/** The names that OpenSSL has for ciphers, by the length of the key in bytes. */
const names: Readonly<
  Record<BlockCipher, Readonly<Record<number, Readonly<Record<"ecb" | "cbc", string>>>>>
> = {
  tdes: {
    8: { ecb: "des-ede3-ecb", cbc: "des-ede3-cbc" },
    16: { ecb: "des-ede-ecb", cbc: "des-ede-cbc" },
    24: { ecb: "des-ede3-ecb", cbc: "des-ede3-cbc" },
  },
  aes: {
    16: { ecb: "aes-128-ecb", cbc: "aes-128-cbc" },
    24: { ecb: "aes-192-ecb", cbc: "aes-192-cbc" },
    32: { ecb: "aes-256-ecb", cbc: "aes-256-cbc" },
  },
  sm4: { 16: { ecb: "sm4-ecb", cbc: "sm4-cbc" } },
};

function nameOf(cipher: BlockCipher, mode: "ecb" | "cbc", key: Uint8Array): string {
  const found = names[cipher][key.length];
  if (found === undefined) throw new RangeError(`no ${cipher} key has ${key.length} bytes`);
  return found[mode];
}

/** A single-length TDES key three times, as OpenSSL 3 has no single DES; others as they are. */
function wholeKey(cipher: BlockCipher, key: Uint8Array): Uint8Array {
  return cipher === "tdes" && key.length === 8 ? concat(key, key, key) : key;
}

function blocksThrough(
  cipher: BlockCipher,
  worker: Cipheriv | Decipheriv,
): (data: Uint8Array) => Uint8Array {
  worker.setAutoPadding(false);
  return (data) => {
    if (data.length % blockLength(cipher) !== 0) throw new RangeError("not whole cipher blocks");
    return through(worker, data);
  };
}

/**
 * Short arrays live in the engine's heap, and moving a new one out, which a native call asks for,
 * costs nearly as much as its encryption. They pass through memory that is out already: one array
 * for each number of 8 bytes.
 */
const outside: readonly Uint8Array[] = Array.from(
  { length: 9 },
  (_, eights) => new Uint8Array(new ArrayBuffer(eights * 8)),
);

function through(worker: Cipheriv | Decipheriv, data: Uint8Array): Uint8Array {
  const passage = outside[data.length >> 3];
  if (passage === undefined) return bytesOf(worker.update(data));
  passage.set(data);
  const result = bytesOf(worker.update(passage));
  passage.fill(0);
  return result;
}

/** The same memory as a plain array of bytes. */
function bytesOf(view: Uint8Array): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.length);
}
