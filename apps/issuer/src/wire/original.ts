/** How messages between institutions find each other: DE 7, 11, 32 and 33, and DE 90. */
import type { MessageFields } from "@tillway/iso8583";

/** Fields that a request must have before anything else can be said about it. */
export const KEY_FIELDS = ["7", "11", "32", "33"] as const;

const institution = (digits: string): string => digits.padStart(11, "0");

/** DE 7, 11, 32 and 33 as one text of 38 digits; undefined where one of them is missing. */
export function matchKey(fields: MessageFields): string | undefined {
  const [sent, trace, acquirer, forwarder] = KEY_FIELDS.map((number) => fields[number]);
  if (!sent || !trace || !acquirer || !forwarder) return undefined;
  const key = sent + trace + institution(acquirer) + institution(forwarder);
  return /^\d{38}$/.test(key) ? key : undefined;
}

/** DE 90 of a reversal: MTI, DE 11, DE 7, DE 32 and DE 33 of the original (ISO 8583:1987 DE 90). */
export function originalElements(mti: string, fields: MessageFields): string {
  const { 7: sent = "", 11: trace = "", 32: acquirer = "", 33: forwarder = "" } = fields;
  return mti + trace + sent + institution(acquirer) + institution(forwarder);
}

/** The match key of the message that DE 90 names; undefined where it is not 42 digits. */
export function originalKey(elements: string | undefined): string | undefined {
  const parts = /^\d{4}(\d{6})(\d{10})(\d{11})(\d{11})$/.exec(elements ?? "");
  if (!parts) return undefined;
  const [, trace = "", sent = "", acquirer = "", forwarder = ""] = parts;
  return sent + trace + acquirer + forwarder;
}

/** DE 7 of an instant (ms since the epoch): MMDDhhmmss in UTC. */
export function transmissionTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\D/g, "").slice(4, 14);
}
