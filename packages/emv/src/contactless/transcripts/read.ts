/** Recorded transactions as published, and what the recorded terminal said in them. */
import { fromHex, toHex } from "@tillway/bytes";
import { INS, parseCommand, SW, parseResponse } from "../../apdu.ts";
import type { Command } from "../../apdu.ts";
import { splitDol } from "../../dol.ts";
import { flatten, toStore } from "../../tlv.ts";
import type { TlvStore } from "../../tlv.ts";
import { readDol } from "../../kernel/dol-answer.ts";
import type { RecordedExchange } from "../../kernel/rehearsal.ts";
import { readTlv } from "../../kernel/turn.ts";

/** A row of emv-contactless-transcripts, checked. */
export type Transcript = {
  readonly apdus: readonly RecordedExchange[];
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
};

/** A row as a transcript, or what is wrong with it. */
export function readTranscript(row: unknown): Transcript | string {
  const inputs = recordIn(row, "inputs");
  const outputs = recordIn(row, "outputs");
  if (inputs === undefined || outputs === undefined)
    return "the vector has no inputs or no outputs";
  const list: unknown = inputs["apdus"];
  if (!Array.isArray(list) || list.length === 0) return "the vector has no exchanges";
  const apdus: RecordedExchange[] = [];
  for (const entry of list) {
    const c = textIn(entry, "c");
    const r = textIn(entry, "r");
    if (!isHex(c) || !isHex(r)) return "an exchange is not hex";
    apdus.push({ c: c.toUpperCase(), r: r.toUpperCase() });
  }
  return { apdus, inputs, outputs };
}

export function recordIn(value: unknown, name: string): Record<string, unknown> | undefined {
  const found: unknown =
    typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
  if (typeof found !== "object" || found === null || Array.isArray(found)) return undefined;
  return { ...found };
}

export function textIn(value: unknown, name: string): string | undefined {
  const found: unknown =
    typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
  return typeof found === "string" ? found : undefined;
}

export function isHex(text: string | undefined): text is string {
  return text !== undefined && text.length > 0 && /^([0-9A-Fa-f]{2})+$/.test(text);
}

/** What can be learnt of both sides before anything is played. */
export type Recording = {
  /** Whether the recorded terminal asked for the directory. */
  readonly directory: boolean;
  /** Card data: of the last SELECT, GET PROCESSING OPTIONS and all records. */
  readonly card: TlvStore;
  /** Values the terminal gave to the card's lists. */
  readonly said: ReadonlyMap<string, Uint8Array>;
  /** P1 of GENERATE AC, where there was one, and the data that came with it. */
  readonly reference?: number;
  readonly cdol?: Uint8Array;
};

const DIRECTORY = "325041592E5359532E4444463031";
const CHECKSUM = 0x2a;

export function readRecording(transcript: Transcript): Recording {
  const card: TlvStore = new Map();
  const said = new Map<string, Uint8Array>();
  let directory = false;
  let reference: number | undefined;
  let cdol: Uint8Array | undefined;
  for (const { c, r } of transcript.apdus) {
    const command = parseCommand(fromHex(c));
    const answer = parseResponse(fromHex(r));
    if (command === undefined || answer === undefined) continue;
    if (c.includes(DIRECTORY)) {
      directory = true;
      continue;
    }
    note(said, card, command);
    if (command.ins === INS.generateAc) {
      reference ??= command.p1;
      cdol ??= command.data;
      continue;
    }
    if (answer.sw !== SW.ok) continue;
    for (const { tag, value } of flatten(readTlv(answer.data) ?? [])) {
      if (tag === "80" && command.ins === INS.getProcessingOptions) {
        card.set("82", value.slice(0, 2)).set("94", value.slice(2));
      } else card.set(tag, value);
    }
  }
  const given = textIn(transcript.inputs, "transactionRequestTlv");
  const asked = isHex(given) ? toStore(readTlv(fromHex(given)) ?? []) : new Map();
  return {
    directory,
    card,
    said: new Map([...said, ...asked]),
    ...(reference === undefined ? {} : { reference }),
    ...(cdol === undefined ? {} : { cdol }),
  };
}

/** Takes the terminal's values out of a command, by the card's list that asked for them. */
function note(said: Map<string, Uint8Array>, card: TlvStore, command: Command): void {
  const list = listOf(card, command);
  if (list === undefined) return;
  const data = command.ins === INS.getProcessingOptions ? command.data.slice(2) : command.data;
  const values = splitDol(readDol(list) ?? [], data);
  for (const [tag, value] of values ?? []) if (value.length > 0) said.set(tag, value);
}

function listOf(card: TlvStore, command: Command): Uint8Array | undefined {
  switch (command.ins) {
    case INS.getProcessingOptions:
      return card.get("9F38");
    case INS.generateAc:
      return card.get("8C");
    case CHECKSUM:
      return card.get("9F69") ?? fromHex("9F6A04");
    default:
      return undefined;
  }
}

/** Hex of a value, "" where there is none. */
export function hexOf(values: ReadonlyMap<string, Uint8Array>, tag: string): string {
  return toHex(values.get(tag) ?? new Uint8Array(0));
}
