import { approvedCodes } from "../response-codes.ts";
import { type Condition, type MessageRule, type Probe } from "../table.ts";

/** The institution interface's messages, on the same footing as the terminal's (spec §2.12, §3.3). */

const KEY = ["7", "11", "32", "33"];

const processing = (...values: string[]): Probe => ({ field: "3", values });
const management = (...values: string[]): Probe => ({ field: "70", values });
const entry = (...values: string[]): Probe => ({ field: "22", from: 0, to: 2, values });

const byEntry: readonly Condition[] = [
  { probe: entry("01"), forbidden: ["35", "36", "55"] },
  { probe: entry("02", "80", "90"), mandatory: ["35"], forbidden: ["55"] },
  { probe: entry("05", "07", "98"), mandatory: ["55"] },
  { probe: { field: "22", from: 2, to: 3, values: ["1"] }, mandatory: ["26", "52", "53"] },
  { probe: { field: "22", from: 2, to: 3, values: ["0", "2"] }, forbidden: ["26", "52"] },
];

const financial: readonly MessageRule[] = [
  {
    name: "sale",
    mti: ["0200"],
    match: [processing("000000")],
    mandatory: ["2", "3", "4", ...KEY, "12", "13", "18", "22", "25", "37", "41", "42", "49", "128"],
    forbidden: ["38", "39", "90"],
    when: byEntry,
  },
  {
    name: "sale reply",
    mti: ["0210"],
    match: [processing("000000")],
    reply: true,
    mandatory: [...KEY, "39"],
    forbidden: ["26", "35", "36", "45", "52"],
    when: [
      {
        probe: { field: "39", values: approvedCodes },
        mandatory: ["2", "3", "4", "37", "41", "42", "49", "128"],
      },
    ],
  },
  {
    name: "reversal",
    mti: ["0420", "0421"],
    match: [],
    mandatory: ["2", "3", "4", ...KEY, "25", "37", "41", "42", "49", "90", "128"],
    forbidden: ["26", "35", "36", "45", "52", "53"],
    when: [],
  },
  {
    name: "reversal reply",
    mti: ["0430"],
    match: [],
    reply: true,
    mandatory: [...KEY, "39"],
    forbidden: ["26", "35", "36", "45", "52"],
    when: [{ probe: { field: "39", values: approvedCodes }, mandatory: ["128"] }],
  },
];

const NOT_IN_MANAGEMENT = ["2", "4", "35", "36", "45", "52"];

const networkRequest = (name: string, code: string, extra: readonly string[]): MessageRule => ({
  name,
  mti: ["0800"],
  match: [management(code)],
  mandatory: ["7", "11", "33", "70", ...extra],
  forbidden: ["39", ...NOT_IN_MANAGEMENT],
  when: [],
});

const networkReply = (name: string, code: string, ifDone: readonly string[]): MessageRule => ({
  name,
  mti: ["0810"],
  match: [management(code)],
  reply: true,
  mandatory: ["7", "11", "33", "39"],
  forbidden: NOT_IN_MANAGEMENT,
  when: [{ probe: { field: "39", values: ["00"] }, mandatory: ifDone }],
});

const network: readonly MessageRule[] = [
  networkRequest("sign-on", "001", []),
  networkRequest("sign-off", "002", []),
  networkRequest("key reset", "101", ["53"]),
  networkRequest("echo", "301", []),
  networkReply("sign-on reply", "001", []),
  networkReply("sign-off reply", "002", []),
  networkReply("key reset reply", "101", ["48"]),
  networkReply("echo reply", "301", []),
];

export const cupsRules: readonly MessageRule[] = [...financial, ...network];
