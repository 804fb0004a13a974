import type { PinBlockFormat } from "../pin-block.ts";
import type { Valid } from "./data-shapes.ts";
import { type FormsOf, maybe } from "./form.ts";
import type { KeyBlock } from "./key-shapes.ts";

/** A PIN on its way: the block and what opens it. */
type PinInBlock = {
  readonly key: KeyBlock;
  readonly block: Uint8Array;
  readonly pan: string;
  readonly format: PinBlockFormat;
  /** As in `translate-pin`. */
  readonly ksn?: string;
};

/**
 * Commands on PINs. AES keys carry format 4 and nothing else does; TDES and SM4 keys carry 0, 1
 * and 3, SM4 in 16 bytes: the block and 8 zeros.
 */
export type PinShapes = {
  /** For a PIN pad. Format 1 is for a PIN whose card is not known yet. */
  "encrypt-pin": {
    in: {
      readonly key: KeyBlock;
      readonly pin: string;
      readonly pan: string;
      readonly format: 0 | 1 | 3 | 4;
    };
    out: { readonly block: Uint8Array };
  };
  /**
   * A PIN from one key to another; the PAN stays the same. With `ksn` (20 hex digits for TDES, 24
   * for AES) `from` is a base derivation key (B0), and the PIN key is that of the KSN, for AES as
   * long as the base key.
   */
  "translate-pin": {
    in: {
      readonly from: KeyBlock;
      readonly to: KeyBlock;
      readonly block: Uint8Array;
      readonly pan: string;
      readonly fromFormat: PinBlockFormat;
      readonly toFormat: PinBlockFormat;
      readonly ksn?: string;
    };
    out: { readonly block: Uint8Array };
  };
  /** For personalisation. `pvki`: one digit. A PVV covers the first 4 digits of a PIN. */
  "make-pvv": {
    in: {
      readonly pvk: KeyBlock;
      readonly pvki: string;
      readonly pin: string;
      readonly pan: string;
    };
    out: { readonly pvv: string };
  };
  /** Whether the PIN in a block is the card's. A block that holds no PIN is refused. */
  "verify-pin": {
    in: PinInBlock & { readonly pvk: KeyBlock; readonly pvki: string; readonly pvv: string };
    out: Valid;
  };
  /**
   * For personalisation: the IBM 3624 offset, as long as the PIN, under a V1 key. The rule of
   * natural PINs is the module's own: whoever could choose it could find out PINs.
   */
  "make-pin-offset": {
    in: { readonly pvk: KeyBlock; readonly pin: string; readonly pan: string };
    out: { readonly offset: string };
  };
  /** Whether the PIN in a block is the card's, all of its digits. */
  "verify-pin-offset": {
    in: PinInBlock & { readonly pvk: KeyBlock; readonly offset: string };
    out: Valid;
  };
};

const inBlock = {
  key: "text",
  block: "bytes",
  pan: "text",
  format: [0, 1, 2, 3, 4],
  ksn: maybe("text"),
} as const;

export const pinForms: FormsOf<PinShapes> = {
  "encrypt-pin": {
    in: { key: "text", pin: "text", pan: "text", format: [0, 1, 3, 4] },
    out: { block: "bytes" },
  },
  "translate-pin": {
    in: {
      from: "text",
      to: "text",
      block: "bytes",
      pan: "text",
      fromFormat: [0, 1, 2, 3, 4],
      toFormat: [0, 1, 2, 3, 4],
      ksn: maybe("text"),
    },
    out: { block: "bytes" },
  },
  "make-pvv": {
    in: { pvk: "text", pvki: "text", pin: "text", pan: "text" },
    out: { pvv: "text" },
  },
  "verify-pin": {
    in: { ...inBlock, pvk: "text", pvki: "text", pvv: "text" },
    out: { valid: "flag" },
  },
  "make-pin-offset": { in: { pvk: "text", pin: "text", pan: "text" }, out: { offset: "text" } },
  "verify-pin-offset": {
    in: { ...inBlock, pvk: "text", offset: "text" },
    out: { valid: "flag" },
  },
};
