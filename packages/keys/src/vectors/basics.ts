import { createHmac } from "node:crypto";
import { concat, toHex } from "@tillway/bytes";
import { type BlockCipher, ecbDecrypt, ecbEncrypt, sm4Decrypt, sm4Encrypt } from "../cipher.ts";
import { keyCheckValue, keyVariant } from "../kcv.ts";
import { deriveBlockKeys, type KeyBlockVersion, unwrapKey } from "../key-block.ts";
import {
  algorithm3Mac,
  cbcMac,
  cmac,
  type MacPadding,
  retailMac,
  unionpayCbcMac,
  unionpayMac,
  unionpayMacSteps,
  unionpayRetailMac,
} from "../mac.ts";
import { encodePinBlock } from "../pin-block.ts";
import { pinVerificationValue } from "../pvv.ts";
import { encryptTrack, trackBlockStart } from "../track.ts";
import {
  type Computed,
  type Inputs,
  notCovered,
  outputs,
  refusedVector,
  WrongInput,
} from "./inputs.ts";

/** Vectors of check values and key variants. */
export function computeKcv(inputs: Inputs): Computed {
  if (inputs.has("variant")) {
    return outputs({ variantKey: keyVariant(inputs.bytes("key"), inputs.number("variant")) });
  }
  const length = inputs.has("length") ? inputs.number("length") : undefined;
  const [cipher, key] = [cipherOf(inputs, "algorithm"), inputs.bytes("key")];
  return outputs({ kcv: keyCheckValue(cipher, key, length) });
}

/** Vectors of message authentication codes. */
export function computeMac(inputs: Inputs): Computed {
  const data = inputs.bytes("data");
  const length = inputs.has("length") ? inputs.number("length") : undefined;
  const cut = (mac: Uint8Array): Computed => outputs({ mac: mac.slice(0, length) });
  switch (macAlgorithm(inputs)) {
    case "3": {
      const padding = macPadding(inputs);
      // Two keys, or one whose halves they are.
      return inputs.has("key1")
        ? cut(algorithm3Mac(inputs.bytes("key1"), inputs.bytes("key2"), data, padding))
        : cut(retailMac(inputs.bytes("key"), data, padding));
    }
    case "1":
      return cut(cbcMac(cipherOf(inputs, "cipher"), inputs.bytes("key"), data, macPadding(inputs)));
    case "CMAC":
      return cut(cmac(cipherOf(inputs, "cipher"), inputs.bytes("key"), data));
    case "HMAC":
    case "HMAC-SHA256":
      return cut(createHmac("sha256", inputs.bytes("key")).update(data).digest());
    default:
      return notCovered("another MAC algorithm");
  }
}

/** Vectors of PIN verification values. */
export function computePvv(inputs: Inputs): Computed {
  const [pin, pan] = [inputs.text("pin"), inputs.text("pan")];
  return outputs({ pvv: pinVerificationValue(inputs.bytes("pvk"), inputs.text("pvki"), pin, pan) });
}

/** Vectors of key blocks: unwrapping, derivation of both keys, blocks that must be refused. */
export function computeKeyBlock(inputs: Inputs, published: Inputs): Computed {
  const protection = inputs.bytes("kbpk");
  if (!inputs.has("keyBlock")) return blockKeys(protection, published);
  const block = inputs.text("keyBlock");
  const unwrapped = unwrapKey(protection, block);
  if (!unwrapped.ok) return refusedVector;
  const { header, key } = unwrapped;
  const common = {
    key,
    version: header.version,
    keyUsage: header.usage,
    algorithm: header.algorithm,
    modeOfUse: header.mode,
    keyVersion: header.keyVersion,
    exportability: header.exportability,
  };
  if (!published.has("kcv")) return outputs(common);
  const cipher = header.algorithm === "T" ? "tdes" : "aes";
  return outputs({ ...common, kcv: keyCheckValue(cipher, key, published.bytes("kcv").length) });
}

/** Both derived keys and both variants. A key of 16 or 24 bytes may be a TDES or an AES key. */
function blockKeys(protection: Uint8Array, published: Inputs): Computed {
  const versions: KeyBlockVersion[] = protection.length === 32 ? ["D", "E"] : ["B", "D", "E"];
  const readings = versions.map((version) => deriveBlockKeys(version, protection));
  const derived =
    readings.find((keys) => published.is("kbek_derive", toHex(keys.encryption))) ?? readings[0];
  const variant = protection.length === 32 ? undefined : deriveBlockKeys("C", protection);
  return outputs({
    ...(derived && { kbek_derive: derived.encryption, kbak_derive: derived.authentication }),
    ...(variant && { kbek_variant: variant.encryption, kbak_variant: variant.authentication }),
  });
}

/** Vectors of UnionPay's MAC, working keys, PIN block and track. */
export function computeUnionpay(inputs: Inputs): Computed {
  if (inputs.has("input") && inputs.has("algorithm")) return otherMac(inputs);
  if (inputs.has("input")) {
    const steps = unionpayMacSteps(inputs.bytes("key"), inputs.bytes("input"));
    return outputs({
      xor: steps.folded,
      expandedAscii: steps.expanded,
      enc1: steps.first,
      xor2: steps.mixed,
      enc2: steps.second,
      macHex: steps.mac,
    });
  }
  if (inputs.has("encryptedTak")) {
    const clearTak = ecbDecrypt("tdes", inputs.bytes("tmk"), inputs.bytes("encryptedTak"));
    return outputs({ clearTak, kcv: keyCheckValue("tdes", clearTak) });
  }
  if (inputs.has("encryptedWorkingKey")) {
    const key = sm4Decrypt(inputs.bytes("tmk"), inputs.bytes("encryptedWorkingKey"));
    const padded = concat(inputs.bytes("pinBlock8"), new Uint8Array(8));
    return outputs({
      clearWorkingKey: key,
      kcv: keyCheckValue("sm4", key),
      paddedTo16: padded,
      encryptedPinBlock: sm4Encrypt(key, padded),
    });
  }
  return pinAndTrack(inputs);
}

/** The MACs that some acquirers use in the place of the usual one (unionpay-pos §2.9). */
function otherMac(inputs: Inputs): Computed {
  const [key, data] = [inputs.bytes("key"), inputs.bytes("input")];
  switch (inputs.text("algorithm").toUpperCase()) {
    case "ECB":
      return outputs({ mac: unionpayMac(key, data), macHex: unionpayMac(key, data) });
    case "CBC":
      return outputs({ mac: unionpayCbcMac(key, data), macHex: unionpayCbcMac(key, data) });
    case "X9.19":
      return outputs({ mac: unionpayRetailMac(key, data), macHex: unionpayRetailMac(key, data) });
    default:
      return notCovered("another MAC algorithm");
  }
}

function pinAndTrack(inputs: Inputs): Computed {
  const clear = encodePinBlock(0, inputs.text("pin"), inputs.text("pan"));
  const track = inputs.text("clearTrack2");
  const encrypted = encryptTrack(inputs.bytes("tdk"), track);
  const at = trackBlockStart(track);
  return outputs({
    clearPinBlock: clear,
    encryptedPinBlock: ecbEncrypt("tdes", inputs.bytes("pik"), clear),
    trackOffset: at,
    trackClearBlock: track.slice(at, at + 16).replaceAll("=", "D"),
    trackEncryptedBlock: encrypted.slice(at, at + 16),
    encryptedTrack2: encrypted,
  });
}

/** Algorithm 3 of ISO 9797-1 goes by several names. */
function macAlgorithm(inputs: Inputs): string {
  const name = inputs.is("algorithm", 1) ? "1" : inputs.is("algorithm", 3) ? "3" : undefined;
  const given = name ?? inputs.text("algorithm").toUpperCase();
  return given === "X9.19" || given === "RETAIL" ? "3" : given;
}

/** A cipher by name; single DES is TDES with one key three times. */
function cipherOf(inputs: Inputs, name: string): BlockCipher {
  const cipher = inputs.text(name).toLowerCase();
  if (cipher === "des" || cipher === "3des" || cipher === "tdes") return "tdes";
  if (cipher === "aes" || cipher === "sm4") return cipher;
  throw new WrongInput(`${name} ${cipher} is not known`);
}

/** Method 1 where none is named, as X9.19 has it. */
function macPadding(inputs: Inputs): MacPadding {
  if (!inputs.has("padding")) return 1;
  const padding = inputs.number("padding");
  if (padding === 1 || padding === 2 || padding === 3) return padding;
  throw new WrongInput("input padding is not 1, 2 or 3");
}
