/** Frames of the simulated lines as messages: what observers read, and what a forger makes of them. */
import {
  createFrameReader,
  cups,
  decode,
  encode,
  MessageError,
  unionpayPos,
  writeFrame,
  type Decoded,
  type Frame,
} from "@tillway/iso8583";

/** The two kinds of lines by their ends: a terminal's, and a member's to the network. */
const kinds = {
  pos: { spec: unionpayPos, framing: "2be-tpdu-header6", mac: "64" },
  cups: { spec: cups, framing: "cups46", mac: "128" },
} as const;

const kindOf = (way: string): "pos" | "cups" => (/\bnetwork\b/.test(way) ? "cups" : "pos");

export type Overheard = {
  readonly way: string;
  readonly frame: Frame;
  readonly message: Decoded;
};

/** One frame as its message; undefined where it cannot be read. */
export function overhear(way: string, bytes: Uint8Array): Overheard | undefined {
  const { spec, framing } = kinds[kindOf(way)];
  const [frame] = createFrameReader(framing, { maximum: 65_535 }).push(bytes);
  if (!frame) return undefined;
  try {
    return { way, frame, message: decode(spec, frame.payload) };
  } catch (error) {
    if (error instanceof MessageError) return undefined;
    throw error;
  }
}

/**
 * The same frame in the words of somebody without its MAC key: an answer that approves, or one that
 * refuses without a MAC, as one who cannot read ours would; a request for ten times the amount.
 * Undefined where the message has no MAC to be forged.
 */
export function forge(way: string, bytes: Uint8Array): Uint8Array | undefined {
  const heard = overhear(way, bytes);
  const { spec, framing, mac } = kinds[kindOf(way)];
  if (heard?.message.fields[mac] === undefined) return undefined;
  const { mti, fields } = heard.message;
  const isAnswer = mti.charAt(2) === "1" || mti.charAt(2) === "3";
  // Which of the two an answer on the network becomes follows from its MAC, as good as drawn.
  if (isAnswer && kindOf(way) === "cups" && /^[0-7]/.test(fields[mac] ?? "")) {
    const { [mac]: _mac, "38": _code, ...plain } = fields;
    const refusal = { mti, fields: { ...plain, "39": "A0" } };
    return writeFrame(framing, { ...heard.frame, payload: encode(spec, refusal) });
  }
  const amount = fields["4"] ?? "";
  const changed = isAnswer
    ? { "37": "000000000000", "38": "999999", ...fields, "39": "00" }
    : { ...fields, ...(amount === "" ? {} : { "4": `${amount.slice(1)}0` }) };
  const payload = encode(spec, { mti, fields: { ...changed, [mac]: "F0E1D2C3B4A59687" } });
  return writeFrame(framing, { ...heard.frame, payload });
}
