import { fromHex, toHex } from "@tillway/bytes";
import { applicationCryptogram, deriveIccKey } from "../cryptogram.ts";
import { cryptogramScheme, type SchemeVersion } from "../scheme.ts";
import { type Computed, type Inputs, outputs } from "./inputs.ts";

/**
 * Transactions of public test cards, read off published transcripts: their cryptogram, and what a
 * card puts into it. Data: amounts, country (M/Chip without it: application version), TVR,
 * currency, date, type, unpredictable number, AIP, ATC and CVR; CVN 17 has its own short list.
 * Sources: binaryfoo/emv-bertlv, src/test/resources/cases; MohamedHassanNasr/emv, mock.
 */
type Transaction = {
  readonly cryptogram: string;
  readonly pan: string;
  readonly psn: string;
  readonly version: SchemeVersion;
  readonly atc: string;
  readonly number: string;
  readonly data: string;
};

const visaOnline = { pan: "4761739001010010", psn: "01", number: "ABABABAB" } as const;
const visaContact = {
  pan: "4761340000000050",
  psn: "00",
  version: "visa-10",
  atc: "0029",
  number: "D3173A1F",
} as const;
const mchip = { psn: "01", version: "mchip-10" } as const;
const mchipContact = {
  ...mchip,
  pan: "5413330089600044",
  atc: "0041",
  number: "8221F601",
} as const;

const transactions: readonly Transaction[] = [
  {
    ...visaOnline,
    cryptogram: "48325309BE82CBA2",
    version: "visa-10",
    atc: "0077",
    data: "00000000900000000000000008400000000000084020031600ABABABAB2000007703A00000",
  },
  {
    ...visaOnline,
    cryptogram: "20261203C3227D26",
    version: "visa-17",
    atc: "0015",
    data: "000000000200ABABABAB001590",
  },
  {
    ...visaContact,
    cryptogram: "7CB3BA090724C524",
    data: "00000000100000000000000000368000008000003612031600D3173A1F1C00002903A4B800",
  },
  {
    ...visaContact,
    cryptogram: "BB31D191BCED0CF2",
    data: "00000000100000000000000000368000008040003612031600D3173A1F1C0000290364BC00",
  },
  {
    ...mchip,
    pan: "5413330089601034",
    cryptogram: "675B759BB5350F8C",
    atc: "0052",
    number: "ABABABAB",
    data: "00000000900000000000000000560000040001084020031600ABABABAB59800052A040002C0000",
  },
  {
    ...mchip,
    pan: "5413339000001513",
    cryptogram: "49C27A9F8E4BF538",
    atc: "02E0",
    number: "33BCA47D",
    data: "0000000000010000000000000056000000000109781908190033BCA47D598002E0904203A40000",
  },
  {
    ...mchipContact,
    cryptogram: "4573436B1E4B95DD",
    data: "000000001000000000000000000280000080000036120316008221F60159000041A00009248400",
  },
  {
    ...mchipContact,
    cryptogram: "C74D18B08248FEFC",
    data: "000000001000000000000000000280000080000036120316008221F60159000041201009248400",
  },
  {
    ...mchip,
    pan: "5413330089600044",
    cryptogram: "D58B731AF5885C06",
    atc: "0035",
    number: "000EEC85",
    data: "00000001000100000000000000020000000000003612031500000EEC8559800035904009248400",
  },
];

/**
 * Vectors of issuer master keys that are publicly known. A match names cryptograms and a card; it
 * holds where the key reproduces each of them from that card's transaction.
 */
export function computeKnownTestKey(inputs: Inputs, published: Inputs): Computed {
  const issuerKey = inputs.bytes("imkAc");
  const matches = published.texts("matches").map((text) => {
    const named = text.match(/\b[0-9A-F]{16}\b(?=[^(]*\()/g) ?? [];
    const proven = named.every((cryptogram) =>
      transactions.some((one) => text.includes(one.pan) && reproduces(issuerKey, cryptogram, one)),
    );
    return proven && named.length > 0 ? text : "not reproduced";
  });
  return outputs({ matches });
}

function reproduces(issuerKey: Uint8Array, cryptogram: string, one: Transaction): boolean {
  const card = deriveIccKey(issuerKey, one.pan, one.psn, "A");
  const scheme = cryptogramScheme(one.version, card, fromHex(one.atc), fromHex(one.number));
  const made = applicationCryptogram(scheme.cryptogramKey, fromHex(one.data), scheme.padding);
  return one.cryptogram === cryptogram && toHex(made) === cryptogram;
}
