import { decode } from "./codec.ts";
import { FrameError, MessageError, type Frame } from "./errors.ts";
import { readFrame, type FramingName } from "./framing.ts";
import { type Spec } from "./spec.ts";
import { cups } from "./specs/cups.ts";
import { unionpayPos } from "./specs/unionpay-pos.ts";

/** The dialects by name. */
export const specs: ReadonlyMap<string, Spec> = new Map<string, Spec>([
  [unionpayPos.name, unionpayPos],
  [cups.name, cups],
]);

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

/**
 * The spec and framing of some bytes: the first pair that decodes them whole; else the first whose
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
  return likely;
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
