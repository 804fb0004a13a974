/** A sale request (0200) as the bank reads it: one parse at the edge, plain data inside. */
import { fromHex } from "@tillway/bytes";
import { parseTlv, TlvError, toStore } from "@tillway/emv";
import type { MessageFields } from "@tillway/iso8583";
import { matchKey } from "../wire/index.ts";

/** What the chip sent along (DE 55), by tag. */
export type ChipData = {
  readonly tags: ReadonlyMap<string, Uint8Array>;
  /** Application transaction counter, 9F36. */
  readonly atc: number;
};

export type SaleRequest = {
  readonly key: string;
  readonly pan: string;
  /** Card sequence number, two digits, "00" where none was sent. */
  readonly psn: string;
  /** YYMM as sent, if it was. */
  readonly expiry: string | undefined;
  /** Minor units; undefined where DE 4 is missing or not digits. */
  readonly amount: bigint | undefined;
  readonly currency: string;
  readonly processingCode: string;
  readonly byChip: boolean;
  readonly pinBlock: Uint8Array | undefined;
  readonly chip: ChipData | undefined;
};

export type ParsedSale =
  | { readonly ok: true; readonly request: SaleRequest }
  /** `problem` says what is wrong in words without data. */
  | { readonly ok: false; readonly problem: string };

/** Tags of DE 55 that an online request must have (spec §2.7). */
const CHIP_TAGS = "9F26 9F27 9F10 9F37 9F36 95 9A 9C 9F02 5F2A 82 9F1A 9F03".split(" ");

const problem = (text: string): ParsedSale => ({ ok: false, problem: text });

/** Reads a sale. What is missing or contradicts itself is a problem, answered with 30. */
export function parseSale(fields: MessageFields): ParsedSale {
  const key = matchKey(fields);
  if (key === undefined) return problem("the key fields are not complete");
  for (const number of ["2", "3", "22", "41", "42", "49"]) {
    if (!fields[number]) return problem(`field ${number} is missing`);
  }
  const pan = fields["2"] ?? "";
  if (!/^\d{13,19}$/.test(pan)) return problem("field 2 is not a card number");
  const track = /^(\d{13,19})[=D](\d{4})/.exec(fields["35"] ?? "");
  if (fields["35"] !== undefined && track?.[1] !== pan) return problem("fields 2 and 35 differ");
  const byChip = /^0[57]/.test(fields["22"] ?? "");
  const chip = byChip && fields["55"] ? parseChip(fields["55"]) : undefined;
  if (typeof chip === "string") return problem(chip);
  if (fields["52"] !== undefined && !/^[0-9A-Fa-f]{16}$/.test(fields["52"])) {
    return problem("field 52 is not a PIN block");
  }
  const request: SaleRequest = {
    key,
    pan,
    psn: (fields["23"] ?? "00").slice(-2),
    expiry: fields["14"] ?? track?.[2],
    amount: /^\d{12}$/.test(fields["4"] ?? "") ? BigInt(fields["4"] ?? "0") : undefined,
    currency: fields["49"] ?? "",
    processingCode: fields["3"] ?? "",
    byChip,
    pinBlock: fields["52"] === undefined ? undefined : fromHex(fields["52"]),
    chip,
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
