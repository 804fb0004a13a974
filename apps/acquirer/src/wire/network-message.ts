/** Payments and advices in the network's dialect, and what its replies mean. */
import { toHex } from "@tillway/bytes";
import { checkMessage, cups, decode, encode, keptFields, type Message } from "@tillway/iso8583";
import type { SecurityModule } from "@tillway/keys";
import { nearestPastDate } from "@tillway/money";
import { catalogue, type TransactionName } from "@tillway/transactions";
import {
  approvalCodes,
  elementsOf,
  lifeOf,
  networkKeyOf,
  type AdviceAnswer,
  type Assigned,
  type DueAdvice,
  type Kept,
  type NetworkAnswer,
  type OriginalRow,
} from "../payments/index.ts";
import type { Merchant } from "../terminals/index.ts";
import type { Card } from "./card.ts";
import type { Heard, NetworkLink } from "./network-link.ts";

/** A message as a journal may keep it: encoded and read back, so that what is kept is what is sent. */
export function keep(message: Message): Kept {
  const decoded = decode(cups, encode(cups, message));
  return { spec: "cups", mti: message.mti, ...keptFields(cups, decoded) };
}

export type PaymentParts = {
  readonly name: TransactionName;
  readonly assigned: Assigned;
  /** It was sent before under these numbers. */
  readonly again: boolean;
  readonly merchant: Merchant;
  readonly terminal: string;
  /** The terminal's own fields. */
  readonly fields: Message["fields"];
  readonly card: Card;
  /** Under the network's key. */
  readonly pinBlock: Uint8Array | undefined;
  readonly original: OriginalRow | undefined;
  /** The card that a transfer goes to. */
  readonly receiver: string | undefined;
  readonly acquirer: string;
  /** "hhmmss" and "MMDD" at the acquirer. */
  readonly time: string;
  readonly date: string;
};

const FROM_TERMINAL = ["4", "14", "22", "23", "49", "55"];
/** DE 53: a PIN block bound to the card number, double-length TDES, tracks in the clear (spec §2.6). */
const PIN_IN_CLEAR_TRACKS = "2600000000000000";
/** DE 54: account of no kind, an amount that is a tip [U]. */
const TIP = "0040";

/** Whether a terminal can do with a part of the amount (DE 60.6). */
export const takesPart = (fields: Message["fields"]): boolean => fields["60"]?.charAt(13) === "1";

/** What names the original and belongs to the type: 38, 54, 90, 103, 122. */
function particulars(parts: PaymentParts): Record<string, string> {
  const { name, original, fields, receiver } = parts;
  const own: Record<string, string> = {};
  if (original) {
    const { standing } = original;
    own["90"] = elementsOf(standing.name, standing.networkKey);
    const promised = catalogue[name].issuing === "keep" || catalogue[name].issuing === "credit";
    if (!promised && standing.authorisationCode) own["38"] = standing.authorisationCode;
  }
  if (name === "tip adjustment") {
    own["54"] = `${TIP}${fields["49"] ?? ""}D${fields["48"] ?? ""}`;
  }
  if (receiver !== undefined) own["103"] = receiver;
  if (name === "instalment sale") {
    own["122"] = Buffer.from(fields["62"] ?? "", "hex").toString("latin1");
  }
  return own;
}

/** What only a request has: an advice is stored on its way, so that it goes without (decision 0006). */
function evidence({ card, fields, pinBlock }: PaymentParts): Record<string, string> {
  if (!pinBlock) return { ...card.tracks };
  const pin = { "26": fields["26"] ?? "12", "52": toHex(pinBlock), "53": PIN_IN_CLEAR_TRACKS };
  return { ...card.tracks, ...pin };
}

/** The message for the network, without its MAC. */
export function paymentMessage(parts: PaymentParts): Message {
  const { name, assigned, merchant, fields, card } = parts;
  const { network } = catalogue[name];
  if (!network) throw new Error("the network has no message for this type");
  const same = FROM_TERMINAL.flatMap((number) => {
    const value = fields[number];
    return value === undefined ? [] : [[number, value] as const];
  });
  const isAdvice = lifeOf(name) === "advice";
  return {
    mti: parts.again ? `${network.mti.slice(0, 3)}1` : network.mti,
    fields: {
      ...Object.fromEntries(same),
      ...(isAdvice ? {} : evidence(parts)),
      ...particulars(parts),
      "2": card.pan,
      "3": network.processing,
      "7": assigned.transmission,
      "11": assigned.trace,
      "12": parts.time,
      "13": parts.date,
      "18": merchant.mcc,
      "25": network.condition,
      "32": parts.acquirer,
      "33": parts.acquirer,
      "37": assigned.rrn,
      "41": parts.terminal,
      "42": merchant.mid,
      "43": merchant.name.slice(0, 40).padEnd(40),
      "60": network.reason + (takesPart(fields) ? "1" : ""),
    },
  };
}

/** DE 60's reason of a script result [U]. */
const SCRIPT_RESULT = "0951";

/** The 0620 for a script result, without card number and MAC: the original's, with its own DE 55. */
export function scriptMessage(
  { standing }: OriginalRow,
  { fields }: Message,
  own: { readonly transmission: string; readonly trace: string },
): Message {
  const sent = standing.sent?.fields ?? {};
  const same = ["3", "4", "12", "13", "18", "22", "23", "25", "32", "33", "37"].concat([
    "41",
    "42",
    "43",
    "49",
  ]);
  return {
    mti: "0620",
    fields: {
      ...Object.fromEntries(
        same.flatMap((number) => (sent[number] ? [[number, sent[number]]] : [])),
      ),
      ...(standing.authorisationCode ? { "38": standing.authorisationCode } : {}),
      "7": own.transmission,
      "11": own.trace,
      "55": fields["55"] ?? "",
      "60": SCRIPT_RESULT,
      "90": elementsOf(standing.name, standing.networkKey),
    },
  };
}

/** What the terminal gets of a reply; DE 55 without scripts rests, with them it only passes. */
function forTerminal(heard: Heard, kept: Kept): Pick<NetworkReply, "reply" | "passing"> {
  const reply: Record<string, string> = {};
  for (const number of ["15", "38", "44", "54"]) {
    const value = heard.message.fields[number];
    // The terminals' dialect has room for one amount (spec unionpay-pos §2.2).
    if (value !== undefined) reply[number] = number === "54" ? value.slice(0, 20) : value;
  }
  const [whole, resting] = [heard.message.fields["55"], kept.fields["55"]];
  if (resting) reply["55"] = resting;
  return { reply, passing: whole ? { "55": whole } : {} };
}

type NetworkReply = Extract<NetworkAnswer, { readonly message: Kept; readonly reply: unknown }>;

/** The part that a reply approves, null where it is about the whole, false where it fits neither. */
function partOf(sent: Message, heard: Heard): bigint | null | false {
  const { "4": amount, "39": code } = heard.message.fields;
  const asked = sent.fields["4"];
  if (code !== "10") return amount === undefined || amount === asked ? null : false;
  if (sent.fields["60"]?.charAt(4) !== "1" || amount === undefined || asked === undefined) {
    return false;
  }
  const part = BigInt(amount);
  return part > 0n && part < BigInt(asked) ? part : false;
}

/** What a reply means. Without a valid MAC, or for another amount, it is no answer. */
export function meaningOf(sent: Message, heard: Heard, today: string): NetworkAnswer {
  const { fields } = heard.message;
  const message = keepHeard(heard);
  if (!heard.authentic) return { kind: "silent", reason: "wrong-mac", message };
  const code = fields["39"] ?? "";
  const approved = approvalCodes.includes(code);
  const complete = checkMessage(cups, heard.message).outcome === "complete";
  const same = ["3", "49"].every(
    (number) => fields[number] === undefined || fields[number] === sent.fields[number],
  );
  const part = partOf(sent, heard);
  const usable = complete && same && part !== false;
  if (!/^[0-9A-Z]{2}$/.test(code) || (approved && !usable)) {
    return { kind: "silent", reason: "unusable", message };
  }
  const told = forTerminal(heard, message);
  const approvedPart = approved && part !== false ? part : null;
  const amount = approvedPart === null ? {} : { "4": approvedPart.toString().padStart(12, "0") };
  return {
    kind: approved ? "approved" : "declined",
    responseCode: code,
    authorisationCode: fields["38"] ?? null,
    partOf: approvedPart,
    settlementDate: nearestPastDate(fields["15"] ?? "", today) ?? null,
    reply: { ...told.reply, ...amount },
    passing: told.passing,
    message,
  };
}

/** Sends a payment; called once, after it was written down. */
export async function sendPayment(
  link: NetworkLink,
  message: Message,
  today: () => string,
): Promise<NetworkAnswer> {
  const exchanged = await link.exchange(message);
  if (exchanged.kind === "reply") return meaningOf(message, exchanged, today());
  return exchanged;
}

/** Refusals that pass by themselves: the advice is sent again. */
const PASSING: readonly string[] = ["90", "91", "92", "96", "98", "A0"];
/** The network does not know the original of a reversal and will refuse it when it comes. */
const UNKNOWN = "25";

/** Sends a stored advice: its type the first time, the repeat's after. Cards are opened only here. */
export async function sendAdvice(
  link: NetworkLink,
  module: SecurityModule,
  panSeal: string,
  advice: DueAdvice,
): Promise<AdviceAnswer> {
  const open = async (cipher: string): Promise<string> => {
    const opened = await module.run({ do: "open-pan", key: panSeal, cipher });
    if (!opened.ok) throw new Error(opened.message);
    return opened.pan;
  };
  const mti = advice.repeats === 0 ? advice.mti : `${advice.mti.slice(0, 3)}1`;
  const receiver = advice.receiverCipher && { "103": await open(advice.receiverCipher) };
  const fields = { ...advice.fields, "2": await open(advice.panCipher), ...receiver };
  const message: Message = { mti, fields };
  const exchanged = await link.exchange(message);
  if (exchanged.kind !== "reply") return { kind: exchanged.kind };
  // A reply without a valid MAC never clears what is pending.
  if (!exchanged.authentic) return { kind: "silent" };
  const responseCode = exchanged.message.fields["39"] ?? "";
  const told = { responseCode, sent: keep(message), message: keepHeard(exchanged) };
  const reverses = advice.mti.startsWith("04");
  if (approvalCodes.includes(responseCode) || (reverses && responseCode === UNKNOWN)) {
    return { kind: "acknowledged", ...told };
  }
  // A reversal is never given up: what it undoes may stand at the issuer.
  return { kind: reverses || PASSING.includes(responseCode) ? "put-off" : "refused", ...told };
}

/** A message of the network as a journal may keep it. */
export function keepHeard({ message }: Heard): Kept {
  return { spec: "cups", mti: message.mti, ...keptFields(cups, message) };
}

/** The key of the request that a reply belongs to. */
export const replyKey = (heard: Heard): string => networkKeyOf(heard.message.fields);
