/** RSA on plain numbers, as Book 2 Annex B2.1 uses it: no padding, most significant byte first. */
import { fromHex, toHex } from "@tillway/bytes";

export type RsaPublicKey = { readonly modulus: Uint8Array; readonly exponent: Uint8Array };

/** A whole key in hex digits: JSON-serialisable, made by the caller. */
export type RsaKey = {
  readonly modulus: string;
  readonly exponent: string;
  readonly privateExponent: string;
  /** The same private key by its primes, which signs several times faster (RFC 8017 §3.2). */
  readonly primes?: PrimeForm;
};

export type PrimeForm = {
  readonly p: string;
  readonly q: string;
  readonly dp: string;
  readonly dq: string;
  readonly qi: string;
};

/** The only exponents Book 2 Annex B2.1 allows. */
const EXPONENTS: ReadonlySet<bigint> = new Set([3n, 65537n]);

/** An unsigned number from bytes, most significant first. */
export function toBigInt(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${toHex(bytes)}`);
}

/** A number as `length` bytes. Throws RangeError where it does not fit. */
export function fromBigInt(value: bigint, length: number): Uint8Array {
  const text = value.toString(16);
  if (text.length > length * 2) throw new RangeError("the number needs more bytes");
  return fromHex(text.padStart(length * 2, "0"));
}

function powerModulo(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base % modulus;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

/**
 * What a signature holds under a public key. Undefined where the signature has not the length of
 * the modulus, is not smaller than it, or the exponent is neither 3 nor 65537.
 */
export function recover(key: RsaPublicKey, signature: Uint8Array): Uint8Array | undefined {
  const modulus = toBigInt(key.modulus);
  const exponent = toBigInt(key.exponent);
  const value = toBigInt(signature);
  if (signature.length !== key.modulus.length || value >= modulus) return undefined;
  if (!EXPONENTS.has(exponent)) return undefined;
  return fromBigInt(powerModulo(value, exponent, modulus), key.modulus.length);
}

/** The signature over a message as long as the modulus. Throws RangeError on another length. */
export function sign(key: RsaKey, message: Uint8Array): Uint8Array {
  const modulus = BigInt(`0x${key.modulus}`);
  const value = toBigInt(message);
  if (message.length !== key.modulus.length / 2 || value >= modulus) {
    throw new RangeError("the message does not fit the modulus");
  }
  const exponent = BigInt(`0x${key.privateExponent}`);
  const signed =
    key.primes === undefined
      ? powerModulo(value, exponent, modulus)
      : powerByPrimes(value, key.primes);
  return fromBigInt(signed, message.length);
}

/** Both halves apart, then put together (RFC 8017 §5.1.2). */
function powerByPrimes(value: bigint, primes: PrimeForm): bigint {
  const number = (name: keyof PrimeForm): bigint => BigInt(`0x${primes[name]}`);
  const [p, q] = [number("p"), number("q")];
  const left = powerModulo(value, number("dp"), p);
  const right = powerModulo(value, number("dq"), q);
  const difference = (((left - right) % p) + p) % p;
  return right + q * ((number("qi") * difference) % p);
}

/** The public half of a key. */
export function publicKeyOf(key: RsaKey): RsaPublicKey {
  return { modulus: fromHex(key.modulus), exponent: fromHex(key.exponent) };
}
