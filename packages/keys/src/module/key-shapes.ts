import { type FormsOf, maybe } from "./form.ts";
import {
  type KeyAlgorithm,
  keyAlgorithms,
  type KeyMode,
  keyModes,
  type KeyUsage,
  keyUsages,
} from "./usage.ts";

/**
 * A key as callers keep it: an X9.143 version D block under the module's AES-256 master key, with
 * usage, mode and exportability bound to it.
 */
export type KeyBlock = string;

/** A key block and its check value: hex digits, 8 for TDES, 16 SM4, 10 AES, none for HMAC. */
export type NewKey = { readonly key: KeyBlock; readonly kcv: string };

/** Commands that make keys and move them. */
export type KeyShapes = {
  /** A new key. TDES keys get odd parity. Without `mode` the widest of the usage. */
  "generate-key": {
    in: {
      readonly usage: KeyUsage;
      readonly algorithm: KeyAlgorithm;
      readonly bytes: 8 | 16 | 24 | 32;
      readonly exportable?: boolean;
      readonly mode?: KeyMode;
    };
    out: NewKey;
  };
  /** A key from two or more components of full length, folded by exclusive or. */
  "import-components": {
    in: {
      readonly usage: KeyUsage;
      readonly algorithm: KeyAlgorithm;
      readonly components: readonly string[];
      readonly exportable?: boolean;
      readonly mode?: KeyMode;
    };
    out: NewKey;
  };
  /**
   * A component as its custodian enters it, alone: sealed for this module, with its own check value
   * to compare. No one else, and no process, need ever have seen more than one.
   */
  "enter-component": {
    in: { readonly algorithm: KeyAlgorithm; readonly component: string };
    out: { readonly entered: string; readonly kcv: string };
  };
  /** A key from two or more components that were entered; each stays sealed on its way. */
  "combine-components": {
    in: {
      readonly usage: KeyUsage;
      readonly algorithm: KeyAlgorithm;
      readonly entered: readonly string[];
      readonly exportable?: boolean;
      readonly mode?: KeyMode;
    };
    out: NewKey;
  };
  /**
   * A key under a transport key (K1): version D where that is AES, B where it is TDES. The block is
   * marked as not exportable again, and has the key's mode unless another is named.
   */
  "export-key-block": {
    in: { readonly key: KeyBlock; readonly under: KeyBlock; readonly mode?: KeyMode };
    out: { readonly block: string; readonly kcv: string };
  };
  /** The reverse of `export-key-block`; versions B and D only, whose MACs are whole. */
  "import-key-block": {
    in: { readonly block: string; readonly under: KeyBlock };
    out: NewKey & { readonly usage: KeyUsage };
  };
  /** A working key under a master key (K0) without a key block, as UnionPay sends it. */
  "export-ecb": {
    in: { readonly key: KeyBlock; readonly under: KeyBlock };
    out: { readonly cipher: string; readonly kcv: string };
  };
  /** The reverse of `export-ecb`. `kcv`: at least the first 6 hex digits of the check value. */
  "import-ecb": {
    in: {
      readonly usage: KeyUsage;
      readonly algorithm: KeyAlgorithm;
      readonly cipher: string;
      readonly under: KeyBlock;
      readonly kcv: string;
      readonly mode?: KeyMode;
    };
    out: NewKey;
  };
};

const made = { key: "text", kcv: "text" } as const;
const asked = {
  usage: keyUsages,
  algorithm: keyAlgorithms,
  exportable: maybe("flag"),
  mode: maybe(keyModes),
} as const;

export const keyForms: FormsOf<KeyShapes> = {
  "generate-key": { in: { ...asked, bytes: [8, 16, 24, 32] }, out: made },
  "import-components": { in: { ...asked, components: "texts" }, out: made },
  "enter-component": {
    in: { algorithm: keyAlgorithms, component: "text" },
    out: { entered: "text", kcv: "text" },
  },
  "combine-components": { in: { ...asked, entered: "texts" }, out: made },
  "export-key-block": {
    in: { key: "text", under: "text", mode: maybe(keyModes) },
    out: { block: "text", kcv: "text" },
  },
  "import-key-block": {
    in: { block: "text", under: "text" },
    out: { ...made, usage: keyUsages },
  },
  "export-ecb": { in: { key: "text", under: "text" }, out: { cipher: "text", kcv: "text" } },
  "import-ecb": {
    in: {
      usage: keyUsages,
      algorithm: keyAlgorithms,
      cipher: "text",
      under: "text",
      kcv: "text",
      mode: maybe(keyModes),
    },
    out: made,
  },
};
