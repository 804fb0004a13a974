import { type Condition, type MessageRule, type Probe } from "../table.ts";
import { approvedCodes } from "../response-codes.ts";
import { managementRules } from "./unionpay-pos-management.ts";

/**
 * Which fields each financial message must and must not have (spec unionpay-pos §2.3, §2.4), by its
 * type, processing code and DE 60.1; the more particular kinds, told by DE 25, first.
 */

const processing = (value: string): Probe => ({ field: "3", values: [value] });
const type = (...values: string[]): Probe => ({ field: "60", from: 0, to: 2, values });
const condition = (...values: string[]): Probe => ({ field: "25", values });
const entry = (...values: string[]): Probe => ({ field: "22", from: 0, to: 2, values });
const pinEntry = (...values: string[]): Probe => ({ field: "22", from: 2, to: 3, values });

/** A PIN comes with its block and how it is enciphered, and not otherwise. */
const byPin: readonly Condition[] = [
  { probe: pinEntry("1"), mandatory: ["26", "52", "53"] },
  { probe: pinEntry("0", "2"), forbidden: ["26", "52"] },
];

/** How the card was read decides which card fields come with it. */
const byEntry: readonly Condition[] = [
  { probe: entry("01"), mandatory: ["2"], forbidden: ["35", "36", "55"] },
  { probe: entry("02", "80", "90"), mandatory: ["35"], forbidden: ["55"] },
  { probe: entry("05", "07", "98"), mandatory: ["2", "55"] },
  ...byPin,
];

/** Where the original is named, a chip card need not be asked again. */
const byEntryAgain: readonly Condition[] = [
  { probe: entry("01"), mandatory: ["2"], forbidden: ["35", "36", "55"] },
  { probe: entry("02", "80", "90"), mandatory: ["35"], forbidden: ["55"] },
  ...byPin,
];

/** A refusal may be short; what is approved must be whole, and MAC'd (decisions: replies without). */
const approval = (fields: readonly string[]): readonly Condition[] => [
  { probe: { field: "39", values: approvedCodes }, mandatory: fields },
];

const ALWAYS = ["3", "11", "22", "25", "41", "42", "49", "60", "64"];
const NOT_IN_REPLIES = ["26", "35", "36", "52"];
const NEW = ["37", "38", "39", "61"];

type Kind = {
  readonly name: string;
  readonly mti: "0100" | "0200" | "0220";
  readonly match: readonly Probe[];
  /** Beside `ALWAYS`. */
  readonly mandatory: readonly string[];
  readonly forbidden?: readonly string[];
  readonly when?: readonly Condition[];
  /** What an approval has; an inquiry has no amount, what is loaded may have none. */
  readonly approved?: readonly string[];
};

const APPROVED = ["3", "4", "12", "13", "37", "49", "60", "64"];

const ascending = (...fields: string[]): string[] =>
  fields.sort((left, right) => Number(left) - Number(right));

/** The rule of a request and, unless DE 25 alone tells its kind, the one of its reply. */
function both(kind: Kind): MessageRule[] {
  const { name, mti, match, forbidden = ["39"], when = byEntryAgain } = kind;
  const mandatory = ascending(...ALWAYS, ...kind.mandatory);
  const request: MessageRule = { name, mti: [mti], match, mandatory, forbidden, when };
  // A short refusal may lack DE 25: it is taken for the ordinary kind.
  if (match.some(({ field }) => field === "25")) return [request];
  return [
    request,
    {
      name: `${name} reply`,
      mti: [`${mti.slice(0, 2)}${mti[2] === "0" ? 1 : 3}0`],
      match,
      reply: true,
      mandatory: ["11", "39", "41", "42"],
      forbidden: NOT_IN_REPLIES,
      when: approval(kind.approved ?? APPROVED),
    },
  ];
}

/** A payment that stands by itself, or as the first of a chain. */
const opening = (
  name: string,
  mti: Kind["mti"],
  match: readonly Probe[],
  more: readonly string[] = [],
): Kind => ({
  name,
  mti,
  match,
  mandatory: ["4", ...more],
  forbidden: NEW.filter((field) => !more.includes(field)),
  when: byEntry,
});

/** A payment that names its original. */
const following = (
  name: string,
  mti: Kind["mti"],
  match: readonly Probe[],
  more: readonly string[],
): Kind => ({ name, mti, match, mandatory: ["4", "61", ...more] });

const keyedIn: readonly Condition[] = byPin;

/** Kinds that DE 25 tells from the ordinary ones: instalments 64, points 65, mail and phone order. */
const particular: readonly Kind[] = [
  opening("instalment sale", "0200", [processing("000000"), type("22"), condition("64")], ["62"]),
  following("instalment void", "0200", [processing("200000"), type("23"), condition("64")], ["37"]),
  opening("points sale", "0200", [processing("000000"), type("22"), condition("65")]),
  following("points void", "0200", [processing("200000"), type("23"), condition("65")], ["37"]),
  {
    ...opening("MOTO sale", "0200", [processing("000000"), type("22"), condition("08")]),
    when: keyedIn,
  },
  {
    ...following("MOTO void", "0200", [processing("200000"), type("23"), condition("08")], ["37"]),
    when: keyedIn,
  },
  {
    ...following(
      "MOTO refund",
      "0220",
      [processing("200000"), type("25"), condition("08")],
      ["37"],
    ),
    when: keyedIn,
  },
  {
    ...opening("MOTO pre-authorisation", "0100", [
      processing("030000"),
      type("10"),
      condition("18"),
    ]),
    when: keyedIn,
  },
  {
    ...opening("added pre-authorisation", "0100", [
      processing("030000"),
      type("10"),
      condition("60"),
    ]),
    mandatory: ["4", "61"],
    forbidden: ["39"],
  },
];

const ordinary: readonly Kind[] = [
  opening("sale", "0200", [processing("000000"), type("22")]),
  {
    ...opening("balance inquiry", "0200", [processing("310000"), type("01")]),
    mandatory: [],
    forbidden: ["4", ...NEW],
    approved: ["3", "12", "13", "37", "49", "60", "64"],
  },
  following("sale void", "0200", [processing("200000"), type("23")], ["37", "38"]),
  following("refund", "0220", [processing("200000"), type("25")], ["37", "63"]),
  opening("pre-authorisation", "0100", [processing("030000"), type("10")]),
  following("pre-authorisation void", "0100", [processing("200000"), type("11")], ["38"]),
  following("completion", "0200", [processing("000000"), type("20")], ["38"]),
  following("completion advice", "0220", [processing("000000"), type("24")], ["38"]),
  following("completion void", "0200", [processing("200000"), type("21")], ["37", "38"]),
  following("offline settlement", "0220", [processing("000000"), type("30")], ["38", "63"]),
  following("adjustment", "0220", [processing("000000"), type("32")], ["38", "63"]),
  following("tip adjustment", "0220", [processing("000000"), type("34")], ["38", "48", "63"]),
  opening("reservation sale", "0200", [processing("000000"), type("54")]),
  following("reservation void", "0200", [processing("200000"), type("53")], ["37"]),
  {
    ...opening("account verification", "0200", [processing("330000"), type("01")]),
    mandatory: [],
    approved: ["3", "12", "13", "37", "60", "64"],
  },
  {
    ...opening("account verification", "0100", [processing("330000"), type("01")]),
    mandatory: [],
    approved: ["3", "12", "13", "37", "60", "64"],
  },
  {
    ...opening("points inquiry", "0200", [processing("310000"), type("03")]),
    mandatory: [],
    approved: ["3", "12", "13", "37", "60", "64"],
  },
  // Without a row in the specification; settings (decisions: dialects).
  opening("withdrawal", "0200", [processing("010000")]),
  opening("deposit", "0200", [processing("210000")]),
  following("deposit confirmation", "0220", [processing("210000")], ["37"]),
  following("transfer confirmation", "0220", [processing("400000")], ["37"]),
];

/** Electronic cash and magnetic-stripe top-up; a chip is there, what else is differs [1]. */
const stored: readonly Kind[] = [
  {
    ...opening("offline chip sale", "0200", [processing("000000"), type("36")], ["55"]),
    when: [],
  },
  following("electronic cash refund", "0220", [processing("200000"), type("27")], ["37"]),
  opening("electronic cash load", "0200", [processing("600000"), type("45")]),
  opening("electronic cash load, cash", "0200", [processing("630000"), type("46")]),
  following("electronic cash load void", "0200", [processing("170000"), type("51")], ["37"]),
  opening(
    "electronic cash load, other account",
    "0200",
    [processing("620000"), type("47")],
    ["48", "62"],
  ),
  opening("top-up", "0200", [processing("630000")]),
  opening("top-up confirmation", "0220", [processing("630000"), type("48")]),
  opening("account top-up", "0200", [processing("400000"), type("49")]),
  opening("transfer", "0200", [processing("400000")], ["62"]),
];

const reversal: readonly MessageRule[] = [
  {
    name: "reversal",
    mti: ["0400", "0401"],
    match: [],
    mandatory: ["3", "4", "11", "22", "25", "39", "41", "42", "49", "60", "64"],
    forbidden: ["26", "35", "36", "37", "52", "53"],
    when: [
      { probe: type("11", "20", "21", "23"), mandatory: ["61"] },
      { probe: condition("08", "18", "64", "65"), forbidden: ["62"] },
    ],
  },
  {
    name: "reversal reply",
    mti: ["0410"],
    match: [],
    reply: true,
    mandatory: ["11", "39", "41", "42"],
    forbidden: NOT_IN_REPLIES,
    when: approval(APPROVED),
  },
];

export const unionpayPosRules: readonly MessageRule[] = [
  ...[...particular, ...ordinary, ...stored].flatMap(both),
  ...reversal,
  ...managementRules,
];
