/** After the host's answer: issuer authentication, scripts, the second cryptogram (Book 3 §10.9-11). */
import { concat, fromAscii } from "@tillway/bytes";
import { INS, SW } from "../apdu.ts";
import type { Response } from "../apdu.ts";
import { agrees, generate } from "./action.ts";
import { readAnswer } from "./cryptogram.ts";
import { bitOf, setTsi, setTvr } from "./state.ts";
import type { IssuerScript, Session, Turn } from "./state.ts";
import { operationOf } from "./terminal-data.ts";
import {
  child,
  end,
  enter,
  outermost,
  readOutermost,
  readTlv,
  transmit,
  transmitBytes,
} from "./turn.ts";
import type { Flat } from "./turn.ts";

const LONGEST_COMMAND = 261;

/** The host answered: DE 39 decides, DE 55 brings 91, 71 and 72. */
export function onlineAnswered(session: Session, responseCode: string, data: Uint8Array): Turn {
  const objects = readOutermost(data);
  session.requestOpen = false;
  session.hostAnswered = true;
  session.hostApproved = session.configuration.terminal.approvalCodes.includes(responseCode);
  session.terminal.set("8A", outermost(objects, "8A") ?? asciiCode(responseCode));
  session.scripts = objects.flatMap(readScript);
  const authentication = outermost(objects, "91");
  if (authentication === undefined) return enter("issuer");
  session.terminal.set("91", authentication);
  const inSecond = !bitOf(session.card.get("82"), 1, 3);
  if (inSecond || authentication.length < 8 || authentication.length > 16) return enter("issuer");
  setTsi(session, "issuerAuthenticationPerformed");
  return transmit(session, "external-authenticate", {
    cla: 0,
    ins: INS.externalAuthenticate,
    p1: 0,
    p2: 0,
    data: authentication,
  });
}

/** DE 39 as the authorisation response code, two characters whatever came. */
function asciiCode(responseCode: string): Uint8Array {
  return fromAscii(/^[\x20-\x7e]{2}$/.test(responseCode) ? responseCode : "96");
}

/**
 * The host did not answer: the default action codes decide (Book 3 §10.7). A terminal that is
 * online only approves nothing by itself.
 */
export function unableToGoOnline(session: Session): Turn {
  session.requestOpen = false;
  const onlineOnly = operationOf(session.configuration.terminal.type) === "online-only";
  const declined = onlineOnly || agrees(session, "default");
  session.terminal.set("8A", fromAscii(declined ? "Z3" : "Y3"));
  return generate(session, "second-cryptogram", declined ? "AAC" : "TC");
}

/** Answer to EXTERNAL AUTHENTICATE: anything but success is a failed issuer authentication. */
export function issuerAuthenticated(session: Session, { sw }: Response): Turn {
  if (sw !== SW.ok) setTvr(session, "issuerAuthenticationFailed");
  return enter("issuer");
}

/** Scripts 71, then the second cryptogram. */
export function startScriptsBefore(session: Session): Turn {
  return startScripts(session, 0, true);
}

export function startSecond(session: Session): Turn {
  return generate(session, "second-cryptogram", session.hostApproved ? "TC" : "AAC");
}

/** Answer to the second GENERATE AC: decided. Scripts 72 may still follow. */
export function secondCryptogram(session: Session, response: Response): Turn {
  // A request given up for its signature was declined before this cryptogram was asked for.
  const givenUp = session.combined === "failed";
  const answer = readAnswer(session, response);
  if (session.asked === "TC" && answer?.type === "TC" && answer.proven) {
    session.decision = { result: "approved" };
  } else if (session.asked === "TC") {
    const reason = answer === undefined ? "card-error" : "declined-by-card";
    session.decision = { result: "declined", reason };
  } else if (session.hostAnswered) {
    session.decision = { result: "declined", reason: "declined-by-host" };
  } else {
    const reason = givenUp ? "declined-offline" : "unable-to-go-online";
    session.decision = { result: "declined", reason };
  }
  return answer === undefined ? enter("finish") : enter("scripts-after");
}

export function startScriptsAfter(session: Session): Turn {
  return startScripts(session, 0, false);
}

/** A template 71 or 72: optional identifier 9F18, then commands 86 (Book 3 §10.10, Book 4 A9). */
function readScript(node: Flat): IssuerScript[] {
  if (node.tag !== "71" && node.tag !== "72") return [];
  const children = readTlv(node.value);
  const commands = (children ?? []).flatMap(({ tag, value }) => (tag === "86" ? [value] : []));
  const identifier = child(children ?? [], "9F18")?.value;
  return [
    {
      before: node.tag === "71",
      identifier: identifier?.length === 4 ? identifier : new Uint8Array(4),
      commands,
      wellFormed:
        children !== undefined &&
        commands.every((command) => command.length >= 4 && command.length <= LONGEST_COMMAND),
    },
  ];
}

function startScripts(session: Session, from: number, before: boolean): Turn {
  const index = session.scripts.findIndex((entry, at) => at >= from && entry.before === before);
  const script = session.scripts[index];
  if (script === undefined) return before ? enter("second") : end(session, NOT_DECIDED);
  setTsi(session, "scriptProcessingPerformed");
  session.script = index;
  session.scriptCommand = 0;
  if (!script.wellFormed) return scriptEnded(session, script, "not-performed");
  return nextCommand(session, script);
}

/** Never seen: the second cryptogram has decided before scripts 72 begin. */
const NOT_DECIDED = { result: "terminated", reason: "card-error" } as const;

function nextCommand(session: Session, script: IssuerScript): Turn {
  const command = script.commands[session.scriptCommand];
  if (command === undefined) return scriptEnded(session, script, "successful");
  session.scriptCommand += 1;
  return transmitBytes(session, "script-command", command);
}

/** Answer to a script's command: warnings (62, 63) count as done, errors end the script. */
export function scriptAnswered(session: Session, { sw }: Response): Turn {
  const script = session.scripts[session.script];
  if (script === undefined) return end(session, NOT_DECIDED);
  const done = [0x90, 0x61, 0x62, 0x63].includes(sw >> 8);
  return done ? nextCommand(session, script) : scriptEnded(session, script, "failed");
}

/** Notes a script's result in DF31: status and failed command, then the identifier. */
function scriptEnded(
  session: Session,
  script: IssuerScript,
  status: "not-performed" | "failed" | "successful",
): Turn {
  if (status !== "successful") {
    setTvr(session, script.before ? "scriptFailedBefore" : "scriptFailedAfter");
  }
  noteScript(session, script, status);
  return startScripts(session, session.script + 1, script.before);
}

/** Book 4 Annex A5: high half 0 not performed, 1 failed, 2 successful; low half the command. */
function noteScript(
  session: Session,
  script: IssuerScript,
  status: "not-performed" | "failed" | "successful",
): void {
  const high = { "not-performed": 0x00, failed: 0x10, successful: 0x20 }[status];
  const low = status === "failed" ? Math.min(session.scriptCommand, 15) : 0;
  const result = concat(Uint8Array.of(high | low), script.identifier);
  session.scriptResults = [...session.scriptResults, result];
  session.terminal.set("DF31", concat(...session.scriptResults));
}
