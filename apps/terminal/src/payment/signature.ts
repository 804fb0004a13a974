/** An electronic signature: strokes as a picture with the transaction's code in it, for the host. */
import { deflateRawSync } from "node:zlib";
import { encodeTlvs } from "@tillway/emv";
import { fromAscii, fromHex, toHex, xor } from "@tillway/bytes";
import type { Message } from "@tillway/iso8583";
import type { Identity } from "../journal/index.ts";
import type { HostWords } from "../session/index.ts";
import type { CardFacts } from "./card.ts";
import type { Payment } from "./flow.ts";

/** Size of the picture in points; a row is `width / 8` bytes, the leftmost point first. */
export const width = 128;
export const height = 64;

/** One line of the pen: points with 0,0 at the top left and 1,1 at the bottom right. */
export type Stroke = readonly (readonly [number, number])[];

const point = (picture: Uint8Array, x: number, y: number): void => {
  if (x < 0 || x >= width || y < 0 || y >= height) return;
  const at = y * (width / 8) + (x >> 3);
  picture[at] = (picture[at] ?? 0) | (0x80 >> (x & 7));
};

/** Strokes as a picture. */
export function drawStrokes(strokes: readonly Stroke[]): Uint8Array {
  const picture = new Uint8Array((width / 8) * height);
  for (const stroke of strokes) {
    const places = stroke.map(
      ([x, y]) => [Math.round(x * (width - 1)), Math.round(y * (height - 1))] as const,
    );
    for (const [at, to] of places.entries()) line(picture, places[at - 1] ?? to, to);
  }
  return picture;
}

/** Every point between two, both included. */
function line(
  picture: Uint8Array,
  [fromX, fromY]: readonly [number, number],
  [toX, toY]: readonly [number, number],
): void {
  const steps = Math.max(Math.abs(toX - fromX), Math.abs(toY - fromY), 1);
  for (let at = 0; at <= steps; at += 1) {
    const x = fromX + Math.round(((toX - fromX) * at) / steps);
    const y = fromY + Math.round(((toY - fromY) * at) / steps);
    point(picture, x, y);
  }
}

/**
 * The code that ties a signature to its transaction (交易特征码, spec §2.7): settlement date and
 * reference as 16 hex digits, the first half XOR the second.
 */
export function characteristicCode(settlementDate: string, rrn: string): string {
  const date = /^\d{4}$/.test(settlementDate) ? settlementDate : "0000";
  // A reference may have letters: what is no hex digit counts as 0 [U].
  const reference = rrn
    .padStart(12, "0")
    .slice(-12)
    .replace(/[^0-9A-Fa-f]/g, "0");
  const bytes = fromHex(date + reference);
  return toHex(xor(bytes.slice(0, 4), bytes.slice(4)));
}

/** Digits and letters A to F, five points wide: a row of three hex digits a column, top to bottom. */
const glyphs: Readonly<Record<string, readonly number[]>> = {
  "0": [0x3e, 0x51, 0x49, 0x45, 0x3e],
  "1": [0x00, 0x42, 0x7f, 0x40, 0x00],
  "2": [0x42, 0x61, 0x51, 0x49, 0x46],
  "3": [0x21, 0x41, 0x45, 0x4b, 0x31],
  "4": [0x18, 0x14, 0x12, 0x7f, 0x10],
  "5": [0x27, 0x45, 0x45, 0x45, 0x39],
  "6": [0x3c, 0x4a, 0x49, 0x49, 0x30],
  "7": [0x01, 0x71, 0x09, 0x05, 0x03],
  "8": [0x36, 0x49, 0x49, 0x49, 0x36],
  "9": [0x06, 0x49, 0x49, 0x29, 0x1e],
  A: [0x7e, 0x11, 0x11, 0x11, 0x7e],
  B: [0x7f, 0x49, 0x49, 0x49, 0x36],
  C: [0x3e, 0x41, 0x41, 0x41, 0x22],
  D: [0x7f, 0x41, 0x41, 0x22, 0x1c],
  E: [0x7f, 0x49, 0x49, 0x49, 0x41],
  F: [0x7f, 0x09, 0x09, 0x09, 0x01],
};

/** The picture with the code across its middle. */
export function withCode(picture: Uint8Array, code: string): Uint8Array {
  const marked = picture.slice();
  const left = (width - code.length * 12) >> 1;
  const top = (height - 14) >> 1;
  for (const [place, letter] of [...code].entries()) {
    for (const [column, bits] of (glyphs[letter] ?? []).entries()) {
      for (let row = 0; row < 7; row += 1) {
        if ((bits & (1 << row)) === 0) continue;
        for (const [dx, dy] of [
          [0, 0],
          [1, 0],
          [0, 1],
          [1, 1],
        ] as const) {
          point(marked, left + place * 12 + column * 2 + dx, top + row * 2 + dy);
        }
      }
    }
  }
  return marked;
}

/** The most that DE 62 holds. */
const mostBytes = 512;

/** The picture as DE 62 carries it [U]: raw deflate; undefined where it does not fit. */
export function packed(picture: Uint8Array): Uint8Array | undefined {
  const bytes = new Uint8Array(deflateRawSync(picture, { level: 9 }));
  return bytes.length <= mostBytes ? bytes : undefined;
}

export type SignatureParts = {
  readonly identity: Identity;
  readonly payment: Payment;
  readonly currency: string;
  readonly facts: CardFacts;
  readonly host: HostWords;
  /** DE 12 and 13 where the host set none. */
  readonly time: string;
  readonly date: string;
  /** DE 62. */
  readonly image: Uint8Array;
};

/** 0820/800 (spec §2.4, §2.7); its trace number is the payment's. */
export function signatureUpload(parts: SignatureParts): Message {
  const { identity, payment, currency, facts, host, time, date, image } = parts;
  const data = encodeTlvs([
    ["FF00", fromAscii(identity.merchantName.replace(/[^\x20-\x7e]/g, "?"))],
    ["FF01", fromAscii(payment.type)],
    ["FF02", fromAscii("01")],
    ["FF06", fromHex(`${digitsOr(host.date, date)}${digitsOr(host.time, time)}`)],
    ["FF07", fromAscii(host.authorizationCode)],
    ["FF0A", fromAscii(currency)],
    ["FF22", fromHex(facts.aid)],
    ["FF23", fromHex(facts.cryptogram?.value ?? "")],
  ]);
  return {
    mti: "0820",
    fields: {
      "4": payment.amount.padStart(12, "0"),
      "11": payment.stan,
      "12": digitsOr(host.time, time),
      "13": digitsOr(host.date, date),
      "15": /^\d{4}$/.test(host.settlementDate) ? host.settlementDate : "0000",
      "37": host.rrn,
      "41": identity.tid,
      "42": identity.mid,
      "55": toHex(data),
      "60": `07${payment.batch}800`,
      "62": toHex(image),
    },
  };
}

const digitsOr = (value: string, otherwise: string): string =>
  /^\d+$/.test(value) ? value : otherwise;
