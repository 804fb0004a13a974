/** GET PROCESSING OPTIONS and the records, for every kernel (Books C-2 §6.3, C-3 §5.2, C-7 §3). */
import { fromHex } from "@tillway/bytes";
import { encodeCommand, INS, SW } from "../apdu.ts";
import type { Response } from "../apdu.ts";
import { tagEntry } from "../tags.ts";
import { encodeTlv, flatten } from "../tlv.ts";
import type { Tlv } from "../tlv.ts";
import { answerDol } from "../kernel/dol-answer.ts";
import type { RecordPlace } from "../kernel/state.ts";
import { binary } from "../kernel/terminal-data.ts";
import { readTemplate } from "../kernel/turn.ts";
import { activeLocator, prepareMchip } from "./mchip.ts";
import { conclude, endApplication, useContact } from "./outcome.ts";
import { enter } from "./state.ts";
import type { Tap, TapSession, TapTurn } from "./state.ts";

const NOTHING = new Uint8Array(0);
const LONGEST_PDOL_DATA = 252;
const MOST_RECORDS = 255;
/** The cardholder has to do something on the phone first (C-3 §5.2.2). */
const SEE_PHONE = 0x6986;

/** Sends GET PROCESSING OPTIONS with what the card's PDOL asks for. */
export function startOptions(session: TapSession, tap: Tap): TapTurn {
  const { emv, candidate } = tap;
  const { combination, ttq } = candidate.offer;
  emv.terminal.set("9F06", fromHex(combination.aid));
  emv.terminal.set("9F09", fromHex(combination.version));
  emv.terminal.set("9F1B", binary(combination.limits.floor ?? "0"));
  emv.terminal.set("9F39", fromHex("07"));
  if (ttq !== "") emv.terminal.set("9F66", fromHex(ttq));
  if (combination.mchip !== undefined) prepareMchip(emv, combination.mchip);
  const data = answerDol(emv, emv.card.get("9F38") ?? NOTHING);
  if (data === undefined || data.length > LONGEST_PDOL_DATA) {
    return endApplication(session, "card-error");
  }
  emv.pdolData = data;
  session.wait = "processing-options";
  const command = { cla: 0x80, ins: INS.getProcessingOptions, p1: 0, p2: 0, le: 256 };
  return { type: "transmit", apdu: encodeCommand({ ...command, data: encodeTlv("83", data) }) };
}

/** Answer to GET PROCESSING OPTIONS: data objects, or where to go instead. */
export function optionsAnswered(session: TapSession, tap: Tap, response: Response): TapTurn {
  const { kernel } = tap.candidate.offer.combination;
  const quick = kernel === 3 || kernel === 7;
  if (response.sw !== SW.ok) return refused(session, response.sw, quick);
  const objects = readOptions(response.data, quick);
  if (objects === undefined || !keep(tap, objects)) return endApplication(session, "card-error");
  const { emv } = tap;
  const locator = activeLocator(tap, emv.card.get("94") ?? NOTHING);
  const places = readLocator(locator);
  // Kernels 3 and 7 may have had everything in the answer (C-3 §5.3.1).
  const short = places?.length === 0 && !quick;
  if (emv.card.get("82")?.length !== 2 || places === undefined || short) {
    return endApplication(session, "card-error");
  }
  emv.places = places;
  emv.position = 0;
  return enter("records");
}

function refused(session: TapSession, sw: number, quick: boolean): TapTurn {
  if (sw === SEE_PHONE) {
    return conclude(session, { kind: "try-again", reason: "see-phone", message: "see-phone" });
  }
  if (quick && sw === SW.notUsable) return useContact(session);
  if (!quick || sw === SW.conditions) {
    return conclude(session, { kind: "select-next", reason: "no-application" });
  }
  return endApplication(session, "card-error");
}

/** Format 2 data objects; format 1, AIP and AFL only, serves kernel 2 alone. */
function readOptions(data: Uint8Array, quick: boolean): readonly Tlv[] | undefined {
  const tagged = readTemplate(data, "77");
  if (tagged !== undefined) return flatten(tagged.children);
  const plain = quick ? undefined : readTemplate(data, "80")?.value;
  if (plain === undefined || plain.length < 6) return undefined;
  return [
    { tag: "82", value: plain.slice(0, 2), children: [] },
    { tag: "94", value: plain.slice(2), children: [] },
  ];
}

/** Keeps card data; false where the card gives one object twice (Book 3 §10.2). */
function keep({ emv, candidate }: Tap, objects: readonly Tlv[]): boolean {
  const mchip = candidate.offer.combination.mchip !== undefined;
  for (const { tag, value } of objects) {
    const source = tagEntry(tag)?.source;
    // 9F66 is the terminal's own but to kernel 2, where it maps digits of the track (C-2 A.1.148).
    const own = (source === "terminal" || source === "issuer") && !(mchip && tag === "9F66");
    if (own) continue;
    if (emv.recordTags.includes(tag)) return false;
    emv.recordTags = [...emv.recordTags, tag];
    emv.card.set(tag, value);
  }
  return true;
}

/** The records an AFL lists; undefined where it breaks the rules of Book 3 §10.2. */
function readLocator(locator: Uint8Array): RecordPlace[] | undefined {
  if (locator.length % 4 !== 0) return undefined;
  const places: RecordPlace[] = [];
  for (let at = 0; at < locator.length; at += 4) {
    const [file = 0, first = 0, last = 0, signed = 0] = locator.subarray(at, at + 4);
    const sfi = file >> 3;
    const count = last - first + 1;
    if ((file & 0x07) !== 0 || sfi < 1 || sfi > 30) return undefined;
    if (first < 1 || count < 1 || signed > count) return undefined;
    for (let number = first; number <= last; number += 1) {
      places.push({ sfi, number, signed: number < first + signed });
    }
  }
  return places.length <= MOST_RECORDS ? places : undefined;
}

/** Reads the next record; once all are read the kernel decides. */
export function readNext(session: TapSession, { emv }: Tap): TapTurn {
  const place = emv.places[emv.position];
  if (place === undefined) return enter("decide");
  session.wait = "read-record";
  const p2 = (place.sfi << 3) | 0x04;
  const command = { cla: 0, ins: INS.readRecord, p1: place.number, p2, data: NOTHING, le: 256 };
  return { type: "transmit", apdu: encodeCommand(command) };
}

/** Answer to READ RECORD: its data objects, and the record itself where it is signed. */
export function recordRead(session: TapSession, tap: Tap, { data, sw }: Response): TapTurn {
  const { emv } = tap;
  const place = emv.places[emv.position];
  if (place === undefined || sw !== SW.ok) return endApplication(session, "card-error");
  if (place.signed) emv.signed = [...emv.signed, { sfi: place.sfi, data }];
  emv.position += 1;
  const record = readTemplate(data, "70");
  // Files 11 to 30 belong to scheme and issuer and need no template (Book 3 §5.3.2.2).
  if (record === undefined) {
    return place.sfi > 10 ? enter("records") : endApplication(session, "card-error");
  }
  const kept = keep(tap, flatten(record.children));
  return kept ? enter("records") : endApplication(session, "card-error");
}
