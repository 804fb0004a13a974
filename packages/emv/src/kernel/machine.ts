/**
 * The contact kernel as a step machine (Books 1 to 4): a state and an event give a state and a step.
 * It reads no clock, makes no random numbers and talks to nothing; card data never make it throw.
 */
import { concat, toHex } from "@tillway/bytes";
import { INS, parseResponse } from "../apdu.ts";
import type { Response } from "../apdu.ts";
import { firstCryptogram, startAction } from "./action.ts";
import { dynamicSigned, startAuthentication } from "./authentication.ts";
import { pinBypassed, pinEntered, startCardholder } from "./cardholder.ts";
import type { KernelConfiguration } from "./configuration.ts";
import { followingData, panOf, psnOf } from "./fields.ts";
import { processingOptions, readNext, recordRead, startInitiate } from "./initiate.ts";
import * as online from "./online.ts";
import { processRestrictions } from "./restrictions.ts";
import { counterRead, lastOnlineRead, startRisk } from "./risk.ts";
import * as selection from "./selection.ts";
import { copySession, openSession, tsiOf, tvrOf } from "./state.ts";
import type { CardWait, Phase, Session, Turn } from "./state.ts";
import type { KernelEvent, KernelOutcome, KernelStep, OutcomeReason } from "./steps.ts";
import { parseTransactionInput } from "./transaction.ts";
import type { TransactionInput } from "./transaction.ts";
import { cardError, end } from "./turn.ts";

/** The kernel's memory between two steps. Holds card data in clear: keep it in memory only. */
export type KernelState = Readonly<Session>;

export type KernelTurn = { readonly state: KernelState; readonly step: KernelStep };

/** A card answering more often than this is broken or hostile. */
export const MOST_ANSWERS = 1000;
/** GET RESPONSE and repeated commands for one answer. */
const MOST_FETCHES = 4;

/**
 * Begins a transaction. `configuration` comes from `parseKernelConfiguration`.
 * Throws RangeError, naming fields but no values, on a malformed transaction.
 */
export function startKernel(
  configuration: KernelConfiguration,
  transaction: TransactionInput,
): KernelTurn {
  const parsed = parseTransactionInput(transaction);
  if (!parsed.ok) throw new RangeError(parsed.problems.join("; "));
  const state = openSession(configuration, parsed.transaction);
  return advance(state, { type: "start", transaction: parsed.transaction });
}

/**
 * The next step after an event. The state given stays as it was. After the end every event gets the
 * same `done` step; an event that does not fit ends the transaction.
 */
export function advance(state: KernelState, event: KernelEvent): KernelTurn {
  if (state.step?.type === "done") return { state, step: state.step };
  const session = copySession(state);
  let turn = handle(session, event);
  while (turn.type === "enter") turn = PHASES[turn.phase](session);
  session.step = turn;
  return { state: session, step: turn };
}

const PHASES: Readonly<Record<Phase, (session: Session) => Turn>> = {
  choose: selection.choose,
  list: selection.startList,
  initiate: startInitiate,
  records: readNext,
  authentication: startAuthentication,
  restrictions: processRestrictions,
  cardholder: startCardholder,
  risk: startRisk,
  action: startAction,
  issuer: online.startScriptsBefore,
  second: online.startSecond,
  "scripts-after": online.startScriptsAfter,
  finish,
};

const ANSWERS: Readonly<Record<CardWait, (session: Session, response: Response) => Turn>> = {
  "select-directory": selection.directorySelected,
  "read-directory": selection.directoryRead,
  "select-listed": selection.listedSelected,
  "select-application": selection.applicationSelected,
  "processing-options": processingOptions,
  "read-record": recordRead,
  "internal-authenticate": dynamicSigned,
  "application-counter": counterRead,
  "last-online-counter": lastOnlineRead,
  "first-cryptogram": firstCryptogram,
  "external-authenticate": online.issuerAuthenticated,
  "script-command": online.scriptAnswered,
  "second-cryptogram": online.secondCryptogram,
};

function handle(session: Session, event: KernelEvent): Turn {
  const { wait } = session;
  switch (event.type) {
    case "start":
      return wait === "start" ? selection.startSelection(session) : unexpected(session);
    case "response":
      return isCardWait(wait) ? answered(session, wait, event.apdu) : unexpected(session);
    case "application-chosen": {
      const turn = wait === "choice" ? selection.chosen(session, event.aid) : undefined;
      return turn ?? unexpected(session);
    }
    case "pin-entered":
      return wait === "online-pin" ? pinEntered(session) : unexpected(session);
    case "pin-bypassed":
      return wait === "online-pin" ? pinBypassed(session) : unexpected(session);
    case "online-answered":
      return wait === "online-answer"
        ? online.onlineAnswered(session, event.responseCode, event.issuerData)
        : unexpected(session);
    case "unable-to-go-online":
      return wait === "online-answer" ? online.unableToGoOnline(session) : unexpected(session);
    case "pin-cancelled":
    case "cancelled":
      return interrupted(session, "cancelled");
    case "card-removed":
      return interrupted(session, "card-removed");
  }
}

function isCardWait(wait: Session["wait"]): wait is CardWait {
  return wait in ANSWERS;
}

/** A caller's mistake must not leave money in doubt: the transaction ends here. */
function unexpected(session: Session): Turn {
  return interrupted(session, "unexpected-event");
}

/** Ends before the card has decided; what the host said before that stays said. */
function interrupted(session: Session, reason: OutcomeReason): Turn {
  return end(session, { result: session.hostAnswered ? "declined" : "terminated", reason });
}

/** A whole answer of the card, after GET RESPONSE and a corrected length (T=0, Book 1 §9.3). */
function answered(session: Session, wait: CardWait, apdu: Uint8Array): Turn {
  session.answers += 1;
  const response = parseResponse(apdu);
  if (response === undefined || session.answers > MOST_ANSWERS) {
    // Without a status word the card has gone wrong; the second cryptogram decides on that too.
    const nothing = { data: new Uint8Array(0), sw: 0 };
    return wait === "second-cryptogram" ? ANSWERS[wait](session, nothing) : cardError(session);
  }
  const again = repeat(session, response);
  if (again !== undefined) {
    session.fetches += 1;
    session.command = again;
    session.collected = concat(session.collected, response.data);
    return { type: "transmit", apdu: again };
  }
  const data = concat(session.collected, response.data);
  return ANSWERS[wait](session, { data, sw: response.sw });
}

/** The command that fetches the rest of an answer, where the status word says there is one. */
function repeat(session: Session, { sw }: Response): Uint8Array | undefined {
  if (session.fetches >= MOST_FETCHES) return undefined;
  const length = sw & 0xff;
  if (sw >> 8 === 0x61) return Uint8Array.of(0, INS.getResponse, 0, 0, length);
  const scripted = session.wait === "script-command";
  const fetching = session.command[1] === INS.getResponse;
  const takesLength = fetching || session.command.at(-1) === 0;
  if (sw >> 8 !== 0x6c || scripted || !takesLength) return undefined;
  return Uint8Array.of(...session.command.subarray(0, -1), length);
}

function finish(session: Session): KernelStep {
  const decision = session.decision ?? { result: "terminated", reason: "card-error" };
  session.wait = "nothing";
  const { selected, cryptogram } = session;
  const pan = panOf(session);
  const psn = psnOf(session);
  const approvedInVain = session.hostApproved && decision.result !== "approved";
  const scriptResults = session.terminal.get("DF31");
  const outcome: KernelOutcome = {
    result: decision.result,
    ...(decision.reason === undefined ? {} : { reason: decision.reason }),
    online: session.hostAnswered,
    ...(cryptogram === undefined ? {} : { cryptogram }),
    tvr: toHex(tvrOf(session)),
    tsi: toHex(tsiOf(session)),
    cvm: session.cvm,
    ...(selected === undefined ? {} : { aid: selected.aid, label: selected.label }),
    ...(pan === "" ? {} : { pan }),
    ...(psn === undefined ? {} : { psn }),
    reversalRequired: approvedInVain || session.requestOpen,
    ...(scriptResults === undefined ? {} : { scriptResults }),
    data: followingData(session),
  };
  return { type: "done", outcome };
}
