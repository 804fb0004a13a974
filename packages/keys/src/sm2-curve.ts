/**
 * The curve of SM2 (GB/T 32918.5). Multiples of the base point come from node:crypto; OpenSSL does
 * not let Node multiply other points of this curve, so that part is computed here. BigInt
 * arithmetic takes a time that depends on its values: keep it from whoever could measure.
 */
import { createECDH } from "node:crypto";
import { fromHex, toHex } from "@tillway/bytes";

/** A point in affine coordinates; undefined is the point at infinity. */
export type Point = { readonly x: bigint; readonly y: bigint } | undefined;

const p = 0xfffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffffn;
const a = p - 3n;
const b = 0x28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93n;

/** The order of the base point. */
export const order = 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n;

/** a, b and the base point as 128 bytes, in the order in which Z hashes them. */
export const parameters: Uint8Array = fromHex(
  "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC" +
    "28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93" +
    "32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7" +
    "BC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0",
);

/** 32 bytes as a number, and back. */
export function toNumber(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${toHex(bytes)}`);
}

export function toBytes(value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(64, "0"));
}

/** The remainder that is not negative. */
export function modulo(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

/** The inverse of a value that is not zero, modulo a prime. */
export function inverse(value: bigint, modulus: bigint): bigint {
  let [left, right] = [modulo(value, modulus), modulus];
  let [one, other] = [1n, 0n];
  while (left > 1n) {
    const times = right / left;
    [left, right] = [right - times * left, left];
    [one, other] = [other - times * one, one];
  }
  return modulo(one, modulus);
}

/** A point from x and y, 32 bytes each; undefined where it is not on the curve. */
export function pointOf(bytes: Uint8Array): Point {
  const [x, y] = [toNumber(bytes.subarray(0, 32)), toNumber(bytes.subarray(32))];
  if (bytes.length !== 64 || x >= p || y >= p) return undefined;
  return modulo(y * y - (x * x + a) * x - b, p) === 0n ? { x, y } : undefined;
}

/** A multiple of the base point: x and y, 32 bytes each. The scalar is 1 to order - 1. */
export function baseMultiple(scalar: bigint): Uint8Array {
  const exchange = createECDH("SM2");
  exchange.setPrivateKey(toBytes(scalar));
  return new Uint8Array(exchange.getPublicKey().subarray(1));
}

/** A multiple of any point. */
export function multiple(point: Point, scalar: bigint): Point {
  if (point === undefined) return undefined;
  let sum: Jacobian = infinity;
  for (const bit of scalar.toString(2)) {
    sum = twice(sum);
    if (bit === "1") sum = plus(sum, { x: point.x, y: point.y, z: 1n });
  }
  return affine(sum);
}

/** The sum of two points. */
export function add(one: Point, other: Point): Point {
  return affine(plus(jacobian(one), jacobian(other)));
}

/** x/z², y/z³; z is 0 at infinity. */
type Jacobian = { readonly x: bigint; readonly y: bigint; readonly z: bigint };

const infinity: Jacobian = { x: 1n, y: 1n, z: 0n };

function jacobian(point: Point): Jacobian {
  return point === undefined ? infinity : { ...point, z: 1n };
}

function affine({ x, y, z }: Jacobian): Point {
  if (z === 0n) return undefined;
  const over = inverse(z, p);
  const square = modulo(over * over, p);
  return { x: modulo(x * square, p), y: modulo(y * square * over, p) };
}

function twice({ x, y, z }: Jacobian): Jacobian {
  if (z === 0n || y === 0n) return infinity;
  const ySquare = modulo(y * y, p);
  const zSquare = modulo(z * z, p);
  const s = modulo(4n * x * ySquare, p);
  // The curve's a is -3.
  const m = modulo(3n * (x - zSquare) * (x + zSquare), p);
  const x3 = modulo(m * m - 2n * s, p);
  return {
    x: x3,
    y: modulo(m * (s - x3) - 8n * ySquare * ySquare, p),
    z: modulo(2n * y * z, p),
  };
}

function plus(one: Jacobian, other: Jacobian): Jacobian {
  if (one.z === 0n) return other;
  if (other.z === 0n) return one;
  const [z1, z2] = [modulo(one.z * one.z, p), modulo(other.z * other.z, p)];
  const [u1, u2] = [modulo(one.x * z2, p), modulo(other.x * z1, p)];
  const [s1, s2] = [modulo(one.y * z2 * other.z, p), modulo(other.y * z1 * one.z, p)];
  if (u1 === u2) return s1 === s2 ? twice(one) : infinity;
  const h = modulo(u2 - u1, p);
  const r = modulo(s2 - s1, p);
  const hSquare = modulo(h * h, p);
  const hCube = modulo(hSquare * h, p);
  const v = modulo(u1 * hSquare, p);
  const x3 = modulo(r * r - hCube - 2n * v, p);
  return {
    x: x3,
    y: modulo(r * (v - x3) - s1 * hCube, p),
    z: modulo(h * one.z * other.z, p),
  };
}
