import { fromHex } from "@tillway/bytes";
import {
  aesInitialKey,
  aesKsnId,
  aesTransactionKey,
  aesWorkingKey,
  isAesKsn,
  sameType,
} from "../dukpt-aes.ts";
import { isTdesKsn, tdesInitialKey, tdesTransactionKey, tdesWorkingKey } from "../dukpt-tdes.ts";
import { isHex } from "./forms.ts";
import { type ClearKey, type Need } from "./keyring.ts";
import type { KeyBlock } from "./security-module.ts";

/** What a host and a terminal use of a transaction's keys. */
export type DukptPurpose = "pin" | "mac-request" | "mac-response";

/** A working key, of the cipher of the base key. */
export type WorkingKey = Pick<ClearKey, "algorithm" | "value">;

/** Whether this is the KSN of a transaction: of TDES in 20 hex digits, of AES in 24. */
export function isKsn(ksn: string): boolean {
  return (isHex(ksn, 10) && isTdesKsn(fromHex(ksn))) || (isHex(ksn, 12) && isAesKsn(fromHex(ksn)));
}

/** The base derivation key that a KSN goes with. */
export function baseKey(block: KeyBlock, ksn: string): Need {
  return {
    block,
    usage: ["B0"],
    action: "derive",
    algorithms: [ksn.length === 20 ? "tdes" : "aes"],
  };
}

/** The initial key of the device in a KSN, or in an initial key id. */
export function deviceKey(base: ClearKey, ksn: Uint8Array): Uint8Array {
  return base.algorithm === "tdes"
    ? tdesInitialKey(base.value, ksn)
    : aesInitialKey(base.value, ksn.subarray(0, 8));
}

/** A transaction's working key from the base key. AES working keys are as long as the base key. */
export function hostKey(base: ClearKey, ksn: string, purpose: DukptPurpose): WorkingKey {
  const serial = fromHex(ksn);
  if (base.algorithm === "tdes") {
    const key = tdesTransactionKey(tdesInitialKey(base.value, serial), serial);
    return { algorithm: "tdes", value: tdesWorkingKey(key, purpose) };
  }
  const key = aesTransactionKey(aesInitialKey(base.value, aesKsnId(serial)), serial);
  return aesKey(key, serial, purpose);
}

/** The working key of one purpose of an AES transaction key. */
export function aesKey(key: Uint8Array, ksn: Uint8Array, purpose: DukptPurpose): WorkingKey {
  const usages = {
    pin: "pin",
    "mac-request": "mac-generation",
    "mac-response": "mac-verification",
  } as const;
  return { algorithm: "aes", value: aesWorkingKey(key, ksn, usages[purpose], sameType(key)) };
}
