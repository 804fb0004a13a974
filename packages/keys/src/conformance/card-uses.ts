import { fromAscii, fromHex } from "@tillway/bytes";
import type { KeyBlock } from "../module/security-module.ts";
import { pan, track } from "./fixtures.ts";
import { type CommandUse, type Keys, type Made, use } from "./use.ts";

const data = fromAscii("0200 a message");
const header = fromHex("841E000008");
const transaction = {
  pan,
  psn: "01",
  cvn: "unionpay",
  atc: "0001",
  arqc: "0011223344556677",
} as const;

/** What issuers and databases ask for. */
export function cardUses(keys: Keys, sealing: KeyBlock, made: Made): CommandUse[] {
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
    {
      command: { do: "seal-data", key: sealing, context: "a test", data },
      uses: [use("key", "D0", "D")],
    },
    {
      command: { do: "open-data", key: sealing, context: "a test", sealed: made.sealedData },
      uses: [use("key", "D0", "E")],
    },
  ];
}

/** Issuer scripts and card verification values. */
export function issuerUses(keys: Keys, made: Made): readonly CommandUse[] {
  return [
    {
      command: { do: "script-mac", key: keys.E2, ...transaction, header, data: new Uint8Array(0) },
      uses: [use("key", "E2")],
    },
    {
      command: { do: "encrypt-script-data", key: keys.E1, ...transaction, data },
      uses: [use("key", "E1")],
    },
    {
      command: {
        do: "change-pin",
        from: keys.P0,
        block: made.pinBlock,
        fromFormat: 0,
        imkAc: keys.E0,
        imkSmi: keys.E2,
        imkSmc: keys.E1,
        ...transaction,
      },
      uses: [use("from", "P0", "E"), use("imkAc", "E0"), use("imkSmi", "E2"), use("imkSmc", "E1")],
    },
    {
      command: { do: "make-cvv", key: keys.C0, pan, expiry: "3012", serviceCode: "201" },
      uses: [use("key", "C0", "V")],
    },
    {
      command: {
        do: "verify-cvv",
        key: keys.C0,
        pan,
        expiry: "3012",
        serviceCode: "201",
        cvv: "000",
      },
      uses: [use("key", "C0", "G")],
    },
    {
      command: {
        do: "verify-cvc3",
        key: keys.E4,
        pan,
        psn: "01",
        track: "5123456789012345D35121010000000000000F",
        atc: "005E",
        unpredictableNumber: "00000899",
        cvc3: "000",
      },
      uses: [use("key", "E4")],
    },
  ];
}

/** A terminal's start, and a host's work with what it sends. */
export function dukptUses(keys: Keys, made: Made): readonly CommandUse[] {
  const { ksn, dukptBlock: block } = made;
  const incoming = { pan, ksn, block } as const;
  return [
    {
      command: { do: "derive-dukpt-key", bdk: keys.B0, ksn },
      uses: [use("bdk", "B0")],
    },
    { command: { do: "start-dukpt", key: keys.B1, ksn }, uses: [use("key", "B1")] },
    {
      command: {
        do: "translate-pin",
        from: keys.B0,
        to: keys.P0,
        ...incoming,
        fromFormat: 0,
        toFormat: 0,
      },
      uses: [use("from", "B0"), use("to", "P0", "D")],
    },
    {
      command: {
        do: "verify-pin",
        key: keys.B0,
        ...incoming,
        format: 0,
        pvk: keys.V2,
        pvki: "1",
        pvv: "0000",
      },
      uses: [use("key", "B0"), use("pvk", "V2", "G")],
    },
    {
      command: {
        do: "verify-pin-offset",
        key: keys.B0,
        ...incoming,
        format: 0,
        pvk: keys.V1,
        offset: "000000",
      },
      uses: [use("key", "B0"), use("pvk", "V1", "G")],
    },
    ...(["x919", "cmac"] as const).flatMap((algorithm): CommandUse[] => [
      {
        command: { do: "mac", key: keys.B0, algorithm, data, ksn },
        uses: [use("key", "B0")],
      },
      {
        command: {
          do: "verify-mac",
          key: keys.B0,
          algorithm,
          data,
          ksn,
          mac: new Uint8Array(8),
        },
        uses: [use("key", "B0")],
      },
    ]),
  ];
}
