/** The contactless face of a card as a pure function: command and state in, response and state out. */
import { fromAscii, fromHex, toHex } from "@tillway/bytes";
import { encodeResponse, INS, parseCommand, SW } from "../../apdu.ts";
import type { Command } from "../../apdu.ts";
import type { Random } from "../../card/image.ts";
import { computeChecksum, generateContactless } from "./generate.ts";
import { PROXIMITY_DIRECTORY } from "./image.ts";
import type { ContactlessImage } from "./image.ts";
import { startTransaction } from "./options.ts";
import { refuse } from "./state.ts";
import type { TapCardState, TapEffect } from "./state.ts";

const COMPUTE_CHECKSUM = 0x2a;
const DIRECTORY = toHex(fromAscii(PROXIMITY_DIRECTORY));

/**
 * The card's answer to one command, status word included, and its state afterwards, which must be
 * kept before the answer is given out: its counter may never go back. Never throws, whatever the
 * bytes. `random` feeds the numbers inside signatures.
 */
export function answerContactless(
  image: ContactlessImage,
  state: TapCardState,
  command: Uint8Array,
  random: Random,
): { readonly state: TapCardState; readonly response: Uint8Array } {
  const parsed = parseCommand(command);
  const effect =
    parsed === undefined ? refuse(state, SW.wrongLength) : perform(image, state, parsed, random);
  return { state: effect.state, response: encodeResponse(effect.sw, effect.data) };
}

function perform(
  image: ContactlessImage,
  state: TapCardState,
  command: Command,
  random: Random,
): TapEffect {
  const { cla, ins } = command;
  if (cla === 0x00 && ins === INS.select) return selectFile(image, state, command);
  if (cla === 0x00 && ins === INS.readRecord) return readRecord(image, state, command);
  if (cla !== 0x00 && cla !== 0x80) return refuse(state, SW.class);
  if (cla === 0x00) return refuse(state, SW.instruction);
  const mchip = image.profile.kernel === 2;
  switch (ins) {
    case INS.getProcessingOptions:
      return startTransaction(image, state, command, random);
    case INS.generateAc:
      return mchip && !image.profile.magstripe
        ? generateContactless(image, state, command, random)
        : refuse(state, SW.instruction);
    case COMPUTE_CHECKSUM:
      return mchip && image.profile.magstripe
        ? computeChecksum(image, state, command)
        : refuse(state, SW.instruction);
    default:
      return refuse(state, SW.instruction);
  }
}

/** By name, whole or from its beginning. A blocked application answers 6283, a blocked card 6A81. */
function selectFile(image: ContactlessImage, state: TapCardState, command: Command): TapEffect {
  const { p1, p2, data } = command;
  if (state.chip.cardBlocked) return refuse(state, SW.functionNotSupported);
  if (p1 !== 0x04 || (p2 !== 0x00 && p2 !== 0x02)) return refuse(state, SW.wrongParameters);
  const name = toHex(data);
  if (p2 === 0x02 || data.length < 5) return refuse(state, SW.fileNotFound);
  const idle: TapCardState = { ...state, stage: "idle", pdolData: "" };
  if (name === DIRECTORY) return { state: idle, sw: SW.ok, data: fromHex(image.directoryFci) };
  if (!image.profile.aid.startsWith(name)) return refuse(state, SW.fileNotFound);
  const sw = state.chip.applicationBlocked ? SW.invalidated : SW.ok;
  return { state: { ...idle, stage: "selected" }, sw, data: fromHex(image.fci) };
}

function readRecord(image: ContactlessImage, state: TapCardState, command: Command): TapEffect {
  const { p1: number, p2, data } = command;
  if (data.length > 0) return refuse(state, SW.wrongLength);
  if ((p2 & 0x07) !== 0x04 || number === 0) return refuse(state, SW.wrongParameters);
  if (state.stage !== "initiated" && state.stage !== "finished") {
    return refuse(state, SW.conditions);
  }
  const found = image.records[`${p2 >> 3}.${number}`];
  if (found === undefined) return refuse(state, SW.recordNotFound);
  return { state, sw: SW.ok, data: fromHex(found) };
}
