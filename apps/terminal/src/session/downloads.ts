/** What the host has for this device: parameters, authority keys, applications (spec §2.5). */
import { fromAscii, fromHex, toAscii, toHex } from "@tillway/bytes";
import { encodeTlv, parseTlv, TlvError, type Tlv } from "@tillway/emv";
import type { HostAnswer } from "../host/index.ts";
import { common, type Conversation } from "./management.ts";
import { readParameters } from "./parameters.ts";
import { approves } from "./verdict.ts";

export type Download = "parameters" | "ca-keys" | "applications";

/** Header digit 6 by what it asks for; 3, a sign-in, and 2, the status, are no downloads. */
export const requirements: ReadonlyMap<string, Download | "sign-in" | "status" | "update"> =
  new Map([
    ["1", "parameters"],
    ["2", "status"],
    ["3", "sign-in"],
    ["4", "ca-keys"],
    ["5", "applications"],
    ["6", "update"],
  ]);

/** The last answer, and how many things were stored; `wrong`: it could not be understood. */
export type Downloaded = {
  readonly answer: HostAnswer;
  readonly count: number;
  readonly wrong?: boolean;
};

/** Codes of 60.3: the list of what there is, one of them, the end. `by` names one in the list. */
const lists = {
  "ca-keys": { query: "372", one: "370", end: "371", by: ["9F06", "9F22"] },
  applications: { query: "382", one: "380", end: "381", by: ["9F06"] },
} as const;

/** What more a list has: control byte 2 says so. */
const more = "2";
/** No host has so many; more is a fault. */
const most = 99;

export function download(talk: Conversation, what: Download): Promise<Downloaded> {
  return what === "parameters" ? parameters(talk) : listed(talk, what);
}

const taken = (answer: HostAnswer): string | undefined =>
  answer.kind === "answered" && approves(answer.reply.fields["39"] ?? "")
    ? (answer.reply.fields["62"] ?? "")
    : undefined;

async function parameters({ journal, exchange }: Conversation): Promise<Downloaded> {
  const answer = await exchange({ mti: "0800", fields: common(journal, "360") });
  const field62 = taken(answer);
  if (field62 === undefined) return { answer, count: 0 };
  const values = readParameters(field62);
  if (!values) return { answer, count: 0, wrong: true };
  journal.set("parameters", field62);
  const end = await exchange({ mti: "0800", fields: common(journal, "361") });
  return { answer: end, count: values.size };
}

async function listed(
  talk: Conversation,
  what: Exclude<Download, "parameters">,
): Promise<Downloaded> {
  const { journal, exchange } = talk;
  const { query, one, end, by } = lists[what];
  const names: string[] = [];
  for (;;) {
    const request = toHex(fromAscii(`1${String(names.length).padStart(2, "0")}`));
    const answer = await exchange({
      mti: "0820",
      fields: { ...common(journal, query), "62": request },
    });
    const field62 = taken(answer);
    if (field62 === undefined) return { answer, count: 0 };
    const control = toAscii(fromHex(field62.slice(0, 2)));
    const found = namesIn(field62.slice(2), by);
    if (!found) return { answer, count: 0, wrong: true };
    names.push(...found);
    if (control !== more || found.length === 0 || names.length > most) break;
  }
  const contents: string[] = [];
  for (const name of names) {
    const answer = await exchange({ mti: "0800", fields: { ...common(journal, one), "62": name } });
    const field62 = taken(answer);
    if (field62 === undefined) return { answer, count: 0 };
    // The control byte is ASCII 0 to 3; a data object of ours never begins so.
    const content = /^3[0-3]/.test(field62) ? field62.slice(2) : field62;
    if (!namesIn(content, by)?.includes(name)) return { answer, count: 0, wrong: true };
    contents.push(content);
  }
  journal.set(what, JSON.stringify(contents));
  const answer = await exchange({ mti: "0800", fields: common(journal, end) });
  return { answer, count: contents.length };
}

/** Each run of the named data objects, as it names one thing; undefined where it is no TLV. */
function namesIn(hex: string, by: readonly string[]): string[] | undefined {
  let tlvs: readonly Tlv[];
  try {
    tlvs = parseTlv(fromHex(hex));
  } catch (cause) {
    if (cause instanceof TlvError || cause instanceof RangeError) return undefined;
    throw cause;
  }
  const parts = tlvs.filter(({ tag }) => by.includes(tag));
  if (parts.length % by.length !== 0) return undefined;
  return Array.from({ length: parts.length / by.length }, (_, at) =>
    parts
      .slice(at * by.length, (at + 1) * by.length)
      .map(({ tag, value }) => toHex(encodeTlv(tag, value)))
      .join(""),
  );
}
