/** Terminal action analysis and the first cryptogram (Book 3 §10.7, §10.8; Book 4 §6.3.6). */
import { fromAscii, fromHex, toHex } from "@tillway/bytes";
import { INS, SW } from "../apdu.ts";
import type { Response } from "../apdu.ts";
import { answerDol, setTcHash } from "./dol-answer.ts";
import { onlineRequest } from "./fields.ts";
import { setTsi, tvrOf } from "./state.ts";
import type { Session, Turn } from "./state.ts";
import type { Cryptogram } from "./steps.ts";
import { cardError, child, end, readTemplate, transmit } from "./turn.ts";

const REFERENCE = { AAC: 0x00, TC: 0x40, ARQC: 0x80 } as const;
/** Low bits of the cryptogram information data: "service not allowed" (Book 3 table 14). */
const NOT_ALLOWED = 0x01;

/** Which action codes agree with the TVR: the terminal's and the issuer's together. */
export function agrees(session: Session, code: "denial" | "online" | "default"): boolean {
  const issuerTag = { denial: "9F0E", online: "9F0F", default: "9F0D" }[code];
  // An issuer that is silent denies nothing and sends everything online (Book 3 §10.7).
  const silent = code === "denial" ? "0000000000" : "FFFFFFFFFF";
  const issuer = session.card.get(issuerTag) ?? fromHex(silent);
  const own = fromHex(session.selected?.application.actionCodes[code] ?? silent);
  return tvrOf(session).some((byte, at) => (byte & ((issuer[at] ?? 0) | (own[at] ?? 0))) !== 0);
}

export function startAction(session: Session): Turn {
  if (agrees(session, "denial")) return ask(session, "AAC");
  // A terminal that can only be offline takes the default codes at once (types 23, 26, 13, 16).
  const offlineOnly = ["13", "16", "23", "26", "36"].includes(session.configuration.terminal.type);
  if (offlineOnly) return ask(session, agrees(session, "default") ? "AAC" : "TC");
  return ask(session, agrees(session, "online") ? "ARQC" : "TC");
}

function ask(session: Session, type: "AAC" | "TC" | "ARQC"): Turn {
  if (type === "AAC") session.terminal.set("8A", fromAscii("Z1"));
  if (type === "TC") session.terminal.set("8A", fromAscii("Y1"));
  return generate(session, "first-cryptogram", type);
}

/** GENERATE AC with the data of CDOL1 or CDOL2. */
export function generate(
  session: Session,
  wait: "first-cryptogram" | "second-cryptogram",
  type: "AAC" | "TC" | "ARQC",
): Turn {
  const list = session.card.get(wait === "first-cryptogram" ? "8C" : "8D") ?? new Uint8Array(0);
  const data = setTcHash(session, list) ? answerDol(session, list) : undefined;
  if (data === undefined) return cardError(session);
  session.asked = type;
  return transmit(session, wait, {
    cla: 0x80,
    ins: INS.generateAc,
    p1: REFERENCE[type],
    p2: 0,
    data,
    le: 256,
  });
}

/** Keeps what GENERATE AC answered; undefined where it is malformed (Book 3 §6.5.5.4). */
export function keepCryptogram(session: Session, { data, sw }: Response): Cryptogram | undefined {
  if (sw !== SW.ok) return undefined;
  const parts = readPlain(data) ?? readTagged(data);
  if (parts === undefined) return undefined;
  const kind = (parts.information[0] ?? 0) & 0xc0;
  const type = kind === 0x00 ? "AAC" : kind === 0x40 ? "TC" : kind === 0x80 ? "ARQC" : undefined;
  if (type === undefined) return undefined;
  setTsi(session, "cardRiskManagementPerformed");
  session.card.set("9F27", parts.information);
  session.card.set("9F36", parts.counter);
  session.card.set("9F26", parts.value);
  if (parts.issuerData === undefined) session.card.delete("9F10");
  else session.card.set("9F10", parts.issuerData);
  session.cryptogram = { type, value: toHex(parts.value) };
  return session.cryptogram;
}

type Parts = {
  readonly information: Uint8Array;
  readonly counter: Uint8Array;
  readonly value: Uint8Array;
  readonly issuerData: Uint8Array | undefined;
};

function readPlain(data: Uint8Array): Parts | undefined {
  const value = readTemplate(data, "80")?.value;
  if (value === undefined || value.length < 11 || value.length > 43) return undefined;
  return {
    information: value.slice(0, 1),
    counter: value.slice(1, 3),
    value: value.slice(3, 11),
    issuerData: value.length > 11 ? value.slice(11) : undefined,
  };
}

function readTagged(data: Uint8Array): Parts | undefined {
  const nodes = readTemplate(data, "77")?.children ?? [];
  const information = child(nodes, "9F27")?.value;
  const counter = child(nodes, "9F36")?.value;
  const value = child(nodes, "9F26")?.value;
  const issuerData = child(nodes, "9F10")?.value;
  if (information?.length !== 1 || counter?.length !== 2 || value?.length !== 8) return undefined;
  if (issuerData !== undefined && issuerData.length > 32) return undefined;
  return { information, counter, value, issuerData };
}

/** Answer to the first GENERATE AC: decided offline, or a request for the host. */
export function firstCryptogram(session: Session, response: Response): Turn {
  const cryptogram = keepCryptogram(session, response);
  if (cryptogram === undefined) return cardError(session);
  switch (cryptogram.type) {
    case "AAC": {
      session.terminal.set("8A", fromAscii("Z1"));
      const reason = (session.card.get("9F27")?.[0] ?? 0) & 0x07;
      return end(session, {
        result: "declined",
        reason: reason === NOT_ALLOWED ? "not-accepted" : "declined-offline",
      });
    }
    case "TC":
      // A card may be stricter than it was asked to be, never milder.
      return session.asked === "TC" ? end(session, { result: "approved" }) : cardError(session);
    case "ARQC":
      if (session.asked === "AAC") return cardError(session);
      session.terminal.delete("8A");
      session.wait = "online-answer";
      session.requestOpen = true;
      return { type: "go-online", request: onlineRequest(session) };
  }
}
