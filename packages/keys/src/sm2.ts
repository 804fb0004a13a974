/** SM2 signatures and encryption, and SM3 (GB/T 32918, GB/T 32905; GM/T 0003, 0004, 0009). */
import { createHash } from "node:crypto";
import { concat, equal, fromAscii, xor } from "@tillway/bytes";
import type { Random } from "./random.ts";
import {
  add,
  baseMultiple,
  inverse,
  modulo,
  multiple,
  order,
  parameters,
  type Point,
  pointOf,
  toBytes,
  toNumber,
} from "./sm2-curve.ts";

/** The user id where the parties agreed on none (GM/T 0009 §10). */
export const sm2UserId: Uint8Array = fromAscii("1234567812345678");

/** SM3: 32 bytes. */
export function sm3(data: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sm3").update(data).digest());
}

/** The public key of a private key of 32 bytes: x and y, 32 bytes each. */
export function sm2PublicKey(privateKey: Uint8Array): Uint8Array {
  return baseMultiple(privateScalar(privateKey));
}

/** Z of a user and a public key of 64 bytes: 32 bytes (GB/T 32918.2 §5.5). */
export function sm2UserHash(publicKey: Uint8Array, userId: Uint8Array = sm2UserId): Uint8Array {
  const bits = userId.length * 8;
  return sm3(concat(Uint8Array.of(bits >> 8, bits & 0xff), userId, parameters, publicKey));
}

/** What is signed of a message: SM3 over Z and the message. */
export function sm2Digest(
  publicKey: Uint8Array,
  message: Uint8Array,
  userId: Uint8Array = sm2UserId,
): Uint8Array {
  return sm3(concat(sm2UserHash(publicKey, userId), message));
}

/** Signature of a message: r and s, 32 bytes each. `random` is asked for the secret k. */
export function sm2Sign(
  privateKey: Uint8Array,
  message: Uint8Array,
  random: Random,
  userId: Uint8Array = sm2UserId,
): Uint8Array {
  const d = privateScalar(privateKey);
  const e = toNumber(sm2Digest(sm2PublicKey(privateKey), message, userId));
  return attempts(random, (k) => {
    const r = modulo(e + toNumber(baseMultiple(k).subarray(0, 32)), order);
    const s = modulo((k - r * d) * inverse(1n + d, order), order);
    return r === 0n || r + k === order || s === 0n ? undefined : concat(toBytes(r), toBytes(s));
  });
}

/** Whether this is the signature of a message under a public key; false for any other bytes. */
export function sm2Verify(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  userId: Uint8Array = sm2UserId,
): boolean {
  const key = pointOf(publicKey);
  if (key === undefined || signature.length !== 64) return false;
  const [r, s] = [toNumber(signature.subarray(0, 32)), toNumber(signature.subarray(32))];
  const t = modulo(r + s, order);
  if (r === 0n || r >= order || s === 0n || s >= order || t === 0n) return false;
  const sum = add(pointOf(baseMultiple(s)), multiple(key, t));
  const e = toNumber(sm2Digest(publicKey, message, userId));
  return sum !== undefined && modulo(e + sum.x, order) === r;
}

/**
 * Encrypts under a public key of 64 bytes: a point (04, x, y), the SM3 check value and the cipher
 * text, in the order C1 C3 C2 of the standard of 2016. Throws RangeError on another key, or on
 * nothing to encrypt.
 */
export function sm2Encrypt(publicKey: Uint8Array, clear: Uint8Array, random: Random): Uint8Array {
  const key = pointOf(publicKey);
  if (key === undefined) throw new RangeError("a public key is a point of the curve");
  if (clear.length === 0) throw new RangeError("nothing to encrypt");
  return attempts(random, (k) => {
    const shared = sharedBytes(multiple(key, k));
    const mask = keystream(shared, clear.length);
    // A mask of zeros would leave the text as it is (GB/T 32918.4 §6.1, step A5).
    if (mask.every((byte) => byte === 0)) return undefined;
    const check = checkValue(shared, clear);
    return concat(Uint8Array.of(4), baseMultiple(k), check, xor(clear, mask));
  });
}

/** What was encrypted, or undefined where anything is another. */
export function sm2Decrypt(privateKey: Uint8Array, cipher: Uint8Array): Uint8Array | undefined {
  const d = privateScalar(privateKey);
  const point = pointOf(cipher.subarray(1, 65));
  if (cipher.length < 98 || cipher[0] !== 4 || point === undefined) return undefined;
  const shared = sharedBytes(multiple(point, d));
  const hidden = cipher.subarray(97);
  const clear = xor(hidden, keystream(shared, hidden.length));
  return equal(checkValue(shared, clear), cipher.subarray(65, 97)) ? clear : undefined;
}

function privateScalar(privateKey: Uint8Array): bigint {
  const d = toNumber(privateKey);
  if (privateKey.length !== 32 || d < 1n || d >= order - 1n) {
    throw new RangeError("a private key is 1 to the order less 2, in 32 bytes");
  }
  return d;
}

/** The first result that some secret k gives; a proper source of randomness rarely needs two. */
function attempts(random: Random, run: (k: bigint) => Uint8Array | undefined): Uint8Array {
  for (let left = 64; left > 0; left -= 1) {
    const k = toNumber(random(32));
    const made = k > 0n && k < order ? run(k) : undefined;
    if (made !== undefined) return made;
  }
  throw new RangeError("the source of randomness gives no usable number");
}

function sharedBytes(point: Point): Uint8Array {
  if (point === undefined) throw new RangeError("the point at infinity");
  return concat(toBytes(point.x), toBytes(point.y));
}

/** Key derivation by SM3 over a counter (GB/T 32918.4 §5.4.3). */
function keystream(shared: Uint8Array, length: number): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let count = 1; (count - 1) * 32 < length; count += 1) {
    const counter = new Uint8Array(4);
    new DataView(counter.buffer).setUint32(0, count);
    parts.push(sm3(concat(shared, counter)));
  }
  return concat(...parts).subarray(0, length);
}

function checkValue(shared: Uint8Array, clear: Uint8Array): Uint8Array {
  return sm3(concat(shared.subarray(0, 32), clear, shared.subarray(32)));
}
