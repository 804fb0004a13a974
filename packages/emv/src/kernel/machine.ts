/**
 * The contact kernel as a step machine (Books 1 to 4): a state and an event give a state and a step.
 * It reads no clock, makes no random numbers and talks to nothing; card data never make it throw.
 */
import { concat, toHex } from "@tillway/bytes";
import { INS, parseCommand, parseResponse } from "../apdu.ts";
import type { Response } from "../apdu.ts";
import { firstCryptogram, startAction } from "./action.ts";
import { dynamicSigned, startAuthentication } from "./authentication.ts";
import * as cardholder from "./cardholder.ts";
import type { KernelConfiguration } from "./configuration.ts";
import { followingData, panOf, psnOf } from "./fields.ts";
import { processingOptions, readNext, recordRead, startInitiate } from "./initiate.ts";
import * as offlinePin from "./offline-pin.ts";
import * as online from "./online.ts";
import { processRestrictions } from "./restrictions.ts";
import * as risk from "./risk.ts";
import * as selection from "./selection.ts";
import { copySession, openSession, tsiOf, tvrOf } from "./state.ts";
import type { CardWait, Phase, Session, Turn } from "./state.ts";
import type {
  AnyVerification,
  FullKernelStep,
  KernelEvent,
  KernelOutcome,
  KernelStep,
  OutcomeReason,
} from "./steps.ts";
import { parseTransactionInput } from "./transaction.ts";
import type { TransactionInput } from "./transaction.ts";
import { cardError, end, forgetPin } from "./turn.ts";

/** The kernel's memory between two steps. Holds card data in clear: keep it in memory only. */
export type KernelState = Readonly<Session> & { readonly full: false };
export type KernelTurn = { readonly state: KernelState; readonly step: KernelStep };

/** The same for a terminal that answers every step. */
export type FullKernelState = Readonly<Session> & { readonly full: true };
export type FullKernelTurn = { readonly state: FullKernelState; readonly step: FullKernelStep };

/** A card answering more often than this is broken or hostile. */
export const MOST_ANSWERS = 1000;
/** GET RESPONSE and repeated commands for one answer. */
const MOST_FETCHES = 4;

/**
 * Begins a transaction. `configuration` comes from `parseKernelConfiguration`. No PIN is taken for
 * the card and no list is asked for, whatever the configuration says: see `startFullKernel`.
 * Throws RangeError, naming fields but no values, on a malformed transaction.
 */
export function startKernel(
  configuration: KernelConfiguration,
  transaction: TransactionInput,
): KernelTurn {
  const state = { ...opened(configuration, transaction, false), full: false } as const;
  return advance(state, { type: "start", transaction });
}

/** As `startKernel`, for a terminal that also answers `enter-offline-pin` and `check-card`. */
export function startFullKernel(
  configuration: KernelConfiguration,
  transaction: TransactionInput,
): FullKernelTurn {
  const state = { ...opened(configuration, transaction, true), full: true } as const;
  return advanceFull(state, { type: "start", transaction });
}

function opened(
  configuration: KernelConfiguration,
  transaction: TransactionInput,
  full: boolean,
): Session {
  const parsed = parseTransactionInput(transaction);
  if (!parsed.ok) throw new RangeError(parsed.problems.join("; "));
  return openSession(configuration, parsed.transaction, full);
}

/**
 * The next step after an event. The state given stays as it was, but for a PIN in it or in the
 * event. After the end every event gets the same `done` step; an event that does not fit ends the
 * transaction.
 */
export function advance(state: KernelState, event: KernelEvent): KernelTurn {
  const { session, step } = next(state, event);
  if (!isBasic(step)) throw new Error("a step of the full kernel without asking for it");
  return { state: { ...session, full: false }, step };
}

/** As `advance`, for a transaction of `startFullKernel`. */
export function advanceFull(state: FullKernelState, event: KernelEvent): FullKernelTurn {
  const { session, step } = next(state, event);
  return { state: { ...session, full: true }, step };
}

type Next = { readonly session: Readonly<Session>; readonly step: FullKernelStep };

function next(state: Readonly<Session>, event: KernelEvent): Next {
  if (state.step !== undefined) {
    if (event.type === "offline-pin-entered") event.pin.fill(0);
    return { session: state, step: state.step };
  }
  const session = copySession(state);
  let turn = handle(session, event);
  while (turn.type === "enter") turn = PHASES[turn.phase](session);
  if (turn.type === "done") session.step = turn;
  return { session, step: turn };
}

/** Whether a step may go to a terminal that takes no PIN for the card and keeps no lists. */
function isBasic(step: FullKernelStep): step is KernelStep {
  const offline = (cvm: AnyVerification): boolean => cvm.startsWith("offline");
  switch (step.type) {
    case "enter-offline-pin":
    case "check-card":
      return false;
    case "go-online":
      return !offline(step.request.cvm);
    case "done":
      return !offline(step.outcome.cvm);
    case "transmit":
    case "choose-application":
    case "enter-online-pin":
      return true;
  }
}

const PHASES: Readonly<Record<Phase, (session: Session) => Turn>> = {
  choose: selection.choose,
  list: selection.startList,
  initiate: startInitiate,
  records: readNext,
  authentication: startAuthentication,
  restrictions: processRestrictions,
  cardholder: cardholder.startCardholder,
  "offline-pin": offlinePin.startOfflinePin,
  risk: risk.startRisk,
  floor: risk.checkFloor,
  action: startAction,
  unable: online.unableToGoOnline,
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
  "pin-tries": offlinePin.triesRead,
  challenge: offlinePin.challengeRead,
  verify: offlinePin.pinVerified,
  "application-counter": risk.counterRead,
  "last-online-counter": risk.lastOnlineRead,
  "first-cryptogram": firstCryptogram,
  "external-authenticate": online.issuerAuthenticated,
  "script-command": online.scriptAnswered,
  "second-cryptogram": online.secondCryptogram,
};

function handle(session: Session, event: KernelEvent): Turn {
  const { wait } = session;
  const atPin = wait === "online-pin" || wait === "offline-pin";
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
      return wait === "online-pin" ? cardholder.pinEntered(session) : unexpected(session);
    case "offline-pin-entered":
      return offlinePinEntered(session, event);
    case "pin-bypassed":
      return atPin ? cardholder.pinBypassed(session) : unexpected(session);
    case "pin-pad-failed":
      return atPin ? cardholder.pinPadFailed(session) : unexpected(session);
    case "card-checked": {
      const { onExceptionFile, recentAmount = "0" } = event;
      const waiting = wait === "card-check";
      const turn = waiting ? risk.cardChecked(session, onExceptionFile, recentAmount) : undefined;
      return turn ?? unexpected(session);
    }
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

/** A PIN that nobody asked for, or of another form, is overwritten all the same. */
function offlinePinEntered(
  session: Session,
  { pin, padding }: Extract<KernelEvent, { readonly type: "offline-pin-entered" }>,
): Turn {
  if (session.wait === "offline-pin") {
    const turn = offlinePin.offlinePinEntered(session, pin, padding);
    if (turn !== undefined) return turn;
  }
  pin.fill(0);
  return unexpected(session);
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
  // Only a command that expects data can be repeated with another length (Book 1 §9.2.3).
  const expected = sw >> 8 === 0x6c ? parseCommand(session.command)?.le : undefined;
  if (expected === undefined || expected === length) return undefined;
  return Uint8Array.of(...session.command.subarray(0, -1), length);
}

function finish(session: Session): FullKernelStep {
  const decision = session.decision ?? { result: "terminated", reason: "card-error" };
  session.wait = "nothing";
  forgetPin(session);
  const { selected, cryptogram } = session;
  const pan = panOf(session);
  const psn = psnOf(session);
  const approvedInVain = session.hostApproved && decision.result !== "approved";
  const scriptResults = session.terminal.get("DF31");
  const outcome: KernelOutcome<AnyVerification> = {
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
