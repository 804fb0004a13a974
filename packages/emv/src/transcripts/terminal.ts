/** What a recorded terminal knew, read off what it said to the card. */
import { fromAscii, fromHex, toHex } from "@tillway/bytes";
import { INS } from "../apdu.ts";
import { parseDol, splitDol } from "../dol.ts";
import { parseTlv, TlvError, toStore } from "../tlv.ts";
import type { Tlv, TlvStore } from "../tlv.ts";
import { conversation } from "./recording.ts";
import type { Recording, Said } from "./recording.ts";

/** A recorded GENERATE AC: what was asked for, with a signature or not, and the data sent. */
export type RecordedCryptogram = {
  readonly type: "AAC" | "TC" | "ARQC" | "other";
  readonly signed: boolean;
  readonly data: Uint8Array;
  readonly answer: Uint8Array;
  /** The values of the CDOL by tag; empty where the lengths do not fit. */
  readonly values: TlvStore;
};

/** The recorded transaction in parts. */
export type Recorded = {
  readonly said: readonly Said[];
  /** Whether the terminal asked for the directory 1PAY.SYS.DDF01. */
  readonly directory: boolean;
  /** DF name of the application the transaction was made with. */
  readonly aid: string;
  /** Data objects of the card: selection, options, records. */
  readonly card: TlvStore;
  /** Data objects of the terminal as it sent them, the later ones counting. */
  readonly terminal: TlvStore;
  /** The number sent with INTERNAL AUTHENTICATE, where there was one. */
  readonly authenticationNumber?: string;
  readonly dynamic: boolean;
  readonly cryptograms: readonly RecordedCryptogram[];
  /** Data of EXTERNAL AUTHENTICATE. */
  readonly issuerData?: Uint8Array;
  /** Commands of the issuer, before and after the second GENERATE AC. */
  readonly scripts: { readonly before: readonly string[]; readonly after: readonly string[] };
  /** Data of VERIFY by its second parameter. */
  readonly pins: ReadonlyMap<number, Uint8Array>;
};

const DIRECTORY = toHex(fromAscii("1PAY.SYS.DDF01"));
const TYPES = { 0x00: "AAC", 0x40: "TC", 0x80: "ARQC" } as const;
const SCRIPT_CLASSES = [0x04, 0x84, 0x8c];

/** Undefined where no application is selected and started: nothing for a kernel to follow. */
export function readRecorded(recording: Recording): Recorded | undefined {
  const said = conversation(recording);
  const started = said.findLastIndex(({ command }) => command.ins === INS.getProcessingOptions);
  const opened = said.findLastIndex(
    ({ command, sw }, at) => at < started && command.ins === INS.select && sw === 0x9000,
  );
  const selection = said[opened];
  const initiation = said[started];
  if (selection === undefined || initiation === undefined) return undefined;
  const card = cardData(selection, said.slice(started));
  const aid = toHex(card.get("84") ?? selection.command.data);
  const rest = said.slice(started + 1);
  const cryptograms = readCryptograms(rest, card);
  const dynamic = rest.find(({ command }) => command.ins === INS.internalAuthenticate);
  const authenticationNumber =
    dynamic && valuesOf(card.get("9F49"), dynamic.command.data, "9F3704").get("9F37");
  const pdol = valuesOf(card.get("9F38"), initiation.command.data.slice(2));
  const external = rest.find(({ command }) => command.ins === INS.externalAuthenticate);
  return {
    said,
    directory: said.some(({ command }) => toHex(command.data) === DIRECTORY),
    aid,
    card,
    terminal: new Map([...pdol, ...cryptograms.flatMap(({ values }) => [...values])]),
    ...(authenticationNumber === undefined
      ? {}
      : { authenticationNumber: toHex(authenticationNumber) }),
    dynamic: dynamic !== undefined,
    cryptograms,
    ...(external === undefined ? {} : { issuerData: external.command.data }),
    scripts: readScripts(rest),
    pins: new Map(
      rest.flatMap(({ command }) =>
        command.ins === INS.verify ? [[command.p2, command.data] as const] : [],
      ),
    ),
  };
}

/** Selection, options and records as one store; what comes first counts. */
function cardData(selection: Said, rest: readonly Said[]): TlvStore {
  const store: TlvStore = new Map();
  const add = (nodes: readonly Tlv[]): void => {
    for (const [tag, value] of toStore(nodes)) if (!store.has(tag)) store.set(tag, value);
  };
  add(tlvIn(selection.data));
  for (const { command, data, sw } of rest) {
    if (sw !== 0x9000) continue;
    const nodes = tlvIn(data);
    if (command.ins === INS.getProcessingOptions) addOptions(store, nodes);
    if (command.ins === INS.readRecord || command.ins === INS.getProcessingOptions) add(nodes);
  }
  return store;
}

/** Format 1 of GET PROCESSING OPTIONS has no tags for AIP and AFL. */
function addOptions(store: TlvStore, nodes: readonly Tlv[]): void {
  const plain = nodes.find(({ tag }) => tag === "80")?.value;
  if (plain === undefined) return;
  store.set("82", plain.slice(0, 2));
  store.set("94", plain.slice(2));
}

function readCryptograms(rest: readonly Said[], card: TlvStore): RecordedCryptogram[] {
  const asked = rest.filter(({ command }) => command.ins === INS.generateAc);
  return asked.map(({ command, data }, at) => {
    const bits = command.p1 & 0xc0;
    return {
      type: bits === 0x00 || bits === 0x40 || bits === 0x80 ? TYPES[bits] : "other",
      signed: (command.p1 & 0x10) !== 0,
      data: command.data,
      answer: data,
      values: valuesOf(card.get(at === 0 ? "8C" : "8D"), command.data),
    };
  });
}

function readScripts(rest: readonly Said[]): Recorded["scripts"] {
  const isCryptogram = ({ command }: Said): boolean => command.ins === INS.generateAc;
  const last = rest.findLastIndex(isCryptogram);
  const first = rest.findIndex(isCryptogram);
  const scripts = rest.map(({ command, hex }, at) => ({ command, hex, at }));
  const found = scripts.filter(
    ({ command, at }) => SCRIPT_CLASSES.includes(command.cla) && at > first,
  );
  const second = last > first ? last : rest.length;
  return {
    before: found.flatMap(({ hex, at }) => (at < second ? [hex] : [])),
    after: found.flatMap(({ hex, at }) => (at > second ? [hex] : [])),
  };
}

/** The values of a list's answer; empty where list or length do not fit. */
function valuesOf(list: Uint8Array | undefined, data: Uint8Array, standard = ""): TlvStore {
  try {
    const entries = parseDol(list ?? fromHex(standard));
    return splitDol(entries, data) ?? new Map();
  } catch (cause) {
    if (cause instanceof TlvError) return new Map();
    throw cause;
  }
}

function tlvIn(bytes: Uint8Array): readonly Tlv[] {
  try {
    return parseTlv(bytes);
  } catch (cause) {
    if (cause instanceof TlvError) return [];
    throw cause;
  }
}
