/** Key usages of ANSI X9.143 that Tillway knows. */
export const keyUsages = [
  "B0",
  "B1",
  "K0",
  "K1",
  "P0",
  "M1",
  "M3",
  "M6",
  "M7",
  "D0",
  "E0",
  "E1",
  "E2",
  "E4",
  "V1",
  "V2",
  "C0",
] as const;

export type KeyUsage = (typeof keyUsages)[number];

/** What a key is for: `hmac` keys are not block cipher keys. */
export const keyAlgorithms = ["tdes", "aes", "sm4", "hmac"] as const;

export type KeyAlgorithm = (typeof keyAlgorithms)[number];

/** Mode of use of X9.143: B both ways, E and D one; C both, G and V one; X derives; N unlimited. */
export const keyModes = ["B", "E", "D", "C", "G", "V", "X", "N"] as const;

export type KeyMode = (typeof keyModes)[number];

/** What a command does with a key; a key's mode must allow it. */
export type KeyAction = "encrypt" | "decrypt" | "generate" | "verify" | "derive";

type UsageRule = {
  readonly meaning: string;
  /** Modes a key of this usage may have; the first is given where the caller names none. */
  readonly modes: readonly KeyMode[];
  /** Lengths in bytes by algorithm. */
  readonly keys: Readonly<Partial<Record<KeyAlgorithm, readonly number[]>>>;
};

const twoWay: readonly KeyMode[] = ["B", "E", "D", "N"];
const check: readonly KeyMode[] = ["C", "G", "V", "N"];
const derive: readonly KeyMode[] = ["X", "N"];

/**
 * Which keys there are. A single-length TDES key is allowed for M3 alone: UnionPay's older sign-in
 * gives the terminal a MAC key of 8 bytes.
 */
export const usages: Readonly<Record<KeyUsage, UsageRule>> = {
  B0: {
    meaning: "DUKPT base derivation key",
    modes: derive,
    keys: { tdes: [16], aes: [16, 24, 32] },
  },
  B1: {
    meaning: "DUKPT initial key of one terminal",
    modes: derive,
    keys: { tdes: [16], aes: [16, 24, 32] },
  },
  K0: {
    meaning: "key encryption, no key block",
    modes: twoWay,
    keys: { tdes: [16, 24], sm4: [16] },
  },
  K1: {
    meaning: "key block protection",
    modes: twoWay,
    keys: { tdes: [16, 24], aes: [16, 24, 32] },
  },
  P0: {
    meaning: "PIN encryption",
    modes: twoWay,
    keys: { tdes: [16, 24], aes: [16, 24, 32], sm4: [16] },
  },
  M1: { meaning: "MAC, ISO 9797-1 algorithm 1", modes: check, keys: { tdes: [16, 24] } },
  M3: { meaning: "MAC, ISO 9797-1 algorithm 3", modes: check, keys: { tdes: [8, 16] } },
  M6: {
    meaning: "MAC, CMAC",
    modes: check,
    keys: { tdes: [16, 24], aes: [16, 24, 32], sm4: [16] },
  },
  M7: { meaning: "HMAC", modes: check, keys: { hmac: [32] } },
  D0: { meaning: "data encryption", modes: twoWay, keys: { tdes: [16, 24], aes: [32] } },
  E0: { meaning: "EMV issuer master key, cryptograms", modes: derive, keys: { tdes: [16] } },
  E1: { meaning: "EMV issuer master key, confidentiality", modes: derive, keys: { tdes: [16] } },
  E2: { meaning: "EMV issuer master key, integrity", modes: derive, keys: { tdes: [16] } },
  E4: {
    meaning: "EMV issuer master key, dynamic numbers: CVC3",
    modes: derive,
    keys: { tdes: [16] },
  },
  V1: { meaning: "PIN verification, IBM 3624", modes: check, keys: { tdes: [16, 24] } },
  V2: { meaning: "PIN verification, Visa PVV", modes: check, keys: { tdes: [16] } },
  C0: { meaning: "card verification, CVV", modes: check, keys: { tdes: [16] } },
};

/** Whether this names a usage of the table. */
export function isKeyUsage(text: string): text is KeyUsage {
  return Object.hasOwn(usages, text);
}

/** Whether a key of this usage may have this algorithm, length in bytes and mode. */
export function keyAllowed(
  usage: KeyUsage,
  algorithm: KeyAlgorithm,
  length: number,
  mode: KeyMode,
): boolean {
  const rule = usages[usage];
  return rule.modes.includes(mode) && (rule.keys[algorithm]?.includes(length) ?? false);
}

/** The mode of a new key where the caller names none. */
export function usualMode(usage: KeyUsage): KeyMode {
  return usages[usage].modes[0] ?? "N";
}

const allowing: Readonly<Record<KeyAction, string>> = {
  encrypt: "BEN",
  decrypt: "BDN",
  generate: "CGN",
  verify: "CVN",
  derive: "XN",
};

/** Whether a key of this mode may be used so. */
export function modeAllows(mode: KeyMode, action: KeyAction): boolean {
  return allowing[action].includes(mode);
}

/** The usage that a key for this message MAC has. */
export function macUsage(algorithm: MacAlgorithm): KeyUsage {
  switch (algorithm) {
    // X9.143 has no usage for UnionPay's own MACs; their keys are the MAKs of a sign-in, two-key
    // TDES MAC keys like X9.19's, whichever of them a link is set to.
    case "unionpay-ecb":
    case "unionpay-cbc":
    case "unionpay-x919":
    case "x919":
      return "M3";
    case "cbc":
      return "M1";
    case "cmac":
      return "M6";
  }
}

/**
 * MACs of messages: `x919` is ISO 9797-1 algorithm 3, `cbc` algorithm 1, both zero-filled.
 * `unionpay-cbc` is the same chaining under a UnionPay MAK, of 8 bytes too, and `unionpay-x919`
 * writes the first half of `x919` as 8 hex characters.
 */
export const macAlgorithms = [
  "unionpay-ecb",
  "unionpay-cbc",
  "unionpay-x919",
  "x919",
  "cbc",
  "cmac",
] as const;

export type MacAlgorithm = (typeof macAlgorithms)[number];
