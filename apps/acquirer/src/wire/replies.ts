/** Replies to terminals: what is the request's own, and what was found out. */
import { responseMti, swapTpdu, type Decoded, type Frame, type Message } from "@tillway/iso8583";

// A reply repeats what names the request (spec unionpay-pos §2.13, RESP).
const REPEATED = ["2", "3", "4", "11", "25", "41", "42", "49", "60"];

/** The reply's fields, without its MAC. `own` wins over what is repeated. */
export function replyTo(request: Decoded, own: Message["fields"]): Message {
  const same = REPEATED.flatMap((number) => {
    const value = request.fields[number];
    return value === undefined ? [] : [[number, value] as const];
  });
  return {
    mti: responseMti(request.mti),
    fields: { ...Object.fromEntries(same), ...own },
  };
}

/** The frame of a reply: addresses changed over, header as it came. */
export function replyFrame(
  request: Frame,
  payload: Uint8Array,
): Frame & { readonly header: string } {
  const { tpdu = "6000000000", header = "603100310000" } = request;
  return { tpdu: swapTpdu(tpdu), header, payload };
}
