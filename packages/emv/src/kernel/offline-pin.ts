/** A PIN for the card, in clear or under its key (Book 2 §7, Book 3 §6.5.6, §6.5.12, §10.5.1). */
import { concat } from "@tillway/bytes";
import { INS, SW } from "../apdu.ts";
import type { Response } from "../apdu.ts";
import { encipherPin, pinPaddingLength } from "../oda/pin.ts";
import { methodFailed, offlinePinRight } from "./cardholder.ts";
import { methodOf, offlinePin, ruleAt } from "./cvm-list.ts";
import { pinKeyOf } from "./keys.ts";
import { setTvr } from "./state.ts";
import type { Session, Turn } from "./state.ts";
import { cardError, child, forgetPin, readTlv, transmit, transmitSecret } from "./turn.ts";

const PIN_BLOCK = 8;
const CHALLENGE = 8;
/** P2 of VERIFY (Book 3 table 23). */
const QUALIFIER = { plaintext: 0x80, enciphered: 0x88 } as const;
const NOTHING = new Uint8Array(0);

/** The form of the method under way. */
function formOf(session: Session): "plaintext" | "enciphered" {
  const rule = ruleAt(session, session.rule);
  return (rule && offlinePin(methodOf(rule))) ?? "plaintext";
}

/** Finds the card's key where one is needed, then asks how many tries the card has left. */
export function startOfflinePin(session: Session): Turn {
  session.pinKey = undefined;
  if (formOf(session) === "enciphered") {
    const key = pinKeyOf(session);
    if (key === undefined) return methodFailed(session);
    session.pinKey = key;
  }
  return transmit(session, "pin-tries", {
    cla: 0x80,
    ins: INS.getData,
    p1: 0x9f,
    p2: 0x17,
    data: NOTHING,
    le: 256,
  });
}

/** Answer to GET DATA of the PIN try counter (9F17); a card that keeps it to itself is asked on. */
export function triesRead(session: Session, { data, sw }: Response): Turn {
  const value = sw === SW.ok ? child(readTlv(data) ?? [], "9F17")?.value : undefined;
  const tries = value?.length === 1 ? value[0] : undefined;
  return tries === 0 ? triesExceeded(session) : askForPin(session, tries, false);
}

function triesExceeded(session: Session): Turn {
  setTvr(session, "pinTryLimitExceeded");
  return methodFailed(session);
}

function askForPin(session: Session, triesLeft: number | undefined, wrong: boolean): Turn {
  session.wait = "offline-pin";
  const padding = session.pinKey === undefined ? 0 : pinPaddingLength(session.pinKey);
  return {
    type: "enter-offline-pin",
    ...(triesLeft === undefined ? {} : { triesLeft }),
    wrong,
    padding,
  };
}

/** The PIN came: undefined where it has not the form that was asked for. */
export function offlinePinEntered(
  session: Session,
  block: Uint8Array,
  padding: Uint8Array,
): Turn | undefined {
  const needed = session.pinKey === undefined ? 0 : pinPaddingLength(session.pinKey);
  if (block.length !== PIN_BLOCK || padding.length < needed) {
    block.fill(0);
    return undefined;
  }
  session.pin = { block, padding: padding.slice(0, needed) };
  if (session.pinKey === undefined) return sendPin(session, "plaintext", block);
  return transmit(session, "challenge", {
    cla: 0,
    ins: INS.getChallenge,
    p1: 0,
    p2: 0,
    data: NOTHING,
    le: 256,
  });
}

/** Answer to GET CHALLENGE: with anything but eight bytes the method fails (Book 2 §7.2). */
export function challengeRead(session: Session, { data, sw }: Response): Turn {
  const { pin, pinKey } = session;
  if (sw !== SW.ok || data.length !== CHALLENGE || !pin || !pinKey) return methodFailed(session);
  const enciphered = encipherPin(pinKey, pin.block, data, pin.padding);
  return enciphered === undefined
    ? methodFailed(session)
    : sendPin(session, "enciphered", enciphered);
}

function sendPin(session: Session, form: keyof typeof QUALIFIER, data: Uint8Array): Turn {
  const apdu = concat(Uint8Array.of(0, INS.verify, 0, QUALIFIER[form], data.length), data);
  forgetPin(session);
  return transmitSecret(session, "verify", apdu);
}

/** Answer to VERIFY (Book 3 §6.5.12): right, wrong with tries left, or none left. */
export function pinVerified(session: Session, { sw }: Response): Turn {
  if (sw === SW.ok) return offlinePinRight(session);
  if (sw >> 4 === 0x63c) {
    const tries = sw & 0x0f;
    return tries === 0 ? triesExceeded(session) : askForPin(session, tries, true);
  }
  if (sw === SW.blocked || sw === SW.notUsable) return triesExceeded(session);
  return cardError(session);
}
