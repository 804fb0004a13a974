import { concat, xor } from "@tillway/bytes";
import { tdesEncrypt } from "./cipher.ts";
import {
  type DukptRegisters,
  type DukptTree,
  isDukptCounter,
  loadRegisters,
  takeKey,
  walkTo,
} from "./dukpt-registers.ts";

/**
 * DUKPT with TDES (ANSI X9.24-1:2009 Annex A). A key serial number (KSN) has 10 bytes: key set and
 * device, and in its last 21 bits the counter. Keys have 16 bytes.
 */
export type TdesTerminal = { readonly ksn: Uint8Array; readonly registers: DukptRegisters };

/** What a transaction's keys are for; request is the terminal's direction, response the host's. */
export type TdesDukptPurpose =
  | "pin"
  | "mac-request"
  | "mac-response"
  | "data-request"
  | "data-response";

/** The initial key of a device: the base derivation key over its KSN without the counter. */
export function tdesInitialKey(baseKey: Uint8Array, ksn: Uint8Array): Uint8Array {
  if (baseKey.length !== 16) throw new RangeError("a base derivation key has 16 bytes");
  const device = withCounter(ksn, 0).subarray(0, 8);
  return concat(tdesEncrypt(baseKey, device), tdesEncrypt(xor(baseKey, halves), device));
}

/** The key of one transaction from the device's initial key. Throws RangeError on another KSN. */
export function tdesTransactionKey(initialKey: Uint8Array, ksn: Uint8Array): Uint8Array {
  return walkTo(tdesTree(ksn), initialKey, tdesCounter(ksn));
}

/**
 * The working key of one purpose from the transaction's key. Data keys are made by one more
 * one-way step, the others are variants.
 */
export function tdesWorkingKey(transactionKey: Uint8Array, purpose: TdesDukptPurpose): Uint8Array {
  const half = new Uint8Array(8);
  half[variants[purpose]] = 0xff;
  const key = xor(transactionKey, concat(half, half));
  if (purpose !== "data-request" && purpose !== "data-response") return key;
  return concat(tdesEncrypt(key, key.subarray(0, 8)), tdesEncrypt(key, key.subarray(8)));
}

/** A terminal that was given its initial key; the KSN's counter is not looked at. */
export function startTdesTerminal(initialKey: Uint8Array, ksn: Uint8Array): TdesTerminal {
  if (initialKey.length !== 16) throw new RangeError("an initial key has 16 bytes");
  return { ksn: withCounter(ksn, 0), registers: loadRegisters(tdesTree(ksn), initialKey) };
}

/** The next transaction's KSN and key; undefined at the end of the counter. */
export function nextTdesKey(
  terminal: TdesTerminal,
): { readonly ksn: Uint8Array; readonly key: Uint8Array; readonly left: TdesTerminal } | undefined {
  const taken = takeKey(tdesTree(terminal.ksn), terminal.registers);
  if (taken === undefined) return undefined;
  const { counter, key, left } = taken;
  return { ksn: withCounter(terminal.ksn, counter), key, left: { ...terminal, registers: left } };
}

/** Whether a KSN is one that a terminal sends: 10 bytes, and a counter that is used. */
export function isTdesKsn(ksn: Uint8Array): boolean {
  return ksn.length === 10 && isDukptCounter(tdesTree(ksn), tdesCounter(ksn));
}

/** Makes the right half of a key differ from the left (A.2). */
const halves = Uint8Array.of(
  0xc0,
  0xc0,
  0xc0,
  0xc0,
  0,
  0,
  0,
  0,
  0xc0,
  0xc0,
  0xc0,
  0xc0,
  0,
  0,
  0,
  0,
);

/** The byte of each half that is inverted (A.4.1). */
const variants: Readonly<Record<TdesDukptPurpose, number>> = {
  pin: 7,
  "mac-request": 6,
  "mac-response": 4,
  "data-request": 5,
  "data-response": 3,
};

/** The tree of one device, as its registers use it. */
export function tdesTree(ksn: Uint8Array): DukptTree {
  return {
    bits: 21,
    most: 10,
    step: (key, counter) => {
      const register = withCounter(ksn, counter).subarray(2);
      return concat(oneWay(xor(key, halves), register), oneWay(key, register));
    },
  };
}

/** Non-reversible key generation for one half (A.3): single DES between two foldings. */
function oneWay(key: Uint8Array, register: Uint8Array): Uint8Array {
  const [left, right] = [key.subarray(0, 8), key.subarray(8)];
  return xor(tdesEncrypt(left, xor(register, right)), right);
}

function tdesCounter(ksn: Uint8Array): number {
  if (ksn.length !== 10) throw new RangeError("a KSN has 10 bytes");
  return new DataView(ksn.buffer, ksn.byteOffset).getUint32(6) & 0x1fffff;
}

function withCounter(ksn: Uint8Array, counter: number): Uint8Array {
  if (ksn.length !== 10) throw new RangeError("a KSN has 10 bytes");
  const made = ksn.slice();
  const view = new DataView(made.buffer);
  view.setUint32(6, (view.getUint32(6) & 0xffe00000) | counter);
  return made;
}
