/** Merchants, terminals and the keys of their sessions. */
import type { KeyBlock } from "@tillway/keys";
import type { Binding, TerminalState } from "./management/index.ts";

export type Merchant = {
  readonly mid: string;
  readonly bucket: number;
  readonly name: string;
  readonly nameZh: string;
  readonly mcc: string;
  /** ISO 4217 letters. */
  readonly currency: string;
  readonly feePpm: number;
  readonly status: "active" | "suspended";
};

/** Working keys of one sign-in: PIN, MAC and track key, as key blocks. */
export type KeySession = {
  readonly version: number;
  readonly pik: KeyBlock;
  readonly mak: KeyBlock;
  readonly tdk: KeyBlock;
};

export type Terminal = {
  readonly tid: string;
  readonly serial: string;
  readonly status: "active" | "suspended";
  readonly tmk: KeyBlock;
  readonly batch: string;
  readonly state: TerminalState;
  /** Where it may be used. */
  readonly place: Binding["place"];
  /** Digit 6 of the header of its replies: what it is to do (spec unionpay-pos §2.1). */
  readonly requirement: string;
  /** Its batch was settled and has not ended: nothing is added to it. */
  readonly settling: boolean;
  readonly merchant: Merchant;
  /** The newest session; undefined before the first sign-in. */
  readonly session: KeySession | undefined;
};

/** Which keys a terminal asks for at sign-in, by DE 60.3 (spec unionpay-pos §2.10). */
export const keyLayouts = {
  "003": ["pik", "mak"],
  "004": ["pik", "mak", "tdk"],
} as const;
export type KeyLayout = keyof typeof keyLayouts;

export function isKeyLayout(code: string): code is KeyLayout {
  return Object.hasOwn(keyLayouts, code);
}

/** One working key as it goes to a terminal: under its TMK, with its check value. Hex. */
export type SentKey = { readonly cipher: string; readonly kcv: string };

/**
 * DE 62 of the sign-in reply: each key in a place of 16 bytes (a single-length MAC key is followed
 * by 8 zero bytes) and the first 4 bytes of its check value.
 */
export function workingKeyBlock(
  layout: KeyLayout,
  keys: { readonly pik: SentKey; readonly mak: SentKey; readonly tdk: SentKey },
): string {
  return keyLayouts[layout]
    .map((name) => keys[name].cipher.padEnd(32, "0") + keys[name].kcv.slice(0, 8))
    .join("");
}
