/**
 * The terminal of a recording, put together from what it said: a recording tells values, not the
 * settings behind them, so limits and action codes are set to what they must have been.
 */
import { toHex } from "@tillway/bytes";
import { caKeyChecksum } from "../../kernel/configuration.ts";
import type { CaKey } from "../../kernel/configuration.ts";
import type { TransactionInput } from "../../kernel/transaction.ts";
import type {
  CombinationConfiguration,
  ContactlessConfiguration,
  MchipConfiguration,
  TapLimits,
} from "../configuration.ts";
import { DEFAULT_COMBINATIONS, DEFAULT_CONTACTLESS_TERMINAL } from "../defaults.ts";
import { merchantOf } from "../../transcripts/guess.ts";
import { hexOf, textIn } from "./read.ts";
import type { Recording, Transcript } from "./read.ts";

export type PublicKeyRow = Pick<CaKey, "rid" | "index" | "modulus" | "exponent">;

/** The transaction as recorded; where a date was not, a day on which the card was valid. */
export function transactionOf({ inputs }: Transcript, { said, card }: Recording): TransactionInput {
  const digits = (tag: string, otherwise: string): string => {
    const text = hexOf(said, tag);
    return /^\d{2,12}$/.test(text) ? text : otherwise;
  };
  const dated = /^\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$/;
  const dates = [textIn(inputs, "date") ?? "", hexOf(said, "9A"), hexOf(card, "5F25"), "200101"];
  const number = textIn(inputs, "unpredictableNumber") ?? hexOf(said, "9F37");
  const time = textIn(inputs, "time") ?? hexOf(said, "9F21");
  const sequence = BigInt(digits("9F41", "1")) % 10n ** 8n;
  return {
    amount: BigInt(digits("9F02", "0")).toString(),
    otherAmount: BigInt(digits("9F03", "0")).toString(),
    currency: digits("5F2A", "0978").padStart(3, "0").slice(-3),
    currencyExponent: 2,
    type: digits("9C", "00").slice(-2),
    date: dates.find((date) => dated.test(date)) ?? "200101",
    time: /^([01]\d|2[0-3])[0-5]\d[0-5]\d$/.test(time) ? time : "120000",
    unpredictableNumber: /^[0-9A-F]{8}$/i.test(number) ? number : "00000000",
    sequence: sequence.toString(),
    randomSelection: 50,
  };
}

/** The reader's configuration; undefined where no kernel takes this card. */
export function configurationOf(
  recording: Recording,
  authorities: readonly PublicKeyRow[],
): ContactlessConfiguration | undefined {
  const { said, card, directory } = recording;
  const aid = hexOf(card, "84");
  const rid = aid.slice(0, 10);
  const base = DEFAULT_COMBINATIONS.find((entry) => entry.aid.startsWith(rid));
  if (aid.length < 10 || base === undefined) return undefined;
  const { smallAmount: _, ...row } = base;
  const combination: CombinationConfiguration = {
    ...row,
    aid,
    version: hexOf(said, "9F09") || hexOf(card, "9F08") || base.version,
    actionCodes: { ...base.actionCodes, online: onlineCode(base, recording) },
    limits: base.mchip === undefined ? quickLimits(said) : mchipLimits(recording),
    zeroAmountAllowed: true,
    ttq: base.ttq === "" ? "" : qualifiers(said, base.ttq),
    ...(base.mchip === undefined ? {} : { mchip: mchipOf(said, base.mchip) }),
  };
  const country = hexOf(said, "9F1A") || hexOf(card, "5F28");
  const sure = asksOnlineForNoReason(recording);
  return {
    terminal: {
      ...DEFAULT_CONTACTLESS_TERMINAL,
      type: sure ? "21" : hexOf(said, "9F35") || DEFAULT_CONTACTLESS_TERMINAL.type,
      country: /^\d{4}$/.test(country) ? country.slice(-3) : DEFAULT_CONTACTLESS_TERMINAL.country,
      capabilities: hexOf(said, "9F33") || DEFAULT_CONTACTLESS_TERMINAL.capabilities,
      directory,
      approvalCodes: ["00"],
      ...merchantOf(said),
    },
    keySet: "test",
    caKeys: authorities.map((key) => ({ ...key, checksum: caKeyChecksum(key), label: "test" })),
    combinations: [combination],
  };
}

const bit = (value: Uint8Array | undefined, byte: number, mask: number): boolean =>
  ((value?.[byte - 1] ?? 0) & mask) !== 0;

/** Qualifiers without the two bits that pre-processing sets. */
function qualifiers(said: ReadonlyMap<string, Uint8Array>, otherwise: string): string {
  const value = said.get("9F66");
  if (value?.length !== 4) return otherwise;
  return toHex(value.map((byte, at) => (at === 1 ? byte & 0x3f : byte)));
}

/** Limits that set the bits which the recorded qualifiers have. */
function quickLimits(said: ReadonlyMap<string, Uint8Array>): TapLimits {
  const value = said.get("9F66");
  return {
    ...(bit(value, 2, 0x80) ? { floor: "0" } : {}),
    ...(bit(value, 2, 0x40) ? { cvm: "0" } : {}),
  };
}

/** CVM results whose method is none ask for no CVM. */
function mchipLimits({ said, reference }: Recording): TapLimits {
  const tvr = said.get("95");
  const method = (said.get("9F34")?.[0] ?? 0x3f) & 0x3f;
  const online = ((reference ?? 0) & 0xc0) === 0x80;
  const above = tvr === undefined ? online : bit(tvr, 4, 0x80);
  return {
    ...(above ? { floor: "0" } : {}),
    ...(method === 0x1f || method === 0x3f ? {} : { cvm: "0" }),
  };
}

function mchipOf(
  said: ReadonlyMap<string, Uint8Array>,
  base: MchipConfiguration,
): MchipConfiguration {
  const capabilities = hexOf(said, "9F33");
  const results = hexOf(said, "9F34");
  const known = capabilities.length === 6;
  return {
    ...base,
    ...(known
      ? {
          cardInput: capabilities.slice(0, 2),
          cvmRequired: capabilities.slice(2, 4),
          cvmNotRequired: capabilities.slice(2, 4),
          security: capabilities.slice(4),
        }
      : {}),
    onDeviceCvm: results === "010002" || results === "3F0002",
    riskManagementData: hexOf(said, "9F1D") || base.riskManagementData,
    mobileSupport: hexOf(said, "9F7E") || base.mobileSupport,
    relayResistanceInTvr: ((said.get("95")?.[4] ?? 0) & 0x03) === 0x01,
    cvmResults:
      results === "" || bit(said.get("9F34"), 1, 0x40) || results.startsWith("3F")
        ? "as-listed"
        : "method",
  };
}

/** Action codes that lead to the recorded request, and not away from it. */
function onlineCode(base: CombinationConfiguration, { said, reference }: Recording): string {
  const tvr = said.get("95");
  const own = base.actionCodes.online;
  if (tvr === undefined || reference === undefined) return own;
  const online = (reference & 0xc0) === 0x80;
  return toHex(
    tvr.map((byte, at) => {
      const code = Number.parseInt(own.slice(at * 2, at * 2 + 2), 16);
      return online ? code | byte : code & ~byte;
    }),
  );
}

/** An ARQC asked for with a clean TVR: that terminal was never offline. */
function asksOnlineForNoReason({ said, reference }: Recording): boolean {
  const tvr = said.get("95");
  const clean = tvr !== undefined && tvr.every((byte) => byte === 0);
  return clean && reference !== undefined && (reference & 0xc0) === 0x80 && !said.has("9F35");
}
