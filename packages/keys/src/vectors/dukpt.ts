import { createHmac } from "node:crypto";
import { fromAscii, xor } from "@tillway/bytes";
import { cbcEncrypt, ecbEncrypt, tdesEncrypt } from "../cipher.ts";
import {
  type AesDukptKeyType,
  aesDukptKeyTypes,
  aesInitialKey,
  aesKsnId,
  aesTransactionKey,
  aesUpdateKey,
  type AesDukptUsage,
  aesWorkingKey,
} from "../dukpt-aes.ts";
import {
  type TdesDukptPurpose,
  tdesInitialKey,
  tdesTransactionKey,
  tdesWorkingKey,
} from "../dukpt-tdes.ts";
import { cmac, padForMac, retailMac } from "../mac.ts";
import { format4PanField } from "../pin-block-4.ts";
import { encodePinBlock } from "../pin-block.ts";
import { type Computed, type Inputs, outputs, VectorError } from "./inputs.ts";

/** Vectors of DUKPT with TDES: initial key, transaction key, and what is made under its keys. */
export function computeTdesDukpt(inputs: Inputs): Computed {
  const ksn = inputs.bytes("ksn");
  const initial = inputs.has("ik") ? inputs.bytes("ik") : tdesInitialKey(inputs.bytes("bdk"), ksn);
  if (!inputs.has("data")) return outputs({ ik: initial, ...transaction(initial, ksn) });
  const transactionKey = tdesTransactionKey(initial, ksn);
  const key = (purpose: TdesDukptPurpose): Uint8Array => tdesWorkingKey(transactionKey, purpose);
  const data = fromAscii(inputs.text("data"));
  const mac = (purpose: TdesDukptPurpose): Uint8Array => retailMac(key(purpose), data, 1);
  const hide = (purpose: TdesDukptPurpose): Uint8Array =>
    cbcEncrypt("tdes", key(purpose), new Uint8Array(8), padForMac(data, 1));
  const clear = encodePinBlock(0, inputs.text("pin"), inputs.text("pan"));
  return outputs({
    transactionKey,
    encryptedPinBlock: tdesEncrypt(key("pin"), clear),
    macRequest4: mac("mac-request").slice(0, 4),
    macResponse4: mac("mac-response").slice(0, 4),
    macRequest8: mac("mac-request"),
    macResponse8: mac("mac-response"),
    cmacRequest: cmac("tdes", key("mac-request"), data),
    cmacResponse: cmac("tdes", key("mac-response"), data),
    encryptedRequestData: hide("data-request"),
    encryptedResponseData: hide("data-response"),
  });
}

/** A KSN whose counter is zero names a device, not a transaction. */
function transaction(initial: Uint8Array, ksn: Uint8Array): { transactionKey?: Uint8Array } {
  const counter = new DataView(ksn.buffer, ksn.byteOffset).getUint32(6) & 0x1fffff;
  return counter === 0 ? {} : { transactionKey: tdesTransactionKey(initial, ksn) };
}

/** Vectors of DUKPT with AES: initial and update keys, and every derived key of a transaction. */
export function computeAesDukpt(inputs: Inputs, published: Inputs): Computed {
  if (inputs.has("ikid")) {
    const id = inputs.bytes("ikid");
    if (inputs.has("bdk")) return outputs({ ik: aesInitialKey(inputs.bytes("bdk"), id) });
    const type = `aes${published.text("updateKey").length * 4}`;
    if (!isKeyType(type)) throw new VectorError("output updateKey is no AES key");
    return outputs({ updateKey: aesUpdateKey(inputs.bytes("ik"), id, type) });
  }
  const ksn = inputs.bytes("ksn");
  const initial = inputs.has("ik")
    ? inputs.bytes("ik")
    : aesInitialKey(inputs.bytes("bdk"), aesKsnId(ksn));
  const transactionKey = aesTransactionKey(initial, ksn);
  const key: KeyOf = (usage, type) => aesWorkingKey(transactionKey, ksn, usage, type);
  return outputs({
    transactionKey,
    ...workingKeys(key),
    ...(inputs.has("pinField") ? pinBlock(key, inputs, published) : {}),
    ...(inputs.has("data") ? underKeys(key, fromAscii(inputs.text("data"))) : {}),
  });
}

type KeyOf = (usage: AesDukptUsage, type: AesDukptKeyType) => Uint8Array;

const usageNames: Readonly<Record<string, AesDukptUsage>> = {
  pinKey: "pin",
  macGenKey: "mac-generation",
  macVerKey: "mac-verification",
  macKey: "mac-both",
  dataEncKey: "data-encryption",
  dataDecKey: "data-decryption",
  dataKey: "data-both",
  keyEncKey: "key-encryption",
};

/** Each usage as each type of key: `pinKeyAes128`, `macGenKeyHmac256` and so on. */
function workingKeys(key: KeyOf): Record<string, Uint8Array> {
  const made: Record<string, Uint8Array> = {};
  for (const [name, usage] of Object.entries(usageNames)) {
    for (const type of Object.keys(aesDukptKeyTypes).filter(isKeyType)) {
      made[name + type.charAt(0).toUpperCase() + type.slice(1)] = key(usage, type);
    }
  }
  return made;
}

function pinBlock(key: KeyOf, inputs: Inputs, published: Inputs): Record<string, Uint8Array> {
  const panField = inputs.has("panField")
    ? inputs.bytes("panField")
    : format4PanField(inputs.text("pan"));
  // The row names the PIN key's type by the keys that it publishes; the strongest of several.
  const type =
    (["aes256", "aes192", "aes128"] as const).find((one) =>
      published.has(`pinKeyA${one.slice(1)}`),
    ) ?? "aes128";
  const once = ecbEncrypt("aes", key("pin", type), inputs.bytes("pinField"));
  return { encryptedPinBlockFormat4: ecbEncrypt("aes", key("pin", type), xor(once, panField)) };
}

/** Made under keys of 128 bits; data are filled with zeros and chained from zeros. */
function underKeys(key: KeyOf, data: Uint8Array): Record<string, Uint8Array> {
  const hmac = (usage: AesDukptUsage): Uint8Array =>
    createHmac("sha256", key(usage, "hmac128")).update(data).digest();
  const hide = (usage: AesDukptUsage): Uint8Array =>
    cbcEncrypt("aes", key(usage, "aes128"), new Uint8Array(16), padForMac(data, 1, 16));
  return {
    cmacRequest: cmac("aes", key("mac-generation", "aes128"), data),
    cmacResponse: cmac("aes", key("mac-verification", "aes128"), data),
    hmacRequest: hmac("mac-generation"),
    hmacResponse: hmac("mac-verification"),
    encryptedRequestData: hide("data-encryption"),
    encryptedResponseData: hide("data-decryption"),
  };
}

function isKeyType(name: string): name is AesDukptKeyType {
  return Object.hasOwn(aesDukptKeyTypes, name);
}
