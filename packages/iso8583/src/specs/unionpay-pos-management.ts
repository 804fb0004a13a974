import { type Condition, type MessageRule, type Probe } from "../table.ts";

/**
 * The messages without money of the POS dialect, by DE 60.3 (spec unionpay-pos §2.3 to §2.5): sign-in,
 * the end of a batch, downloads, script results, signatures.
 */

const code = (...values: string[]): Probe => ({ field: "60", from: 8, to: 11, values });
const type = (...values: string[]): Probe => ({ field: "60", from: 0, to: 2, values });
const accepted = (...mandatory: string[]): Condition[] => [
  { probe: { field: "39", values: ["00"] }, mandatory },
];

const NOT_IN_MANAGEMENT = ["2", "4", "35", "36", "52", "64"];

type Kind = {
  readonly name: string;
  readonly mti: "0320" | "0500" | "0800" | "0820";
  readonly codes: readonly string[];
  /** Beside 41, 42, 60. */
  readonly mandatory: readonly string[];
  /** Of the reply, beside 41, 42. */
  readonly reply?: readonly string[];
  /** Of a reply that accepts. */
  readonly accepted?: readonly string[];
};

function both(kind: Kind): MessageRule[] {
  const { name, mti, mandatory, reply = ["39"] } = kind;
  const match = [type("00"), code(...kind.codes)];
  return [
    {
      name,
      mti: [mti],
      match,
      mandatory: [...mandatory, "41", "42", "60"],
      forbidden: ["39", ...NOT_IN_MANAGEMENT],
      when: [],
    },
    {
      name: `${name} reply`,
      mti: [`${mti.slice(0, 2)}${mti[2] === "0" ? 1 : 3}0`],
      match,
      reply: true,
      mandatory: [...reply, "41", "42"],
      forbidden: NOT_IN_MANAGEMENT,
      when: kind.accepted === undefined ? [] : accepted(...kind.accepted),
    },
  ];
}

const kinds: readonly Kind[] = [
  {
    name: "sign-in",
    mti: "0800",
    codes: ["001", "003", "004"],
    mandatory: ["11", "62", "63"],
    reply: ["11", "39"],
    accepted: ["12", "13", "37", "60", "62"],
  },
  { name: "sign-off", mti: "0820", codes: ["002"], mandatory: ["11"], reply: ["11", "39"] },
  { name: "echo", mti: "0820", codes: ["301"], mandatory: [] },
  { name: "points sign-in", mti: "0820", codes: ["401"], mandatory: [] },
  // The reply to a settlement tells its result in DE 48, not in 39.
  {
    name: "settlement",
    mti: "0500",
    codes: ["201"],
    mandatory: ["11", "48", "49", "63"],
    reply: ["11", "48"],
  },
  {
    name: "batch upload",
    mti: "0320",
    codes: ["201"],
    mandatory: ["11", "48"],
    reply: ["11"],
  },
  { name: "batch end", mti: "0320", codes: ["202", "207"], mandatory: ["11", "48"], reply: ["11"] },
  {
    name: "chip batch upload",
    mti: "0320",
    codes: ["203", "205"],
    mandatory: ["11", "62"],
    reply: ["11"],
  },
  {
    name: "failed chip batch upload",
    mti: "0320",
    codes: ["204", "206"],
    mandatory: ["11", "62"],
    reply: ["11"],
  },
  {
    name: "parameter download",
    mti: "0800",
    codes: ["360"],
    mandatory: [],
    accepted: ["60", "62"],
  },
  { name: "parameter download end", mti: "0800", codes: ["361"], mandatory: [] },
  { name: "status upload", mti: "0820", codes: ["362"], mandatory: ["62"] },
  { name: "task query", mti: "0820", codes: ["364", "365"], mandatory: [] },
  { name: "task query", mti: "0800", codes: ["364", "365"], mandatory: [] },
  {
    name: "CA key query",
    mti: "0820",
    codes: ["372"],
    mandatory: ["62"],
    accepted: ["60", "62"],
  },
  {
    name: "CA key download",
    mti: "0800",
    codes: ["370"],
    mandatory: ["62"],
    accepted: ["60", "62"],
  },
  { name: "CA key download end", mti: "0800", codes: ["371"], mandatory: [] },
  {
    name: "chip parameter query",
    mti: "0820",
    codes: ["382"],
    mandatory: ["62"],
    accepted: ["60", "62"],
  },
  {
    name: "chip parameter download",
    mti: "0800",
    codes: ["380"],
    mandatory: ["62"],
    accepted: ["60", "62"],
  },
  { name: "chip parameter download end", mti: "0800", codes: ["381"], mandatory: [] },
  {
    name: "blacklist download",
    mti: "0800",
    codes: ["390"],
    mandatory: ["62"],
    accepted: ["60", "62"],
  },
  { name: "blacklist download end", mti: "0800", codes: ["391"], mandatory: [] },
];

/** Management messages about a payment: they have its fields, and a MAC. */
const aboutPayments: readonly MessageRule[] = [
  {
    name: "offline chip batch upload",
    mti: ["0320"],
    match: [{ field: "3", values: ["000000"] }, type("36")],
    mandatory: ["3", "4", "11", "22", "41", "42", "49", "55", "60"],
    forbidden: ["26", "39", "52"],
    when: [],
  },
  {
    name: "offline chip batch upload reply",
    mti: ["0330"],
    match: [type("36")],
    reply: true,
    mandatory: ["11", "41", "42"],
    forbidden: ["26", "35", "36", "52"],
    when: [],
  },
  {
    name: "script result",
    mti: ["0620"],
    match: [type("00"), code("951")],
    mandatory: ["3", "4", "11", "22", "32", "37", "41", "42", "49", "55", "60", "61", "64"],
    forbidden: ["26", "35", "36", "39", "52"],
    when: [],
  },
  {
    name: "script result reply",
    mti: ["0630"],
    match: [type("00"), code("951")],
    reply: true,
    mandatory: ["11", "39", "41", "42"],
    forbidden: ["26", "35", "36", "52"],
    when: [],
  },
  {
    name: "signature upload",
    mti: ["0820"],
    match: [type("07"), code("800")],
    mandatory: ["4", "11", "12", "13", "15", "37", "41", "42", "55", "60", "62", "64"],
    forbidden: ["26", "35", "36", "39", "52"],
    when: [],
  },
  {
    name: "signature upload reply",
    mti: ["0830"],
    match: [type("07"), code("800")],
    reply: true,
    mandatory: ["11", "39", "41", "42"],
    forbidden: ["26", "35", "36", "52"],
    when: [],
  },
];

export const managementRules: readonly MessageRule[] = [...kinds.flatMap(both), ...aboutPayments];
