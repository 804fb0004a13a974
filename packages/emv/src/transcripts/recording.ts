/** A recorded conversation between a terminal and a card, read from JSON and put in order. */
import { concat, fromHex } from "@tillway/bytes";
import { INS, parseCommand } from "../apdu.ts";
import type { Command } from "../apdu.ts";
import type { RecordedExchange } from "../kernel/rehearsal.ts";

/** What a transcript brings beside the conversation. All of it may be missing. */
export type Recording = {
  readonly exchanges: readonly RecordedExchange[];
  /** YYMMDD, HHMMSS and eight hex digits. */
  readonly date?: string;
  readonly time?: string;
  readonly unpredictableNumber?: string;
  /** Digits of the PIN that was entered. */
  readonly pin?: string;
  readonly caKey?: RecordedKey & { readonly rid: string; readonly index: string };
  /** Published with the transcript, for a test card: opens the PIN on its way to the card. */
  readonly iccKey?: RecordedKey & { readonly privateExponent: string };
};

type RecordedKey = { readonly modulus: string; readonly exponent: string };

/** A command and its whole answer, GET RESPONSE and corrected lengths folded in. */
export type Said = {
  readonly command: Command;
  readonly hex: string;
  readonly data: Uint8Array;
  readonly sw: number;
};

/** The inputs of a transcript vector, or what is wrong with them. */
export function readRecording(inputs: Readonly<Record<string, unknown>>): Recording | string {
  const exchanges = readExchanges(inputs["apdus"]);
  if (exchanges === undefined) return "apdus: a list of commands c and answers r in hex";
  const text = (name: string, form: RegExp): Record<string, string> => {
    const value = inputs[name];
    return typeof value === "string" && form.test(value) ? { [name]: value.toUpperCase() } : {};
  };
  const caKey = readCaKey(inputs["caPublicKey"]);
  const iccKey = readIccKey(inputs["iccPrivateKeyForTestOnly"]);
  return {
    exchanges,
    ...text("date", /^\d{6}$/),
    ...text("time", /^\d{6}$/),
    ...text("unpredictableNumber", /^[0-9A-F]{8}$/i),
    ...text("pin", /^\d{4,12}$/),
    ...(caKey === undefined ? {} : { caKey }),
    ...(iccKey === undefined ? {} : { iccKey }),
  };
}

const HEX = /^([0-9A-F]{2})*$/i;

function readExchanges(value: unknown): RecordedExchange[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const exchanges = value.map((entry: unknown) => {
    const { c, r } = isRecord(entry) ? entry : {};
    const good = typeof c === "string" && typeof r === "string" && HEX.test(c) && HEX.test(r);
    return good ? { c: c.toUpperCase(), r: r.toUpperCase() } : undefined;
  });
  return exchanges.every((entry) => entry !== undefined) ? exchanges : undefined;
}

function readCaKey(value: unknown): Recording["caKey"] {
  if (!isRecord(value)) return undefined;
  const { rid, index, modulus, exponent } = value;
  const texts = [rid, index, modulus, exponent];
  if (!texts.every((text): text is string => typeof text === "string" && HEX.test(text))) {
    return undefined;
  }
  const [first = "", second = "", third = "", fourth = ""] = texts.map((text) =>
    text.toUpperCase(),
  );
  return { rid: first, index: second, modulus: third, exponent: fourth };
}

function readIccKey(value: unknown): Recording["iccKey"] {
  if (!isRecord(value)) return undefined;
  const { n, d, e = "03" } = value;
  if (typeof n !== "string" || typeof d !== "string" || typeof e !== "string") return undefined;
  if (![n, d, e].every((text) => HEX.test(text))) return undefined;
  const privateExponent = d.toUpperCase().padStart(n.length, "0");
  return { modulus: n.toUpperCase(), exponent: e.toUpperCase(), privateExponent };
}

/** The conversation with each answer whole (T=0 61xx and 6Cxx, Book 1 §9.3). */
export function conversation({ exchanges }: Recording): Said[] {
  const said: Said[] = [];
  let pending: { command: Command; hex: string; data: Uint8Array } | undefined;
  for (const { c, r } of exchanges) {
    const command = parseCommand(fromHex(c));
    const answer = fromHex(r);
    if (command === undefined || answer.length < 2) continue;
    const sw = ((answer.at(-2) ?? 0) << 8) | (answer.at(-1) ?? 0);
    const start =
      pending !== undefined && continues(pending.hex, c, command)
        ? pending
        : { command, hex: c, data: new Uint8Array(0) };
    const data = concat(start.data, answer.slice(0, -2));
    pending = undefined;
    if (sw >> 8 === 0x61 || sw >> 8 === 0x6c) pending = { ...start, data };
    else said.push({ ...start, data, sw });
  }
  return said;
}

/** Whether a command only fetches what another one promised. */
function continues(before: string, now: string, command: Command): boolean {
  return command.ins === INS.getResponse || before.slice(0, 8) === now.slice(0, 8);
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
