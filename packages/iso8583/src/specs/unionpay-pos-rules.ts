import { type Condition, type MessageRule, type Probe } from "../table.ts";
import { approvedCodes } from "../response-codes.ts";

/** Which fields each message must and must not have (spec unionpay-pos §2.4). */

const processing = (...values: string[]): Probe => ({ field: "3", values });
const type = (...values: string[]): Probe => ({ field: "60", from: 0, to: 2, values });
const management = (...values: string[]): Probe => ({ field: "60", from: 8, to: 11, values });
const entry = (...values: string[]): Probe => ({ field: "22", from: 0, to: 2, values });
const pinEntry = (...values: string[]): Probe => ({ field: "22", from: 2, to: 3, values });

/** How the card was read decides which card fields come with it. */
const byEntry: readonly Condition[] = [
  { probe: entry("01"), mandatory: ["2"], forbidden: ["35", "36", "55"] },
  { probe: entry("02", "80", "90"), mandatory: ["35"], forbidden: ["55"] },
  { probe: entry("05", "07", "98"), mandatory: ["2", "55"] },
  { probe: pinEntry("1"), mandatory: ["26", "52", "53"] },
  { probe: pinEntry("0", "2"), forbidden: ["26", "52"] },
];

/** A refusal may be short; what is approved must be whole, and MAC'd (decisions: replies without). */
const approval: readonly Condition[] = [
  {
    probe: { field: "39", values: approvedCodes },
    mandatory: ["3", "4", "12", "13", "37", "49", "60", "64"],
  },
];

const sale: readonly MessageRule[] = [
  {
    name: "sale",
    mti: ["0200"],
    match: [processing("000000"), type("22")],
    mandatory: ["3", "4", "11", "22", "25", "41", "42", "49", "60", "64"],
    forbidden: ["37", "38", "39", "61"],
    when: byEntry,
  },
  {
    name: "sale reply",
    mti: ["0210"],
    match: [processing("000000"), type("22")],
    reply: true,
    mandatory: ["11", "39", "41", "42"],
    forbidden: ["26", "35", "36", "52"],
    when: approval,
  },
];

const reversal: readonly MessageRule[] = [
  {
    name: "reversal",
    mti: ["0400", "0401"],
    match: [],
    mandatory: ["3", "4", "11", "22", "25", "39", "41", "42", "49", "60", "64"],
    forbidden: ["26", "35", "36", "37", "52", "53"],
    when: [],
  },
  {
    name: "reversal reply",
    mti: ["0410"],
    match: [],
    reply: true,
    mandatory: ["11", "39", "41", "42"],
    forbidden: ["26", "35", "36", "52"],
    when: approval,
  },
];

const notInManagement = ["2", "4", "35", "36", "52", "64"];

const network: readonly MessageRule[] = [
  {
    name: "sign-in",
    mti: ["0800"],
    match: [type("00"), management("001", "003", "004")],
    mandatory: ["11", "41", "42", "60", "62", "63"],
    forbidden: ["39", ...notInManagement],
    when: [],
  },
  {
    name: "sign-in reply",
    mti: ["0810"],
    match: [type("00"), management("001", "003", "004")],
    reply: true,
    mandatory: ["11", "39", "41", "42"],
    forbidden: notInManagement,
    when: [
      {
        probe: { field: "39", values: ["00"] },
        mandatory: ["12", "13", "37", "60", "62"],
      },
    ],
  },
  {
    name: "echo",
    mti: ["0820"],
    match: [type("00"), management("301")],
    mandatory: ["41", "42", "60"],
    forbidden: ["39", ...notInManagement],
    when: [],
  },
  {
    name: "echo reply",
    mti: ["0830"],
    match: [type("00"), management("301")],
    reply: true,
    mandatory: ["39", "41", "42"],
    forbidden: notInManagement,
    when: [],
  },
];

export const unionpayPosRules: readonly MessageRule[] = [...sale, ...reversal, ...network];
