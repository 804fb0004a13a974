/**
 * Kernel 2 (Mastercard, Book C-2) and, in its EMV mode, kernel 4 (American Express): the reader
 * analyses, the card answers GENERATE AC with a combined signature. Parts shared with the contact
 * kernel (restrictions, CVM list, action analysis, GENERATE AC, its answer) are the contact kernel's.
 */
import { fromHex, toHex } from "@tillway/bytes";
import type { Response } from "../apdu.ts";
import { startAction } from "../kernel/action.ts";
import { pinEntered, startCardholder } from "../kernel/cardholder.ts";
import { readAnswer } from "../kernel/cryptogram.ts";
import { asksFor } from "../kernel/dol-answer.ts";
import { iccKeyOf } from "../kernel/keys.ts";
import { processRestrictions } from "../kernel/restrictions.ts";
import { bitOf, setTsi, setTvr } from "../kernel/state.ts";
import type { Session } from "../kernel/state.ts";
import { child, readTemplate } from "../kernel/turn.ts";
import type { MchipConfiguration } from "./configuration.ts";
import { settleIdentity } from "./identity.ts";
import { seePhone, startMagstripe } from "./magstripe.ts";
import type { Holder } from "./magstripe.ts";
import { conclude, declined, endApplication } from "./outcome.ts";
import type { Tap, TapSession, TapTurn } from "./state.ts";
import type { TapVerification } from "./steps.ts";

/** Terminal data of this kernel that are there before the card's PDOL asks for them. */
export function prepareMchip(emv: Session, mchip: MchipConfiguration): void {
  emv.terminal.set("9F1D", fromHex(mchip.riskManagementData));
  emv.terminal.set("9F7E", fromHex(mchip.mobileSupport));
  // No CVM is promised before the amount is compared with the limits (C-2 §6.2).
  emv.terminal.set("9F33", fromHex(`${mchip.cardInput}00${mchip.security}`));
}

/** AIP byte 2 bit 8. Kernel 4 has other words for it, and serves only its EMV mode here. */
export function inEmvMode({ emv, candidate }: Tap): boolean {
  return candidate.offer.combination.kernel === 4 || bitOf(emv.card.get("82"), 2, 8);
}

/** The record of magnetic-stripe mode, as every card has it (C-2 §6.3.2). */
const STRIPE_LOCATOR = "08010100";

/** The part of the AFL this mode needs: the stripe's record for the one, the others for the other. */
export function activeLocator(tap: Tap, locator: Uint8Array): Uint8Array {
  const { kernel } = tap.candidate.offer.combination;
  const begins = toHex(locator.subarray(0, 4)) === STRIPE_LOCATOR;
  if (kernel !== 2 || !begins) return locator;
  return inEmvMode(tap) ? locator.slice(4) : locator.slice(0, 4);
}

/** All data are read: EMV mode where both sides have it, else magnetic-stripe mode. */
export function decideMchip(session: TapSession, tap: Tap): TapTurn {
  const { combination } = tap.candidate.offer;
  const { mchip } = combination;
  if (mchip === undefined) return endApplication(session, "card-error");
  const profile = tap.emv.card.get("82");
  const onDevice = mchip.onDeviceCvm && bitOf(profile, 1, 2);
  const { limits } = combination;
  const most = onDevice ? (limits.onDevice ?? limits.transaction) : limits.transaction;
  const amount = BigInt(session.transaction.amount);
  if (most !== undefined && amount > BigInt(most)) {
    return conclude(session, { kind: "select-next", reason: "limit-exceeded" });
  }
  const holder = { onDevice, required: cvmRequired(tap, amount) };
  if (inEmvMode(tap)) return emvMode(session, tap, mchip, holder);
  if (!mchip.magstripeMode) return endApplication(session, "not-accepted");
  return startMagstripe(session, tap, mchip, holder);
}

function cvmRequired({ candidate }: Tap, amount: bigint): boolean {
  const { waived, combination } = candidate.offer;
  return !waived && combination.limits.cvm !== undefined && amount > BigInt(combination.limits.cvm);
}

function emvMode(
  session: TapSession,
  tap: Tap,
  mchip: MchipConfiguration,
  holder: Holder,
): TapTurn {
  const { emv } = tap;
  if (!emv.card.has("8C") || !settleIdentity(tap)) return endApplication(session, "card-error");
  const means = holder.required ? mchip.cvmRequired : mchip.cvmNotRequired;
  emv.terminal.set("9F33", fromHex(mchip.cardInput + means + mchip.security));
  prepareSignature(tap);
  if (mchip.relayResistanceInTvr) notePlainDistance(emv);
  processRestrictions(emv);
  tap.cvm = verifyHolder(emv, holder, mchip.cvmResults);
  const { floor } = tap.candidate.offer.combination.limits;
  const amount = BigInt(session.transaction.amount);
  if (session.transaction.forceOnline === true) setTvr(emv, "forcedOnline");
  if (floor !== undefined && amount > BigInt(floor)) setTvr(emv, "floorLimitExceeded");
  const turn = startAction(emv);
  if (turn.type !== "transmit") return endApplication(session, "card-error");
  session.wait = "cryptogram";
  return { type: "transmit", apdu: turn.apdu };
}

/** Combined authentication (C-2 §6.6): the card's key is found before the cryptogram is asked for. */
function prepareSignature({ emv }: Tap): void {
  const wanted = bitOf(emv.card.get("82"), 1, 1) && bitOf(emv.terminal.get("9F33"), 3, 4);
  if (!wanted) {
    setTvr(emv, "authenticationNotPerformed");
    return;
  }
  setTsi(emv, "authenticationPerformed");
  const needed = ["8F", "90", "9F32", "9F46", "9F47"];
  if (needed.some((tag) => !emv.card.has(tag))) setTvr(emv, "cardDataMissing");
  const iccKey = iccKeyOf(emv);
  if (iccKey === undefined || !asksFor(emv.card.get("8C"), "9F37")) {
    setTvr(emv, "cdaFailed");
    return;
  }
  emv.iccKey = iccKey;
  emv.combined = "armed";
}

/** TVR byte 5 bits 2 and 1 = 01: relay resistance protocol not performed (C-2 A.1.140). */
function notePlainDistance(emv: Session): void {
  const tvr = emv.terminal.get("95") ?? new Uint8Array(5);
  emv.terminal.set(
    "95",
    tvr.map((byte, at) => (at === 4 ? (byte & 0xfc) | 0x01 : byte)),
  );
}

/** C-2 §6.10: a phone's own verification, else the card's list with this amount's capabilities. */
function verifyHolder(
  emv: Session,
  holder: Holder,
  style: MchipConfiguration["cvmResults"],
): TapVerification {
  if (holder.onDevice) {
    emv.terminal.set("9F34", fromHex(holder.required ? "010002" : "3F0002"));
    return holder.required ? "on-device" : "none";
  }
  const turn = startCardholder(emv);
  if (turn.type === "enter-online-pin") pinEntered(emv);
  else if (turn.type !== "enter" || turn.phase !== "risk") return "failed";
  const results = emv.terminal.get("9F34");
  if (style === "method" && results !== undefined && results[0] !== 0x3f) {
    emv.terminal.set(
      "9F34",
      results.map((byte, at) => (at === 0 ? byte & 0x3f : byte)),
    );
  }
  switch (emv.cvm) {
    case "none":
    case "online-pin":
    case "signature":
    case "failed":
      return emv.cvm;
    case "offline-pin":
    case "offline-pin-and-signature":
      // No capability of this reader offers a PIN to a contactless card.
      return "failed";
  }
}

/** Answer to GENERATE AC: the card's decision, believed where it is signed (C-2 §6.13). */
export function cryptogramAnswered(session: TapSession, tap: Tap, response: Response): TapTurn {
  const { emv } = tap;
  const asked = emv.asked;
  const signed = emv.signatureAsked;
  const answer = readAnswer(emv, response);
  if (answer === undefined) return endApplication(session, "card-error");
  if (signed && answer.type !== "AAC") {
    tap.authentication = { method: "cda", result: answer.proven ? "passed" : "failed" };
    if (!answer.proven) return endApplication(session, "authentication-failed");
  }
  switch (answer.type) {
    case "AAC":
      if (seePhone(interactionIn(response.data))) {
        return conclude(session, { kind: "try-again", reason: "see-phone", message: "see-phone" });
      }
      return declined(session, asked === "AAC" ? "declined-offline" : "declined-by-card");
    case "TC":
      if (asked !== "TC") return endApplication(session, "card-error");
      return conclude(session, { kind: "approved" });
    case "ARQC":
      if (asked === "AAC") return endApplication(session, "card-error");
      return conclude(session, { kind: "online-request" });
  }
}

/** POS cardholder interaction information of an answer. */
function interactionIn(data: Uint8Array): Uint8Array | undefined {
  return child(readTemplate(data, "77")?.children ?? [], "DF4B")?.value;
}
