import type { DerivationOption } from "../cryptogram.ts";
import type { PinBlockFormat } from "../pin-block.ts";
import { type SchemeVersion, schemeVersions, type UnionpaySession } from "../scheme.ts";
import type { Valid } from "./data-shapes.ts";
import { type FormsOf, maybe } from "./form.ts";
import type { KeyBlock } from "./key-shapes.ts";

/** A card and one transaction of it. PSN: 2 digits. ATC: 4 hex digits. ARQC: 16. */
type CardTransaction = {
  readonly pan: string;
  readonly psn: string;
  readonly cvn: SchemeVersion;
  readonly atc: string;
  readonly arqc: string;
  /** How the card's keys were derived, A unless given. */
  readonly option?: DerivationOption;
  /** UnionPay's open setting. */
  readonly session?: UnionpaySession;
};

type VerificationValue = {
  readonly key: KeyBlock;
  readonly pan: string;
  /** 4 digits, YYMM as on the track. */
  readonly expiry: string;
  /** 3 digits; 999 for iCVV, 000 for the printed value. */
  readonly serviceCode: string;
};

/** Commands of an issuer on its cards. */
export type CardShapes = {
  /**
   * Checks an application cryptogram over `data` and, with a response code, makes the value of
   * tag 91: ARPC and code (method 1), or ARPC, card status update and proprietary data (method 2,
   * where `cardStatusUpdate` is 00800000 for code 00 and zeros otherwise unless given).
   * Unpredictable number: 8 hex digits. `arpcMethod` is UnionPay's open setting.
   */
  "verify-arqc": {
    in: CardTransaction & {
      readonly key: KeyBlock;
      readonly unpredictableNumber: string;
      readonly data: Uint8Array;
      readonly responseCode?: string;
      readonly cardStatusUpdate?: string;
      readonly proprietary?: string;
      readonly arpcMethod?: 1 | 2;
    };
    out: Valid & { readonly arpc?: Uint8Array };
  };
  /** A card's three keys for its personalisation, each encrypted under a key of usage K0. */
  "derive-icc-keys": {
    in: {
      readonly imkAc: KeyBlock;
      readonly imkSmi: KeyBlock;
      readonly imkSmc: KeyBlock;
      readonly pan: string;
      readonly psn: string;
      readonly under: KeyBlock;
      readonly option?: DerivationOption;
    };
    out: {
      readonly ac: string;
      readonly smi: string;
      readonly smc: string;
      readonly kcv: { readonly ac: string; readonly smi: string; readonly smc: string };
    };
  };
  /**
   * MAC of an issuer script command, 8 bytes, under an E2 key. Header: CLA, INS, P1, P2 and Lc,
   * which counts the data and the MAC. Data: as they are sent, encrypted where they are.
   */
  "script-mac": {
    in: CardTransaction & {
      readonly key: KeyBlock;
      readonly header: Uint8Array;
      readonly data: Uint8Array;
    };
    out: { readonly mac: Uint8Array };
  };
  /** Data of a script command encrypted under an E1 key. PINs go through `change-pin`. */
  "encrypt-script-data": {
    in: CardTransaction & { readonly key: KeyBlock; readonly data: Uint8Array };
    out: { readonly data: Uint8Array };
  };
  /** The whole PIN CHANGE command for a card, of a new PIN that came in a PIN block. */
  "change-pin": {
    in: CardTransaction & {
      readonly from: KeyBlock;
      readonly block: Uint8Array;
      readonly fromFormat: PinBlockFormat;
      readonly ksn?: string;
      readonly imkAc: KeyBlock;
      readonly imkSmi: KeyBlock;
      readonly imkSmc: KeyBlock;
    };
    out: { readonly command: Uint8Array };
  };
  /** CVV, iCVV or CVV2 of 3 digits under a C0 key. */
  "make-cvv": { in: VerificationValue; out: { readonly cvv: string } };
  "verify-cvv": { in: VerificationValue & { readonly cvv: string }; out: Valid };
  /**
   * Whether the last 3 to 5 digits of a CVC3 are right, under an E4 key. Track: the static data in
   * hex, as the card's MAC covers them.
   */
  "verify-cvc3": {
    in: {
      readonly key: KeyBlock;
      readonly pan: string;
      readonly psn: string;
      readonly track: string;
      readonly atc: string;
      readonly unpredictableNumber: string;
      readonly cvc3: string;
      readonly option?: DerivationOption;
    };
    out: Valid;
  };
};

const transaction = {
  pan: "text",
  psn: "text",
  cvn: schemeVersions,
  atc: "text",
  arqc: "text",
  option: maybe(["A", "B"]),
  session: maybe(["emv-common", "pboc"]),
} as const;
const value = { key: "text", pan: "text", expiry: "text", serviceCode: "text" } as const;
const three = { ac: "text", smi: "text", smc: "text" } as const;

export const cardForms: FormsOf<CardShapes> = {
  "verify-arqc": {
    in: {
      ...transaction,
      key: "text",
      unpredictableNumber: "text",
      data: "bytes",
      responseCode: maybe("text"),
      cardStatusUpdate: maybe("text"),
      proprietary: maybe("text"),
      arpcMethod: maybe([1, 2]),
    },
    out: { valid: "flag", arpc: maybe("bytes") },
  },
  "derive-icc-keys": {
    in: {
      imkAc: "text",
      imkSmi: "text",
      imkSmc: "text",
      pan: "text",
      psn: "text",
      under: "text",
      option: maybe(["A", "B"]),
    },
    out: { ...three, kcv: { fields: three } },
  },
  "script-mac": {
    in: { ...transaction, key: "text", header: "bytes", data: "bytes" },
    out: { mac: "bytes" },
  },
  "encrypt-script-data": {
    in: { ...transaction, key: "text", data: "bytes" },
    out: { data: "bytes" },
  },
  "change-pin": {
    in: {
      ...transaction,
      from: "text",
      block: "bytes",
      fromFormat: [0, 1, 2, 3, 4],
      ksn: maybe("text"),
      imkAc: "text",
      imkSmi: "text",
      imkSmc: "text",
    },
    out: { command: "bytes" },
  },
  "make-cvv": { in: value, out: { cvv: "text" } },
  "verify-cvv": { in: { ...value, cvv: "text" }, out: { valid: "flag" } },
  "verify-cvc3": {
    in: {
      key: "text",
      pan: "text",
      psn: "text",
      track: "text",
      atc: "text",
      unpredictableNumber: "text",
      cvc3: "text",
      option: maybe(["A", "B"]),
    },
    out: { valid: "flag" },
  },
};
