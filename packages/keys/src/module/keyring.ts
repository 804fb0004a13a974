import { createHmac } from "node:crypto";
import { fromAscii, fromHex, toHex } from "@tillway/bytes";
import type { BlockCipher } from "../cipher.ts";
import { keyCheckValue } from "../kcv.ts";
import {
  deriveBlockKeys,
  type KeyBlockHeader,
  type Unwrapped,
  unwrapWith,
  wrapKey,
} from "../key-block.ts";
import type { Random } from "../random.ts";
import { open, seal } from "../seal.ts";
import { isHex } from "./forms.ts";
import {
  type CommandName,
  type KeyBlock,
  type Refusal,
  type Refused,
  refusals,
} from "./security-module.ts";
import {
  isKeyUsage,
  type KeyAction,
  type KeyAlgorithm,
  keyAllowed,
  type KeyMode,
  keyModes,
  type KeyUsage,
  modeAllows,
} from "./usage.ts";

/** A key in the clear; lives only while a command runs. */
export type ClearKey = {
  readonly usage: KeyUsage;
  readonly algorithm: KeyAlgorithm;
  readonly mode: KeyMode;
  /** S: exportable in any form, E: in key blocks only, N: not at all (X9.143 §6.3.7). */
  readonly exportability: "E" | "S" | "N";
  readonly value: Uint8Array;
};

/** What a command asks of a key that it was given. */
export type Need = {
  readonly block: KeyBlock;
  readonly usage: readonly KeyUsage[];
  /** Absent where the key itself is only carried. */
  readonly action?: KeyAction;
  readonly algorithms: readonly KeyAlgorithm[];
};

/** What callers keep sealed beside key blocks; one is never taken for the other. */
export type StateKind = "terminal" | "component";

/** What handlers work with. */
export type Keyring = {
  readonly random: Random;
  /** A key block under the module's master key. */
  readonly protect: (key: ClearKey) => KeyBlock;
  /** Anything else that callers keep for the module, sealed under its master key. */
  readonly protectState: (kind: StateKind, state: Uint8Array) => string;
  /** What was sealed, or undefined where it was not sealed here. */
  readonly openState: (kind: StateKind, sealed: string) => Uint8Array | undefined;
  /** All keys that a command needs, or the refusal that comes first of all that apply. */
  readonly open: <R extends string>(
    name: CommandName,
    needs: Readonly<Record<R, Need>>,
  ) => { readonly ok: true; readonly keys: Readonly<Record<R, ClearKey>> } | Refused;
};

const sentences: Readonly<Record<Refusal, string>> = {
  malformed: "is not of the expected form",
  "bad-key-block": "is no key block of this module",
  "wrong-usage": "is a key for another usage",
  "wrong-mode": "is a key whose mode of use does not allow this",
  "wrong-algorithm": "is a key for another algorithm",
  "format-not-allowed": "is a PIN block format that is not allowed here",
  "unsupported-key": "names a usage, algorithm, length and mode that do not go together",
  "not-exportable": "is a key that may not leave in this form",
  "weaker-key": "is weaker than the key it would protect",
  "weak-key": "gives a key with equal or empty parts",
  "wrong-kcv": "differs from the check value of the key",
  exhausted: "has no further keys",
  "bad-pin-block": "holds no PIN of the given format",
  "bad-cipher": "does not open to what was asked for",
};

/** A refusal of a command because of one of its inputs, named by `place`. */
export function refuse(name: CommandName, place: string, refused: Refusal): Refused {
  return { ok: false, refused, message: `${name}: ${place} ${sentences[refused]}` };
}

export type KeyringOptions = {
  /** Is told of each key that a command opens, by the property that carries it. */
  readonly opened?: (place: string, key: ClearKey) => void;
  /** How many keys that were opened last stay open; opening one costs more than using it. */
  readonly kept?: number;
};

/** Makes the keyring of one master key of 32 bytes. */
export function createKeyring(
  masterKey: Uint8Array,
  random: Random,
  { opened, kept = 0 }: KeyringOptions = {},
): Keyring {
  if (masterKey.length !== 32) throw new RangeError("a master key has 32 bytes");
  const master = masterKey.slice();
  const masterKeys = deriveBlockKeys("D", master);
  const stateKey = createHmac("sha256", master)
    .update(fromAscii(stateContext("terminal")))
    .digest();
  const unlock = lastUsed(kept, (block: KeyBlock) => knownKey(unwrapWith(masterKeys, "D", block)));
  return {
    random,
    protect: (key) =>
      wrapKey(master, headerFor("D", key, key.mode, key.exportability), key.value, random),
    protectState: (kind, state) => toHex(seal(stateKey, random(12), state, stateContext(kind))),
    openState: (kind, sealed) =>
      isHex(sealed, sealed.length / 2)
        ? open(stateKey, fromHex(sealed), stateContext(kind))
        : undefined,
    open: <R extends string>(name: CommandName, needs: Readonly<Record<R, Need>>) => {
      const keys: Partial<Record<R, ClearKey>> = {};
      const refused: Refused[] = [];
      for (const place in needs) {
        const need = needs[place];
        const key = unlock(need.block);
        if (key !== undefined) opened?.(place, key);
        const why = key === undefined ? "bad-key-block" : unmet(key, need);
        if (why !== undefined) refused.push(refuse(name, place, why));
        else if (key !== undefined) keys[place] = key;
      }
      const first = refused.sort((one, other) => rank(one) - rank(other))[0];
      // All places set.
      return first ?? { ok: true, keys: keys as Record<R, ClearKey> };
    },
  };
}

/** The header of a block for this key. */
export function headerFor(
  version: "B" | "D",
  key: ClearKey,
  mode: KeyMode,
  exportability: "E" | "S" | "N",
): KeyBlockHeader {
  const algorithm = key.algorithm === "tdes" && key.value.length === 8 ? "D" : codes[key.algorithm];
  const { usage } = key;
  return { version, usage, algorithm, mode, keyVersion: "00", exportability, optional: "" };
}

/** The key of a block whose usage, algorithm, length and mode we know; otherwise undefined. */
export function knownKey(unwrapped: Unwrapped): ClearKey | undefined {
  if (!unwrapped.ok) return undefined;
  const { header, key: value } = unwrapped;
  const { usage, exportability } = header;
  const mode = keyModes.find((known) => known === header.mode);
  const algorithm = algorithmOf(header.algorithm, value.length);
  if (!isKeyUsage(usage) || mode === undefined || algorithm === undefined) return undefined;
  if (exportability !== "E" && exportability !== "S" && exportability !== "N") return undefined;
  if (!keyAllowed(usage, algorithm, value.length, mode)) return undefined;
  return { usage, algorithm, mode, exportability, value };
}

/** The check value of a key in hex; an HMAC key has none. */
export function checkValue(key: ClearKey): string {
  return key.algorithm === "hmac" ? "" : toHex(keyCheckValue(key.algorithm, key.value));
}

/** The block cipher of a key that is one. Throws where the caller did not ask for such a key. */
export function blockCipher(key: Pick<ClearKey, "algorithm">): BlockCipher {
  if (key.algorithm === "hmac") throw new TypeError("an HMAC key is no block cipher key");
  return key.algorithm;
}

const stateContext = (kind: StateKind): string => `tillway ${kind} state 1`;

/** X9.143 has no letter for SM4; digits are left to agreement, and 4 is ours. */
const codes: Readonly<Record<KeyAlgorithm, string>> = { tdes: "T", aes: "A", sm4: "4", hmac: "H" };

function algorithmOf(code: string, length: number): KeyAlgorithm | undefined {
  if (code === "D") return length === 8 ? "tdes" : undefined;
  if (code === "T") return length === 8 ? undefined : "tdes";
  if (code === "A") return "aes";
  if (code === "4") return "sm4";
  return code === "H" ? "hmac" : undefined;
}

/** Remembers what the last `most` texts gave; what gave nothing is not remembered. */
function lastUsed<T>(
  most: number,
  find: (text: string) => T | undefined,
): (text: string) => T | undefined {
  const known = new Map<string, T>();
  return (text) => {
    const found = known.get(text) ?? find(text);
    if (found === undefined || most === 0) return found;
    // A Map keeps the order of insertion: the first is the one that was not used the longest.
    known.delete(text);
    known.set(text, found);
    const [oldest] = known.keys();
    if (known.size > most && oldest !== undefined) known.delete(oldest);
    return found;
  };
}

function unmet(key: ClearKey, need: Need): Refusal | undefined {
  if (!need.usage.includes(key.usage)) return "wrong-usage";
  if (need.action !== undefined && !modeAllows(key.mode, need.action)) return "wrong-mode";
  return need.algorithms.includes(key.algorithm) ? undefined : "wrong-algorithm";
}

function rank(refused: Refused): number {
  return refusals.indexOf(refused.refused);
}
