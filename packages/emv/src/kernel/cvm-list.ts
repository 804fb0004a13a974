/** The card's list of cardholder verification methods: its rules, conditions and what the terminal can do. */
import { equal } from "@tillway/bytes";
import { bitOf } from "./state.ts";
import type { Session } from "./state.ts";
import { isCashMachine } from "./terminal-data.ts";

/** Methods: bits 6 to 1 of a rule's first byte (Book 3 Annex C3). */
export const CVM = {
  fail: 0x00,
  plaintextPin: 0x01,
  onlinePin: 0x02,
  plaintextPinAndSignature: 0x03,
  encipheredPin: 0x04,
  encipheredPinAndSignature: 0x05,
  signature: 0x1e,
  none: 0x1f,
} as const;

/** One rule of tag 8E: two bytes. */
export type Rule = { readonly code: number; readonly condition: number };

/** The rule at this place, counted from 0; undefined behind the last. */
export function ruleAt(session: Session, index: number): Rule | undefined {
  const list = session.card.get("8E") ?? new Uint8Array(0);
  const code = list[8 + index * 2];
  const condition = list[9 + index * 2];
  return code === undefined || condition === undefined ? undefined : { code, condition };
}

export function methodOf(rule: Rule): number {
  return rule.code & 0x3f;
}

/** Whether the terminal knows this method at all. */
export function recognised(method: number): boolean {
  return Object.values(CVM).some((known) => known === method);
}

/** Methods for which the cardholder enters a PIN. */
export function needsPin(method: number): boolean {
  return method >= CVM.plaintextPin && method <= CVM.encipheredPinAndSignature;
}

/** Whether the card itself checks the PIN, under its key or in clear. */
export function offlinePin(method: number): "plaintext" | "enciphered" | undefined {
  switch (method) {
    case CVM.plaintextPin:
    case CVM.plaintextPinAndSignature:
      return "plaintext";
    case CVM.encipheredPin:
    case CVM.encipheredPinAndSignature:
      return "enciphered";
    default:
      return undefined;
  }
}

/** Whether a signature on paper belongs to the method as well. */
export function withSignature(method: number): boolean {
  return method === CVM.plaintextPinAndSignature || method === CVM.encipheredPinAndSignature;
}

/** Terminal capabilities, tag 9F33 byte 2, and whether this application takes PINs online. */
export function supported(session: Session, method: number): boolean {
  const can = (bit: number): boolean => bitOf(session.terminal.get("9F33"), 2, bit);
  switch (method) {
    case CVM.fail:
      return true;
    case CVM.plaintextPin:
      return can(8);
    case CVM.plaintextPinAndSignature:
      return can(8) && can(6);
    case CVM.encipheredPin:
      return can(5);
    case CVM.encipheredPinAndSignature:
      return can(5) && can(6);
    case CVM.onlinePin:
      return can(7) && session.selected?.application.onlinePin === true;
    case CVM.signature:
      return can(6);
    case CVM.none:
      return can(4);
    default:
      return false;
  }
}

/** Condition codes of Book 3 Annex C3, table 40; a code not known does not hold. */
export function conditionHolds(session: Session, rule: Rule): boolean {
  const { type } = session.transaction;
  const machine = isCashMachine(session.configuration.terminal.type);
  const cash = type === "01";
  const cashback = type === "09";
  switch (rule.condition) {
    case 0x00:
      return true;
    case 0x01:
      return cash && machine;
    case 0x02:
      return !cash && !cashback;
    case 0x03:
      return supported(session, methodOf(rule));
    case 0x04:
      return cash && !machine;
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
