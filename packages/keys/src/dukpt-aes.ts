import { concat } from "@tillway/bytes";
import { ecbEncrypt } from "./cipher.ts";
import {
  type DukptRegisters,
  type DukptTree,
  isDukptCounter,
  loadRegisters,
  takeKey,
  walkTo,
} from "./dukpt-registers.ts";

/**
 * DUKPT with AES (ANSI X9.24-3:2017). A KSN has 12 bytes: an initial key id of 8 and the counter.
 * Base, initial and intermediate keys are AES keys of 16, 24 or 32 bytes.
 */
export type AesTerminal = {
  /** Initial key id, 8 bytes. */
  readonly id: Uint8Array;
  readonly registers: DukptRegisters;
};

/** What a derived key is for (§6.3.1, table 3). */
export const aesDukptUsages = {
  "key-encryption": 0x0002,
  pin: 0x1000,
  "mac-generation": 0x2000,
  "mac-verification": 0x2001,
  "mac-both": 0x2002,
  "data-encryption": 0x3000,
  "data-decryption": 0x3001,
  "data-both": 0x3002,
  "key-derivation": 0x8000,
  "initial-key": 0x8001,
} as const;

export type AesDukptUsage = keyof typeof aesDukptUsages;

/** The kinds of key that can be derived: algorithm indicator and bits (§6.3.2, table 4). */
export const aesDukptKeyTypes = {
  tdes2: { algorithm: 0, bits: 128 },
  tdes3: { algorithm: 1, bits: 192 },
  aes128: { algorithm: 2, bits: 128 },
  aes192: { algorithm: 3, bits: 192 },
  aes256: { algorithm: 4, bits: 256 },
  hmac128: { algorithm: 5, bits: 128 },
  hmac192: { algorithm: 5, bits: 192 },
  hmac256: { algorithm: 5, bits: 256 },
} as const;

export type AesDukptKeyType = keyof typeof aesDukptKeyTypes;

/** The initial key of a device, as strong as the base derivation key. */
export function aesInitialKey(baseKey: Uint8Array, id: Uint8Array): Uint8Array {
  if (id.length !== 8) throw new RangeError("an initial key id has 8 bytes");
  return derive(baseKey, "initial-key", sameType(baseKey), id);
}

/** The intermediate key of one transaction. Throws RangeError on another KSN. */
export function aesTransactionKey(initialKey: Uint8Array, ksn: Uint8Array): Uint8Array {
  return walkTo(aesTree(initialKey, aesKsnId(ksn)), initialKey, aesCounter(ksn));
}

/** A working key of one usage and type from the transaction's key. */
export function aesWorkingKey(
  transactionKey: Uint8Array,
  ksn: Uint8Array,
  usage: AesDukptUsage,
  type: AesDukptKeyType,
): Uint8Array {
  return derive(transactionKey, usage, type, counted(aesKsnId(ksn), aesCounter(ksn)));
}

/**
 * The key under which a host sends a device its next initial key: a key encryption key of the
 * counter of all ones, which no transaction has (§6.5.3).
 */
export function aesUpdateKey(
  initialKey: Uint8Array,
  id: Uint8Array,
  type: AesDukptKeyType = sameType(initialKey),
): Uint8Array {
  if (id.length !== 8) throw new RangeError("an initial key id has 8 bytes");
  const last = walkTo({ ...aesTree(initialKey, id), most: 32 }, initialKey, 0xffffffff);
  return derive(last, "key-encryption", type, counted(id, 0xffffffff));
}

/** A terminal that was given its initial key. */
export function startAesTerminal(initialKey: Uint8Array, id: Uint8Array): AesTerminal {
  if (id.length !== 8) throw new RangeError("an initial key id has 8 bytes");
  return { id: id.slice(), registers: loadRegisters(aesTree(initialKey, id), initialKey) };
}

/** The next transaction's KSN and key; undefined at the end of the counter. */
export function nextAesKey(
  terminal: AesTerminal,
): { readonly ksn: Uint8Array; readonly key: Uint8Array; readonly left: AesTerminal } | undefined {
  const anyKey = terminal.registers.keys.find((key) => key !== undefined);
  // The last register is the last to be used up: without any key nothing is left.
  if (anyKey === undefined) return undefined;
  const taken = takeKey(aesTree(anyKey, terminal.id), terminal.registers);
  if (taken === undefined) return undefined;
  const ksn = new Uint8Array(12);
  ksn.set(terminal.id);
  new DataView(ksn.buffer).setUint32(8, taken.counter);
  return { ksn, key: taken.key, left: { ...terminal, registers: taken.left } };
}

/** Whether a KSN is one that a terminal sends: 12 bytes, and a counter that is used. */
export function isAesKsn(ksn: Uint8Array): boolean {
  return ksn.length === 12 && isDukptCounter({ bits: 32, most: 16 }, aesCounter(ksn));
}

/** The initial key id in a KSN. */
export function aesKsnId(ksn: Uint8Array): Uint8Array {
  if (ksn.length !== 12) throw new RangeError("a KSN has 12 bytes");
  return ksn.slice(0, 8);
}

/** The type of an AES key of this length. */
export function sameType(key: Uint8Array): "aes128" | "aes192" | "aes256" {
  if (key.length === 16) return "aes128";
  if (key.length === 24) return "aes192";
  if (key.length === 32) return "aes256";
  throw new RangeError("an AES key has 16, 24 or 32 bytes");
}

/** The tree of one initial key id, for keys as long as this one. */
export function aesTree(key: Uint8Array, id: Uint8Array): DukptTree {
  const type = sameType(key);
  return {
    bits: 32,
    most: 16,
    step: (parent, counter) => derive(parent, "key-derivation", type, counted(id, counter)),
  };
}

/** The right half of the initial key id, and a counter. */
function counted(id: Uint8Array, counter: number): Uint8Array {
  const made = new Uint8Array(8);
  made.set(id.subarray(4, 8));
  new DataView(made.buffer).setUint32(4, counter);
  return made;
}

/** Key derivation (§6.3.3): the derivation data of each block of key, encrypted. */
function derive(
  key: Uint8Array,
  usage: AesDukptUsage,
  type: AesDukptKeyType,
  context: Uint8Array,
): Uint8Array {
  const { algorithm, bits } = aesDukptKeyTypes[type];
  const parts: Uint8Array[] = [];
  for (let block = 1; (block - 1) * 128 < bits; block += 1) {
    const data = new Uint8Array(16);
    const view = new DataView(data.buffer);
    data.set([1, block]);
    view.setUint16(2, aesDukptUsages[usage]);
    view.setUint16(4, algorithm);
    view.setUint16(6, bits);
    data.set(context, 8);
    parts.push(ecbEncrypt("aes", key, data));
  }
  return concat(...parts).slice(0, bits / 8);
}

function aesCounter(ksn: Uint8Array): number {
  return new DataView(ksn.buffer, ksn.byteOffset).getUint32(8);
}
