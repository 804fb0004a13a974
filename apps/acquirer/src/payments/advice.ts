/** Messages that are sent to the network until it acknowledges them. */
import { cups, fieldParts } from "@tillway/iso8583";
import { catalogue, type TransactionName } from "@tillway/transactions";
import type { Kept } from "./transaction.ts";

/** A stored advice; `fields` lack DE 2 and 103, which are put in when it is sent. */
export type Advice = {
  readonly id: string;
  readonly bucket: number;
  readonly transaction: string;
  readonly businessDate: string;
  /** The message type of its first sending: 0220, 0420, 0620. A repeat ends in 1. */
  readonly mti: string;
  readonly originalKey: string;
  readonly networkKey: string;
  readonly reason: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly createdAt: number;
};

// The original's, without what belonged to its card reading and its PIN (26, 35, 36, 52, 53).
const SAME = [
  "3",
  "4",
  "12",
  "13",
  "14",
  "18",
  "22",
  "23",
  "25",
  "32",
  "33",
  "37",
  "41",
  "42",
  "43",
  "49",
  "60",
];
const CHIP_TAGS = ["9F36", "95", "9F10", "DF31"];

/** DE 7, 11, 32 and 33 as one text of 38 digits. */
export function networkKeyOf(fields: Readonly<Record<string, string>>): string {
  const { "7": sent = "", "11": trace = "", "32": acquirer = "", "33": forwarder = "" } = fields;
  return sent + trace + acquirer.padStart(11, "0") + forwarder.padStart(11, "0");
}

/** DE 90 (ISO 8583:1987): the original's message type and its key on the link. */
export function originalElements(mti: string, networkKey: string): string {
  const [sent, trace] = [networkKey.slice(0, 10), networkKey.slice(10, 16)];
  return mti + trace + sent + networkKey.slice(16);
}

/** DE 90 for what follows a transaction of a type. */
export function elementsOf(name: TransactionName, networkKey: string): string {
  return originalElements(catalogue[name].network?.mti ?? catalogue[name].pos.mti, networkKey);
}

/** DE 7: MMDDhhmmss in UTC. */
export function transmissionOf(instantMs: number): string {
  return new Date(instantMs).toISOString().replace(/\D/g, "").slice(4, 14);
}

function tlv(tag: string, value: string): string {
  return tag + (value.length / 2).toString(16).toUpperCase().padStart(2, "0") + value;
}

/**
 * The fields of the 0420 for a kept network request, with DE 7 and 11 of its own and the
 * authorisation code where one is known. DE 90 names the original (ISO 8583:1987 DE 90).
 */
export function reversalFields(
  original: Kept,
  own: { readonly transmission: string; readonly trace: string },
  authorisationCode: string | null,
): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const number of SAME) {
    const value = original.fields[number];
    if (value !== undefined) fields[number] = value;
  }
  const parts = fieldParts(cups, original, "55") ?? [];
  const tags = new Map(parts.map(({ key, text }) => [key, text]));
  const chip = CHIP_TAGS.flatMap((tag) => {
    const value = tags.get(tag);
    return value ? [tlv(tag, value)] : [];
  }).join("");
  return {
    ...fields,
    "7": own.transmission,
    "11": own.trace,
    ...(authorisationCode ? { "38": authorisationCode } : {}),
    ...(chip ? { "55": chip } : {}),
    "90": originalElements(original.mti, networkKeyOf(original.fields)),
  };
}

/** The reversal advice of a kept network request. */
export function reversalAdvice(
  of: {
    readonly bucket: number;
    readonly transaction: string;
    readonly businessDate: string;
    readonly networkKey: string;
    readonly sent: Kept;
    readonly authorisationCode: string | null;
  },
  own: { readonly id: string; readonly transmission: string; readonly trace: string },
  reason: string,
  createdAt: number,
): Advice {
  const { bucket, transaction, businessDate, networkKey: originalKey } = of;
  const fields = reversalFields(of.sent, own, of.authorisationCode);
  const place = { bucket, transaction, businessDate };
  const networkKey = networkKeyOf(fields);
  return { ...place, id: own.id, mti: "0420", originalKey, networkKey, reason, fields, createdAt };
}
