import { decode } from "./codec.ts";
import { FrameError, MessageError, type Frame } from "./errors.ts";
import { readFrame, type FramingName } from "./framing.ts";
import { type Spec } from "./spec.ts";
import { cups } from "./specs/cups.ts";
import { iso2003 } from "./specs/iso2003.ts";
import { iso87Ascii, iso87Binary } from "./specs/iso87.ts";
import { iso93Ascii, iso93Binary } from "./specs/iso93.ts";
import { unionpayPos } from "./specs/unionpay-pos.ts";

/** The dialects by name. */
export const specs: ReadonlyMap<string, Spec> = new Map<string, Spec>(
  [unionpayPos, cups, iso87Ascii, iso87Binary, iso93Ascii, iso93Binary, iso2003].map((spec) => [
    spec.name,
    spec,
  ]),
);

/** The most particular first: what fits one of these by chance fits the later ones more easily. */
const candidates: readonly (readonly [FramingName, Spec])[] = [
  ["2be-tpdu-header6", unionpayPos],
  ["tpdu-header6", unionpayPos],
  ["cups46", cups],
  ["2be-tpdu", unionpayPos],
  ["4ascii", cups],
  ["2be", unionpayPos],
  ["2be", cups],
  ["2bcd", unionpayPos],
  ["2bcd", cups],
  ["4ascii", unionpayPos],
  ["none", unionpayPos],
  ["none", cups],
];

/** The editions, each with its version, the first digit of the message type. */
const editions: readonly (readonly [string, Spec])[] = [
  ["0", iso87Ascii],
  ["0", iso87Binary],
  ["1", iso93Ascii],
  ["1", iso93Binary],
  ["2", iso2003],
];

const plainFramings: readonly FramingName[] = ["2be", "2be-tpdu", "4ascii", "2bcd", "none"];

/**
 * The spec and framing of some bytes: the first pair that decodes them whole (dialects before
 * editions); else the first whose
 * frame and message type look right, so that decoding then tells what is wrong; else undefined.
 */
export function recognise(
  bytes: Uint8Array,
): { readonly spec: Spec; readonly framing: FramingName } | undefined {
  let likely: { spec: Spec; framing: FramingName } | undefined;
  for (const [framing, spec] of candidates) {
    try {
      const frame = readFrame(framing, bytes);
      if (looksRight(spec, frame)) likely ??= { spec, framing };
      decode(spec, frame.payload);
      return { spec, framing };
    } catch (error) {
      if (!(error instanceof MessageError || error instanceof FrameError)) throw error;
    }
  }
  return edition(bytes) ?? likely;
}

/** An edition in a plain framing, if the bytes are a whole message of it. */
function edition(bytes: Uint8Array): ReturnType<typeof recognise> {
  for (const framing of plainFramings) {
    for (const [version, spec] of editions) {
      try {
        const frame = readFrame(framing, bytes);
        if (!looksRight(spec, frame)) continue;
        if (decode(spec, frame.payload).mti.startsWith(version)) return { spec, framing };
      } catch (error) {
        if (!(error instanceof MessageError || error instanceof FrameError)) throw error;
      }
    }
  }
  return undefined;
}

/** A TPDU begins with 60; a message type has version 0 to 2 and a class and function in use. */
function looksRight(spec: Spec, frame: Frame): boolean {
  if (frame.tpdu !== undefined && !frame.tpdu.startsWith("60")) return false;
  const head = frame.payload.subarray(0, spec.table.mti === "bcd" ? 2 : 4);
  const mti =
    spec.table.mti === "bcd"
      ? Array.from(head, (byte) => byte.toString(16).padStart(2, "0")).join("")
      : String.fromCharCode(...head);
  return /^[0-2][1-8][0-7][0-5]$/.test(mti);
}
