/** What a device tells of itself: the state of its parts, its software, whether it was opened. */
import { fromAscii, fromHex, toAscii, toHex } from "@tillway/bytes";
import type { HostAnswer } from "../host/index.ts";
import { common, type Conversation } from "./management.ts";
import { approves } from "./verdict.ts";

/** Whether each part works at this moment. */
export type PartStates = {
  readonly reader: boolean;
  readonly pinPad: boolean;
  readonly printer: boolean;
  /** The line is up, and payments can be signed on it. */
  readonly line: boolean;
  readonly journal: boolean;
};

export type Status = {
  readonly parts: PartStates;
  readonly tampered: boolean;
  /** At most 20 characters. */
  readonly software: string;
};

/** DE 62 of a status upload [U]: parts 01 to 05, 90 tampered (1: yes), 91 the software's version. */
export function statusText({ parts, tampered, software }: Status): string {
  const { reader, pinPad, printer, line, journal } = parts;
  const digit = (good: boolean): string => (good ? "1" : "0");
  const states = [reader, pinPad, printer, line, journal].map(
    (good, at) => `0${at + 1}${digit(good)}`,
  );
  return `${states.join("")}90${digit(tampered)}91${software.slice(0, 20)}`;
}

export function uploadStatus(
  { journal, exchange }: Conversation,
  status: Status,
): Promise<HostAnswer> {
  const text = toHex(fromAscii(statusText(status)));
  return exchange({ mti: "0820", fields: { ...common(journal, "362"), "62": text } });
}

/** Asks which software this device should have; `version` is undefined where it has it. */
export async function askForSoftware({
  journal,
  exchange,
}: Conversation): Promise<{ readonly answer: HostAnswer; readonly version: string | undefined }> {
  const answer = await exchange({ mti: "0820", fields: common(journal, "364") });
  const approved = answer.kind === "answered" && approves(answer.reply.fields["39"] ?? "");
  const field62 = approved ? answer.reply.fields["62"] : undefined;
  return { answer, version: field62 === undefined ? undefined : toAscii(fromHex(field62)) };
}

/** Where a device stands, in degrees. */
export type Whereabouts = { readonly latitude: string; readonly longitude: string };

/**
 * DE 59 of a payment (spec §2.11): A1 the place, A2 the device: 01 its kind (02, a traditional POS
 * [U]), 02 its serial number, 05 its software's version.
 */
export function selfDescription(serial: string, software: string, place: string): string {
  const item = (tag: string, digits: number, value: string): string =>
    tag + String(value.length).padStart(digits, "0") + value;
  const device = item("01", 2, "02") + item("02", 2, serial) + item("05", 2, software);
  return (place === "" ? "" : item("A1", 3, place)) + item("A2", 3, device);
}
