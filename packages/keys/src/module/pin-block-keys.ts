import { concat } from "@tillway/bytes";
import { decipherFormat4, encipherFormat4 } from "../pin-block-4.ts";
import {
  decodePinBlock,
  type EncodedPinBlockFormat,
  encodePinBlock,
  type PinBlockFormat,
} from "../pin-block.ts";
import type { Random } from "../random.ts";
import { baseKey, hostKey, isKsn, type WorkingKey } from "./dukpt-keys.ts";
import { decryptor, encryptor } from "./key-ciphers.ts";
import type { ClearKey, Need } from "./keyring.ts";
import type { KeyBlock } from "./security-module.ts";
import type { KeyAction } from "./usage.ts";

/** A PIN key that a command is given itself. */
export function pinKey(block: KeyBlock, action: KeyAction): Need {
  return { block, usage: ["P0"], action, algorithms: ["tdes", "aes", "sm4"] };
}

/** The key of a PIN that comes in: a PIN key, or with a KSN a base derivation key. */
export function incomingKey(block: KeyBlock, ksn: string | undefined): Need {
  return ksn === undefined ? pinKey(block, "decrypt") : baseKey(block, ksn);
}

/** The PIN key itself, of what `incomingKey` opened. */
export function incomingPinKey(key: ClearKey, ksn: string | undefined): WorkingKey {
  return ksn === undefined ? key : hostKey(key, ksn, "pin");
}

/** Whether a KSN is absent or well formed. */
export function isKsnOrNone(ksn: string | undefined): boolean {
  return ksn === undefined || isKsn(ksn);
}

/** An encrypted block: 8 bytes, or 16 under SM4 and AES. */
export function isBlock(block: Uint8Array): boolean {
  return block.length === 8 || block.length === 16;
}

/** Formats in which a PIN travels towards the issuer: 4 under AES keys, the others not. */
export function travels(format: PinBlockFormat, key: WorkingKey): format is 0 | 1 | 3 | 4 {
  if (key.algorithm === "aes") return format === 4;
  return format === 0 || format === 1 || format === 3;
}

/** A PIN as an encrypted block. */
export function hidePin(
  key: WorkingKey,
  format: EncodedPinBlockFormat | 4,
  pin: string,
  pan: string,
  random: Random,
): Uint8Array {
  if (format === 4) return encipherFormat4(key.value, pin, pan, random(8));
  const fill = format === 1 || format === 3 ? random(10) : new Uint8Array(0);
  const clear = encodePinBlock(format, pin, pan, fill);
  const whole = key.algorithm === "sm4" ? concat(clear, new Uint8Array(8)) : clear;
  return encryptor(key)(whole);
}

/** The PIN in an encrypted block, or undefined: the caller learns nothing of why. */
export function revealPin(
  key: WorkingKey,
  format: 0 | 1 | 3 | 4,
  block: Uint8Array,
  pan: string,
): string | undefined {
  if (block.length !== (key.algorithm === "tdes" ? 8 : 16)) return undefined;
  if (format === 4) {
    const deciphered = decipherFormat4(key.value, block, pan);
    return deciphered.ok ? deciphered.pin : undefined;
  }
  const clear = decryptor(key)(block);
  if (clear.subarray(8).some((byte) => byte !== 0)) return undefined;
  const decoded = decodePinBlock(format, clear.subarray(0, 8), pan);
  return decoded.ok ? decoded.pin : undefined;
}
