/** What a card answers to SELECT: its directory and its applications (Book 1 §11.3.4, §12.2). */
import { concat, fromAscii, fromHex, toHex } from "@tillway/bytes";
import { encodeTlv, encodeTlvs } from "../tlv.ts";
import type { AnyCardProfile } from "./profile.ts";
import { present, record } from "./records.ts";
import type { Entry } from "./records.ts";

export const DIRECTORY_NAME = "1PAY.SYS.DDF01";
/** The file of a card's own log, and how many records it has (tag 9F4D). */
export const LOG_FILE = 11;

/** File control information of an application; `priority` 1 comes first. */
export function applicationFci(profile: AnyCardProfile, priority: number): Uint8Array {
  const log: Entry[] =
    profile.log === undefined ? [] : [["9F4D", Uint8Array.of(LOG_FILE, profile.log.records)]];
  return fileControl(fromHex(profile.aid), [
    ["50", fromAscii(profile.applicationLabel)],
    ["87", Uint8Array.of(priority)],
    ...present("9F38", profile.pdol),
    ["5F2D", fromAscii(profile.scheme === "unionpay" ? "zhen" : "en")],
    ...(log.length === 0 ? [] : ([["BF0C", encodeTlvs(log)]] as const)),
  ]);
}

function fileControl(name: Uint8Array, proprietary: readonly Entry[]): Uint8Array {
  return encodeTlv(
    "6F",
    encodeTlvs([
      ["84", name],
      ["A5", encodeTlvs(proprietary)],
    ]),
  );
}

/** The payment system environment: one directory file, number 1, all applications in it. */
export function directory(profile: AnyCardProfile): {
  readonly directoryFci: string;
  readonly directoryRecords: readonly string[];
} {
  if (!profile.directory) return { directoryFci: "", directoryRecords: [] };
  const fci = fileControl(fromAscii(DIRECTORY_NAME), [["88", Uint8Array.of(1)]]);
  const entries = [profile, ...(profile.further ?? [])].map((application, at) =>
    encodeTlvs([
      ["4F", fromHex(application.aid)],
      ["50", fromAscii(application.applicationLabel)],
      ["87", Uint8Array.of(at + 1)],
    ]),
  );
  return { directoryFci: toHex(fci), directoryRecords: directoryRecords(entries) };
}

/** Three entries to a record, so that a record is never too long. */
function directoryRecords(entries: readonly Uint8Array[]): string[] {
  const records: string[] = [];
  for (let at = 0; at < entries.length; at += 3) {
    const listed = entries.slice(at, at + 3).map((entry): Entry => ["61", entry]);
    records.push(toHex(record(listed)));
  }
  return records;
}

/** One entry of tag 94 (Book 3 §10.2): a file's records from the first, some of them signed. */
export function located(file: number, records: number, signed: number): Uint8Array {
  return Uint8Array.of(file << 3, 1, records, signed);
}

/** Tag 94 in hex. */
export function fileLocator(...places: readonly Uint8Array[]): string {
  return toHex(concat(...places));
}
