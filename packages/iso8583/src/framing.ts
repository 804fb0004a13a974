import { concat, fromHex } from "@tillway/bytes";
import { CUPS_HEADER_SIZE, CUPS_LENGTH_AT } from "./cups-header.ts";
import { FrameError, type Frame } from "./errors.ts";
import { hexOf } from "./nibbles.ts";

/** How messages stand on a connection (spec unionpay-pos §2.1, §3.2). Names as in the commands. */
export type FramingName =
  | "none"
  | "2be"
  | "2be-tpdu"
  | "2be-tpdu-header6"
  | "tpdu-header6"
  | "4ascii"
  | "2bcd"
  | "cups46";

type Framing = {
  /** How the length of what follows is told; `cups46` tells it inside its header. */
  readonly length: "none" | "2be" | "4ascii" | "2bcd" | "cups46";
  readonly tpdu: 0 | 5;
  readonly header: 0 | 6 | 46;
};

const framings: Readonly<Record<FramingName, Framing>> = {
  none: { length: "none", tpdu: 0, header: 0 },
  "2be": { length: "2be", tpdu: 0, header: 0 },
  "2be-tpdu": { length: "2be", tpdu: 5, header: 0 },
  "2be-tpdu-header6": { length: "2be", tpdu: 5, header: 6 },
  "tpdu-header6": { length: "none", tpdu: 5, header: 6 },
  "4ascii": { length: "4ascii", tpdu: 0, header: 0 },
  "2bcd": { length: "2bcd", tpdu: 0, header: 0 },
  cups46: { length: "cups46", tpdu: 0, header: CUPS_HEADER_SIZE },
};

/** Every framing's name. */
export const framingNames = Object.keys(framings) as readonly FramingName[];

export type FrameReader = {
  /**
   * Takes bytes as they arrive and returns the frames that are complete. Throws FrameError, with the
   * frames before the broken one; after that the reader refuses everything.
   */
  push(chunk: Uint8Array): Frame[];
  /** Bytes held of a frame that is not complete: at most `maximum` and the length before it. */
  readonly pending: number;
  /** Zero-length frames seen so far; they keep a connection alive and are not returned. */
  readonly keepAlives: number;
};

/**
 * A reader of a stream in this framing. `limits.maximum`: the most bytes a frame may have after its
 * length (cups46: in all). A framing without a length takes each chunk as one frame.
 */
export function createFrameReader(framing: FramingName, limits: { maximum: number }): FrameReader {
  const shape = framings[framing];
  let held: Uint8Array = new Uint8Array();
  let keepAlives = 0;
  let broken: FrameError | undefined;

  const take = (chunk: Uint8Array): Frame[] => {
    const frames: Frame[] = [];
    const bytes = held.length === 0 ? chunk : concat(held, chunk);
    let at = 0;
    try {
      while (at < bytes.length) {
        const size = frameSize(shape, bytes, at, limits.maximum);
        if (size === undefined || at + size > bytes.length) break;
        if (isKeepAlive(shape, size)) keepAlives += 1;
        else frames.push(cutFrame(shape, bytes, at, at + size));
        at += size;
      }
    } catch (error) {
      if (error instanceof FrameError) throw new FrameError(error.code, error.message, frames);
      throw error;
    }
    // A copy, so that one pending byte does not hold a socket's whole buffer in memory.
    held = bytes.slice(at);
    return frames;
  };

  return {
    push(chunk) {
      if (broken !== undefined) throw new FrameError(broken.code, broken.message);
      try {
        return take(chunk);
      } catch (error) {
        if (error instanceof FrameError) broken = error;
        held = new Uint8Array();
        throw error;
      }
    },
    get pending() {
      return held.length;
    },
    get keepAlives() {
      return keepAlives;
    },
  };
}

/** The bytes before a message whose length they tell; cups46 is told from its first six. */
function lengthSize(shape: Framing): number {
  switch (shape.length) {
    case "none":
    case "cups46":
      return 0;
    case "2be":
    case "2bcd":
      return 2;
    case "4ascii":
      return 4;
  }
}

/** The whole size of the frame at `at` with its length, or undefined if more bytes must come. */
function frameSize(
  shape: Framing,
  bytes: Uint8Array,
  at: number,
  maximum: number,
): number | undefined {
  const told = toldLength(shape, bytes, at);
  if (told === undefined) return undefined;
  if (told > maximum) throw new FrameError("too-long", `a frame is longer than ${maximum} bytes`);
  const size = lengthSize(shape) + told;
  const least = shape.tpdu + shape.header;
  if (told < least && !isKeepAlive(shape, size)) {
    throw new FrameError("too-short", `a frame is shorter than its ${least} bytes of header`);
  }
  return size;
}

function toldLength(shape: Framing, bytes: Uint8Array, at: number): number | undefined {
  const [first = 0, second = 0] = bytes.subarray(at, at + 2);
  const there = bytes.length - at;
  switch (shape.length) {
    case "none":
      return there;
    case "2be":
      return there < 2 ? undefined : first * 256 + second;
    case "2bcd":
      return there < 2 ? undefined : decimal(hexOf(bytes, at, at + 2));
    case "4ascii":
      return there < 4 ? undefined : decimal(text(bytes, at, 4));
    case "cups46": {
      // Between messages four ASCII zeros keep the connection alive [U]; no header begins with one.
      if (first === 0x30) {
        if (there < 4) return undefined;
        if (text(bytes, at, 4) === "0000") return 4;
      }
      if (first !== CUPS_HEADER_SIZE) {
        throw new FrameError("header", "a header does not begin with its length of 46");
      }
      if (there < 6) return undefined;
      const total = decimal(text(bytes, at + CUPS_LENGTH_AT, 4));
      if (total < CUPS_HEADER_SIZE) {
        throw new FrameError("too-short", "a frame is shorter than its header");
      }
      return total;
    }
  }
}

/** A frame without content. In cups46 it is a mark of four bytes, shorter than any header. */
function isKeepAlive(shape: Framing, size: number): boolean {
  if (shape.length === "none") return false;
  return size === (shape.length === "cups46" ? 4 : lengthSize(shape));
}

function text(bytes: Uint8Array, at: number, size: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + size));
}

function decimal(digits: string): number {
  if (!/^\d+$/.test(digits)) throw new FrameError("length", "a length is not a decimal number");
  return Number.parseInt(digits, 10);
}

function cutFrame(shape: Framing, bytes: Uint8Array, from: number, to: number): Frame {
  const tpduAt = from + lengthSize(shape);
  const headerAt = tpduAt + shape.tpdu;
  const payloadAt = headerAt + shape.header;
  return {
    ...(shape.tpdu > 0 && { tpdu: hexOf(bytes, tpduAt, headerAt) }),
    ...(shape.header > 0 && { header: hexOf(bytes, headerAt, payloadAt) }),
    payload: bytes.slice(payloadAt, to),
  };
}

/** What stands behind the head of a frame, whatever length is told; undefined where nothing does. */
export function peekFrame(framing: FramingName, bytes: Uint8Array): Frame | undefined {
  const shape = framings[framing];
  const head = lengthSize(shape) + shape.tpdu + shape.header;
  return head < bytes.length ? cutFrame(shape, bytes, 0, bytes.length) : undefined;
}

/** Takes exactly one frame out of its framing. Throws FrameError `short` or `leftover` otherwise. */
export function readFrame(framing: FramingName, bytes: Uint8Array): Frame {
  const shape = framings[framing];
  const size = frameSize(shape, bytes, 0, Number.MAX_SAFE_INTEGER);
  if (size === undefined || size > bytes.length || size === 0) {
    throw new FrameError("short", "the bytes end before the frame does");
  }
  if (isKeepAlive(shape, size)) throw new FrameError("too-short", "the frame is empty");
  if (size < bytes.length) throw new FrameError("leftover", "bytes are left after the frame");
  return cutFrame(shape, bytes, 0, size);
}

/** Puts a message into its framing. Throws FrameError: `header` for a missing or wrong TPDU or header. */
export function writeFrame(framing: FramingName, frame: Frame): Uint8Array {
  const shape = framings[framing];
  const tpdu = headerBytes("TPDU", frame.tpdu, shape.tpdu);
  const header = headerBytes("header", frame.header, shape.header);
  const told = tpdu.length + header.length + frame.payload.length;
  const limit = shape.length === "2be" ? 0xffff : shape.length === "none" ? Infinity : 9999;
  if (told > limit) throw new FrameError("too-long", `a frame is longer than ${limit} bytes`);
  const digits = told.toString().padStart(4, "0");
  if (shape.length === "cups46") header.set(asciiDigits(digits), CUPS_LENGTH_AT);
  return concat(lengthBytes(shape, told, digits), tpdu, header, frame.payload);
}

/** The frame that keeps an idle connection open; undefined where the framing has none. */
export function keepAliveFrame(framing: FramingName): Uint8Array | undefined {
  const shape = framings[framing];
  if (shape.length === "none") return undefined;
  return shape.length === "cups46" ? asciiDigits("0000") : lengthBytes(shape, 0, "0000");
}

function lengthBytes(shape: Framing, told: number, digits: string): Uint8Array {
  switch (shape.length) {
    case "none":
    case "cups46":
      return new Uint8Array();
    case "2be":
      return Uint8Array.of(told >> 8, told & 255);
    case "2bcd":
      return fromHex(digits);
    case "4ascii":
      return asciiDigits(digits);
  }
}

function asciiDigits(digits: string): Uint8Array {
  return Uint8Array.from(digits, (digit) => digit.charCodeAt(0));
}

function headerBytes(what: string, hex: string | undefined, size: number): Uint8Array {
  if (size === 0) return new Uint8Array();
  if (hex === undefined || hex.length !== size * 2 || !/^[0-9A-Fa-f]*$/.test(hex)) {
    throw new FrameError("header", `the ${what} must be ${size} bytes in hex`);
  }
  return fromHex(hex);
}
