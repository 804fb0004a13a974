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
import { spoil } from "./faults.ts";
import { generateAc } from "./generate-ac.ts";
import type { AnyCardImage, Random } from "./image.ts";
import { isScriptCommand, runScript } from "./script.ts";
import {
  applicationState,
  getData,
  getProcessingOptions,
  readRecord,
  selectFile,
} from "./select.ts";
import { status, withSession } from "./state.ts";
import type { CardState, Effect } from "./state.ts";

/** Answer to reset: direct convention, protocol T=1. */
export const ATR: Uint8Array = fromHex("3B80800101");

export type CardAnswer = { readonly state: CardState; readonly response: Uint8Array };

/**
 * The card's answer to one command, status word included, and its state afterwards. The state must
 * be kept before the answer is given out: counters and PIN tries in it may never go back.
 * Never throws, whatever the bytes. `random` feeds challenges and dynamic numbers. Only a card with
 * faults in its profile answers without any byte: it is gone.
 */
export function answer(
  image: AnyCardImage,
  state: CardState,
  command: Uint8Array,
  random: Random,
): CardAnswer {
  const { faults = [] } = image.profile;
  if (faults.length === 0) return rightAnswer(image, state, command, random);
  if (state.session.gone === true) return { state, response: new Uint8Array(0) };
  const commands = (state.session.commands ?? 0) + 1;
  const right = rightAnswer(image, state, command, random);
  const fault = faults.find(({ at }) => at === commands);
  const counted = (after: CardState, gone: boolean): CardState =>
    withSession(after, gone ? { commands, gone } : { commands });
  if (fault === undefined) return { ...right, state: counted(right.state, false) };
  const response = spoil(fault, right.response, random);
  const after = fault.carriedOut ? right.state : state;
  return { state: counted(after, response.length === 0), response };
}

function rightAnswer(
  image: AnyCardImage,
  state: CardState,
  command: Uint8Array,
  random: Random,
): CardAnswer {
  const parsed = parseCommand(command);
  const effect =
    parsed === undefined ? status(state, SW.wrongLength) : route(image, state, parsed, random);
  return { state: effect.state, response: encodeResponse(effect.sw, effect.data) };
}

/** SELECT concerns the whole card, every other command the application that is selected. */
function route(image: AnyCardImage, state: CardState, command: Command, random: Random): Effect {
  const selecting = command.cla === 0x00 && command.ins === INS.select;
  const at = selecting ? 0 : (state.session.application ?? 0);
  const own = image.further?.[at - 1];
  if (own === undefined) return performOnce(image, state, command, random);
  const effect = performOnce(own, applicationState(image, state, at), command, random);
  const further = (state.further ?? []).map((other, index) =>
    index === at - 1 ? effect.state : other,
  );
  const cardBlocked = state.cardBlocked || effect.state.cardBlocked;
  return { ...effect, state: { ...state, cardBlocked, further } };
}

/** Performs a command; a challenge given before it is used up, whatever the command was. */
function performOnce(
  image: AnyCardImage,
  state: CardState,
  command: Command,
  random: Random,
): Effect {
  const effect = perform(image, state, command, random);
  const given = state.session.challenge;
  if (given === undefined || effect.state.session.challenge !== given) return effect;
  const { challenge: _, ...session } = effect.state.session;
  return { ...effect, state: { ...effect.state, session } };
}

function perform(image: AnyCardImage, state: CardState, command: Command, random: Random): Effect {
  switch (command.cla) {
    case 0x00:
      return interIndustry(image, state, command, random);
    case 0x80:
      return proprietary(image, state, command, random);
    case 0x84:
    case 0x8c:
      return isScriptCommand(image, command.ins)
        ? runScript(image, state, command, command.ins)
        : status(state, SW.instruction);
    default:
      return status(state, SW.class);
  }
}

function interIndustry(
  image: AnyCardImage,
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

function proprietary(
  image: AnyCardImage,
  state: CardState,
  command: Command,
  random: Random,
): Effect {
  switch (command.ins) {
    case INS.getProcessingOptions:
      return getProcessingOptions(image, state, command);
    case INS.generateAc:
      return generateAc(image, state, command, random);
    case INS.getData:
      return getData(image, state, command);
    default:
      return status(state, SW.instruction);
  }
}
