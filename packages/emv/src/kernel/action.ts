/** Terminal action analysis and the first cryptogram (Book 3 §10.7, §10.8; Book 4 §6.3.6). */
import { fromAscii, fromHex } from "@tillway/bytes";
import { INS } from "../apdu.ts";
import type { Response } from "../apdu.ts";
import { readAnswer } from "./cryptogram.ts";
import { answerDol, setTcHash } from "./dol-answer.ts";
import { onlineRequest } from "./fields.ts";
import { tvrOf } from "./state.ts";
import type { Session, Turn } from "./state.ts";
import { operationOf } from "./terminal-data.ts";
import { cardError, end, enter, transmit } from "./turn.ts";

const REFERENCE = { AAC: 0x00, TC: 0x40, ARQC: 0x80 } as const;
/** Bit 5 of P1 asks the card to sign its answer (Book 3 table 12). */
const SIGNATURE = 0x10;
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
  switch (operationOf(session.configuration.terminal.type)) {
    // A terminal that can only be offline takes the default codes at once.
    case "offline-only":
      return ask(session, agrees(session, "default") ? "AAC" : "TC");
    case "online-only":
      return ask(session, "ARQC");
    case "offline-capable":
      return ask(session, agrees(session, "online") ? "ARQC" : "TC");
  }
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
  session.signatureAsked = wantsSignature(session, wait, type);
  session.cdolData = [...session.cdolData, data];
  return transmit(session, wait, {
    cla: 0x80,
    ins: INS.generateAc,
    p1: REFERENCE[type] | (session.signatureAsked ? SIGNATURE : 0),
    p2: 0,
    data,
    le: 256,
  });
}

/** Whether the card is to sign this cryptogram; an AAC is never signed (Book 2 §6.6). */
function wantsSignature(
  session: Session,
  wait: "first-cryptogram" | "second-cryptogram",
  type: "AAC" | "TC" | "ARQC",
): boolean {
  if (session.combined !== "armed" || type === "AAC") return false;
  const mode = session.configuration.terminal.cdaMode ?? 1;
  if (wait === "first-cryptogram") return type === "TC" || mode === 1 || mode === 2;
  // Without an answer of the host this signature is the only proof there is.
  return !session.hostAnswered || mode === 1 || mode === 4;
}

/** Answer to the first GENERATE AC: decided offline, or a request for the host. */
export function firstCryptogram(session: Session, response: Response): Turn {
  const answer = readAnswer(session, response);
  if (answer === undefined) return cardError(session);
  switch (answer.type) {
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
      if (session.asked !== "TC") return cardError(session);
      if (answer.proven) return end(session, { result: "approved" });
      session.terminal.set("8A", fromAscii("Z1"));
      return end(session, { result: "declined", reason: "declined-offline" });
    case "ARQC":
      if (session.asked === "AAC") return cardError(session);
      if (!answer.proven) return giveUp(session);
      // A terminal that is never online is one that was unable to go online.
      if (operationOf(session.configuration.terminal.type) === "offline-only") {
        return enter("unable");
      }
      session.terminal.delete("8A");
      session.wait = "online-answer";
      session.requestOpen = true;
      return { type: "go-online", request: onlineRequest(session) };
  }
}

/** A request whose signature is wrong never goes online: the card is told at once (Book 4 §6.3.2). */
function giveUp(session: Session): Turn {
  session.terminal.set("8A", fromAscii("Z1"));
  return generate(session, "second-cryptogram", "AAC");
}
