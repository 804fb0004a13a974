import { approvedCodes } from "../response-codes.ts";
import { type Condition, type MessageRule, type Probe } from "../table.ts";

/** The institution interface's messages, on the same footing as the terminal's (spec §2.12, §3.3). */

const KEY = ["7", "11", "32", "33"];

const processing = (...values: string[]): Probe => ({ field: "3", values });
const management = (...values: string[]): Probe => ({ field: "70", values });
const entry = (...values: string[]): Probe => ({ field: "22", from: 0, to: 2, values });

const condition = (...values: string[]): Probe => ({ field: "25", values });
const reason = (...values: string[]): Probe => ({ field: "60", from: 0, to: 4, values });

/** A PIN comes with its block and how it is enciphered, and not otherwise. */
const byPin: readonly Condition[] = [
  {
    probe: { field: "22", from: 2, to: 3, values: ["1"] },
    mandatory: ["26", "52", "53"],
  },
  { probe: { field: "22", from: 2, to: 3, values: ["0", "2"] }, forbidden: ["26", "52"] },
];

/** Where the original is named, a chip card need not be asked again. */
const byEntryAgain: readonly Condition[] = [
  { probe: entry("01"), forbidden: ["35", "36", "55"] },
  { probe: entry("02", "80", "90"), mandatory: ["35"], forbidden: ["55"] },
  ...byPin,
];

/** How the card was read decides which card fields come with it. */
const byEntry: readonly Condition[] = [
  ...byEntryAgain,
  { probe: entry("05", "07", "98"), mandatory: ["55"] },
];

/** Where a type has no amount these are without DE 4. */
const ALWAYS = ["2", "3", ...KEY, "12", "13", "18", "22", "25", "37", "41", "42", "49", "128"];
const APPROVED = ["2", "3", "37", "41", "42", "49", "128"];
const NOT_IN_REPLIES = ["26", "35", "36", "45", "52", "103"];

/** DE 25: mail and telephone order is an ordinary payment, or an ordinary pre-authorisation. */
const ORDINARY = condition("00", "08");
const AUTHORISING = condition("06", "18");
const INSTALMENT = condition("64");

type Kind = {
  readonly name: string;
  readonly mti: "0100" | "0200" | "0220";
  readonly match: readonly Probe[];
  /** Beside what is always there, and DE 4. */
  readonly mandatory?: readonly string[];
  /** Beside DE 39. */
  readonly forbidden?: readonly string[];
  readonly when?: readonly Condition[];
  /** Beside what every approval has. */
  readonly approved?: readonly string[];
};

/** A payment that stands by itself, or as the first of a chain. */
const opening = (
  name: string,
  mti: Kind["mti"],
  match: readonly Probe[],
  mandatory: readonly string[] = [],
): Kind => ({ name, mti, match, mandatory, forbidden: ["38", "90"], when: byEntry });

/** A payment that names its original in DE 90; DE 38 is the original's. */
const following = (
  name: string,
  mti: Kind["mti"],
  match: readonly Probe[],
  mandatory: readonly string[] = [],
): Kind => ({ name, mti, match, mandatory: ["90", ...mandatory], when: byEntryAgain });

/** What is stored before it is sent on: neither track nor PIN may rest, so it has none. */
const UNSTORABLE = ["26", "35", "36", "45", "52", "53"];

/** An advice that names its original in DE 90. */
const advising = (
  name: string,
  match: readonly Probe[],
  mandatory: readonly string[] = [],
): Kind => ({
  name,
  mti: "0220",
  match,
  mandatory: ["90", ...mandatory],
  forbidden: UNSTORABLE,
});

/** One row a type; what tells them apart besides the type and DE 3: DE 25, and DE 60's reason. */
const kinds: readonly Kind[] = [
  opening("sale", "0200", [processing("000000"), ORDINARY]),
  following("completion", "0200", [processing("000000"), AUTHORISING], ["38"]),
  following("sale void", "0200", [processing("200000"), ORDINARY], ["38"]),
  following("completion void", "0200", [processing("200000"), AUTHORISING], ["38"]),
  opening("instalment sale", "0200", [processing("000000"), INSTALMENT], ["122"]),
  following("instalment void", "0200", [processing("200000"), INSTALMENT], ["38"]),
  opening("withdrawal", "0200", [processing("010000")]),
  opening("deposit", "0200", [processing("210000")]),
  opening("transfer", "0200", [processing("400000")], ["103"]),
  {
    ...opening("balance inquiry", "0200", [processing("310000")]),
    forbidden: ["4", "38", "90"],
    approved: ["54"],
  },
  opening("pre-authorisation", "0100", [processing("030000")]),
  following("pre-authorisation void", "0100", [processing("200000"), AUTHORISING], ["38"]),
  advising("refund", [processing("200000")]),
  advising("completion advice", [processing("000000"), AUTHORISING], ["38"]),
  advising("deposit confirmation", [processing("210000")]),
  advising("transfer confirmation", [processing("400000")], ["103"]),
  advising("tip adjustment", [processing("000000"), ORDINARY, reason("0034")], ["38", "54"]),
  {
    ...advising("offline chip sale", [processing("000000"), ORDINARY, reason("0036")]),
    mandatory: ["55", "60"],
    forbidden: [...UNSTORABLE, "90"],
  },
];

/** The same message again has a type of its own (ISO 8583:1987, fourth digit). */
const orRepeat = (mti: string): string[] => [mti, `${mti.slice(0, 3)}1`];

/** The rule of a request and the one of its reply, which may be short where it refuses. */
function both(kind: Kind): MessageRule[] {
  const { name, mti, match, mandatory = [], forbidden = [], when = [], approved = [] } = kind;
  const amount = forbidden.includes("4") ? [] : ["4"];
  return [
    {
      name,
      mti: orRepeat(mti),
      match,
      mandatory: [...ALWAYS, ...amount, ...mandatory],
      forbidden: ["39", ...forbidden],
      when,
    },
    {
      name: `${name} reply`,
      mti: [`${mti.slice(0, 2)}${mti[2] === "0" ? "1" : "3"}0`],
      match,
      reply: true,
      mandatory: [...KEY, "39"],
      forbidden: NOT_IN_REPLIES,
      when: [
        {
          probe: { field: "39", values: approvedCodes },
          mandatory: [...APPROVED, ...amount, ...approved],
        },
        // What was asked for stands in DE 54, what was approved in DE 4.
        { probe: { field: "39", values: ["10"] }, mandatory: ["54"] },
      ],
    },
  ];
}

/** Advices that are about another message: its reversal, what became of the issuer's script. */
const about: readonly MessageRule[] = [
  {
    name: "reversal",
    mti: ["0420", "0421"],
    match: [],
    mandatory: ["2", "3", "4", ...KEY, "25", "37", "41", "42", "49", "90", "128"],
    forbidden: UNSTORABLE,
    when: [],
  },
  {
    name: "reversal reply",
    mti: ["0430"],
    match: [],
    reply: true,
    mandatory: [...KEY, "39"],
    forbidden: NOT_IN_REPLIES,
    when: [{ probe: { field: "39", values: approvedCodes }, mandatory: ["128"] }],
  },
  {
    name: "script result",
    mti: ["0620", "0621"],
    match: [reason("0951")],
    mandatory: ["2", "3", ...KEY, "25", "37", "41", "42", "49", "55", "60", "90", "128"],
    forbidden: ["39", ...UNSTORABLE],
    when: [],
  },
  {
    name: "script result reply",
    mti: ["0630"],
    match: [reason("0951")],
    reply: true,
    mandatory: [...KEY, "39"],
    forbidden: NOT_IN_REPLIES,
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

export const cupsRules: readonly MessageRule[] = [...kinds.flatMap(both), ...about, ...network];
