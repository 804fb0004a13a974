/** Cardholder verification (Book 3 §10.5, Book 4 §6.3.4): the rules of the card's list, one by one. */
import * as cvmList from "./cvm-list.ts";
import type { Rule } from "./cvm-list.ts";
import { panOf } from "./fields.ts";
import { bitOf, setTsi, setTvr } from "./state.ts";
import type { Session, Turn } from "./state.ts";
import type { AnyVerification } from "./steps.ts";
import { cardError, enter, forgetPin } from "./turn.ts";

const { CVM, methodOf, ruleAt } = cvmList;

/** Last byte of the CVM results, tag 9F34 (Book 4 Annex A4). */
const UNKNOWN = 0;
const FAILED = 1;
const SUCCESSFUL = 2;

export function startCardholder(session: Session): Turn {
  if (!bitOf(session.card.get("82"), 1, 5)) return enter("risk");
  const list = session.card.get("8E");
  if (list === undefined || list.length === 8) {
    // A list without rules counts as no list (Book 3 §10.5, §7.5).
    setTvr(session, "cardDataMissing");
    return enter("risk");
  }
  if (list.length < 8 || list.length % 2 !== 0) return cardError(session);
  setTsi(session, "cardholderVerificationPerformed");
  session.rule = 0;
  return nextRule(session);
}

/** Goes through the rules until one method is performed or the list ends. */
export function nextRule(session: Session): Turn {
  for (;;) {
    const rule = ruleAt(session, session.rule);
    if (rule === undefined) return listEnded(session);
    if (!cvmList.conditionHolds(session, rule)) {
      session.rule += 1;
      continue;
    }
    const turn = perform(session, rule);
    if (turn !== undefined) return turn;
    const ended = unsuccessful(session, rule);
    if (ended !== undefined) return ended;
  }
}

/** Performs a method: a turn where it is under way or done, undefined where it failed. */
function perform(session: Session, rule: Rule): Turn | undefined {
  const method = methodOf(rule);
  if (!cvmList.recognised(method)) {
    setTvr(session, "cvmUnrecognised");
    return undefined;
  }
  if (!cvmList.supported(session, method)) {
    if (cvmList.needsPin(method)) setTvr(session, "pinPadUnavailable");
    return undefined;
  }
  // A PIN bypassed once is bypassed for every later method too (Book 4 §6.3.4.3).
  if (cvmList.needsPin(method) && session.pinBypassed) return undefined;
  if (cvmList.offlinePin(method) !== undefined) return enter("offline-pin");
  switch (method) {
    case CVM.onlinePin:
      session.wait = "online-pin";
      return { type: "enter-online-pin", pan: panOf(session) };
    case CVM.signature:
      return done(session, rule, "signature", UNKNOWN);
    case CVM.none:
      return done(session, rule, "none", SUCCESSFUL);
    default:
      return undefined;
  }
}

function done(session: Session, rule: Rule, cvm: AnyVerification, result: number): Turn {
  session.cvm = cvm;
  setResults(session, rule, result);
  return enter("risk");
}

function setResults(session: Session, { code, condition }: Rule, result: number): void {
  session.terminal.set("9F34", Uint8Array.of(code, condition, result));
}

/** A method failed: undefined to go on with the next rule, a turn where the list ends here. */
function unsuccessful(session: Session, rule: Rule): Turn | undefined {
  // "3F" stands for a method that could not even be named (Book 4 §6.3.4.5).
  const known = cvmList.recognised(methodOf(rule));
  setResults(session, known ? rule : { code: 0x3f, condition: 0 }, FAILED);
  session.rule += 1;
  const goesOn = (rule.code & 0x40) !== 0 && methodOf(rule) !== CVM.fail;
  if (goesOn && ruleAt(session, session.rule) !== undefined) return undefined;
  return failed(session);
}

function listEnded(session: Session): Turn {
  const results = session.terminal.get("9F34");
  // No rule applied at all.
  if (results?.[2] !== FAILED) setResults(session, { code: 0x3f, condition: 0 }, FAILED);
  return failed(session);
}

function failed(session: Session): Turn {
  session.cvm = "failed";
  setTvr(session, "cardholderVerificationFailed");
  return enter("risk");
}

/** The method under way failed: the next rule, or the end of the list. */
export function methodFailed(session: Session): Turn {
  const rule = ruleAt(session, session.rule);
  forgetPin(session);
  if (rule === undefined) return cardError(session);
  return unsuccessful(session, rule) ?? nextRule(session);
}

/** The card took the PIN; where a signature belongs to it, nobody knows yet what it will be. */
export function offlinePinRight(session: Session): Turn {
  const rule = ruleAt(session, session.rule);
  if (rule === undefined) return cardError(session);
  return cvmList.withSignature(methodOf(rule))
    ? done(session, rule, "offline-pin-and-signature", UNKNOWN)
    : done(session, rule, "offline-pin", SUCCESSFUL);
}

/** The PIN was taken for the host. */
export function pinEntered(session: Session): Turn {
  const rule = ruleAt(session, session.rule);
  if (rule === undefined) return cardError(session);
  setTvr(session, "onlinePinEntered");
  return done(session, rule, "online-pin", UNKNOWN);
}

export function pinBypassed(session: Session): Turn {
  session.pinBypassed = true;
  setTvr(session, "pinNotEntered");
  return methodFailed(session);
}

export function pinPadFailed(session: Session): Turn {
  setTvr(session, "pinPadUnavailable");
  return methodFailed(session);
}
