/**
 * Commands of issuer scripts (Book 2 §9, Book 3 §6.5.1 to §6.5.3, §6.5.10): blocking and unblocking
 * the application, blocking the card, a new PIN or its tries back, PUT DATA.
 */
import { equal, fromHex, toHex } from "@tillway/bytes";
import { decryptScriptData, scriptMac } from "@tillway/keys";
import type { ScriptTransaction } from "@tillway/keys";
import { SW } from "../apdu.ts";
import type { Command } from "../apdu.ts";
import type { AnyCardImage } from "./image.ts";
import { isLimit } from "./limits.ts";
import { readNewPin } from "./new-pin.ts";
import { counterBytes, status, withSession } from "./state.ts";
import type { CardState, Effect } from "./state.ts";
import { isMchip } from "./versions.ts";

const MAC_LENGTH = 8;
const INCORRECT_SECURE_MESSAGING = 0x6988;

export const SCRIPT_INS = {
  cardBlock: 0x16,
  applicationUnblock: 0x18,
  applicationBlock: 0x1e,
  pinChangeUnblock: 0x24,
  putData: 0xda,
} as const;

type ScriptCommand = (typeof SCRIPT_INS)[keyof typeof SCRIPT_INS];

/** Whether this card knows the command; PUT DATA only where its profile has something to write. */
export function isScriptCommand(image: AnyCardImage, ins: number): ins is ScriptCommand {
  if (ins === SCRIPT_INS.putData) return (image.profile.writable?.length ?? 0) > 0;
  return Object.values(SCRIPT_INS).some((known) => known === ins);
}

/** A command whose MAC is right: its data as they came, and the transaction they belong to. */
type Proven = {
  readonly ins: ScriptCommand;
  readonly p1: number;
  readonly p2: number;
  readonly data: Uint8Array;
  readonly transaction: ScriptTransaction;
};

/**
 * Carries out one script command. It is taken only after an ARQC, as its MAC covers that
 * cryptogram; a wrong MAC is 6988 and is told to the issuer in the next transaction.
 */
export function runScript(
  image: AnyCardImage,
  state: CardState,
  command: Command,
  ins: ScriptCommand,
): Effect {
  const first = state.session.first;
  if (first === undefined || first.type !== "ARQC") return status(state, SW.conditions);
  const before = state.session.scriptCommands ?? 0;
  const session = withSession(state, { scriptCommands: before + 1 });
  const counted = { ...session, scripts: state.scripts + 1 };
  const failed = { ...counted, scriptFailed: true };
  if (!parametersFit(image, command, ins)) return status(failed, SW.wrongParameters);
  const data = command.data.slice(0, -MAC_LENGTH);
  if (command.data.length < MAC_LENGTH || !lengthFits(command, ins, data.length)) {
    return status(failed, SW.wrongLength);
  }
  const transaction = transactionOf(image, state, fromHex(first.cryptogram), before);
  const { cla, p1, p2 } = command;
  const header = Uint8Array.of(cla, ins, p1, p2, command.data.length);
  const expected = scriptMac(fromHex(image.keys.smi), transaction, header, data);
  if (!equal(expected, command.data.slice(-MAC_LENGTH))) {
    return status(failed, INCORRECT_SECURE_MESSAGING);
  }
  const change = changed(image, counted, { ins, p1, p2, data, transaction });
  return change === undefined ? status(failed, SW.wrongData) : status(change, SW.ok);
}

/** M/Chip counts its cryptogram up with each command of the transaction. */
function transactionOf(
  image: AnyCardImage,
  state: CardState,
  cryptogram: Uint8Array,
  before: number,
): ScriptTransaction {
  const version = image.profile.cryptogramVersion;
  const counted = cryptogram.slice();
  if (isMchip(version)) {
    const view = new DataView(counted.buffer);
    view.setBigUint64(0, view.getBigUint64(0) + BigInt(before));
  }
  return { version, atc: counterBytes(state.atc), cryptogram: counted };
}

function parametersFit(image: AnyCardImage, { p1, p2 }: Command, ins: ScriptCommand): boolean {
  switch (ins) {
    case SCRIPT_INS.putData: {
      const tag = toHex(Uint8Array.of(p1, p2));
      return image.profile.writable?.some((known) => known === tag) === true;
    }
    case SCRIPT_INS.pinChangeUnblock:
      return p1 === 0 && p2 <= 2;
    case SCRIPT_INS.cardBlock:
    case SCRIPT_INS.applicationUnblock:
    case SCRIPT_INS.applicationBlock:
      return p1 === 0 && p2 === 0;
  }
}

function lengthFits({ p2 }: Command, ins: ScriptCommand, length: number): boolean {
  const changesPin = ins === SCRIPT_INS.pinChangeUnblock && p2 !== 0;
  return changesPin || ins === SCRIPT_INS.putData ? length > 0 : length === 0;
}

/** The card after the command; undefined where its data are not what the command takes. */
function changed(image: AnyCardImage, state: CardState, proven: Proven): CardState | undefined {
  switch (proven.ins) {
    case SCRIPT_INS.applicationBlock:
      return { ...state, applicationBlocked: true };
    case SCRIPT_INS.applicationUnblock:
      return { ...state, applicationBlocked: false };
    case SCRIPT_INS.cardBlock:
      return { ...state, applicationBlocked: true, cardBlocked: true };
    case SCRIPT_INS.pinChangeUnblock:
      return withNewPin(image, state, proven);
    case SCRIPT_INS.putData: {
      const tag = toHex(Uint8Array.of(proven.p1, proven.p2));
      if (!isLimit(tag, proven.data)) return undefined;
      return { ...state, data: { ...state.data, [tag]: toHex(proven.data) } };
    }
  }
}

/** P2 00 gives the tries back; 01 and 02 bring a new PIN, with and without the present one. */
function withNewPin(
  image: AnyCardImage,
  state: CardState,
  { p2, data, transaction }: Proven,
): CardState | undefined {
  const unblocked = { ...state, pinTries: image.pinTryLimit };
  if (p2 === 0) return unblocked;
  const block = decryptScriptData(fromHex(image.keys.smc), transaction, data);
  if (block === undefined) return undefined;
  const current = p2 === 1 ? (state.pin ?? image.profile.pin) : undefined;
  const { cryptogramVersion } = image.profile;
  const pin = readNewPin(cryptogramVersion, fromHex(image.keys.ac), block, current);
  return pin === undefined ? undefined : { ...unblocked, pin };
}
