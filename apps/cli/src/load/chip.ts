/** What a chip card adds to a request: DE 55 with a true cryptogram, without the kernel's dialogue. */
import { fromHex, toHex } from "@tillway/bytes";
import { cryptogramData } from "@tillway/emv";
import { applicationCryptogram, cryptogramScheme } from "@tillway/keys";
import { charactersHex, type LoadCard } from "./set.ts";

/** What changes from payment to payment. Amount in minor units; date YYMMDD, time hhmmss. */
export type ChipInput = {
  readonly amount: number;
  readonly counter: number;
  readonly stan: string;
  readonly date: string;
  readonly time: string;
  /** Eight hex digits. */
  readonly unpredictable: string;
  /** Tag 9C, two digits. */
  readonly type: string;
};

const VERSION = "unionpay";
/** Offline authentication not performed; sent online by choice of the card (Book 3 Annex C5). */
const RESULTS = "8000008000";
/** PIN for the issuer, result unknown (Book 4 Annex A4). */
const CARDHOLDER_METHOD = "020000";
const CAPABILITIES = "E0F0C8";
const CNY = "0156";
const CHINA = "0156";

const tlv = (tag: string, value: string): string =>
  tag + (value.length / 2).toString(16).padStart(2, "0").toUpperCase() + value;

/** DE 55 in hex, its tags in the order of spec §2.7. */
export function chipData(card: LoadCard, serial: string, input: ChipInput): string {
  const amount = String(input.amount).padStart(12, "0");
  const counter = input.counter.toString(16).padStart(4, "0").toUpperCase();
  // UnionPay's 9F10: key, version, an ARQC asked for at the first GENERATE AC, algorithm TDES.
  const index = card.keyIndex.toString(16).padStart(2, "0").toUpperCase();
  const iad = `07${index}0103A0000001`;
  const covered: readonly (readonly [string, string])[] = [
    ["9F02", amount],
    ["9F03", "000000000000"],
    ["9F1A", CHINA],
    ["95", RESULTS],
    ["5F2A", CNY],
    ["9A", input.date],
    ["9C", input.type],
    ["9F37", input.unpredictable],
    ["82", card.profile],
    ["9F36", counter],
    ["9F10", iad],
  ];
  const values = new Map(covered.map(([tag, hex]) => [tag, fromHex(hex)]));
  const data = cryptogramData(VERSION, values);
  if (!data) throw new Error("a data object of the cryptogram is missing");
  const { cryptogramKey, padding } = cryptogramScheme(
    VERSION,
    fromHex(card.key),
    fromHex(counter),
    fromHex(input.unpredictable),
  );
  const arqc = toHex(applicationCryptogram(cryptogramKey, data, padding));
  return [
    tlv("9F26", arqc),
    tlv("9F27", "80"),
    tlv("9F10", iad),
    tlv("9F37", input.unpredictable),
    tlv("9F36", counter),
    tlv("95", RESULTS),
    tlv("9A", input.date),
    tlv("9C", input.type),
    tlv("9F02", amount),
    tlv("5F2A", CNY),
    tlv("82", card.profile),
    tlv("9F1A", CHINA),
    tlv("9F03", "000000000000"),
    tlv("9F33", CAPABILITIES),
    tlv("9F34", CARDHOLDER_METHOD),
    tlv("9F35", "22"),
    tlv("9F1E", charactersHex(serial.slice(-8))),
    tlv("84", card.aid),
    tlv("9F09", "0020"),
    tlv("9F41", input.stan.padStart(8, "0")),
  ].join("");
}
