/** A request as the bank reads it: one parse at the edge, plain data inside. */
import { fromHex } from "@tillway/bytes";
import { parseTlv, TlvError, toStore } from "@tillway/emv";
import type { MessageFields } from "@tillway/iso8583";
import { catalogue, type TransactionName } from "@tillway/transactions";
import { matchKey, originalKey } from "../wire/index.ts";
import { parsePlan, type AskedPlan } from "./instalment.ts";

/** What the chip sent along (DE 55), by tag. */
export type ChipData = {
  readonly tags: ReadonlyMap<string, Uint8Array>;
  /** Application transaction counter, 9F36. */
  readonly atc: number;
};

/** Track 2 of a magnetic stripe (ISO/IEC 7813). */
export type StripeData = {
  readonly expiry: string;
  readonly serviceCode: string;
  readonly discretionary: string;
};

/** DE 22: `fallback` is a chip card whose chip could not be read. */
export type Entry = "manual" | "stripe" | "fallback" | "chip" | "contactless" | "other";

export type BankRequest = {
  readonly key: string;
  readonly type: TransactionName;
  readonly pan: string;
  /** The receiver's card number of a transfer. */
  readonly receiver: string | undefined;
  /** The message that it follows. */
  readonly originalKey: string | undefined;
  /** Card sequence number, two digits, "00" where none was sent. */
  readonly psn: string;
  /** YYMM as sent, if it was. */
  readonly expiry: string | undefined;
  /** Minor units; undefined where DE 4 is missing or not digits. */
  readonly amount: bigint | undefined;
  readonly currency: string;
  readonly entry: Entry;
  readonly pinBlock: Uint8Array | undefined;
  readonly chip: ChipData | undefined;
  readonly stripe: StripeData | undefined;
  readonly wantsPartial: boolean;
  readonly plan: AskedPlan | undefined;
};

export type ParsedRequest =
  | { readonly ok: true; readonly request: BankRequest }
  /** `problem` says what is wrong in words without data. */
  | { readonly ok: false; readonly problem: string };

/** Tags of DE 55 that an online request must have (spec §2.7). */
const CHIP_TAGS = "9F26 9F27 9F10 9F37 9F36 95 9A 9C 9F02 5F2A 82 9F1A 9F03".split(" ");

const ENTRIES: Readonly<Record<string, Entry>> = {
  "01": "manual",
  "02": "stripe",
  "90": "stripe",
  "80": "fallback",
  "05": "chip",
  "95": "chip",
  "07": "contactless",
  "98": "contactless",
};

/** Card number, expiry, service code, discretionary data (ISO/IEC 7813). */
const TRACK = /^(\d{13,19})[=D](\d{4})(\d{3})(\d*)F?$/;

const problem = (text: string): ParsedRequest => ({ ok: false, problem: text });

/** Reads a request of a type. What is missing or contradicts itself is a problem, answered 30. */
export function parseRequest(type: TransactionName, fields: MessageFields): ParsedRequest {
  const key = matchKey(fields);
  if (key === undefined) return problem("the key fields are not complete");
  for (const number of ["2", "3", "22", "41", "42", "49"]) {
    if (!fields[number]) return problem(`field ${number} is missing`);
  }
  const { "2": pan = "", "22": mode = "", "35": track, "52": block, "103": receiver } = fields;
  if (!/^\d{13,19}$/.test(pan)) return problem("field 2 is not a card number");
  if (receiver !== undefined && !/^\d{13,19}$/.test(receiver)) {
    return problem("field 103 is not a card number");
  }
  const stripe = track === undefined ? undefined : TRACK.exec(track);
  if (track !== undefined && stripe?.[1] !== pan) return problem("fields 2 and 35 differ");
  const follows = catalogue[type].follows.length > 0;
  const original = originalKey(fields["90"]);
  if (follows && original === undefined) return problem("field 90 names nothing");
  const chip = fields["55"] === undefined ? undefined : parseChip(fields["55"]);
  // Where the original is named, the chip need not say everything again.
  if (typeof chip === "string" && !follows) return problem(chip);
  if (block !== undefined && !/^[0-9A-Fa-f]{16}$/.test(block)) {
    return problem("field 52 is not a PIN block");
  }
  const plan = type === "instalment sale" ? parsePlan(fields["122"] ?? "") : undefined;
  if (type === "instalment sale" && !plan) return problem("field 122 is not a plan");
  const [, , expiry = "", serviceCode = "", discretionary = ""] = stripe ?? [];
  const request: BankRequest = {
    key,
    type,
    pan,
    receiver,
    originalKey: original,
    psn: (fields["23"] ?? "00").slice(-2),
    expiry: fields["14"] ?? (stripe ? expiry : undefined),
    amount: /^\d{12}$/.test(fields["4"] ?? "") ? BigInt(fields["4"] ?? "0") : undefined,
    currency: fields["49"] ?? "",
    entry: ENTRIES[mode.slice(0, 2)] ?? "other",
    pinBlock: block === undefined ? undefined : fromHex(block),
    chip: typeof chip === "string" ? undefined : chip,
    stripe: stripe ? { expiry, serviceCode, discretionary } : undefined,
    wantsPartial: fields["60"]?.[4] === "1",
    plan,
  };
  return { ok: true, request };
}

function parseChip(hex: string): ChipData | string {
  try {
    const tags = toStore(parseTlv(fromHex(hex)));
    for (const tag of CHIP_TAGS) if (!tags.has(tag)) return `tag ${tag} of field 55 is missing`;
    const atc = tags.get("9F36");
    if (atc?.length !== 2) return "tag 9F36 of field 55 has another length";
    if (tags.get("9F26")?.length !== 8) return "tag 9F26 of field 55 has another length";
    if (tags.get("9F37")?.length !== 4) return "tag 9F37 of field 55 has another length";
    return { tags, atc: ((atc[0] ?? 0) << 8) | (atc[1] ?? 0) };
  } catch (error) {
    if (error instanceof TlvError || error instanceof RangeError) return "field 55 cannot be read";
    throw error;
  }
}
