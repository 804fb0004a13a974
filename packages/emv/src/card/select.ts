/** SELECT, GET PROCESSING OPTIONS, READ RECORD, GET DATA (Book 1 §11, Book 3 §6.5). */
import { concat, fromAscii, fromHex, toHex } from "@tillway/bytes";
import { SW } from "../apdu.ts";
import type { Command } from "../apdu.ts";
import { dolLength, parseDol } from "../dol.ts";
import { encodeTlv, encodeTlvs } from "../tlv.ts";
import type { AnyCardImage } from "./image.ts";
import { limitsOf, limitTags } from "./limits.ts";
import { DIRECTORY_NAME, LOG_FILE } from "./selection-data.ts";
import { counterBytes, newCardState, NEW_SESSION, status } from "./state.ts";
import type { CardState, Effect, Stage } from "./state.ts";

const DIRECTORY_FILE = 1;
const LAST_COUNTER = 0xffff;

/**
 * By name, whole or from its beginning; the next occurrence is the next application whose name
 * begins so (Book 1 §11.3). A blocked application answers 6283, a blocked card 6A81.
 */
export function selectFile(image: AnyCardImage, state: CardState, command: Command): Effect {
  const { p1, p2, data } = command;
  if (state.cardBlocked) return status(state, SW.functionNotSupported);
  if (p1 !== 0x04 || (p2 !== 0x00 && p2 !== 0x02)) return status(state, SW.wrongParameters);
  if (data.length < 5 || data.length > 16) return status(state, SW.fileNotFound);
  const name = toHex(data);
  const first = p2 === 0x00;
  if (first && image.directoryFci !== "" && name === toHex(fromAscii(DIRECTORY_NAME))) {
    return opened(state, "directory", fromHex(image.directoryFci), SW.ok);
  }
  if (!first && state.session.stage === "idle") return status(state, SW.fileNotFound);
  const from = first ? 0 : (state.session.application ?? 0) + 1;
  const applications = [image, ...(image.further ?? [])];
  const at = applications.findIndex(
    ({ profile }, index) => index >= from && profile.aid.startsWith(name),
  );
  const found = applications[at];
  if (found === undefined) return status(state, SW.fileNotFound);
  const { applicationBlocked } = applicationState(image, state, at);
  const sw = applicationBlocked ? SW.invalidated : SW.ok;
  return opened(state, "selected", fromHex(found.fci), sw, at);
}

function opened(
  state: CardState,
  stage: Stage,
  data: Uint8Array,
  sw: number,
  application = 0,
): Effect {
  const session = { ...NEW_SESSION, stage };
  if (application === 0) return { state: { ...state, session }, sw, data };
  const further = (state.further ?? []).map((other, at) =>
    at === application - 1 ? { ...other, session } : other,
  );
  return { state: { ...state, further, session: { ...session, application } }, sw, data };
}

/** The state of one of the card's applications. */
export function applicationState(image: AnyCardImage, state: CardState, at: number): CardState {
  const own = image.further?.[at - 1];
  if (at === 0 || own === undefined) return state;
  return state.further?.[at - 1] ?? newCardState(own);
}

/** Starts a transaction: the counter goes up, profile and file locator come back (§6.5.8). */
export function getProcessingOptions(
  image: AnyCardImage,
  state: CardState,
  command: Command,
): Effect {
  if (command.p1 !== 0 || command.p2 !== 0) return status(state, SW.wrongParameters);
  const [tag, length] = command.data;
  const wanted = dolLength(parseDol(fromHex(image.pdol)));
  if (tag !== 0x83 || length !== command.data.length - 2) return status(state, SW.wrongData);
  if (length !== wanted) return status(state, SW.wrongLength);
  if (state.session.stage !== "selected" || state.atc >= LAST_COUNTER) {
    return status(state, SW.conditions);
  }
  const pdolData = toHex(command.data.subarray(2));
  const session = { ...NEW_SESSION, stage: "initiated", pdolData } as const;
  const aip = fromHex(image.aip);
  const afl = fromHex(image.afl);
  const data =
    image.responseFormat === 1
      ? encodeTlv("80", concat(aip, afl))
      : encodeTlv(
          "77",
          encodeTlvs([
            ["82", aip],
            ["94", afl],
          ]),
        );
  return { state: { ...state, atc: state.atc + 1, session }, sw: SW.ok, data };
}

/** One record of a file: the directory's before, the application's after initiation (§6.5.11). */
export function readRecord(image: AnyCardImage, state: CardState, command: Command): Effect {
  const { p1: number, p2, data } = command;
  const file = p2 >> 3;
  const { stage } = state.session;
  if (data.length > 0) return status(state, SW.wrongLength);
  if ((p2 & 0x07) !== 0x04 || number === 0) return status(state, SW.wrongParameters);
  if (stage !== "directory" && file === LOG_FILE) return readLog(image, state, number);
  if (stage === "idle" || stage === "selected") return status(state, SW.conditions);
  const records = filesOf(image, stage).get(file);
  if (records === undefined) return status(state, SW.fileNotFound);
  const found = records[number - 1];
  if (found === undefined) return status(state, SW.recordNotFound);
  return { state, sw: SW.ok, data: fromHex(found) };
}

function filesOf(image: AnyCardImage, stage: Stage): Map<number, readonly string[]> {
  if (stage === "directory") return new Map([[DIRECTORY_FILE, image.directoryRecords]]);
  const files = new Map<number, string[]>();
  for (const [place, record] of Object.entries(image.records)) {
    const [file = 0, number = 0] = place.split(".").map((part) => Number.parseInt(part, 10));
    const records = files.get(file) ?? [];
    records[number - 1] = record;
    files.set(file, records);
  }
  return files;
}

/** One record of the card's own log, 1 the newest; open to everyone once it is selected. */
function readLog(image: AnyCardImage, state: CardState, number: number): Effect {
  if (state.session.stage === "idle") return status(state, SW.conditions);
  if (image.profile.log === undefined) return status(state, SW.fileNotFound);
  const found = state.log?.[number - 1];
  return found === undefined
    ? status(state, SW.recordNotFound)
    : { state, sw: SW.ok, data: fromHex(found) };
}

/** What a terminal may ask for (§6.5.7): counters, the log's format, limits that scripts set. */
export function getData(image: AnyCardImage, state: CardState, command: Command): Effect {
  const { stage } = state.session;
  if (stage === "idle" || stage === "directory") return status(state, SW.conditions);
  if (command.data.length > 0) return status(state, SW.wrongLength);
  const tag = toHex(Uint8Array.of(command.p1, command.p2));
  const value = dataOf(image, state, tag);
  if (value === undefined) return status(state, SW.notFound);
  return { state, sw: SW.ok, data: encodeTlv(tag, value) };
}

function dataOf(image: AnyCardImage, state: CardState, tag: string): Uint8Array | undefined {
  switch (tag) {
    case "9F36":
      return counterBytes(state.atc);
    case "9F13":
      return counterBytes(state.lastOnlineAtc);
    case "9F17":
      return Uint8Array.of(state.pinTries);
    case "9F4F":
      return image.profile.log === undefined ? undefined : fromHex(image.profile.log.format);
    default:
      return image.profile.writable?.some((known) => known === tag) === true
        ? limitTags(limitsOf(image, state), image.profile.scheme).get(tag)
        : undefined;
  }
}
