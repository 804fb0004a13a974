import { fromAscii } from "@tillway/bytes";
import type { CommandName, KeyBlock } from "../module/security-module.ts";
import type { KeyUsage } from "../module/usage.ts";
import { cardUses, dukptUses, issuerUses } from "./card-uses.ts";
import { pan, pin } from "./fixtures.ts";
import { type CommandUse, type Keys, type Made, use } from "./use.ts";

/** Commands that take no key block; some take what the module sealed instead. */
export const keyless: readonly CommandName[] = [
  "generate-key",
  "import-components",
  "enter-component",
  "combine-components",
  "next-dukpt",
];

/** Every command that takes keys, with keys that allow it. `sealing` is a D0 key for AES-256. */
export function commandUses(keys: Keys, sealing: KeyBlock, made: Made): readonly CommandUse[] {
  return [
    ...exchanges(keys, made),
    ...macs(keys),
    ...pins(keys, made),
    ...cardUses(keys, sealing, made),
    ...issuerUses(keys, made),
    ...dukptUses(keys, made),
  ];
}

const data = fromAscii("0200 a message");
const working: readonly KeyUsage[] = ["P0", "M1", "M3", "M6", "D0", "K0"];

function exchanges(keys: Keys, made: Made): CommandUse[] {
  return [
    {
      command: { do: "export-key-block", key: keys.P0, under: keys.K1 },
      uses: [use("under", "K1", "D")],
    },
    {
      command: { do: "import-key-block", block: made.block, under: keys.K1 },
      uses: [use("under", "K1", "E")],
    },
    {
      command: { do: "export-ecb", key: keys.P0, under: keys.K0 },
      uses: [{ place: "key", usage: working }, use("under", "K0", "D")],
    },
    {
      command: {
        do: "import-ecb",
        usage: "P0",
        algorithm: "tdes",
        cipher: made.cipher,
        under: keys.K0,
        kcv: made.kcv,
      },
      uses: [use("under", "K0", "E")],
    },
  ];
}

function macs(keys: Keys): CommandUse[] {
  const mac = new Uint8Array(8);
  const pairs = [
    ["unionpay-ecb", "M3"],
    ["unionpay-cbc", "M3"],
    ["unionpay-x919", "M3"],
    ["x919", "M3"],
    ["cbc", "M1"],
    ["cmac", "M6"],
  ] as const;
  return pairs.flatMap(([algorithm, usage]): CommandUse[] => [
    {
      command: { do: "mac", key: keys[usage], algorithm, data },
      uses: [use("key", usage, "V")],
    },
    {
      command: { do: "verify-mac", key: keys[usage], algorithm, data, mac },
      uses: [use("key", usage, "G")],
    },
  ]);
}

function pins(keys: Keys, made: Made): CommandUse[] {
  const block = made.pinBlock;
  return [
    {
      command: { do: "encrypt-pin", key: keys.P0, pin, pan, format: 0 },
      uses: [use("key", "P0", "D")],
    },
    {
      command: {
        do: "translate-pin",
        from: keys.P0,
        to: keys.P0,
        block,
        pan,
        fromFormat: 0,
        toFormat: 3,
      },
      uses: [use("from", "P0", "E"), use("to", "P0", "D")],
    },
    {
      command: { do: "make-pvv", pvk: keys.V2, pvki: "1", pin, pan },
      uses: [use("pvk", "V2", "V")],
    },
    {
      command: {
        do: "verify-pin",
        key: keys.P0,
        pvk: keys.V2,
        pvki: "1",
        block,
        pan,
        format: 0,
        pvv: "0000",
      },
      uses: [use("key", "P0", "E"), use("pvk", "V2", "G")],
    },
    {
      command: { do: "make-pin-offset", pvk: keys.V1, pin, pan },
      uses: [use("pvk", "V1", "V")],
    },
    {
      command: {
        do: "verify-pin-offset",
        key: keys.P0,
        pvk: keys.V1,
        block,
        pan,
        format: 0,
        offset: "000000",
      },
      uses: [use("key", "P0", "E"), use("pvk", "V1", "G")],
    },
  ];
}
