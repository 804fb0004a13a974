import { concat } from "@tillway/bytes";
import { type BlockCipher, ecbDecrypt, ecbEncrypt, sm4Decrypt, sm4Encrypt } from "./cipher.ts";
import { keyCheckValue, keyVariant } from "./kcv.ts";
import { deriveBlockKeys, unwrapKey } from "./key-block.ts";
import { algorithm3Mac, cbcMac, cmac, type MacPadding, unionpayMacSteps } from "./mac.ts";
import { decodePinBlock, encodePinBlock } from "./pin-block.ts";
import { pinVerificationValue } from "./pvv.ts";
import { encryptTrack, trackBlockStart } from "./track.ts";
import {
  type Computed,
  type Inputs,
  notCovered,
  outputs,
  refusedVector,
  VectorError,
} from "./vector-inputs.ts";

/** Vectors of check values and key variants. */
export function computeKcv(inputs: Inputs): Computed {
  if (inputs.has("variant")) {
    return outputs({ variantKey: keyVariant(inputs.bytes("key"), inputs.number("variant")) });
  }
  const cipher = inputs.text("algorithm").toLowerCase();
  if (!isCipher(cipher)) return notCovered(`check value of ${cipher}`);
  const length = inputs.has("length") ? inputs.number("length") : undefined;
  return outputs({ kcv: keyCheckValue(cipher, inputs.bytes("key"), length) });
}

/** Vectors of message authentication codes. */
export function computeMac(inputs: Inputs): Computed {
  const data = inputs.bytes("data");
  const length = inputs.has("length") ? inputs.number("length") : undefined;
  const cut = (mac: Uint8Array): Computed => outputs({ mac: mac.slice(0, length) });
  if (inputs.is("algorithm", 3)) {
    const padding = macPadding(inputs);
    return cut(algorithm3Mac(inputs.bytes("key1"), inputs.bytes("key2"), data, padding));
  }
  const cipher = inputs.text("cipher").toLowerCase();
  if (!isCipher(cipher)) return notCovered(`MAC with ${cipher}`);
  if (inputs.is("algorithm", 1)) {
    return cut(cbcMac(cipher, inputs.bytes("key"), data, macPadding(inputs)));
  }
  if (inputs.is("algorithm", "CMAC")) return cut(cmac(cipher, inputs.bytes("key"), data));
  return notCovered("another MAC algorithm");
}

/** Vectors of PIN verification values. */
export function computePvv(inputs: Inputs): Computed {
  const [pin, pan] = [inputs.text("pin"), inputs.text("pan")];
  return outputs({ pvv: pinVerificationValue(inputs.bytes("pvk"), inputs.text("pvki"), pin, pan) });
}

/** Vectors of PIN blocks: encoding, decoding, and blocks that must be refused. */
export function computePinBlock(inputs: Inputs): Computed {
  const format = inputs.number("format");
  if (format !== 0 && format !== 2 && format !== 3) return notCovered(`PIN block format ${format}`);
  const pan = format === 2 ? "" : inputs.text("pan");
  if (inputs.has("clearPinBlock")) {
    const decoded = decodePinBlock(format, inputs.bytes("clearPinBlock"), pan);
    return decoded.ok ? outputs({ pin: decoded.pin }) : refusedVector;
  }
  const fill = inputs.has("randomFill") ? inputs.bytes("randomFill") : new Uint8Array(10);
  return outputs({ clearPinBlock: encodePinBlock(format, inputs.text("pin"), pan, fill) });
}

/** Vectors of key blocks: unwrapping, derivation of both keys, blocks that must be refused. */
export function computeKeyBlock(inputs: Inputs, published: Inputs): Computed {
  const protection = inputs.bytes("kbpk");
  if (!inputs.has("keyBlock")) {
    const keys = deriveBlockKeys(protection.length === 32 ? "D" : "B", protection);
    return outputs({ kbek_derive: keys.encryption, kbak_derive: keys.authentication });
  }
  const block = inputs.text("keyBlock");
  const version = block.charAt(0);
  if (version !== "B" && version !== "D") return notCovered(`key block version ${version}`);
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

/** Vectors of UnionPay's MAC, working keys, PIN block and track. */
export function computeUnionpay(inputs: Inputs): Computed {
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

function isCipher(name: string): name is BlockCipher {
  return name === "tdes" || name === "aes" || name === "sm4";
}

function macPadding(inputs: Inputs): MacPadding {
  const padding = inputs.number("padding");
  if (padding === 1 || padding === 2 || padding === 3) return padding;
  throw new VectorError("input padding is not 1, 2 or 3");
}
