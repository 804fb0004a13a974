/** Initiating the application and reading its records (Book 3 §10.1, §10.2). */
import { fromHex, toHex } from "@tillway/bytes";
import { INS, SW } from "../apdu.ts";
import type { Response } from "../apdu.ts";
import { tagEntry } from "../tags.ts";
import { encodeTlv, flatten } from "../tlv.ts";
import { answerDol } from "./dol-answer.ts";
import { withoutSelected } from "./selection.ts";
import { binary } from "./terminal-data.ts";
import type { RecordPlace, Session, Turn } from "./state.ts";
import { cardError, child, enter, readTemplate, transmit } from "./turn.ts";

const NOTHING = new Uint8Array(0);
const LONGEST_PDOL_DATA = 252;
const MOST_RECORDS = 255;
/** Without these the terminal stops (Book 3 §7.2). */
const MANDATORY = ["5F24", "5A", "8C", "8D"];

/** Sends GET PROCESSING OPTIONS with what the card's PDOL asks for. */
export function startInitiate(session: Session): Turn {
  const application = session.selected?.application;
  if (application === undefined) return cardError(session);
  session.terminal.set("9F06", fromHex(application.aid));
  session.terminal.set("9F09", fromHex(application.version));
  session.terminal.set("9F1B", binary(application.floorLimit));
  const data = answerDol(session, session.card.get("9F38") ?? NOTHING);
  if (data === undefined || data.length > LONGEST_PDOL_DATA) return cardError(session);
  session.pdolData = data;
  return transmit(session, "processing-options", {
    cla: 0x80,
    ins: INS.getProcessingOptions,
    p1: 0,
    p2: 0,
    data: encodeTlv("83", data),
    le: 256,
  });
}

/** Answer to GET PROCESSING OPTIONS: profile and file locator, or "take another application". */
export function processingOptions(session: Session, { data, sw }: Response): Turn {
  if (sw === SW.conditions) return withoutSelected(session);
  const options = sw === SW.ok ? readOptions(data) : undefined;
  const places = options && readLocator(options.locator);
  if (options === undefined || places === undefined) return cardError(session);
  session.card.set("82", options.profile);
  session.card.set("94", options.locator);
  session.places = places;
  session.position = 0;
  return enter("records");
}

/** Format 1 is AIP and AFL without tags, format 2 data objects (Book 3 §6.5.8.4). */
function readOptions(
  data: Uint8Array,
): { readonly profile: Uint8Array; readonly locator: Uint8Array } | undefined {
  const plain = readTemplate(data, "80")?.value;
  const tagged = readTemplate(data, "77")?.children ?? [];
  const profile = plain?.slice(0, 2) ?? child(tagged, "82")?.value;
  const locator = plain?.slice(2) ?? child(tagged, "94")?.value;
  if (profile?.length !== 2 || locator === undefined) return undefined;
  return { profile, locator };
}

/** The records an AFL lists; undefined where it breaks the rules of Book 3 §10.2. */
function readLocator(locator: Uint8Array): RecordPlace[] | undefined {
  if (locator.length === 0 || locator.length % 4 !== 0) return undefined;
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

/** Reads the next record, or checks what must be there once all are read. */
export function readNext(session: Session): Turn {
  const place = session.places[session.position];
  if (place === undefined) {
    const complete = MANDATORY.every((tag) => session.card.has(tag));
    return complete && wellFormed(session) ? enter("authentication") : cardError(session);
  }
  return transmit(session, "read-record", {
    cla: 0,
    ins: INS.readRecord,
    p1: place.number,
    p2: (place.sfi << 3) | 0x04,
    data: NOTHING,
    le: 256,
  });
}

/** Answer to READ RECORD: its data objects, and the record itself where it is signed. */
export function recordRead(session: Session, { data, sw }: Response): Turn {
  const place = session.places[session.position];
  if (place === undefined || sw !== SW.ok) return cardError(session);
  if (place.signed) session.signed = [...session.signed, { sfi: place.sfi, data }];
  session.position += 1;
  const record = readTemplate(data, "70");
  // Files 11 to 30 belong to scheme and issuer and need no template (Book 3 §5.3.2.2).
  if (record === undefined) return place.sfi > 10 ? enter("records") : cardError(session);
  for (const { tag, value } of flatten(record.children)) {
    const source = tagEntry(tag)?.source;
    if (source === "terminal" || source === "issuer") continue;
    // The same data object twice is a faulty card (Book 3 §10.2).
    if (session.recordTags.includes(tag) || tag === "82" || tag === "94") return cardError(session);
    session.recordTags = [...session.recordTags, tag];
    session.card.set(tag, value);
  }
  return enter("records");
}

/** Forms without which later parts could not work (Book 3 §7.5). */
function wellFormed(session: Session): boolean {
  const hex = (tag: string): string => toHex(session.card.get(tag) ?? NOTHING);
  const date = /^\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$/;
  if (!/^\d{8,19}F*$/.test(hex("5A")) || !date.test(hex("5F24"))) return false;
  return !session.card.has("5F25") || date.test(hex("5F25"));
}
