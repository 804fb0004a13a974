import { fromHex, toHex, xor } from "@tillway/bytes";
import type { KeyBlock, SecurityModule } from "../module/security-module.ts";
import { type KeyAlgorithm, type KeyMode, type KeyUsage } from "../module/usage.ts";
import { done } from "./check.ts";

/** Published test values only: no real key, PIN or card number. */
export const pan = "6200001234567892";
export const pin = "123456";
export const track = "6200001234567892=30122010000012345";

/** The device that the B1 key of the tests belongs to, as a KSN whose counter is zero. */
export const baseKsn = "FFFF9876543210E00000";

/** Clear keys of the tests by usage; the algorithms are those that the usage allows first. */
export const clearKeys: Readonly<Record<KeyUsage, string>> = {
  B0: "0123456789ABCDEFFEDCBA9876543210",
  B1: "6AC292FAA1315B4D858AB3A3D7D5933A",
  K0: "70F2A84CCBC2AE8625CBB0F2C22AB923",
  K1: "88E1AB2A2E3DD38C1FA039A536500CC8A87AB9D62DC92C01058FA79F44657DE6",
  P0: "11223344556677889900AABBCCDDEEFF",
  M1: "AAAAAAAAAAAAAAAABBBBBBBBBBBBBBBB",
  M3: "41414141414141414242424242424242",
  M6: "2B7E151628AED2A6ABF7158809CF4F3C",
  M7: "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F",
  D0: "0F1E2D3C4B5A69788796A5B4C3D2E1F0",
  E0: "0123456789ABCDEFFEDCBA9876543210",
  E1: "89ABCDEF0123456776543210FEDCBA98",
  E2: "FEDCBA98765432100123456789ABCDEF",
  E4: "0123456789ABCDEFFEDCBA9876543210",
  V1: "0123456789ABCDEFFEDCBA9876543210",
  V2: "0123456789ABCDEFFEDCBA9876543210",
  C0: "0123456789ABCDEFFEDCBA9876543210",
};

const algorithms: Readonly<Record<KeyUsage, KeyAlgorithm>> = {
  B0: "tdes",
  B1: "tdes",
  K0: "tdes",
  K1: "aes",
  P0: "tdes",
  M1: "tdes",
  M3: "tdes",
  M6: "aes",
  M7: "hmac",
  D0: "tdes",
  E0: "tdes",
  E1: "tdes",
  E2: "tdes",
  E4: "tdes",
  V1: "tdes",
  V2: "tdes",
  C0: "tdes",
};

/** What a key of the tests may differ in from the usual one of its usage. */
export type KeyChoice = {
  readonly clear?: string;
  readonly algorithm?: KeyAlgorithm;
  readonly exportable?: boolean;
  readonly mode?: KeyMode;
};

/** Brings a known key into the module in two components. */
export async function put(
  module: SecurityModule,
  usage: KeyUsage,
  choice: KeyChoice = {},
): Promise<KeyBlock> {
  const clear = fromHex(choice.clear ?? clearKeys[usage]);
  const mask = clear.map((_, at) => (at * 37 + 11) & 0xff);
  const answer = await module.run({
    do: "import-components",
    usage,
    algorithm: choice.algorithm ?? algorithms[usage],
    components: [toHex(mask), toHex(xor(clear, mask))],
    exportable: choice.exportable ?? true,
    ...(choice.mode === undefined ? {} : { mode: choice.mode }),
  });
  return done(answer, `key of usage ${usage}`).key;
}

/** One key of each usage. */
export async function putAll(module: SecurityModule): Promise<Record<KeyUsage, KeyBlock>> {
  return {
    B0: await put(module, "B0"),
    B1: await put(module, "B1"),
    K0: await put(module, "K0"),
    K1: await put(module, "K1"),
    P0: await put(module, "P0"),
    M1: await put(module, "M1"),
    M3: await put(module, "M3"),
    M6: await put(module, "M6"),
    M7: await put(module, "M7"),
    D0: await put(module, "D0"),
    E0: await put(module, "E0"),
    E1: await put(module, "E1"),
    E2: await put(module, "E2"),
    E4: await put(module, "E4"),
    V1: await put(module, "V1"),
    V2: await put(module, "V2"),
    C0: await put(module, "C0"),
  };
}

/** A D0 key that seals PANs. */
export const sealingKey: KeyChoice = {
  algorithm: "aes",
  clear: "603DEB1015CA71BE2B73AEF0857D77811F352C073B6108D72D9810A30914DFF4",
};

/** A text with one character exchanged for another of its kind. */
export function flipped(text: string, at: number): string {
  const now = text.charAt(at);
  const next = now === "0" ? "1" : now === "F" ? "E" : /\d/.test(now) ? "0" : "F";
  return text.slice(0, at) + next + text.slice(at + 1);
}
