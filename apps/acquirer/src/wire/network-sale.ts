/** Sales and advices in the network's dialect, and what its replies mean. */
import { toHex } from "@tillway/bytes";
import { checkMessage, cups, decode, encode, keptFields, type Message } from "@tillway/iso8583";
import type { SecurityModule } from "@tillway/keys";
import { nearestPastDate } from "@tillway/money";
import {
  approvalCodes,
  networkKeyOf,
  type AdviceAnswer,
  type Assigned,
  type DueAdvice,
  type Kept,
  type NetworkAnswer,
} from "../payments/index.ts";
import type { Merchant } from "../terminals/index.ts";
import type { Card } from "./card.ts";
import type { Heard, NetworkLink } from "./network-link.ts";

/** A message as a journal may keep it: encoded and read back, so that what is kept is what is sent. */
export function keep(message: Message): Kept {
  const decoded = decode(cups, encode(cups, message));
  const { fields, parsed, notKept } = keptFields(cups, decoded);
  return { spec: "cups", mti: message.mti, fields, parsed, notKept };
}

export type SaleParts = {
  readonly assigned: Assigned;
  readonly merchant: Merchant;
  readonly terminal: string;
  /** The terminal's own fields. */
  readonly fields: Message["fields"];
  readonly card: Card;
  /** Under the network's key. */
  readonly pinBlock: Uint8Array | undefined;
  readonly acquirer: string;
  /** "hhmmss" and "MMDD" at the acquirer. */
  readonly time: string;
  readonly date: string;
};

const FROM_TERMINAL = ["3", "4", "14", "22", "23", "25", "49", "55"];
/** DE 60: reason code of an ordinary request; the rest of its parts are not settled [U]. */
const ORDINARY = "0000";
/** DE 53: a PIN block bound to the card number, double-length TDES, tracks in the clear (spec §2.6). */
const PIN_IN_CLEAR_TRACKS = "2600000000000000";

/** The 0200 for the network, without its MAC. */
export function saleMessage(parts: SaleParts): Message {
  const { assigned, merchant, fields, card, pinBlock } = parts;
  const same = FROM_TERMINAL.flatMap((number) => {
    const value = fields[number];
    return value === undefined ? [] : [[number, value] as const];
  });
  const pin = pinBlock && {
    "26": fields["26"] ?? "12",
    "52": toHex(pinBlock),
    "53": PIN_IN_CLEAR_TRACKS,
  };
  return {
    mti: "0200",
    fields: {
      ...Object.fromEntries(same),
      ...card.tracks,
      ...pin,
      "2": card.pan,
      "7": assigned.transmission,
      "11": assigned.trace,
      "12": parts.time,
      "13": parts.date,
      "18": merchant.mcc,
      "32": parts.acquirer,
      "33": parts.acquirer,
      "37": assigned.rrn,
      "41": parts.terminal,
      "42": merchant.mid,
      "43": merchant.name.slice(0, 40).padEnd(40),
      "60": ORDINARY,
    },
  };
}

/** What the terminal gets of a reply; DE 55 without scripts rests, with them it only passes. */
function forTerminal(heard: Heard, kept: Kept): Pick<NetworkReply, "reply" | "passing"> {
  const reply: Record<string, string> = {};
  for (const number of ["15", "38", "44"]) {
    const value = heard.message.fields[number];
    if (value !== undefined) reply[number] = value;
  }
  const [whole, resting] = [heard.message.fields["55"], kept.fields["55"]];
  if (resting) reply["55"] = resting;
  return { reply, passing: whole ? { "55": whole } : {} };
}

type NetworkReply = Extract<NetworkAnswer, { readonly message: Kept; readonly reply: unknown }>;

/** What a reply to a sale means. Without a valid MAC, or for another amount, it is no answer. */
export function meaningOf(sent: Message, heard: Heard, today: string): NetworkAnswer {
  const { fields } = heard.message;
  const message = keepHeard(heard);
  if (!heard.authentic) return { kind: "silent", reason: "wrong-mac", message };
  const code = fields["39"] ?? "";
  const approved = approvalCodes.includes(code);
  const complete = checkMessage(cups, heard.message).outcome === "complete";
  const same = ["3", "4", "49"].every(
    (number) => fields[number] === undefined || fields[number] === sent.fields[number],
  );
  // 10 approves a part of the amount, which was not asked for.
  if (!/^[0-9A-Z]{2}$/.test(code) || code === "10" || (approved && !(complete && same))) {
    return { kind: "silent", reason: "unusable", message };
  }
  return {
    kind: approved ? "approved" : "declined",
    responseCode: code,
    authorisationCode: fields["38"] ?? null,
    settlementDate: nearestPastDate(fields["15"] ?? "", today) ?? null,
    ...forTerminal(heard, message),
    message,
  };
}

/** Sends a sale; called once, after it was written down. */
export async function sendSale(
  link: NetworkLink,
  message: Message,
  today: () => string,
): Promise<NetworkAnswer> {
  const exchanged = await link.exchange(message);
  if (exchanged.kind === "reply") return meaningOf(message, exchanged, today());
  return exchanged;
}

/** Sends a stored advice: 0420 the first time, 0421 after. The card number is opened only here. */
export async function sendAdvice(
  link: NetworkLink,
  module: SecurityModule,
  panSeal: string,
  advice: DueAdvice,
): Promise<AdviceAnswer> {
  const opened = await module.run({ do: "open-pan", key: panSeal, cipher: advice.panCipher });
  if (!opened.ok) throw new Error(opened.message);
  const mti = advice.repeats === 0 ? "0420" : "0421";
  const message: Message = { mti, fields: { ...advice.fields, "2": opened.pan } };
  const exchanged = await link.exchange(message);
  if (exchanged.kind !== "reply") return { kind: exchanged.kind };
  // A reply without a valid MAC never clears a pending reversal.
  if (!exchanged.authentic) return { kind: "silent" };
  const responseCode = exchanged.message.fields["39"] ?? "";
  // 25: the network does not know the original and will refuse it when it comes.
  const done = responseCode === "00" || responseCode === "25";
  const kind = done ? "acknowledged" : "refused";
  return { kind, responseCode, sent: keep(message), message: keepHeard(exchanged) };
}

/** A message of the network as a journal may keep it. */
export function keepHeard({ message: { mti, fields, parsed, bitmap } }: Heard): Kept {
  return { spec: "cups", mti, ...keptFields(cups, { mti, fields, parsed, bitmap }) };
}

/** The key of the request that a reply belongs to. */
export const replyKey = (heard: Heard): string => networkKeyOf(heard.message.fields);
