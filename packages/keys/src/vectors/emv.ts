import { concat } from "@tillway/bytes";
import {
  applicationCryptogram,
  arpc1,
  arpc2,
  type CryptogramPadding,
  commonSessionKey,
  deriveIccKey,
  treeSessionKey,
  visaScriptSessionKey,
} from "../cryptogram.ts";
import { encryptScriptData, pinChangeCommand, scriptMac } from "../issuer-script.ts";
import { cryptogramScheme, schemeRules, type SchemeVersion } from "../scheme.ts";
import { type Computed, type Inputs, notCovered, outputs, WrongInput } from "./inputs.ts";

/** Vectors of ICC master keys and session keys. */
export function computeDerivation(inputs: Inputs): Computed {
  const method = inputs.text("method");
  if (method === "A" || method === "B") {
    const key = inputs.bytes("issuerMasterKey");
    return outputs({
      iccMasterKey: deriveIccKey(key, inputs.text("pan"), inputs.text("psn"), method),
    });
  }
  const key = inputs.bytes("iccMasterKey");
  switch (method) {
    case "common":
      return outputs({ sessionKey: commonSessionKey(key, inputs.bytes("r")) });
    case "visa-sm":
      return outputs({ sessionKey: visaScriptSessionKey(key, inputs.bytes("atc")) });
    case "emv2000-tree": {
      const shape = {
        height: inputs.number("height"),
        branches: inputs.number("branchFactor"),
        start: inputs.bytes("iv"),
      };
      return outputs({ sessionKey: treeSessionKey(key, inputs.bytes("atc"), shape) });
    }
    default:
      return notCovered(`derivation ${method}`);
  }
}

/** Vectors of application cryptograms and both ARPC methods from a given key. */
export function computeCryptogram(inputs: Inputs): Computed {
  if (inputs.has("sessionKey")) {
    const key = inputs.bytes("sessionKey");
    const padding = cryptogramPadding(inputs.text("padding"));
    return outputs({ ac: applicationCryptogram(key, inputs.bytes("data"), padding) });
  }
  const [key, arqc] = [inputs.bytes("key"), inputs.bytes("arqc")];
  if (inputs.has("arc")) return outputs({ arpc: arpc1(key, arqc, inputs.bytes("arc")) });
  const proprietary = inputs.bytes("proprietaryAuthData");
  return outputs({ arpc: arpc2(key, arqc, inputs.bytes("csu"), proprietary) });
}

/** Scheme names of the vectors, and what follows the common data objects in the cryptogram. */
const schemes: Readonly<Record<string, readonly [SchemeVersion, ...string[]]>> = {
  VisaCVN10: ["visa-10", "cvr"],
  VisaCVN18: ["visa-18", "tag_9f10"],
  VisaCVN22: ["visa-22", "tag_9f10"],
  InteracCVN133: ["interac-133", "tag_9f10"],
  MasterCardCVN16: ["mchip-10", "cvr"],
  MasterCardCVN17: ["mchip-11", "cvr", "counters"],
  MasterCardCVN20: ["mchip-14", "cvr"],
  MasterCardCVN21: ["mchip-15", "cvr", "counters"],
};

const cryptogramTags = ["9f02", "9f03", "9f1a", "95", "5f2a", "9a", "9c", "9f37", "82", "9f36"];

/** Vectors of whole schemes: from issuer keys and PAN to ARQC, ARPC and script commands. */
export function computeScheme(inputs: Inputs): Computed {
  const name = inputs.text("scheme");
  const known = schemes[name];
  if (known === undefined) return notCovered(`scheme ${name}`);
  const [version, ...after] = known;
  const derive = (issuer: string): Uint8Array => {
    const { option } = schemeRules[version];
    return deriveIccKey(inputs.bytes(issuer), inputs.text("pan"), inputs.text("psn"), option);
  };
  const card = {
    ac: derive("issuerMasterKeyAC"),
    smi: derive("issuerMasterKeySMI"),
    smc: derive("issuerMasterKeySMC"),
  };
  const result = schemeResult(version, after, card, inputs);
  return outputs({
    iccMasterKeyAC: card.ac,
    iccMasterKeySMI: card.smi,
    iccMasterKeySMC: card.smc,
    result,
  });
}

type Card = Parameters<typeof pinChangeCommand>[0];

function schemeResult(
  version: SchemeVersion,
  after: readonly string[],
  card: Card,
  inputs: Inputs,
): Uint8Array {
  if (inputs.has("tag_9f02")) {
    const names = [...cryptogramTags.map((tag) => `tag_${tag}`), ...after];
    const data = concat(...names.map((tag) => inputs.bytes(tag)));
    const { cryptogramKey, padding } = schemeOf(version, card, inputs);
    return applicationCryptogram(cryptogramKey, data, padding);
  }
  if (inputs.has("arpc_rc") || inputs.has("csu")) return arpc(version, card, inputs);
  const transaction = {
    version,
    // Each version takes what it needs.
    atc: optional(inputs, "tag_9f36", 2),
    cryptogram: optional(inputs, "tag_9f26", 8),
  };
  if (inputs.has("pin")) {
    const current = inputs.has("current_pin") ? inputs.text("current_pin") : undefined;
    return pinChangeCommand(card, transaction, inputs.text("pin"), current);
  }
  // A command without data, such as APPLICATION BLOCK, still has a MAC.
  return inputs.has("command_header")
    ? scriptMac(
        card.smi,
        transaction,
        inputs.bytes("command_header"),
        optional(inputs, "command_data", 0),
      )
    : encryptScriptData(card.smc, transaction, inputs.bytes("command_data"));
}

function arpc(version: SchemeVersion, card: Card, inputs: Inputs): Uint8Array {
  const { arpcKey } = schemeOf(version, card, inputs);
  const arqc = inputs.bytes("tag_9f26");
  if (inputs.has("arpc_rc")) return arpc1(arpcKey, arqc, inputs.bytes("arpc_rc"));
  return arpc2(arpcKey, arqc, inputs.bytes("csu"), optional(inputs, "proprietary_auth_data", 0));
}

function schemeOf(
  version: SchemeVersion,
  card: Card,
  inputs: Inputs,
): ReturnType<typeof cryptogramScheme> {
  const atc = optional(inputs, "tag_9f36", 2);
  return cryptogramScheme(version, card.ac, atc, optional(inputs, "tag_9f37", 4));
}

/** Bytes of an input, or zeros where the vector does not name it. */
function optional(inputs: Inputs, name: string, length: number): Uint8Array {
  return inputs.has(name) ? inputs.bytes(name) : new Uint8Array(length);
}

function cryptogramPadding(name: string): CryptogramPadding {
  if (/^emv$/i.test(name)) return "emv";
  if (/^visa$/i.test(name)) return "visa";
  throw new WrongInput("input padding is not EMV or VISA");
}
