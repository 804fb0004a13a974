/** Data objects that are lists or have fields: CVM list, file locator, results, DOLs, cryptograms. */
import { toAscii, toHex } from "@tillway/bytes";
import { readIad } from "../card/cryptogram.ts";
import { CRYPTOGRAM_VERSIONS } from "../card/versions.ts";
import { parseDol } from "../dol.ts";
import { tagEntry } from "../tags.ts";
import { TlvError } from "../tlv.ts";

const METHODS: Readonly<Record<number, string>> = {
  0x00: "Fail CVM processing",
  0x01: "Plaintext PIN verified by the card",
  0x02: "Enciphered PIN verified online",
  0x03: "Plaintext PIN verified by the card and signature",
  0x04: "Enciphered PIN verified by the card",
  0x05: "Enciphered PIN verified by the card and signature",
  0x1e: "Signature",
  0x1f: "No CVM required",
  0x3f: "No CVM performed",
};

const CONDITIONS: Readonly<Record<number, string>> = {
  0x00: "always",
  0x01: "if unattended cash",
  0x02: "if not cash and no cashback",
  0x03: "if the terminal supports it",
  0x04: "if manual cash",
  0x05: "if purchase with cashback",
  0x06: "if under X in the application's currency",
  0x07: "if over X in the application's currency",
  0x08: "if under Y in the application's currency",
  0x09: "if over Y in the application's currency",
};

const RESULTS: Readonly<Record<number, string>> = { 0: "unknown", 1: "failed", 2: "successful" };

const byteText = (value: number): string => toHex(Uint8Array.of(value));

function method(code: number): string {
  return METHODS[code & 0x3f] ?? `Method ${byteText(code & 0x3f)}`;
}

function condition(code: number): string {
  return CONDITIONS[code] ?? `condition ${byteText(code)}`;
}

/** Tag 8E: two amounts, then rules. */
function cvmList(value: Uint8Array): string[] {
  if (value.length < 8) return [];
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  const lines = [`X = ${view.getUint32(0)}, Y = ${view.getUint32(4)} minor units`];
  for (let at = 8; at + 1 < value.length; at += 2) {
    const [code = 0, when = 0] = value.subarray(at, at + 2);
    const next = (code & 0x40) === 0 ? "else fail" : "else next rule";
    lines.push(`${method(code)}, ${condition(when)}; ${next}`);
  }
  return lines;
}

/** Tag 9F34. */
function cvmResults([code = 0, when = 0, result = 0]: Uint8Array): string[] {
  const performed = code === 0x3f ? METHODS[0x3f] : method(code);
  return [
    `${performed ?? ""}, ${condition(when)}`,
    RESULTS[result] ?? `result ${byteText(result)}`,
  ];
}

/** Tag 94. */
function fileLocator(value: Uint8Array): string[] {
  const lines: string[] = [];
  for (let at = 0; at + 3 < value.length; at += 4) {
    const [file = 0, first = 0, last = 0, signed = 0] = value.subarray(at, at + 4);
    const records = first === last ? `record ${first}` : `records ${first} to ${last}`;
    lines.push(`File ${file >> 3}, ${records}, ${signed} for offline data authentication`);
  }
  return lines;
}

/** A list of tags and lengths. */
function objectList(value: Uint8Array): string[] {
  try {
    return parseDol(value).map(
      ({ tag, length }) =>
        `${tag} ${tagEntry(tag)?.name ?? "Unknown"}, ${length} ${length === 1 ? "byte" : "bytes"}`,
    );
  } catch (cause) {
    if (cause instanceof TlvError) return ["Malformed list"];
    throw cause;
  }
}

const TYPES = ["AAC", "TC", "ARQC", "Reserved type"] as const;
const REASONS: Readonly<Record<number, string>> = {
  1: "Service not allowed",
  2: "PIN try limit exceeded",
  3: "Issuer authentication failed",
};

/** Tag 9F27. */
function cryptogramInformation([value = 0]: Uint8Array): string[] {
  const reason = REASONS[value & 0x07];
  return [
    TYPES[value >> 6] ?? "",
    ...((value & 0x08) === 0 ? [] : ["Advice required"]),
    ...(reason === undefined ? [] : [reason]),
  ];
}

/** Tag 9F10, in every form of a scheme that fits. */
function issuerApplicationData(value: Uint8Array): string[] {
  return CRYPTOGRAM_VERSIONS.flatMap((version) => {
    const read = readIad(version, value);
    if (read === undefined) return [];
    const counters = read.counters === undefined ? "" : `, counters ${toHex(read.counters)}`;
    const key = `key index ${byteText(read.keyIndex)}`;
    return [`As ${version}: ${key}, card verification results ${toHex(read.cvr)}${counters}`];
  });
}

/** Tags DF31 and 9F5B: five bytes a script (Book 4 Annex A5). */
function scriptResults(value: Uint8Array): string[] {
  const lines: string[] = [];
  for (let at = 0; at + 4 < value.length; at += 5) {
    const [status = 0] = value.subarray(at, at + 1);
    const identifier = toHex(value.subarray(at + 1, at + 5));
    const outcome = ["not performed", "failed", "successful"][status >> 4] ?? "reserved";
    const command = status >> 4 === 1 ? ` at command ${status & 0x0f}` : "";
    lines.push(`Script ${identifier}: ${outcome}${command}`);
  }
  return lines;
}

const TERMINAL_TYPES: Readonly<Record<string, string>> = {
  "1": "attended, online only",
  "2": "attended, offline with online capability",
  "3": "attended, offline only",
  "4": "unattended, online only",
  "5": "unattended, offline with online capability",
  "6": "unattended, offline only",
};
const OPERATORS: Readonly<Record<string, string>> = {
  "1": "Financial institution",
  "2": "Merchant",
  "3": "Cardholder",
};

/** Tag 9F35. */
function terminalType(value: Uint8Array): string[] {
  const [operator = "", kind = ""] = toHex(value);
  const who = OPERATORS[operator];
  const how = TERMINAL_TYPES[kind];
  return who === undefined || how === undefined ? [] : [`${who}, ${how}`];
}

const RESPONSES: Readonly<Record<string, string>> = {
  Y1: "Offline approved",
  Y3: "Unable to go online, offline approved",
  Z1: "Offline declined",
  Z3: "Unable to go online, offline declined",
};

/** Tag 8A. */
function responseCode(value: Uint8Array): string[] {
  const meaning = RESPONSES[toAscii(value)];
  return meaning === undefined ? [] : [meaning];
}

/** Tag 87. */
function priority([value = 0]: Uint8Array): string[] {
  const confirmed = (value & 0x80) === 0 ? [] : ["Needs the cardholder's confirmation"];
  return [(value & 0x0f) === 0 ? "No priority" : `Priority ${value & 0x0f}`, ...confirmed];
}

/** Tag 9F4D. */
function logEntry([file = 0, records = 0]: Uint8Array): string[] {
  return [`File ${file}, up to ${records} records`];
}

type Describer = (value: Uint8Array) => string[];

const DESCRIBERS: Readonly<Record<string, Describer>> = {
  "8E": cvmList,
  "9F34": cvmResults,
  "94": fileLocator,
  "9F27": cryptogramInformation,
  "9F10": issuerApplicationData,
  DF31: scriptResults,
  "9F5B": scriptResults,
  "9F35": terminalType,
  "8A": responseCode,
  "87": priority,
  "9F4D": logEntry,
};

/** Lines about a value with fields; undefined for a tag that has none. */
export function describeFields(tag: string, value: Uint8Array): readonly string[] | undefined {
  const describer = DESCRIBERS[tag] ?? (tagEntry(tag)?.format === "dol" ? objectList : undefined);
  return describer?.(value);
}
