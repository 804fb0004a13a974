/** Secure messaging of issuer scripts, for the issuer that sends and the card that reads them. */
import { concat, fromHex, xor } from "@tillway/bytes";
import { cbcDecrypt, cbcEncrypt, tdesDecrypt, tdesEncrypt } from "./cipher.ts";
import { padForMac, retailMac } from "./mac.ts";
import { encodePinBlock, isPin } from "./pin-block.ts";
import {
  schemeRules,
  scriptSessionKey,
  type SchemeVersion,
  type UnionpaySession,
} from "./scheme.ts";

/**
 * The transaction that a script belongs to. ATC: 2 bytes. Cryptogram: the ARQC, 8 bytes; M/Chip
 * adds one to it for every command of the script after the first.
 */
export type ScriptTransaction = {
  readonly version: SchemeVersion;
  readonly atc: Uint8Array;
  readonly cryptogram: Uint8Array;
  readonly unionpaySession?: UnionpaySession;
};

/**
 * MAC of a script command, 8 bytes (EMV Book 2 §9.2): over the header (CLA to Lc, Lc counting data
 * and MAC), the transaction where the scheme says so, and the data as they are sent. `iccKey` is
 * the card's key for integrity.
 */
export function scriptMac(
  iccKey: Uint8Array,
  transaction: ScriptTransaction,
  header: Uint8Array,
  data: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const { atc, cryptogram } = transaction;
  const between =
    schemeRules[transaction.version].scriptMacOver === "transaction"
      ? concat(atc, cryptogram)
      : new Uint8Array(0);
  return retailMac(sessionKey(iccKey, transaction), concat(header, between, data), 2);
}

/** Data of a script command encrypted (EMV Book 2 §9.3); the card's key for confidentiality. */
export function encryptScriptData(
  iccKey: Uint8Array,
  transaction: ScriptTransaction,
  data: Uint8Array,
): Uint8Array {
  const key = sessionKey(iccKey, transaction);
  if (schemeRules[transaction.version].scriptCipher === "visa") {
    if (data.length > 255) throw new RangeError("a script command has up to 255 bytes of data");
    return tdesEncrypt(key, padForMac(concat(Uint8Array.of(data.length), data), 2));
  }
  const whole = data.length > 0 && data.length % 8 === 0;
  return cbcEncrypt("tdes", key, new Uint8Array(8), whole ? data : padForMac(data, 2));
}

/**
 * The reverse, for the card: undefined where the data are not what the scheme sends. Where the
 * scheme fills only when needed, the filling stays: only the data's own form tells it apart.
 */
export function decryptScriptData(
  iccKey: Uint8Array,
  transaction: ScriptTransaction,
  cipher: Uint8Array,
): Uint8Array | undefined {
  if (cipher.length === 0 || cipher.length % 8 !== 0) return undefined;
  const key = sessionKey(iccKey, transaction);
  if (schemeRules[transaction.version].scriptCipher === "mastercard") {
    return cbcDecrypt("tdes", key, new Uint8Array(8), cipher);
  }
  const clear = tdesDecrypt(key, cipher);
  const end = 1 + (clear[0] ?? 0);
  const data = clear.slice(1, end);
  const filled = padForMac(clear.subarray(0, end), 2);
  const same = filled.length === clear.length && filled.every((byte, at) => byte === clear[at]);
  return same ? data : undefined;
}

/**
 * Visa's PIN block for a PIN change, 8 bytes: PIN length and digits, with part of the card's
 * cryptogram key folded in, and the current PIN where the command carries it.
 */
export function visPinBlock(iccAcKey: Uint8Array, pin: string, currentPin?: string): Uint8Array {
  if (!isPin(pin) || (currentPin !== undefined && !isPin(currentPin))) {
    throw new RangeError("a PIN is 4 to 12 digits");
  }
  if (iccAcKey.length !== 16) throw new RangeError("a card's key has 16 bytes");
  const digits = fromHex(`0${pin.length.toString(16)}${pin}`.padEnd(16, "F"));
  const block = xor(digits, concat(new Uint8Array(4), iccAcKey.subarray(4, 8)));
  return currentPin === undefined ? block : xor(block, fromHex(currentPin.padEnd(16, "0")));
}

/** The card's three keys. */
export type CardKeys = {
  readonly ac: Uint8Array;
  readonly smi: Uint8Array;
  readonly smc: Uint8Array;
};

/**
 * The whole PIN CHANGE/UNBLOCK command (EMV Book 3 §6.5.10): header, encrypted PIN, MAC. With the
 * current PIN it says so in P2 and carries both in one block, as only Visa's cards know it.
 */
export function pinChangeCommand(
  card: CardKeys,
  transaction: ScriptTransaction,
  pin: string,
  currentPin?: string,
): Uint8Array {
  const { newPin } = schemeRules[transaction.version];
  const block =
    currentPin === undefined && newPin === "format-2"
      ? encodePinBlock(2, pin, "")
      : visPinBlock(card.ac, pin, currentPin);
  const data = encryptScriptData(card.smc, transaction, block);
  const p2 = currentPin === undefined ? 2 : 1;
  const header = Uint8Array.of(0x84, 0x24, 0x00, p2, data.length + 8);
  return concat(header, data, scriptMac(card.smi, transaction, header, data));
}

function sessionKey(iccKey: Uint8Array, transaction: ScriptTransaction): Uint8Array {
  const { version, atc, cryptogram, unionpaySession } = transaction;
  return scriptSessionKey(version, iccKey, atc, cryptogram, unionpaySession);
}
