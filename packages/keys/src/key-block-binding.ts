import { createCipheriv } from "node:crypto";
import { concat, fromAscii } from "@tillway/bytes";
import { type BlockCipher, blockLength, cbcDecrypt, cbcEncrypt } from "./cipher.ts";
import { cbcMac, cmac } from "./mac.ts";

/**
 * Versions of key blocks: A and C bind by variants of a TDES key (C is the same with another
 * letter), B under a TDES key and D under an AES key by derivation (ANSI X9.143, TR-31), E under an
 * AES key in counter mode (ISO 20038).
 */
export type KeyBlockVersion = "A" | "B" | "C" | "D" | "E";

/** The two keys that a protection key gives: one encrypts, the other authenticates. */
export type BlockKeys = { readonly encryption: Uint8Array; readonly authentication: Uint8Array };

/** How one version ties header and key together. */
export type Binding = {
  readonly cipher: BlockCipher;
  /** Lengths of protection keys in bytes. */
  readonly protection: readonly number[];
  /** Bytes of the MAC. */
  readonly mac: number;
  /** What the length of header, and of the encrypted key in bytes, is a multiple of. */
  readonly unit: number;
  readonly derive: (protection: Uint8Array) => BlockKeys;
  /** Encrypted key and MAC. */
  readonly bind: (keys: BlockKeys, header: string, clear: Uint8Array) => Bound;
  /** The clear key and the MAC that the block must have. */
  readonly unbind: (keys: BlockKeys, header: string, bound: Bound) => Unbound;
};

export type Bound = { readonly hidden: Uint8Array; readonly mac: Uint8Array };
type Unbound = { readonly clear: Uint8Array; readonly expected: Uint8Array };

/** The bindings of all versions. */
export const bindings: Readonly<Record<KeyBlockVersion, Binding>> = {
  A: byVariant(),
  B: byDerivation("tdes", "cbc"),
  C: byVariant(),
  D: byDerivation("aes", "cbc"),
  E: byDerivation("aes", "counter"),
};

/** Encrypt, then MAC over header and cipher text; the header's first bytes are the IV. */
function byVariant(): Binding {
  const authenticate = (keys: BlockKeys, header: string, hidden: Uint8Array): Uint8Array =>
    cbcMac("tdes", keys.authentication, concat(fromAscii(header), hidden), 1).slice(0, 4);
  const initial = (header: string): Uint8Array => fromAscii(header.slice(0, 8));
  return {
    cipher: "tdes",
    protection: [8, 16, 24],
    mac: 4,
    unit: 8,
    // The letters E and M folded into every byte.
    derive: (protection) => ({
      encryption: protection.map((byte) => byte ^ 0x45),
      authentication: protection.map((byte) => byte ^ 0x4d),
    }),
    bind: (keys, header, clear) => {
      const hidden = cbcEncrypt("tdes", keys.encryption, initial(header), clear);
      return { hidden, mac: authenticate(keys, header, hidden) };
    },
    unbind: (keys, header, { hidden }) => ({
      clear: cbcDecrypt("tdes", keys.encryption, initial(header), hidden),
      expected: authenticate(keys, header, hidden),
    }),
  };
}

/** CMAC over header and clear key, which is also the IV or the first counter of its encryption. */
function byDerivation(cipher: "tdes" | "aes", mode: "cbc" | "counter"): Binding {
  const authenticate = (keys: BlockKeys, header: string, clear: Uint8Array): Uint8Array =>
    cmac(cipher, keys.authentication, concat(fromAscii(header), clear));
  return {
    cipher,
    protection: cipher === "tdes" ? [16, 24] : [16, 24, 32],
    mac: blockLength(cipher),
    unit: mode === "cbc" ? blockLength(cipher) : 1,
    derive: (protection) => ({
      encryption: derived(cipher, protection, mode === "cbc" ? 0 : 2),
      authentication: derived(cipher, protection, 1),
    }),
    bind: (keys, header, clear) => {
      const mac = authenticate(keys, header, clear);
      const hidden =
        mode === "cbc"
          ? cbcEncrypt(cipher, keys.encryption, mac, clear)
          : counted(keys.encryption, mac, clear);
      return { hidden, mac };
    },
    unbind: (keys, header, { hidden, mac }) => {
      const clear =
        mode === "cbc"
          ? cbcDecrypt(cipher, keys.encryption, mac, hidden)
          : counted(keys.encryption, mac, hidden);
      return { clear, expected: authenticate(keys, header, clear) };
    },
  };
}

/** A key by CMAC over a counter (X9.143 §7.3): 0 encrypts, 1 authenticates, 2 is for CTR. */
function derived(cipher: "tdes" | "aes", protection: Uint8Array, purpose: number): Uint8Array {
  const bits = protection.length * 8;
  // Algorithm indicator: TDES of two and three parts 0 and 1, AES of three lengths 2 to 4.
  const code = protection.length / 8 - (cipher === "tdes" ? 2 : 0);
  const parts: Uint8Array[] = [];
  for (let at = 0; at * blockLength(cipher) < protection.length; at += 1) {
    const input = Uint8Array.of(at + 1, 0, purpose, 0, 0, code, bits >> 8, bits & 0xff);
    parts.push(cmac(cipher, protection, input));
  }
  return concat(...parts).slice(0, protection.length);
}

/** AES counter mode; the same in both directions. */
function counted(key: Uint8Array, first: Uint8Array, data: Uint8Array): Uint8Array {
  const worker = createCipheriv(`aes-${key.length * 8}-ctr`, key, first);
  return concat(worker.update(data), worker.final());
}
