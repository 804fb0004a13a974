import { concat } from "@tillway/bytes";
import { ecbDecrypt, ecbEncrypt } from "./cipher.ts";
import { firstBad, isPan } from "./forms.ts";
import { blockCipher, type ClearKey, type Keyring, type Need, refuse } from "./keyring.ts";
import {
  decodePinBlock,
  type DecodedPinBlockFormat,
  type EncodedPinBlockFormat,
  encodePinBlock,
  isPin,
  type PinBlockFormat,
  translationAllowed,
} from "./pin-block.ts";
import { pinVerificationValue } from "./pvv.ts";
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
  if (format !== 0 && format !== 3) return refuse(name, "format", "format-not-allowed");
  return { ok: true, block: hide(opened.keys.key, format, pin, pan, ring) };
}

export function translatePin(
  command: CommandOf<"translate-pin">,
  ring: Keyring,
): Outcome<"translate-pin"> {
  const name = "translate-pin";
  const { pan, block, fromFormat, toFormat } = command;
  const bad = firstBad({ pan: isPan(pan), block: isBlock(block) });
  if (bad !== undefined) return refuse(name, bad, "malformed");
  const opened = ring.open(name, {
    from: pinKey(command.from, "decrypt"),
    to: pinKey(command.to, "encrypt"),
  });
  if (!opened.ok) return opened;
  const where = { samePan: true, towardsCard: false };
  if (!readable(fromFormat)) return refuse(name, "fromFormat", "format-not-allowed");
  if (!makeable(toFormat) || !translationAllowed(fromFormat, toFormat, where)) {
    return refuse(name, "toFormat", "format-not-allowed");
  }
  const pin = reveal(opened.keys.from, fromFormat, block, pan);
  if (pin === undefined) return refuse(name, "block", "bad-pin-block");
  return { ok: true, block: hide(opened.keys.to, toFormat, pin, pan, ring) };
}

export function makePvv(command: CommandOf<"make-pvv">, ring: Keyring): Outcome<"make-pvv"> {
  const name = "make-pvv";
  const { pvki, pin, pan } = command;
  const bad = firstBad({ pvki: isDigit(pvki), pin: isPin(pin), pan: isPan(pan) });
  if (bad !== undefined) return refuse(name, bad, "malformed");
  const opened = ring.open(name, { pvk: pvk(command.pvk, "generate") });
  if (!opened.ok) return opened;
  return { ok: true, pvv: pinVerificationValue(opened.keys.pvk.value, pvki, pin, pan) };
}

export function verifyPin(command: CommandOf<"verify-pin">, ring: Keyring): Outcome<"verify-pin"> {
  const name = "verify-pin";
  const { pvki, pan, block, format, pvv } = command;
  const bad = firstBad({
    pvki: isDigit(pvki),
    block: isBlock(block),
    pan: isPan(pan),
    pvv: /^\d{4}$/.test(pvv),
  });
  if (bad !== undefined) return refuse(name, bad, "malformed");
  const opened = ring.open(name, {
    key: pinKey(command.key, "decrypt"),
    pvk: pvk(command.pvk, "verify"),
  });
  if (!opened.ok) return opened;
  if (!readable(format)) return refuse(name, "format", "format-not-allowed");
  const pin = reveal(opened.keys.key, format, block, pan);
  if (pin === undefined) return refuse(name, "block", "bad-pin-block");
  return { ok: true, valid: pinVerificationValue(opened.keys.pvk.value, pvki, pin, pan) === pvv };
}

function pinKey(block: KeyBlock, action: KeyAction): Need {
  return { block, usage: ["P0"], action, algorithms: ["tdes", "sm4"] };
}

function pvk(block: KeyBlock, action: KeyAction): Need {
  return { block, usage: ["V2"], action, algorithms: ["tdes"] };
}

function hide(
  key: ClearKey,
  format: EncodedPinBlockFormat,
  pin: string,
  pan: string,
  ring: Keyring,
): Uint8Array {
  const fill = format === 3 ? ring.random(10) : new Uint8Array(0);
  const clear = encodePinBlock(format, pin, pan, fill);
  const whole = key.algorithm === "sm4" ? concat(clear, new Uint8Array(8)) : clear;
  return ecbEncrypt(blockCipher(key), key.value, whole);
}

/** The PIN in an encrypted block, or undefined: the caller learns nothing of why. */
function reveal(
  key: ClearKey,
  format: DecodedPinBlockFormat,
  block: Uint8Array,
  pan: string,
): string | undefined {
  if (block.length !== (key.algorithm === "sm4" ? 16 : 8)) return undefined;
  const clear = ecbDecrypt(blockCipher(key), key.value, block);
  if (clear.subarray(8).some((byte) => byte !== 0)) return undefined;
  const decoded = decodePinBlock(format, clear.subarray(0, 8), pan);
  return decoded.ok ? decoded.pin : undefined;
}

function isBlock(block: Uint8Array): boolean {
  return block.length === 8 || block.length === 16;
}

function isDigit(text: string): boolean {
  return /^\d$/.test(text);
}

/** Formats in which a PIN travels towards the issuer. */
function readable(format: PinBlockFormat): format is 0 | 1 | 3 {
  return format === 0 || format === 1 || format === 3;
}

function makeable(format: PinBlockFormat): format is 0 | 3 {
  return format === 0 || format === 3;
}
