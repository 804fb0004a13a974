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
} from "./cryptogram.ts";
import { type Computed, type Inputs, notCovered, outputs, VectorError } from "./vector-inputs.ts";

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

/** How a scheme's cryptogram version makes its values; each names the keys and data it takes. */
type Scheme = {
  /** Data after the ATC. */
  readonly after: readonly string[];
  readonly padding: CryptogramPadding;
  /** Key of the cryptogram and of the ARPC. */
  readonly session: "none" | "atc" | "atc-un";
  readonly arpcSession: "none" | "atc" | "atc-un";
};

const schemes: Readonly<Record<string, Scheme>> = {
  VisaCVN10: { after: ["cvr"], padding: "visa", session: "none", arpcSession: "none" },
  VisaCVN18: { after: ["tag_9f10"], padding: "emv", session: "atc", arpcSession: "atc" },
  VisaCVN22: { after: ["tag_9f10"], padding: "emv", session: "atc", arpcSession: "atc" },
  InteracCVN133: {
    after: ["tag_9f10"],
    padding: "emv",
    session: "atc-un",
    arpcSession: "atc-un",
  },
  MasterCardCVN16: { after: ["cvr"], padding: "emv", session: "atc-un", arpcSession: "none" },
  MasterCardCVN17: {
    after: ["cvr", "counters"],
    padding: "emv",
    session: "atc-un",
    arpcSession: "none",
  },
  MasterCardCVN20: { after: ["cvr"], padding: "emv", session: "atc", arpcSession: "atc" },
  MasterCardCVN21: {
    after: ["cvr", "counters"],
    padding: "emv",
    session: "atc",
    arpcSession: "atc",
  },
};

const cryptogramTags = ["9f02", "9f03", "9f1a", "95", "5f2a", "9a", "9c", "9f37", "82", "9f36"];

/** Vectors of whole schemes: from issuer keys and PAN to ARQC and ARPC. */
export function computeScheme(inputs: Inputs): Computed {
  const name = inputs.text("scheme");
  const scheme = schemes[name];
  if (scheme === undefined) return notCovered(`scheme ${name}`);
  const derive = (issuer: string): Uint8Array =>
    deriveIccKey(inputs.bytes(issuer), inputs.text("pan"), inputs.text("psn"), "A");
  const card = {
    iccMasterKeyAC: derive("issuerMasterKeyAC"),
    iccMasterKeySMI: derive("issuerMasterKeySMI"),
    iccMasterKeySMC: derive("issuerMasterKeySMC"),
  };
  if (inputs.has("tag_9f02")) {
    const names = [...cryptogramTags.map((tag) => `tag_${tag}`), ...scheme.after];
    const data = concat(...names.map((tag) => inputs.bytes(tag)));
    const key = keyFor(scheme.session, card.iccMasterKeyAC, inputs);
    return outputs({ ...card, result: applicationCryptogram(key, data, scheme.padding) });
  }
  if (!inputs.has("arpc_rc") && !inputs.has("csu")) return notCovered("issuer script messaging");
  const key = keyFor(scheme.arpcSession, card.iccMasterKeyAC, inputs);
  const arqc = inputs.bytes("tag_9f26");
  if (inputs.has("arpc_rc")) {
    return outputs({ ...card, result: arpc1(key, arqc, inputs.bytes("arpc_rc")) });
  }
  const proprietary = inputs.has("proprietary_auth_data")
    ? inputs.bytes("proprietary_auth_data")
    : new Uint8Array(0);
  return outputs({ ...card, result: arpc2(key, arqc, inputs.bytes("csu"), proprietary) });
}

function keyFor(session: Scheme["session"], iccKey: Uint8Array, inputs: Inputs): Uint8Array {
  switch (session) {
    case "none":
      return iccKey;
    case "atc":
      return commonSessionKey(iccKey, concat(inputs.bytes("tag_9f36"), new Uint8Array(6)));
    case "atc-un": {
      const number = inputs.bytes("tag_9f37");
      return commonSessionKey(iccKey, concat(inputs.bytes("tag_9f36"), new Uint8Array(2), number));
    }
  }
}

function cryptogramPadding(name: string): CryptogramPadding {
  if (name === "EMV") return "emv";
  if (name === "VISA") return "visa";
  throw new VectorError("input padding is not EMV or VISA");
}
