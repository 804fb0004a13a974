/** A kernel configuration and transaction that stand where the recorded terminal stood. */
import { fromHex, toAscii, toHex } from "@tillway/bytes";
import { caKeyChecksum } from "../kernel/configuration.ts";
import type { CaKey, CdaMode, KernelConfiguration } from "../kernel/configuration.ts";
import { DEFAULT_TERMINAL } from "../kernel/defaults.ts";
import type { TransactionInput } from "../kernel/transaction.ts";
import { publishedCaKeys } from "../oda/ca-keys.ts";
import { recoverIssuerKey } from "../oda/recover.ts";
import { hasBit, TVR_BITS } from "../tvr.ts";
import type { TvrBit } from "../tvr.ts";
import type { Recording } from "./recording.ts";
import type { Recorded } from "./terminal.ts";

/** What the record does not tell, to be tried: bytes 2 and 3 of 9F33, and what became of the PIN. */
export type Guess = {
  readonly verification: number;
  readonly authentication: number;
  readonly pin: "pin-entered" | "pin-bypassed";
};

const NOTHING = new Uint8Array(0);
const ALL = "FFFFFFFFFF";
const NONE = "0000000000";

/** Guesses in the order in which they are tried; one is enough where 9F33 is in the record. */
export function guesses(recorded: Recorded): readonly Guess[] {
  const told = recorded.terminal.get("9F33");
  const authentications = told === undefined ? authenticationGuesses(recorded) : [told[2] ?? 0];
  const verifications = told === undefined ? verificationGuesses(recorded) : [told[1] ?? 0];
  const bypassed = recordedBit(recorded, "pinNotEntered");
  const pins = bypassed ? (["pin-bypassed"] as const) : (["pin-entered", "pin-bypassed"] as const);
  return pins.flatMap((pin) =>
    authentications.flatMap((authentication) =>
      verifications.map((verification) => ({ verification, authentication, pin })),
    ),
  );
}

/** 9F33 byte 3: SDA 80, DDA 40, CDA 08. */
function authenticationGuesses(recorded: Recorded): readonly number[] {
  if (recorded.cryptograms.some(({ signed }) => signed)) return [0xc8];
  if (recorded.dynamic) return [0xc0];
  return recordedBit(recorded, "authenticationNotPerformed") ? [0x00, 0x80] : [0x80, 0x00, 0xc8];
}

/** 9F33 byte 2: plaintext 80, online 40, signature 20, enciphered 10, none 08; fewest PINs first. */
function verificationGuesses({ pins }: Recorded): readonly number[] {
  const all = Array.from({ length: 32 }, (_, at) => ((at & 0x03) << 6) | ((at & 0x04) << 2))
    .slice(0, 8)
    .flatMap((pin) => [0x28, 0x08, 0x20, 0x00].map((other) => pin | other));
  const offline = [...(pins.has(0x80) ? [0x80] : []), ...(pins.has(0x88) ? [0x10] : [])].reduce(
    (bits, bit) => bits | bit,
    0,
  );
  // A terminal that sent a PIN to the card could do so.
  return offline === 0 ? all : all.filter((bits) => (bits & offline) !== 0);
}

/** Whether the recorded TVR has this bit; the one of the first GENERATE AC. */
function recordedBit(recorded: Recorded, name: TvrBit): boolean {
  return hasBit(recorded.cryptograms[0]?.values.get("95") ?? NOTHING, TVR_BITS[name]);
}

/** The key the card names, the first of several that opens its issuer's certificate. */
export function caKeyOf(recording: Recording, recorded: Recorded): CaKey | undefined {
  const { card, aid } = recorded;
  const index = toHex(card.get("8F") ?? NOTHING);
  const rid = aid.slice(0, 10);
  const own = recording.caKey;
  const known = [
    ...(own === undefined ? [] : [own]),
    ...publishedCaKeys().filter(({ exponent }) => exponent === "03" || exponent === "010001"),
  ].filter((key) => key.rid === rid && key.index === index);
  const opening = known.find(
    (key) =>
      recoverIssuerKey({
        caKey: { modulus: fromHex(key.modulus), exponent: fromHex(key.exponent) },
        certificate: card.get("90") ?? NOTHING,
        exponent: card.get("9F32") ?? NOTHING,
        remainder: card.get("92"),
        pan: panOf(recorded),
        date: dateOf(recording, recorded),
      }).ok,
  );
  const chosen = opening ?? known[0];
  if (chosen === undefined) return undefined;
  const { modulus, exponent } = chosen;
  const key = { rid, index, modulus, exponent };
  return { ...key, checksum: caKeyChecksum(key), label: "test" };
}

export function panOf({ card }: Recorded): string {
  return toHex(card.get("5A") ?? NOTHING).replace(/F+$/, "");
}

/** YYMMDD: as recorded, as given, or the card's last day. */
export function dateOf(recording: Recording, { terminal, card }: Recorded): string {
  const told = terminal.get("9A");
  return told === undefined ? (recording.date ?? toHex(card.get("5F24") ?? NOTHING)) : toHex(told);
}

/** The transaction, from what the terminal told the card. */
export function transactionOf(recording: Recording, recorded: Recorded): TransactionInput {
  const { terminal } = recorded;
  const digits = (tag: string, standard: string): string => {
    const value = terminal.get(tag);
    return value === undefined ? standard : toHex(value);
  };
  const amount = digits("9F02", "0");
  return {
    amount: /^\d+$/.test(amount) ? amount : "0",
    otherAmount: digits("9F03", "0"),
    currency: digits("5F2A", "0000").slice(-3),
    currencyExponent: 2,
    type: digits("9C", "00"),
    date: dateOf(recording, recorded),
    time: digits("9F21", recording.time ?? "120000"),
    unpredictableNumber: digits("9F37", recording.unpredictableNumber ?? "00000000"),
    ...(recorded.authenticationNumber === undefined
      ? {}
      : { authenticationNumber: recorded.authenticationNumber }),
    sequence: digits("9F41", "1").slice(-8),
    // 1 always selects, 99 never does, with the percentages below.
    randomSelection: recordedBit(recorded, "selectedRandomly") ? 1 : 99,
    forceOnline: recordedBit(recorded, "forcedOnline"),
  };
}

/** The configuration under a guess. */
export function configurationOf(
  recording: Recording,
  recorded: Recorded,
  guess: Guess,
): KernelConfiguration {
  const { terminal, card } = recorded;
  const hex = (tag: string, standard: string): string => {
    const value = terminal.get(tag);
    return value === undefined ? standard : toHex(value);
  };
  const caKey = caKeyOf(recording, recorded);
  const byteOf = (value: number): string => toHex(Uint8Array.of(value));
  const limit = recordedBit(recorded, "floorLimitExceeded") ? "0" : "999999999999";
  const ownVersion = toHex(card.get("9F08") ?? fromHex("0001"));
  const otherVersion = recordedBit(recorded, "versionsDiffer") ? "FFFF" : ownVersion;
  return {
    keySet: "test",
    caKeys: caKey === undefined ? [] : [caKey],
    terminal: {
      ...DEFAULT_TERMINAL,
      type: hex("9F35", needsOnlineOnly(recorded) ? "21" : "22"),
      capabilities:
        hex("9F33", "E00000").slice(0, 2) +
        byteOf(guess.verification) +
        byteOf(guess.authentication),
      country: hex("9F1A", "0000").slice(-3),
      directory: recorded.directory,
      cardholderSelection: false,
      cdaMode: cdaModeOf(recorded),
      ...merchantOf(recorded.terminal),
    },
    applications: [
      {
        name: recorded.aid,
        aid: recorded.aid,
        partialMatch: false,
        version: hex("9F09", otherVersion),
        actionCodes: actionCodesOf(recorded),
        floorLimit: limit,
        randomSelection: {
          threshold: limit,
          targetPercentage: recordedBit(recorded, "selectedRandomly") ? 99 : 0,
          maximumTargetPercentage: 99,
        },
        defaultDdol: "9F3704",
        defaultTdol: recordedBit(recorded, "defaultTdolUsed") ? "9F0206" : "",
        onlinePin: true,
      },
    ],
  };
}

/** What a recorded terminal said of itself and its merchant. */
export function merchantOf(
  terminal: ReadonlyMap<string, Uint8Array>,
): Partial<KernelConfiguration["terminal"]> {
  const text = (tag: string, name: string): Record<string, string> => {
    const value = toAscii(terminal.get(tag) ?? NOTHING).replace(/\0+$/, "");
    return /^[\x20-\x7e]+$/.test(value) ? { [name]: value } : {};
  };
  const category = terminal.get("9F15");
  const more = terminal.get("9F40");
  return {
    ...text("9F1C", "terminalId"),
    ...text("9F1E", "serial"),
    ...text("9F16", "merchantId"),
    ...text("9F4E", "merchantName"),
    ...(category === undefined ? {} : { merchantCategory: toHex(category) }),
    ...(more?.length === 5 ? { additionalCapabilities: toHex(more) } : {}),
  };
}

/** Action codes that lead to what the recorded terminal asked for. */
function actionCodesOf({ cryptograms }: Recorded): {
  readonly denial: string;
  readonly online: string;
  readonly default: string;
} {
  const [first, second] = cryptograms;
  const declines = second?.type === "AAC" ? ALL : NONE;
  switch (first?.type) {
    case "AAC":
      return { denial: ALL, online: NONE, default: NONE };
    case "TC":
      return { denial: NONE, online: NONE, default: NONE };
    case "ARQC":
    case "other":
    case undefined:
      return { denial: NONE, online: ALL, default: declines };
  }
}

/** A request without a bit in the TVR comes from a terminal that always asks its host. */
function needsOnlineOnly({ cryptograms }: Recorded): boolean {
  const [first] = cryptograms;
  const tvr = first?.values.get("95");
  return first?.type === "ARQC" && tvr !== undefined && tvr.every((byte) => byte === 0);
}

function cdaModeOf({ cryptograms }: Recorded): CdaMode {
  const [first, second] = cryptograms;
  const atFirst = first?.signed === true;
  if (first?.type !== "ARQC") return 1;
  if (second === undefined || second.type === "AAC") return atFirst ? 1 : 3;
  if (atFirst) return second.signed ? 1 : 2;
  return second.signed ? 4 : 3;
}
