/**
 * Commands of issuer scripts under a MAC (Book 2 §9, Book 3 §6.5.1 to §6.5.3, §6.5.10): blocking
 * and unblocking the application, blocking the card, giving the PIN its tries back.
 */
import { concat, equal, fromHex } from "@tillway/bytes";
import { commonSessionKey, pbocSessionKey, retailMac, visaScriptSessionKey } from "@tillway/keys";
import type { CryptogramVersion } from "@tillway/keys";
import { SW } from "../apdu.ts";
import type { Command } from "../apdu.ts";
import type { CardImage } from "./image.ts";
import { counterBytes, status } from "./state.ts";
import type { CardState, Effect } from "./state.ts";

const MAC_LENGTH = 8;
const INCORRECT_SECURE_MESSAGING = 0x6988;

export const SCRIPT_INS = {
  cardBlock: 0x16,
  applicationUnblock: 0x18,
  applicationBlock: 0x1e,
  pinUnblock: 0x24,
} as const;

type ScriptCommand = (typeof SCRIPT_INS)[keyof typeof SCRIPT_INS];

export function isScriptCommand(ins: number): ins is ScriptCommand {
  return Object.values(SCRIPT_INS).some((known) => known === ins);
}

/**
 * Carries out one script command. It is taken only after an ARQC, as its MAC covers that
 * cryptogram; a wrong MAC is 6988 and is told to the issuer in the next transaction.
 */
export function runScript(
  image: CardImage,
  state: CardState,
  command: Command,
  ins: ScriptCommand,
): Effect {
  const first = state.session.first;
  if (first === undefined || first.type !== "ARQC") return status(state, SW.conditions);
  const counted = { ...state, scripts: state.scripts + 1 };
  const failed = { ...counted, scriptFailed: true };
  if (command.p1 !== 0 || command.p2 !== 0) return status(failed, SW.wrongParameters);
  if (command.data.length !== MAC_LENGTH) return status(failed, SW.wrongLength);
  const expected = scriptMac(image, state.atc, fromHex(first.cryptogram), command);
  if (!equal(expected, command.data)) return status(failed, INCORRECT_SECURE_MESSAGING);
  return status(changed(image, counted, ins), SW.ok);
}

/**
 * The MAC of a script command without data: over header, ATC and cryptogram (Book 2 §9.2.1).
 * Session key: UnionPay [U] and Visa CVN 10 from the ATC, the others from the cryptogram.
 */
function scriptMac(
  image: CardImage,
  counter: number,
  cryptogram: Uint8Array,
  command: Command,
): Uint8Array {
  const atc = counterBytes(counter);
  const smi = fromHex(image.keys.smi);
  const key = scriptKey(image.profile.cryptogramVersion, smi, atc, cryptogram);
  const header = Uint8Array.of(command.cla, command.ins, command.p1, command.p2, MAC_LENGTH);
  return retailMac(key, concat(header, atc, cryptogram), 2);
}

function scriptKey(
  version: CryptogramVersion,
  smi: Uint8Array,
  atc: Uint8Array,
  cryptogram: Uint8Array,
): Uint8Array {
  switch (version) {
    case "unionpay":
      return pbocSessionKey(smi, atc);
    case "visa-10":
      return visaScriptSessionKey(smi, atc);
    case "visa-18":
    case "mchip-10":
      return commonSessionKey(smi, cryptogram);
  }
}

function changed(image: CardImage, state: CardState, ins: ScriptCommand): CardState {
  switch (ins) {
    case SCRIPT_INS.applicationBlock:
      return { ...state, applicationBlocked: true };
    case SCRIPT_INS.applicationUnblock:
      return { ...state, applicationBlocked: false };
    case SCRIPT_INS.cardBlock:
      return { ...state, applicationBlocked: true, cardBlocked: true };
    case SCRIPT_INS.pinUnblock:
      return { ...state, pinTries: image.pinTryLimit };
  }
}
