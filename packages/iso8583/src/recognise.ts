import { decode } from "./codec.ts";
import { FrameError, MessageError, type Frame } from "./errors.ts";
import { peekFrame, readFrame, type FramingName } from "./framing.ts";
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

type Pair = readonly [FramingName, Spec];

/** The most particular first: what fits one of these by chance fits the later ones more easily. */
const dialects: readonly Pair[] = [
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

/** Every framing, the most particular first. */
const anyFraming: readonly FramingName[] = [
  "2be-tpdu-header6",
  "tpdu-header6",
  "cups46",
  "2be",
  "2be-tpdu",
  "4ascii",
  "2bcd",
  "none",
];

const inAnyFraming = (...some: readonly Spec[]): Pair[] =>
  anyFraming.flatMap((framing) => some.map((spec) => [framing, spec] as const));

/** What may be tried, dialects before editions. */
const pairs: readonly Pair[] = [
  ...dialects,
  ...inAnyFraming(cups, iso87Ascii, iso87Binary, iso93Ascii, iso93Binary, iso2003),
];

export type Recognised = { readonly spec: Spec; readonly framing: FramingName };

/**
 * The spec and framing of some bytes, one of which may be known: the first pair whose frame and
 * message type look right and that decodes them whole; else the first that decodes them; else the
 * first that looks right, with a right length or any, so that reading it then tells what is wrong;
 * else undefined.
 */
export function recognise(
  bytes: Uint8Array,
  known: { readonly spec?: Spec; readonly framing?: FramingName } = {},
): Recognised | undefined {
  const tried = (known.spec === undefined ? pairs : inAnyFraming(known.spec)).filter(
    ([framing]) => known.framing === undefined || framing === known.framing,
  );
  let decoded: Recognised | undefined;
  let likely: Recognised | undefined;
  let broken: Recognised | undefined;
  for (const [framing, spec] of tried) {
    try {
      const frame = readFrame(framing, bytes);
      const right = looksRight(spec, frame);
      if (right) likely ??= { spec, framing };
      const { mti } = decode(spec, frame.payload);
      if (right && fitsVersion(spec, mti)) return { spec, framing };
      decoded ??= { spec, framing };
    } catch (error) {
      if (!(error instanceof MessageError || error instanceof FrameError)) throw error;
      const inside = error instanceof FrameError ? peekFrame(framing, bytes) : undefined;
      if (inside !== undefined && looksRight(spec, inside)) broken ??= { spec, framing };
    }
  }
  return decoded ?? likely ?? broken;
}

/** Editions differ in the first digit of the message type; a dialect has its own. */
function fitsVersion(spec: Spec, mti: string): boolean {
  const version = /^iso(87|93|2003)/.exec(spec.name)?.[1];
  return version === undefined || mti.startsWith({ "87": "0", "93": "1" }[version] ?? "2");
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
