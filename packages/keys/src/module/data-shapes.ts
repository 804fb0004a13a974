import { type FormsOf, maybe } from "./form.ts";
import type { KeyBlock } from "./key-shapes.ts";
import { type MacAlgorithm, macAlgorithms } from "./usage.ts";

/** What a check comes to. */
export type Valid = { readonly valid: boolean };

type MacInput = {
  readonly key: KeyBlock;
  readonly algorithm: MacAlgorithm;
  readonly data: Uint8Array;
  /**
   * Given where `key` is a base derivation key (B0), with `x919` or `cmac`: the terminal's KSN, 20
   * hex digits for TDES, 24 for AES. The host verifies requests and makes responses.
   */
  readonly ksn?: string;
};

/** Commands on messages, tracks and card numbers. */
export type DataShapes = {
  /** 8 bytes; of `unionpay-ecb` and `unionpay-x919` they are the characters of DE 64. */
  mac: { in: MacInput; out: { readonly mac: Uint8Array } };
  "verify-mac": { in: MacInput & { readonly mac: Uint8Array }; out: Valid };
  /** UnionPay's track encryption: text of digits and `=` into text with hex digits, and back. */
  "encrypt-track": {
    in: { readonly key: KeyBlock; readonly track: string };
    out: { readonly track: string };
  };
  "decrypt-track": {
    in: { readonly key: KeyBlock; readonly track: string };
    out: { readonly track: string };
  };
  /** Keyed token of a PAN under an M7 key: 64 hex digits. The same PAN and key, the same token. */
  "generate-token": {
    in: { readonly key: KeyBlock; readonly pan: string };
    out: { readonly token: string };
  };
  /** Token under an M7 key and cipher under an AES-256 D0 key, for a database. */
  "seal-pan": {
    in: { readonly key: KeyBlock; readonly tokenKey: KeyBlock; readonly pan: string };
    out: { readonly token: string; readonly cipher: string };
  };
  "open-pan": {
    in: { readonly key: KeyBlock; readonly cipher: string };
    out: { readonly pan: string };
  };
  /** Any bytes under an AES-256 D0 key, bound to a context: what they are and whose. */
  "seal-data": {
    in: { readonly key: KeyBlock; readonly context: string; readonly data: Uint8Array };
    out: { readonly sealed: Uint8Array };
  };
  "open-data": {
    in: { readonly key: KeyBlock; readonly context: string; readonly sealed: Uint8Array };
    out: { readonly data: Uint8Array };
  };
};

const mac = { key: "text", algorithm: macAlgorithms, data: "bytes", ksn: maybe("text") } as const;

export const dataForms: FormsOf<DataShapes> = {
  mac: { in: mac, out: { mac: "bytes" } },
  "verify-mac": { in: { ...mac, mac: "bytes" }, out: { valid: "flag" } },
  "encrypt-track": { in: { key: "text", track: "text" }, out: { track: "text" } },
  "decrypt-track": { in: { key: "text", track: "text" }, out: { track: "text" } },
  "generate-token": { in: { key: "text", pan: "text" }, out: { token: "text" } },
  "seal-pan": {
    in: { key: "text", tokenKey: "text", pan: "text" },
    out: { token: "text", cipher: "text" },
  },
  "open-pan": { in: { key: "text", cipher: "text" }, out: { pan: "text" } },
  "seal-data": { in: { key: "text", context: "text", data: "bytes" }, out: { sealed: "bytes" } },
  "open-data": { in: { key: "text", context: "text", sealed: "bytes" }, out: { data: "bytes" } },
};
