/**
 * Cardholder verification (Book 3 §10.5, Book 4 §6.3.4): online PIN, signature, no CVM. Methods in
 * which the card checks the PIN are recognised, and this terminal does not support them.
 */
import { equal } from "@tillway/bytes";
import { panOf } from "./fields.ts";
import { bitOf, setTsi, setTvr } from "./state.ts";
import type { Session, Turn } from "./state.ts";
import type { CardholderVerification } from "./steps.ts";
import { cardError, enter } from "./turn.ts";

const FAIL = 0x00;
const ONLINE_PIN = 0x02;
const OFFLINE_PIN: readonly number[] = [0x01, 0x03, 0x04, 0x05];
const SIGNATURE = 0x1e;
const NO_CVM = 0x1f;

const UNKNOWN = 0;
const FAILED = 1;
const SUCCESSFUL = 2;

type Rule = { readonly code: number; readonly condition: number };

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

function ruleAt(session: Session, index: number): Rule | undefined {
  const list = session.card.get("8E") ?? new Uint8Array(0);
  const code = list[8 + index * 2];
  const condition = list[9 + index * 2];
  return code === undefined || condition === undefined ? undefined : { code, condition };
}

/** Goes through the rules until one method is performed or the list ends. */
function nextRule(session: Session): Turn {
  for (;;) {
    const rule = ruleAt(session, session.rule);
    if (rule === undefined) return listEnded(session);
    if (!conditionHolds(session, rule)) {
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
  if (!recognised(method)) {
    setTvr(session, "cvmUnrecognised");
    return undefined;
  }
  if (!supported(session, method)) {
    if (method === ONLINE_PIN || OFFLINE_PIN.includes(method)) setTvr(session, "pinPadUnavailable");
    return undefined;
  }
  switch (method) {
    case ONLINE_PIN:
      // A PIN bypassed once is bypassed for every later method too (Book 4 §6.3.4.3).
      if (session.pinBypassed) return undefined;
      session.wait = "online-pin";
      return { type: "enter-online-pin", pan: panOf(session) };
    case SIGNATURE:
      return done(session, rule, "signature", UNKNOWN);
    case NO_CVM:
      return done(session, rule, "none", SUCCESSFUL);
    default:
      return undefined;
  }
}

function done(session: Session, rule: Rule, cvm: CardholderVerification, result: number): Turn {
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
  const known = recognised(methodOf(rule));
  setResults(session, known ? rule : { code: 0x3f, condition: 0 }, FAILED);
  session.rule += 1;
  const goesOn = (rule.code & 0x40) !== 0 && methodOf(rule) !== FAIL;
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

export function pinEntered(session: Session): Turn {
  const rule = ruleAt(session, session.rule);
  if (rule === undefined) return cardError(session);
  setTvr(session, "onlinePinEntered");
  return done(session, rule, "online-pin", UNKNOWN);
}

export function pinBypassed(session: Session): Turn {
  const rule = ruleAt(session, session.rule);
  if (rule === undefined) return cardError(session);
  session.pinBypassed = true;
  setTvr(session, "pinNotEntered");
  return unsuccessful(session, rule) ?? nextRule(session);
}

function methodOf(rule: Rule): number {
  return rule.code & 0x3f;
}

function recognised(method: number): boolean {
  return [FAIL, ONLINE_PIN, SIGNATURE, NO_CVM, ...OFFLINE_PIN].includes(method);
}

/** Terminal capabilities, tag 9F33 byte 2, less what this version cannot do. */
function supported(session: Session, method: number): boolean {
  const capabilities = session.terminal.get("9F33");
  switch (method) {
    case FAIL:
      return true;
    case ONLINE_PIN:
      return bitOf(capabilities, 2, 7) && session.selected?.application.onlinePin === true;
    case SIGNATURE:
      return bitOf(capabilities, 2, 6);
    case NO_CVM:
      return bitOf(capabilities, 2, 4);
    default:
      return false;
  }
}

/** Condition codes of Book 3 Annex C3, table 40; a code not known does not hold. */
function conditionHolds(session: Session, rule: Rule): boolean {
  const { type } = session.transaction;
  const unattended = ["14", "15", "16"].includes(session.configuration.terminal.type);
  const cash = type === "01";
  const cashback = type === "09";
  switch (rule.condition) {
    case 0x00:
      return true;
    case 0x01:
      return cash && unattended;
    case 0x02:
      return !cash && !cashback;
    case 0x03:
      return supported(session, methodOf(rule));
    case 0x04:
      return cash && !unattended;
    case 0x05:
      return cashback;
    case 0x06:
    case 0x07:
    case 0x08:
    case 0x09:
      return amountHolds(session, rule.condition);
    default:
      return false;
  }
}

/** Under or over the amounts X and Y of the list, in the application's currency. */
function amountHolds(session: Session, condition: number): boolean {
  const currency = session.card.get("9F42");
  const own = session.terminal.get("5F2A");
  if (currency === undefined || own === undefined || !equal(currency, own)) return false;
  const list = session.card.get("8E") ?? new Uint8Array(8);
  const view = new DataView(list.buffer, list.byteOffset);
  const limit = BigInt(view.getUint32(condition < 0x08 ? 0 : 4));
  const amount = BigInt(session.transaction.amount);
  return condition % 2 === 0 ? amount < limit : amount > limit;
}
