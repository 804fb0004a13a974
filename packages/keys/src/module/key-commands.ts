import { fromHex, toHex } from "@tillway/bytes";
import { ecbDecrypt, ecbEncrypt, oddParity } from "../cipher.ts";
import { isHex } from "./forms.ts";
import { unwrapKey, wrapKey } from "../key-block.ts";
import {
  blockCipher,
  checkValue,
  type ClearKey,
  headerFor,
  type Keyring,
  type Need,
  knownKey,
  refuse,
} from "./keyring.ts";
import type { CommandOf, KeyBlock, Outcome } from "./security-module.ts";
import {
  type KeyAction,
  keyAlgorithms,
  keyAllowed,
  type KeyMode,
  type KeyUsage,
  keyUsages,
  usualMode,
} from "./usage.ts";

/** Keys that networks and terminals exchange without a key block; others need one. */
const workingUsages: readonly KeyUsage[] = ["P0", "M1", "M3", "M6", "D0", "K0"];

export function generateKey(
  command: CommandOf<"generate-key">,
  ring: Keyring,
): Outcome<"generate-key"> {
  const { usage, algorithm, bytes } = command;
  const mode = command.mode ?? usualMode(usage);
  if (!keyAllowed(usage, algorithm, bytes, mode)) {
    return refuse("generate-key", "usage", "unsupported-key");
  }
  const drawn = ring.random(bytes);
  const value = algorithm === "tdes" ? oddParity(drawn) : drawn;
  return finish({ usage, algorithm, mode, exportability: exportability(command), value }, ring);
}

export function exportKeyBlock(
  command: CommandOf<"export-key-block">,
  ring: Keyring,
): Outcome<"export-key-block"> {
  const name = "export-key-block";
  const opened = ring.open(name, {
    key: { block: command.key, usage: keyUsages, algorithms: keyAlgorithms },
    under: transport(command.under, "encrypt"),
  });
  if (!opened.ok) return opened;
  const { key, under } = opened.keys;
  const mode = command.mode ?? key.mode;
  if (!mayBecome(key.mode, mode)) return refuse(name, "mode", "unsupported-key");
  if (key.exportability === "N") return refuse(name, "key", "not-exportable");
  if (strength(under) < strength(key)) return refuse(name, "under", "weaker-key");
  const header = headerFor(under.algorithm === "aes" ? "D" : "B", key, mode, "N");
  const block = wrapKey(under.value, header, key.value, ring.random);
  return { ok: true, block, kcv: checkValue(key) };
}

export function importKeyBlock(
  command: CommandOf<"import-key-block">,
  ring: Keyring,
): Outcome<"import-key-block"> {
  const name = "import-key-block";
  const opened = ring.open(name, { under: transport(command.under, "decrypt") });
  if (!opened.ok) return opened;
  // A and C bind by four bytes only: nobody should send them any more.
  const known = /^[BD]/.test(command.block);
  const found = known ? unwrapKey(opened.keys.under.value, command.block) : undefined;
  const key = found === undefined ? undefined : knownKey(found);
  if (key === undefined) return refuse(name, "block", "bad-cipher");
  return { ok: true, key: ring.protect(key), kcv: checkValue(key), usage: key.usage };
}

export function exportEcb(command: CommandOf<"export-ecb">, ring: Keyring): Outcome<"export-ecb"> {
  const name = "export-ecb";
  const opened = ring.open(name, {
    key: { block: command.key, usage: workingUsages, algorithms: ["tdes", "sm4"] },
    under: master(command.under, "encrypt"),
  });
  if (!opened.ok) return opened;
  const { key, under } = opened.keys;
  if (key.algorithm !== under.algorithm) return refuse(name, "under", "wrong-algorithm");
  // X9.143: only "sensitive" keys may leave in a form that is no key block.
  if (key.exportability !== "S") return refuse(name, "key", "not-exportable");
  if (strength(under) < strength(key)) return refuse(name, "under", "weaker-key");
  const cipher = toHex(ecbEncrypt(blockCipher(under), under.value, key.value));
  return { ok: true, cipher, kcv: checkValue(key) };
}

export function importEcb(command: CommandOf<"import-ecb">, ring: Keyring): Outcome<"import-ecb"> {
  const name = "import-ecb";
  const { usage, algorithm, cipher } = command;
  if (!isHex(cipher, cipher.length / 2)) return refuse(name, "cipher", "malformed");
  if (!/^[0-9A-Fa-f]{6,16}$/.test(command.kcv)) return refuse(name, "kcv", "malformed");
  const opened = ring.open(name, { under: master(command.under, "decrypt") });
  if (!opened.ok) return opened;
  const { under } = opened.keys;
  const mode = command.mode ?? usualMode(usage);
  if (algorithm !== under.algorithm) return refuse(name, "under", "wrong-algorithm");
  const allowed = keyAllowed(usage, algorithm, cipher.length / 2, mode);
  if (!allowed || !workingUsages.includes(usage)) return refuse(name, "usage", "unsupported-key");
  const value = ecbDecrypt(blockCipher(under), under.value, fromHex(cipher));
  const key: ClearKey = { usage, algorithm, mode, exportability: "N", value };
  if (!checkValue(key).startsWith(command.kcv.toUpperCase())) {
    return refuse(name, "kcv", "wrong-kcv");
  }
  return finish(key, ring);
}

/** A key that is made, as it is answered. */
export function finish(key: ClearKey, ring: Keyring): { ok: true; key: KeyBlock; kcv: string } {
  return { ok: true, key: ring.protect(key), kcv: checkValue(key) };
}

/** What `exportable` stands for. */
export function exportability(command: { readonly exportable?: boolean }): "S" | "N" {
  return command.exportable === true ? "S" : "N";
}

function transport(block: KeyBlock, action: KeyAction): Need {
  return { block, usage: ["K1"], action, algorithms: ["tdes", "aes"] };
}

function master(block: KeyBlock, action: KeyAction): Need {
  return { block, usage: ["K0"], action, algorithms: ["tdes", "sm4"] };
}

/** Whether a copy of a key may have this mode: the same, narrower, or the other end's of a pair. */
function mayBecome(from: KeyMode, to: KeyMode): boolean {
  const pair: readonly KeyMode[] = from === "E" || from === "D" || from === "B" ? ["E", "D"] : [];
  const check: readonly KeyMode[] = from === "G" || from === "V" || from === "C" ? ["G", "V"] : [];
  return from === to || pair.includes(to) || check.includes(to);
}

/** Bits of effective strength (NIST SP 800-57 part 1 §5.6.1). */
function strength(key: ClearKey): number {
  if (key.algorithm === "tdes") return [56, 80, 112][key.value.length / 8 - 1] ?? 0;
  return Math.min(key.value.length * 8, 256);
}
