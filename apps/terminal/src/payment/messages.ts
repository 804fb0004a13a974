/** A transaction as the messages of spec §2.3 and §2.4, driven by the catalogue. */
import { fromAscii, toHex } from "@tillway/bytes";
import type { Message, MessageFields } from "@tillway/iso8583";
import { catalogue, type TransactionName } from "@tillway/transactions";
import type { Identity } from "../journal/index.ts";
import type { HostWords } from "../session/index.ts";
import type { CardData } from "./card.ts";
import type { Original, Payment, Plan } from "./flow.ts";

export type Parts = {
  readonly device: Pick<Identity, "tid" | "mid">;
  readonly payment: Pick<
    Payment,
    "type" | "stan" | "batch" | "amount" | "original" | "tip" | "plan" | "receiver" | "partial"
  >;
  /** ISO 4217, three digits. */
  readonly currency: string;
  readonly card: CardData;
};

/** What the working keys of one session made: sent once and never kept. */
export type Secrets = {
  /** Track 2 with its block encrypted; "" where there is none. */
  readonly track: string;
  /** Hex, where a PIN was entered. */
  readonly pinBlock: string | undefined;
};

const digits = (value: string | number, length: number): string =>
  String(value).padStart(length, "0");

/** 60.4: what the card was read with. */
const readers = { chip: "5", tap: "6", swipe: "2", manual: "5" } as const;

/** 60: type, batch, no management code, reader, chip failed before, and whether a part will do. */
export function field60({ payment, card }: Parts, management = "000"): string {
  const { pos } = catalogue[payment.type];
  const reader = readers[card.entry] + (card.chipFailed ? "2" : "0");
  return pos.type + payment.batch + management + reader + (payment.partial ? "1" : "");
}

/** 61: batch, trace and, unless it is of this batch, date of the original. */
function field61(type: TransactionName, { batch, stan, date }: Original): string {
  const day = catalogue[type].openBatch ? "" : digits(date, 4);
  return digits(batch, 6) + digits(stan, 6) + day;
}

/** How the original is named; a reversal leaves out 37 (§2.4). */
function originalFields({ payment }: Parts): MessageFields {
  const { type, original } = payment;
  if (!original) return {};
  const { rrn, authorizationCode } = original;
  return {
    "37": rrn === "" ? "0".repeat(12) : rrn,
    ...(authorizationCode === "" ? {} : { "38": authorizationCode }),
    "61": field61(type, original),
  };
}

/** "IP", number of payments, plan, who pays its fee, and spaces [U]: 22 bytes. */
function planField({ periods, code, payer }: Plan): string {
  const text = `IP${digits(periods, 2)}${digits(code, 2)}${payer === "holder" ? "0" : "1"}`;
  return toHex(fromAscii(text.padEnd(22)));
}

/** "TF", length and number of the card that a transfer goes to [U]. */
function receiverField(pan: string): string {
  return toHex(fromAscii(`TF${digits(pan.length, 2)}${pan}`));
}

/** What a type adds: tip, plan, receiver, and the organisation where an advice has to name it. */
function ownFields({ payment }: Parts): MessageFields {
  const { tip, plan, receiver, type } = payment;
  const advice = catalogue[type].pos.mti === "0220" && payment.original !== undefined;
  return {
    ...(tip === undefined ? {} : { "48": digits(tip, 12) }),
    ...(plan === undefined ? {} : { "62": planField(plan) }),
    ...(receiver === undefined ? {} : { "62": receiverField(receiver) }),
    ...(advice ? { "63": "CUP" } : {}),
  };
}

function common(parts: Parts, pin: boolean): MessageFields {
  const { device, payment, currency, card } = parts;
  const { pos, amount } = catalogue[payment.type];
  return {
    "2": card.pan,
    "3": pos.processing,
    ...(amount === "none" ? {} : { "4": digits(payment.amount, 12) }),
    "11": payment.stan,
    ...(card.expiry === "" ? {} : { "14": card.expiry }),
    "22": card.mode + (pin ? "1" : "2"),
    ...(card.psn === undefined ? {} : { "23": digits(card.psn, 3) }),
    "25": pos.condition,
    "41": device.tid,
    "42": device.mid,
    "49": currency,
    "60": field60(parts),
  };
}

const chipField = (data: Uint8Array): MessageFields =>
  data.length === 0 ? {} : { "55": toHex(data) };

/** The request without its MAC. Holds card data: sent once and never kept. */
export function requestOf(parts: Parts, { track, pinBlock }: Secrets): Message {
  const { payment, card } = parts;
  // 53: format 0 with PAN, or no PIN; double-length TDES; track encrypted or absent (spec §2.6).
  const security = `${pinBlock === undefined ? "0" : "2"}6${track === "" ? "0" : "1"}`;
  return {
    mti: catalogue[payment.type].pos.mti,
    fields: {
      ...common(parts, pinBlock !== undefined),
      ...originalFields(parts),
      ...ownFields(parts),
      ...(pinBlock === undefined ? {} : { "26": "12", "52": pinBlock }),
      ...(track === "" ? {} : { "35": track }),
      ...(pinBlock === undefined && track === "" ? {} : { "53": security.padEnd(16, "0") }),
      ...chipField(card.chip),
    },
  };
}

/** The fields of the 0400 but 39 and 64: what the journal keeps, under its key, until it is done. */
export function reversalOf(parts: Parts, pin: boolean): Message {
  const { "37": _, ...original } = originalFields(parts);
  const fields = { ...common(parts, pin), ...original, ...chipField(parts.card.reversal) };
  return { mti: "0400", fields };
}

/**
 * A message that is repeated until it is answered: the card by its number alone, as track and PIN
 * may not rest. An offline approval keeps the chip's proof.
 */
export function adviceOf(parts: Parts): Message {
  const { payment, card } = parts;
  const kept = payment.type === "offline chip sale" ? card : plain(card);
  return requestOf({ ...parts, card: kept }, { track: "", pinBlock: undefined });
}

function plain(card: CardData): CardData {
  const { psn: _, ...rest } = card;
  return { ...rest, mode: "01", chipFailed: false, entry: "manual", chip: new Uint8Array(0) };
}

/** 0620: the card ran the issuer's scripts (§2.3, §2.4). */
export function scriptNotice(
  parts: Parts,
  host: HostWords,
  stan: string,
  result: Uint8Array,
): Message {
  const { payment } = parts;
  const about = common(parts, false);
  const { "14": _, ...fields } = about;
  const original = { batch: payment.batch, stan: payment.stan, date: digits(host.date, 4) };
  return {
    mti: "0620",
    fields: {
      ...fields,
      "4": digits(payment.amount === "" ? "0" : payment.amount, 12),
      "11": stan,
      "32": host.acquirer === "" ? "0" : host.acquirer,
      "37": host.rrn,
      ...(host.authorizationCode === "" ? {} : { "38": host.authorizationCode }),
      "55": toHex(result),
      "60": `00${payment.batch}951${about["60"]?.slice(11, 13) ?? "50"}`,
      "61": original.batch + original.stan + original.date,
    },
  };
}
