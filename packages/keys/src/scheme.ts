import { concat } from "@tillway/bytes";
import {
  commonSessionKey,
  type CryptogramPadding,
  type DerivationOption,
  pbocSessionKey,
  visaScriptSessionKey,
} from "./cryptogram.ts";

/** The versions that cards of the demonstration have. `mchip-10` is M/Chip CVN 16 (hex 10). */
export type CryptogramVersion = "unionpay" | "visa-10" | "visa-18" | "mchip-10";

/**
 * All versions whose issuer side is known: Visa's and Interac's by their decimal number, M/Chip's
 * by their hex number (10 is CVN 16, 11 is 17, 14 is 20, 15 is 21).
 */
export const schemeVersions = [
  "unionpay",
  "visa-10",
  "visa-17",
  "visa-18",
  "visa-22",
  "interac-133",
  "mchip-10",
  "mchip-11",
  "mchip-14",
  "mchip-15",
] as const;

export type SchemeVersion = (typeof schemeVersions)[number];

/**
 * How UnionPay's session key is derived. The official text was not available: the one published
 * example of a PBOC card is reproduced by `pboc`, which is why it is the default.
 */
export type UnionpaySession = "emv-common" | "pboc";

/** What a card and its issuer need beside the data: both keys, the filling, the ARPC method. */
export type CryptogramScheme = {
  readonly cryptogramKey: Uint8Array;
  readonly arpcKey: Uint8Array;
  readonly padding: CryptogramPadding;
  readonly arpcMethod: 1 | 2;
};

/** What a session key is derived from: nothing (the card's key itself), the ATC, or also the UN. */
type SessionBasis = "none" | "atc" | "atc-un";

export type SchemeRule = {
  /** How the card's keys are derived. */
  readonly option: DerivationOption;
  readonly session: SessionBasis;
  readonly arpcSession: SessionBasis;
  readonly padding: CryptogramPadding;
  readonly arpcMethod: 1 | 2;
  /** Session keys of scripts: the ATC folded in (Visa), or EMV's, derived from the cryptogram. */
  readonly script: "atc-folded" | "cryptogram";
  /** Whether ATC and cryptogram stand between header and data in the MAC of a script command. */
  readonly scriptMacOver: "transaction" | "command";
  /** Length byte, 80 filling and ECB; or CBC, filled only where needed. */
  readonly scriptCipher: "visa" | "mastercard";
  /** The new PIN in a PIN change without the current one. */
  readonly newPin: "vis" | "format-2";
};

const visa: SchemeRule = {
  option: "A",
  session: "none",
  arpcSession: "none",
  padding: "visa",
  arpcMethod: 1,
  script: "atc-folded",
  scriptMacOver: "transaction",
  scriptCipher: "visa",
  newPin: "vis",
};

const mchip: SchemeRule = {
  option: "A",
  session: "atc-un",
  arpcSession: "none",
  padding: "emv",
  arpcMethod: 1,
  script: "cryptogram",
  scriptMacOver: "transaction",
  scriptCipher: "mastercard",
  newPin: "format-2",
};

const visaWithSession: SchemeRule = {
  ...visa,
  option: "B",
  session: "atc",
  arpcSession: "atc",
  padding: "emv",
  arpcMethod: 2,
};

/**
 * What each version prescribes; all but `visa-17` and `unionpay` are proven by the published
 * vectors. UnionPay's scripts [U] are taken to be Visa's with its own session key, as PBOC's are.
 */
export const schemeRules: Readonly<Record<SchemeVersion, SchemeRule>> = {
  unionpay: { ...visa, session: "atc", arpcSession: "atc", padding: "emv" },
  "visa-10": visa,
  "visa-17": visa,
  "visa-18": visaWithSession,
  "visa-22": { ...visaWithSession, script: "cryptogram", newPin: "format-2" },
  "interac-133": { ...mchip, arpcSession: "atc-un", scriptMacOver: "command" },
  "mchip-10": mchip,
  "mchip-11": mchip,
  "mchip-14": { ...mchip, session: "atc", arpcSession: "atc" },
  "mchip-15": { ...mchip, session: "atc", arpcSession: "atc" },
};

/**
 * Keys and choices of a cryptogram version for one transaction.
 * Visa CVN 10 and 17: the card key itself, no session key. CVN 18 and 22: EMV common session key,
 * ARPC method 2. M/Chip 10 and 11: session key from ATC and unpredictable number, ARPC under the
 * card key; 14 and 15 from the ATC alone, for both.
 * UnionPay: session key from the ATC alone (see `UnionpaySession`), for the ARPC (method 1) too.
 */
export function cryptogramScheme(
  version: SchemeVersion,
  iccKey: Uint8Array,
  atc: Uint8Array,
  unpredictableNumber: Uint8Array,
  unionpaySession: UnionpaySession = "pboc",
): CryptogramScheme {
  const { session, arpcSession, padding, arpcMethod } = schemeRules[version];
  const keyFor = (basis: SessionBasis): Uint8Array => {
    if (basis === "none") return iccKey;
    if (version === "unionpay" && unionpaySession === "pboc") return pbocSessionKey(iccKey, atc);
    const number = basis === "atc" ? new Uint8Array(4) : unpredictableNumber;
    return commonSessionKey(iccKey, concat(atc, new Uint8Array(2), number));
  };
  const cryptogramKey = keyFor(session);
  const arpcKey = arpcSession === session ? cryptogramKey : keyFor(arpcSession);
  return { cryptogramKey, arpcKey, padding, arpcMethod };
}

/** The session key of scripts from a card's key for integrity or confidentiality. */
export function scriptSessionKey(
  version: SchemeVersion,
  iccKey: Uint8Array,
  atc: Uint8Array,
  cryptogram: Uint8Array,
  unionpaySession: UnionpaySession = "pboc",
): Uint8Array {
  if (version === "unionpay") {
    return unionpaySession === "pboc"
      ? pbocSessionKey(iccKey, atc)
      : commonSessionKey(iccKey, cryptogram);
  }
  return schemeRules[version].script === "atc-folded"
    ? visaScriptSessionKey(iccKey, atc)
    : commonSessionKey(iccKey, cryptogram);
}
