import { equal, fromAscii, fromHex, toAscii, toHex } from "@tillway/bytes";
import { baseKey, type DukptPurpose, hostKey } from "./dukpt-keys.ts";
import { firstBad, isHex, isPan } from "./forms.ts";
import { encryptor, retailMacUnder } from "./key-ciphers.ts";
import { blockCipher, type ClearKey, type Keyring, type Need, refuse } from "./keyring.ts";
import { cbcMac, cmac, unionpayCbcMac, unionpayMacWith, unionpayRetailMac } from "../mac.ts";
import { isKsnOrNone } from "./pin-block-keys.ts";
import { open, panToken, seal } from "../seal.ts";
import type { CommandOf, KeyBlock, Outcome } from "./security-module.ts";
import { decryptTrack, encryptTrack, isEncryptedTrack, isTrack } from "../track.ts";
import { type KeyAction, type MacAlgorithm, macUsage } from "./usage.ts";

export function makeMac(command: CommandOf<"mac">, ring: Keyring): Outcome<"mac"> {
  const { key: block, algorithm, ksn } = command;
  if (!isKsnOrNone(ksn)) return refuse("mac", "ksn", "malformed");
  const opened = ring.open("mac", { key: macKey(block, algorithm, "generate", ksn) });
  if (!opened.ok) return opened;
  const mac = compute(opened.keys.key, "mac-response", command);
  return mac === undefined ? refuse("mac", "key", "wrong-algorithm") : { ok: true, mac };
}

export function verifyMac(command: CommandOf<"verify-mac">, ring: Keyring): Outcome<"verify-mac"> {
  const name = "verify-mac";
  const { key: block, algorithm, mac: given, ksn } = command;
  const bad = firstBad({ mac: given.length === 8, ksn: isKsnOrNone(ksn) });
  if (bad !== undefined) return refuse(name, bad, "malformed");
  const opened = ring.open(name, { key: macKey(block, algorithm, "verify", ksn) });
  if (!opened.ok) return opened;
  const mac = compute(opened.keys.key, "mac-request", command);
  if (mac === undefined) return refuse(name, "key", "wrong-algorithm");
  return { ok: true, valid: equal(mac, given) };
}

export function hideTrack(
  command: CommandOf<"encrypt-track">,
  ring: Keyring,
): Outcome<"encrypt-track"> {
  const name = "encrypt-track";
  if (!isTrack(command.track)) return refuse(name, "track", "malformed");
  const opened = ring.open(name, { key: trackKey(command.key, "encrypt") });
  if (!opened.ok) return opened;
  return { ok: true, track: encryptTrack(opened.keys.key.value, command.track) };
}

export function revealTrack(
  command: CommandOf<"decrypt-track">,
  ring: Keyring,
): Outcome<"decrypt-track"> {
  const name = "decrypt-track";
  if (!isEncryptedTrack(command.track)) return refuse(name, "track", "malformed");
  const opened = ring.open(name, { key: trackKey(command.key, "decrypt") });
  if (!opened.ok) return opened;
  const track = decryptTrack(opened.keys.key.value, command.track);
  return track === undefined ? refuse(name, "track", "bad-cipher") : { ok: true, track };
}

export function generateToken(
  command: CommandOf<"generate-token">,
  ring: Keyring,
): Outcome<"generate-token"> {
  const name = "generate-token";
  if (!isPan(command.pan)) return refuse(name, "pan", "malformed");
  const opened = ring.open(name, { key: tokenKey(command.key) });
  if (!opened.ok) return opened;
  return { ok: true, token: toHex(panToken(opened.keys.key.value, command.pan)) };
}

export function sealPan(command: CommandOf<"seal-pan">, ring: Keyring): Outcome<"seal-pan"> {
  const name = "seal-pan";
  if (!isPan(command.pan)) return refuse(name, "pan", "malformed");
  const opened = ring.open(name, {
    key: sealKey(command.key, "encrypt"),
    tokenKey: tokenKey(command.tokenKey),
  });
  if (!opened.ok) return opened;
  const { key, tokenKey: token } = opened.keys;
  const clear = fromAscii(command.pan.padEnd(19, "F"));
  return {
    ok: true,
    token: toHex(panToken(token.value, command.pan)),
    cipher: toHex(seal(key.value, ring.random(12), clear, panContext)),
  };
}

export function openPan(command: CommandOf<"open-pan">, ring: Keyring): Outcome<"open-pan"> {
  const name = "open-pan";
  const { cipher } = command;
  if (!isHex(cipher, cipher.length / 2)) return refuse(name, "cipher", "malformed");
  const opened = ring.open(name, { key: sealKey(command.key, "decrypt") });
  if (!opened.ok) return opened;
  const clear = open(opened.keys.key.value, fromHex(cipher), panContext);
  if (clear === undefined) return refuse(name, "cipher", "bad-cipher");
  return { ok: true, pan: toAscii(clear).replace(/F+$/, "") };
}

export function sealData(command: CommandOf<"seal-data">, ring: Keyring): Outcome<"seal-data"> {
  const name = "seal-data";
  const context = dataContext(command.context);
  if (context === undefined) return refuse(name, "context", "malformed");
  const opened = ring.open(name, { key: sealKey(command.key, "encrypt") });
  if (!opened.ok) return opened;
  return { ok: true, sealed: seal(opened.keys.key.value, ring.random(12), command.data, context) };
}

export function openData(command: CommandOf<"open-data">, ring: Keyring): Outcome<"open-data"> {
  const name = "open-data";
  const context = dataContext(command.context);
  if (context === undefined) return refuse(name, "context", "malformed");
  const opened = ring.open(name, { key: sealKey(command.key, "decrypt") });
  if (!opened.ok) return opened;
  const data = open(opened.keys.key.value, command.sealed, context);
  return data === undefined ? refuse(name, "sealed", "bad-cipher") : { ok: true, data };
}

/** Never the context of a sealed PAN: a cipher of the one kind does not open as the other. */
function dataContext(context: string): string | undefined {
  return /^[ -~]{1,100}$/.test(context) ? `tillway data 1 ${context}` : undefined;
}

/** Bound to every sealed PAN; all are filled to 19 characters, so that length tells nothing. */
const panContext = "tillway pan 1";

/**
 * The MAC under a given key, or under the host's working key of a KSN. Undefined where the key does
 * not fit the algorithm, or DUKPT knows no such MAC.
 */
function compute(
  given: ClearKey,
  purpose: DukptPurpose,
  { algorithm, data, ksn }: Omit<CommandOf<"mac">, "do" | "key">,
): Uint8Array | undefined {
  const key = ksn === undefined ? given : hostKey(given, ksn, purpose);
  const known = algorithm === "cmac" || (algorithm === "x919" && key.algorithm === "tdes");
  if (ksn !== undefined && !known) return undefined;
  // X9.19 with a single-length key would be plain CBC-MAC.
  const short = key.value.length === 8;
  switch (algorithm) {
    case "unionpay-ecb":
      return unionpayMacWith(encryptor(key), data);
    case "unionpay-cbc":
      return unionpayCbcMac(key.value, data);
    case "unionpay-x919":
      return short ? undefined : unionpayRetailMac(key.value, data);
    case "x919":
      return short ? undefined : retailMacUnder(key)(data, 1);
    case "cbc":
      return cbcMac("tdes", key.value, data, 1);
    case "cmac":
      return cmac(blockCipher(key), key.value, data).slice(0, 8);
  }
}

function macKey(
  block: KeyBlock,
  algorithm: MacAlgorithm,
  action: KeyAction,
  ksn: string | undefined,
): Need {
  if (ksn !== undefined) return baseKey(block, ksn);
  const algorithms = algorithm === "cmac" ? (["tdes", "aes", "sm4"] as const) : (["tdes"] as const);
  return { block, usage: [macUsage(algorithm)], action, algorithms };
}

function trackKey(block: KeyBlock, action: KeyAction): Need {
  return { block, usage: ["D0"], action, algorithms: ["tdes"] };
}

function sealKey(block: KeyBlock, action: KeyAction): Need {
  return { block, usage: ["D0"], action, algorithms: ["aes"] };
}

function tokenKey(block: KeyBlock): Need {
  return { block, usage: ["M7"], action: "generate", algorithms: ["hmac"] };
}
