/** A chip card as a pure function: command and state in, response and next state out. */
import { fromHex } from "@tillway/bytes";
import { encodeResponse, INS, parseCommand, SW } from "../apdu.ts";
import type { Command } from "../apdu.ts";
import {
  externalAuthenticate,
  getChallenge,
  internalAuthenticate,
  verify,
} from "./authenticate.ts";
import { generateAc } from "./generate-ac.ts";
import type { CardImage, Random } from "./image.ts";
import { isScriptCommand, runScript } from "./script.ts";
import { getData, getProcessingOptions, readRecord, selectFile } from "./select.ts";
import { status } from "./state.ts";
import type { CardState, Effect } from "./state.ts";

/** Answer to reset: direct convention, protocol T=1. */
export const ATR: Uint8Array = fromHex("3B80800101");

/**
 * The card's answer to one command, status word included, and its state afterwards. The state must
 * be kept before the answer is given out: counters and PIN tries in it may never go back.
 * Never throws, whatever the bytes. `random` feeds challenges and dynamic numbers.
 */
export function answer(
  image: CardImage,
  state: CardState,
  command: Uint8Array,
  random: Random,
): { readonly state: CardState; readonly response: Uint8Array } {
  const parsed = parseCommand(command);
  const effect =
    parsed === undefined ? status(state, SW.wrongLength) : perform(image, state, parsed, random);
  return { state: effect.state, response: encodeResponse(effect.sw, effect.data) };
}

function perform(image: CardImage, state: CardState, command: Command, random: Random): Effect {
  switch (command.cla) {
    case 0x00:
      return interIndustry(image, state, command, random);
    case 0x80:
      return proprietary(image, state, command);
    case 0x84:
    case 0x8c:
      return isScriptCommand(command.ins)
        ? runScript(image, state, command, command.ins)
        : status(state, SW.instruction);
    default:
      return status(state, SW.class);
  }
}

function interIndustry(
  image: CardImage,
  state: CardState,
  command: Command,
  random: Random,
): Effect {
  switch (command.ins) {
    case INS.select:
      return selectFile(image, state, command);
    case INS.readRecord:
      return readRecord(image, state, command);
    case INS.internalAuthenticate:
      return internalAuthenticate(image, state, command, random);
    case INS.verify:
      return verify(image, state, command);
    case INS.getChallenge:
      return getChallenge(state, command, random);
    case INS.externalAuthenticate:
      return image.profile.issuerAuthentication.way === "external-authenticate"
        ? externalAuthenticate(image, state, command)
        : status(state, SW.instruction);
    default:
      return status(state, SW.instruction);
  }
}

function proprietary(image: CardImage, state: CardState, command: Command): Effect {
  switch (command.ins) {
    case INS.getProcessingOptions:
      return getProcessingOptions(image, state, command);
    case INS.generateAc:
      return generateAc(image, state, command);
    case INS.getData:
      return getData(state, command);
    default:
      return status(state, SW.instruction);
  }
}
