import { concat, equal, fromHex, toHex } from "@tillway/bytes";
import { bindings, type BlockKeys, type KeyBlockVersion } from "./key-block-binding.ts";

export type { BlockKeys, KeyBlockVersion } from "./key-block-binding.ts";

/** What a key block says of its key; all of it is bound by the block's MAC. */
export type KeyBlockHeader = {
  readonly version: KeyBlockVersion;
  /** Two characters, as P0. */
  readonly usage: string;
  /** One character: A AES, D DES, T TDES, H HMAC, R RSA, digits proprietary. */
  readonly algorithm: string;
  /** One character, as B for both ways. */
  readonly mode: string;
  /** Two characters, 00 where not used. */
  readonly keyVersion: string;
  /** E, S or N. */
  readonly exportability: string;
  /** Optional blocks as they stand, with their identifiers and lengths. */
  readonly optional: string;
};

export type KeyBlockFault = "header" | "length" | "hex" | "protection-key" | "mac" | "key";

export type Unwrapped =
  | { readonly ok: true; readonly header: KeyBlockHeader; readonly key: Uint8Array }
  | { readonly ok: false; readonly fault: KeyBlockFault };

/** Derives both keys of a version. Throws RangeError on another length of protection key. */
export function deriveBlockKeys(version: KeyBlockVersion, protection: Uint8Array): BlockKeys {
  const { protection: lengths, derive } = bindings[version];
  if (!lengths.includes(protection.length)) throw new RangeError("protection key length");
  return derive(protection);
}

/**
 * A key block: header, encrypted key, MAC, in characters. `padding` gives random bytes to fill the
 * key to whole cipher blocks. Optional blocks are taken as they stand; their length must be a
 * multiple of the cipher block. Throws RangeError where header or protection key cannot be used.
 */
export function wrapKey(
  protection: Uint8Array,
  header: KeyBlockHeader,
  key: Uint8Array,
  padding: (length: number) => Uint8Array,
): string {
  const { version } = header;
  const { bind, unit, mac: macLength } = bindings[version];
  const bits = key.length * 8;
  const unfilled = concat(Uint8Array.of(bits >> 8, bits & 0xff), key);
  const missing = (unit - (unfilled.length % unit)) % unit;
  const clear = concat(unfilled, padding(missing));
  const total = 16 + header.optional.length + (clear.length + macLength) * 2;
  const count = countOptional(header.optional);
  if (count === undefined || header.optional.length % unit !== 0 || total > 9999) {
    throw new RangeError("optional blocks");
  }
  const fixed =
    version + digits(total, 4) + header.usage + header.algorithm + header.mode + header.keyVersion;
  const text = `${fixed}${header.exportability}${digits(count, 2)}00${header.optional}`;
  if (!HEADER.test(text.slice(0, 16))) throw new RangeError("header");
  const { hidden, mac } = bind(deriveBlockKeys(version, protection), text, clear);
  return text + toHex(hidden) + toHex(mac);
}

/** The key and header in a block, once its MAC has proved right; otherwise the fault. */
export function unwrapKey(protection: Uint8Array, block: string): Unwrapped {
  const version = versionOf(block);
  if (version === undefined) return { ok: false, fault: "header" };
  const { protection: lengths, derive } = bindings[version];
  if (!lengths.includes(protection.length)) return { ok: false, fault: "protection-key" };
  return unwrapWith(derive(protection), version, block);
}

/** The same with keys derived before, for many blocks under one protection key. */
export function unwrapWith(keys: BlockKeys, version: KeyBlockVersion, block: string): Unwrapped {
  const fixed = HEADER.exec(block);
  if (fixed === null || !block.startsWith(version)) return { ok: false, fault: "header" };
  const { unit } = bindings[version];
  if (Number(fixed.groups?.["length"]) !== block.length || block.length % unit !== 0) {
    return { ok: false, fault: "length" };
  }
  let fault: KeyBlockFault = "header";
  for (const end of optionalEnds(block, Number(fixed.groups?.["count"]))) {
    const attempt = unwrapAt(version, keys, block, end);
    if (attempt.ok) return { ok: true, header: headerOf(block, version, end), key: attempt.key };
    fault = attempt.fault;
  }
  return { ok: false, fault };
}

// Letters and digits only, and a reserved field of zeros: what X9.143 §6 allows in a header.
const HEADER = /^[A-Z](?<length>\d{4})[A-Z0-9]{4}[A-Za-z0-9]{2}[ESN](?<count>\d{2})00/;

function versionOf(block: string): KeyBlockVersion | undefined {
  const letter = block.charAt(0);
  return letter === "A" || letter === "B" || letter === "C" || letter === "D" || letter === "E"
    ? letter
    : undefined;
}

function digits(value: number, width: number): string {
  return value.toString().padStart(width, "0");
}

function headerOf(block: string, version: KeyBlockVersion, end: number): KeyBlockHeader {
  return {
    version,
    usage: block.slice(5, 7),
    algorithm: block.slice(7, 8),
    mode: block.slice(8, 9),
    keyVersion: block.slice(9, 11),
    exportability: block.slice(11, 12),
    optional: block.slice(16, end),
  };
}

function unwrapAt(
  version: KeyBlockVersion,
  keys: BlockKeys,
  block: string,
  end: number,
): { ok: true; key: Uint8Array } | { ok: false; fault: KeyBlockFault } {
  const { unbind, unit, mac: macLength } = bindings[version];
  const body = block.slice(end);
  // Uppercase only: otherwise two texts would be the same block.
  if (!/^[0-9A-F]*$/.test(body)) return { ok: false, fault: "hex" };
  const length = body.length / 2 - macLength;
  if (!Number.isInteger(length) || length < 2 || length % unit !== 0) {
    return { ok: false, fault: "length" };
  }
  const bytes = fromHex(body);
  const [hidden, mac] = [bytes.subarray(0, length), bytes.subarray(length)];
  const { clear, expected } = unbind(keys, block.slice(0, end), { hidden, mac });
  if (!equal(mac, expected)) return { ok: false, fault: "mac" };
  const bits = new DataView(clear.buffer, clear.byteOffset).getUint16(0);
  if (bits === 0 || bits % 8 !== 0 || bits / 8 > clear.length - 2) {
    return { ok: false, fault: "key" };
  }
  return { ok: true, key: clear.slice(2, 2 + bits / 8) };
}

/** How many optional blocks the text holds; undefined where it does not divide into blocks. */
function countOptional(text: string): number | undefined {
  for (const unit of [1, 2] as const) {
    let count = 0;
    let at: number | undefined = 0;
    while (at !== undefined && at < text.length) {
      at = optionalEnd(text, at, unit);
      count += 1;
    }
    if (at === text.length) return count;
  }
  return undefined;
}

/**
 * Where the optional blocks may end. A long block gives the size of its length field, which some
 * write in characters and others in bytes; both readings are tried and the MAC decides.
 */
function optionalEnds(block: string, count: number): number[] {
  const ends = new Set<number>();
  for (const unit of [1, 2] as const) {
    let at: number | undefined = 16;
    for (let left = count; left > 0 && at !== undefined; left -= 1) {
      at = optionalEnd(block, at, unit);
    }
    if (at !== undefined && at <= block.length) ends.add(at);
  }
  return [...ends];
}

function optionalEnd(block: string, at: number, unit: 1 | 2): number | undefined {
  const short = hexNumber(block.slice(at + 2, at + 4), 2);
  if (short === undefined) return undefined;
  if (short !== 0) return short < 4 ? undefined : at + short;
  const width = hexNumber(block.slice(at + 4, at + 6), 2);
  if (width === undefined || width === 0) return undefined;
  const characters = width * unit;
  const long = hexNumber(block.slice(at + 6, at + 6 + characters), characters);
  return long === undefined || long < 6 + characters ? undefined : at + long;
}

function hexNumber(text: string, width: number): number | undefined {
  if (text.length !== width || width > 8 || !/^[0-9A-F]+$/.test(text)) return undefined;
  return Number.parseInt(text, 16);
}
