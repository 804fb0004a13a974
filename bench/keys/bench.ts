/** `bench keys`: what our code costs on top of the cipher calls that an operation cannot do without. */
import { createCipheriv } from "node:crypto";
import { fromHex } from "../../packages/bytes/src/index.ts";
import {
  decodePinBlock,
  encodePinBlock,
  tdesDecrypt,
  tdesEncrypt,
  unionpayMac,
} from "../../packages/keys/src/index.ts";
import { interleaved, loadNow, reportOf, type Job } from "../interleaved.ts";
import { ratio, type Bench } from "../report.ts";

// Keys and PAN of the sample messages: published or made up, worth nothing.
const mak = fromHex("A1B2C3D4E5F607180F1E2D3C4B5A6978");
const from = fromHex("11223344556677889900AABBCCDDEEFF");
const to = fromHex("0F1E2D3C4B5A69788796A5B4C3D2E1F0");
const pan = "6200001234567892";
const message = new Uint8Array(250).fill(0x5a);
const block = fromHex("7611F9FA7025EBA3");

/** One block under a double-length key, as plainly as node:crypto does it. */
function bareCipher(key: Uint8Array, data: Uint8Array): Uint8Array {
  const cipher = createCipheriv("des-ede", key, null);
  cipher.setAutoPadding(false);
  return cipher.update(data);
}

const eight = message.subarray(0, 8);

const jobs: readonly Job[] = [
  { subject: "tillway", name: "UnionPay MAC, 250 bytes", run: () => unionpayMac(mak, message) },
  {
    subject: "bare ciphers",
    name: "UnionPay MAC, 250 bytes",
    run: () => bareCipher(mak, bareCipher(mak, eight)),
  },
  {
    subject: "tillway",
    name: "PIN translation, format 0",
    run: () => {
      const decoded = decodePinBlock(0, tdesDecrypt(from, block), pan);
      if (!decoded.ok) throw new Error("the sample's PIN block does not decode");
      return tdesEncrypt(to, encodePinBlock(0, decoded.pin, pan));
    },
  },
  {
    subject: "bare ciphers",
    name: "PIN translation, format 0",
    run: () => bareCipher(to, bareCipher(from, block)),
  },
];

export const keysBench: Bench = async (settings) => {
  const before = loadNow();
  const measured = interleaved(jobs, settings);
  const against = (name: string) =>
    ratio(
      `${name}: rate vs the bare cipher calls (1 / 1.5)`,
      measured.rate("tillway", name) / measured.rate("bare ciphers", name),
      0.67,
    );
  const ratios = [against("UnionPay MAC, 250 bytes"), against("PIN translation, format 0")];
  const notes = [
    "Both sides make two cipher calls; ours adds folding, hex, block formats and checks.",
  ];
  return reportOf("keys", settings, before, measured, ratios, notes);
};
