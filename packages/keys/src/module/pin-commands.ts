import {
  type Ibm3624Rule,
  naturalPin,
  pinFromOffset,
  pinOffset,
  validationData,
} from "../ibm3624.ts";
import { isPin, translationAllowed } from "../pin-block.ts";
import { pinVerificationValue } from "../pvv.ts";
import { firstBad, isPan } from "./forms.ts";
import { type Keyring, type Need, refuse } from "./keyring.ts";
import {
  hidePin,
  incomingKey,
  incomingPinKey,
  isBlock,
  isKsnOrNone,
  pinKey,
  revealPin,
  travels,
} from "./pin-block-keys.ts";
import type { CommandOf, KeyBlock, Outcome } from "./security-module.ts";
import type { KeyAction } from "./usage.ts";

export function encryptPin(
  command: CommandOf<"encrypt-pin">,
  ring: Keyring,
): Outcome<"encrypt-pin"> {
  const name = "encrypt-pin";
  const { pin, pan, format } = command;
  const bad = firstBad({ pin: isPin(pin), pan: isPan(pan) });
  if (bad !== undefined) return refuse(name, bad, "malformed");
  const opened = ring.open(name, { key: pinKey(command.key, "encrypt") });
  if (!opened.ok) return opened;
  const { key } = opened.keys;
  if (!travels(format, key)) return refuse(name, "format", "format-not-allowed");
  return { ok: true, block: hidePin(key, format, pin, pan, ring.random) };
}

export function translatePin(
  command: CommandOf<"translate-pin">,
  ring: Keyring,
): Outcome<"translate-pin"> {
  const name = "translate-pin";
  const { pan, block, fromFormat, toFormat, ksn } = command;
  const bad = firstBad({ pan: isPan(pan), block: isBlock(block), ksn: isKsnOrNone(ksn) });
  if (bad !== undefined) return refuse(name, bad, "malformed");
  const opened = ring.open(name, {
    from: incomingKey(command.from, ksn),
    to: pinKey(command.to, "encrypt"),
  });
  if (!opened.ok) return opened;
  const { to } = opened.keys;
  const from = incomingPinKey(opened.keys.from, ksn);
  if (!travels(fromFormat, from)) return refuse(name, "fromFormat", "format-not-allowed");
  const where = { samePan: true, towardsCard: false };
  if (!travels(toFormat, to) || !translationAllowed(fromFormat, toFormat, where)) {
    return refuse(name, "toFormat", "format-not-allowed");
  }
  const pin = revealPin(from, fromFormat, block, pan);
  if (pin === undefined) return refuse(name, "block", "bad-pin-block");
  return { ok: true, block: hidePin(to, toFormat, pin, pan, ring.random) };
}

export function makePvv(command: CommandOf<"make-pvv">, ring: Keyring): Outcome<"make-pvv"> {
  const name = "make-pvv";
  const { pvki, pin, pan } = command;
  const bad = firstBad({ pvki: isDigit(pvki), pin: isPin(pin), pan: isPan(pan) });
  if (bad !== undefined) return refuse(name, bad, "malformed");
  const opened = ring.open(name, { pvk: visaKey(command.pvk, "generate") });
  if (!opened.ok) return opened;
  return { ok: true, pvv: pinVerificationValue(opened.keys.pvk.value, pvki, pin, pan) };
}

export function verifyPin(command: CommandOf<"verify-pin">, ring: Keyring): Outcome<"verify-pin"> {
  const name = "verify-pin";
  const { pvki, pan, block, format, pvv, ksn } = command;
  const bad = firstBad({
    pvki: isDigit(pvki),
    block: isBlock(block),
    pan: isPan(pan),
    pvv: /^\d{4}$/.test(pvv),
    ksn: isKsnOrNone(ksn),
  });
  if (bad !== undefined) return refuse(name, bad, "malformed");
  const opened = ring.open(name, {
    key: incomingKey(command.key, ksn),
    pvk: visaKey(command.pvk, "verify"),
  });
  if (!opened.ok) return opened;
  const key = incomingPinKey(opened.keys.key, ksn);
  if (!travels(format, key)) return refuse(name, "format", "format-not-allowed");
  const pin = revealPin(key, format, block, pan);
  if (pin === undefined) return refuse(name, "block", "bad-pin-block");
  return { ok: true, valid: pinVerificationValue(opened.keys.pvk.value, pvki, pin, pan) === pvv };
}

/** `make-pin-offset` under a rule of natural PINs. */
export function makePinOffset(
  rule: Ibm3624Rule,
): (command: CommandOf<"make-pin-offset">, ring: Keyring) => Outcome<"make-pin-offset"> {
  return (command, ring) => {
    const name = "make-pin-offset";
    const { pin, pan } = command;
    const bad = firstBad({ pin: isPin(pin), pan: isPan(pan) });
    if (bad !== undefined) return refuse(name, bad, "malformed");
    const opened = ring.open(name, { pvk: ibmKey(command.pvk, "generate") });
    if (!opened.ok) return opened;
    const natural = naturalOf(opened.keys.pvk.value, pan, rule, pin.length);
    return { ok: true, offset: pinOffset(natural, pin) };
  };
}

/** `verify-pin-offset` under a rule of natural PINs. */
export function verifyPinOffset(
  rule: Ibm3624Rule,
): (command: CommandOf<"verify-pin-offset">, ring: Keyring) => Outcome<"verify-pin-offset"> {
  return (command, ring) => {
    const name = "verify-pin-offset";
    const { pan, block, format, offset, ksn } = command;
    const bad = firstBad({
      block: isBlock(block),
      pan: isPan(pan),
      offset: isPin(offset),
      ksn: isKsnOrNone(ksn),
    });
    if (bad !== undefined) return refuse(name, bad, "malformed");
    const opened = ring.open(name, {
      key: incomingKey(command.key, ksn),
      pvk: ibmKey(command.pvk, "verify"),
    });
    if (!opened.ok) return opened;
    const key = incomingPinKey(opened.keys.key, ksn);
    if (!travels(format, key)) return refuse(name, "format", "format-not-allowed");
    const pin = revealPin(key, format, block, pan);
    if (pin === undefined) return refuse(name, "block", "bad-pin-block");
    const natural = naturalOf(opened.keys.pvk.value, pan, rule, offset.length);
    return { ok: true, valid: pinFromOffset(natural, offset) === pin };
  };
}

function naturalOf(key: Uint8Array, pan: string, rule: Ibm3624Rule, length: number): string {
  return naturalPin(key, validationData(pan, rule), rule.decimalisation, length);
}

function visaKey(block: KeyBlock, action: KeyAction): Need {
  return { block, usage: ["V2"], action, algorithms: ["tdes"] };
}

function ibmKey(block: KeyBlock, action: KeyAction): Need {
  return { block, usage: ["V1"], action, algorithms: ["tdes"] };
}

function isDigit(text: string): boolean {
  return /^\d$/.test(text);
}
