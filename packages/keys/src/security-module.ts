import type { CryptogramVersion, DerivationOption, UnionpaySession } from "./cryptogram.ts";
import type { PinBlockFormat } from "./pin-block.ts";
import type { KeyAlgorithm, KeyMode, KeyUsage, MacAlgorithm } from "./usage.ts";

/**
 * A key as callers keep it: an X9.143 version D block under the module's AES-256 master key, with
 * usage, mode and exportability bound to it.
 */
export type KeyBlock = string;

/** Random bytes from the edge of the system. */
export type Random = (length: number) => Uint8Array;

type NewKey = { readonly key: KeyBlock; readonly kcv: string };
type Valid = { readonly valid: boolean };

/**
 * What each command takes and gives. Text that stands for bytes is hex, uppercase in answers, any
 * case in commands; a `kcv` is 8 hex digits for TDES, 16 for SM4, 10 for AES, empty for HMAC.
 */
type Shapes = {
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
   * A key under a transport key (K1): version D where that is AES, B where it is TDES. The block is
   * marked as not exportable again, and has the key's mode unless another is named.
   */
  "export-key-block": {
    in: { readonly key: KeyBlock; readonly under: KeyBlock; readonly mode?: KeyMode };
    out: { readonly block: string; readonly kcv: string };
  };
  /** The reverse of `export-key-block`. */
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
  /** 8 bytes; of `unionpay-ecb` they are the characters of DE 64. */
  mac: {
    in: { readonly key: KeyBlock; readonly algorithm: MacAlgorithm; readonly data: Uint8Array };
    out: { readonly mac: Uint8Array };
  };
  "verify-mac": {
    in: {
      readonly key: KeyBlock;
      readonly algorithm: MacAlgorithm;
      readonly data: Uint8Array;
      readonly mac: Uint8Array;
    };
    out: Valid;
  };
  /** For a PIN pad. 8 bytes, under SM4 16: the block and 8 zeros. */
  "encrypt-pin": {
    in: {
      readonly key: KeyBlock;
      readonly pin: string;
      readonly pan: string;
      readonly format: 0 | 3;
    };
    out: { readonly block: Uint8Array };
  };
  /** A PIN from one key to another; the PAN stays the same. */
  "translate-pin": {
    in: {
      readonly from: KeyBlock;
      readonly to: KeyBlock;
      readonly block: Uint8Array;
      readonly pan: string;
      readonly fromFormat: PinBlockFormat;
      readonly toFormat: PinBlockFormat;
    };
    out: { readonly block: Uint8Array };
  };
  /** UnionPay's track encryption: text of digits and `=` into text with hex digits, and back. */
  "encrypt-track": {
    in: { readonly key: KeyBlock; readonly track: string };
    out: { readonly track: string };
  };
  "decrypt-track": {
    in: { readonly key: KeyBlock; readonly track: string };
    out: { readonly track: string };
  };
  /** For personalisation. `pvki`: one digit. */
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
    in: {
      readonly key: KeyBlock;
      readonly pvk: KeyBlock;
      readonly pvki: string;
      readonly block: Uint8Array;
      readonly pan: string;
      readonly format: PinBlockFormat;
      readonly pvv: string;
    };
    out: Valid;
  };
  /**
   * Checks an application cryptogram over `data` and, with a response code, makes the value of
   * tag 91: ARPC and code (method 1), or ARPC, card status update and proprietary data (method 2,
   * where `cardStatusUpdate` is 00800000 for code 00 and zeros otherwise unless given).
   * PSN: 2 digits. ATC: 4 hex digits, unpredictable number 8, ARQC 16. `session` and `arpcMethod`
   * are UnionPay's open settings; `option` is how the card's key was derived, A unless given.
   */
  "verify-arqc": {
    in: {
      readonly key: KeyBlock;
      readonly pan: string;
      readonly psn: string;
      readonly cvn: CryptogramVersion;
      readonly atc: string;
      readonly unpredictableNumber: string;
      readonly data: Uint8Array;
      readonly arqc: string;
      readonly responseCode?: string;
      readonly cardStatusUpdate?: string;
      readonly proprietary?: string;
      readonly option?: DerivationOption;
      readonly session?: UnionpaySession;
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
};

export type CommandName = keyof Shapes;
export type CommandOf<N extends CommandName> = {
  [K in N]: { readonly do: K } & Shapes[K]["in"];
}[N];
export type Command = CommandOf<CommandName>;

/** What a command gives where it is done. */
export type Done<N extends CommandName> = { readonly ok: true } & Shapes[N]["out"];

/** Why a command is not done, in order of precedence: the first that applies is answered. */
export const refusals = [
  "malformed",
  "bad-key-block",
  "wrong-usage",
  "wrong-mode",
  "wrong-algorithm",
  "format-not-allowed",
  "unsupported-key",
  "not-exportable",
  "weaker-key",
  "weak-key",
  "wrong-kcv",
  "bad-pin-block",
  "bad-cipher",
] as const;

export type Refusal = (typeof refusals)[number];

/** The message names command, place and reason; never a key, a PIN or card data. */
export type Refused = {
  readonly ok: false;
  readonly refused: Refusal;
  readonly message: string;
};

export type Outcome<N extends CommandName> = Done<N> | Refused;
export type Answer<C extends Command> = Outcome<C["do"]>;
export type Answers<C extends readonly Command[]> = {
  [I in keyof C]: C[I] extends Command ? Answer<C[I]> : never;
};

/**
 * Does cryptography with keys that only it can read. Holds nothing but its master key: callers keep
 * key blocks. Refusals are values; a promise is rejected only by a defect or a lost connection.
 */
export interface SecurityModule {
  run<const C extends Command>(command: C): Promise<Answer<C>>;
  /** All commands in their order; each has its own answer. */
  runAll<const C extends readonly Command[]>(commands: C): Promise<Answers<C>>;
}
