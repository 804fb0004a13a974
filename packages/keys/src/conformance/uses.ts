import { fromAscii } from "@tillway/bytes";
import type { Command, CommandName, KeyBlock } from "../security-module.ts";
import type { KeyMode, KeyUsage } from "../usage.ts";
import { pan, pin, track } from "./fixtures.ts";

/** One key of a command: the property that carries it, what it must be, and a mode that is not. */
export type Use = {
  readonly place: string;
  readonly usage: readonly KeyUsage[];
  /** Absent where any mode will do. */
  readonly wrongMode?: KeyMode;
};

/** A command that is done with the right keys, and all its keys. */
export type CommandUse = { readonly command: Command; readonly uses: readonly Use[] };

type Keys = Readonly<Record<KeyUsage, KeyBlock>>;

/** Commands that take no key block. */
export const keyless: readonly CommandName[] = ["generate-key", "import-components"];

/** Every command that takes keys, with keys that allow it. `sealing` is a D0 key for AES-256. */
export function commandUses(keys: Keys, sealing: KeyBlock, made: Made): readonly CommandUse[] {
  return [
    ...exchanges(keys, made),
    ...macs(keys),
    ...pins(keys, made),
    ...cards(keys, sealing, made),
  ];
}

/** What only a module can make, for the commands that undo it. */
export type Made = {
  readonly block: string;
  readonly cipher: string;
  readonly kcv: string;
  readonly pinBlock: Uint8Array;
  readonly track: string;
  readonly sealed: string;
};

const data = fromAscii("0200 a message");
const working: readonly KeyUsage[] = ["P0", "M1", "M3", "M6", "D0", "K0"];

function use(place: string, usage: KeyUsage, wrongMode?: KeyMode): Use {
  return wrongMode === undefined ? { place, usage: [usage] } : { place, usage: [usage], wrongMode };
}

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
  ];
}

function cards(keys: Keys, sealing: KeyBlock, made: Made): CommandUse[] {
  return [
    {
      command: { do: "encrypt-track", key: keys.D0, track },
      uses: [use("key", "D0", "D")],
    },
    {
      command: { do: "decrypt-track", key: keys.D0, track: made.track },
      uses: [use("key", "D0", "E")],
    },
    {
      command: {
        do: "verify-arqc",
        key: keys.E0,
        pan,
        psn: "01",
        cvn: "unionpay",
        atc: "0001",
        unpredictableNumber: "01020304",
        data,
        arqc: "0011223344556677",
        responseCode: "00",
      },
      uses: [use("key", "E0")],
    },
    {
      command: {
        do: "derive-icc-keys",
        imkAc: keys.E0,
        imkSmi: keys.E2,
        imkSmc: keys.E1,
        pan,
        psn: "01",
        under: keys.K0,
      },
      uses: [use("imkAc", "E0"), use("imkSmi", "E2"), use("imkSmc", "E1"), use("under", "K0", "D")],
    },
    {
      command: { do: "generate-token", key: keys.M7, pan },
      uses: [use("key", "M7", "V")],
    },
    {
      command: { do: "seal-pan", key: sealing, tokenKey: keys.M7, pan },
      uses: [use("key", "D0", "D"), use("tokenKey", "M7", "V")],
    },
    {
      command: { do: "open-pan", key: sealing, cipher: made.sealed },
      uses: [use("key", "D0", "E")],
    },
  ];
}
