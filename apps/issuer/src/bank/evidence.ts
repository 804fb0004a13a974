/** What a request proves: the card's cryptogram and the cardholder's PIN, judged by the module. */
import { toHex } from "@tillway/bytes";
import { cryptogramData, encodeTlv } from "@tillway/emv";
import type { KeyBlock } from "@tillway/keys";
import type { CardRecord } from "../cards/index.ts";
import type { BankContext } from "./context.ts";
import type { CryptogramFinding, PinFinding } from "./precedence.ts";
import type { ChipData, SaleRequest } from "./request.ts";

/** Findings but for the counter, which is held against the card under its lock. */
export type Evidence = {
  readonly cryptogram: Exclude<CryptogramFinding, "replayed">;
  readonly pin: PinFinding;
};

/** PIN blocks of links are of format 0, made with the card number (ISO 9564-1). */
const PIN_FORMAT = 0;

/** Judges a request against the card that it names. `zpk` is the link's PIN key. */
export async function examine(
  context: BankContext,
  request: SaleRequest,
  card: CardRecord,
  zpk: KeyBlock,
): Promise<Evidence> {
  const [cryptogram, pin] = await Promise.all([
    judgeCryptogram(context, request, card),
    judgePin(context, request, card, zpk),
  ]);
  return { cryptogram, pin };
}

async function judgeCryptogram(
  context: BankContext,
  request: SaleRequest,
  card: CardRecord,
): Promise<Evidence["cryptogram"]> {
  const { chip } = request;
  if (!chip) return "not-sent";
  const command = arqcCommand(context, request, chip, card);
  // Cryptogram information data: bits 8 and 7 say which cryptogram it is (Book 3 §6.5.5.4).
  const isRequest = ((chip.tags.get("9F27")?.[0] ?? 0) & 0xc0) === 0x80;
  if (!command || !isRequest) return "wrong";
  const answer = await context.module.run(command);
  if (!answer.ok || !answer.valid) return "wrong";
  return sameTransaction(request, chip, card) ? "valid" : "other-transaction";
}

/** Whether the card signed what the message says: amount, currency, card sequence number. */
function sameTransaction(request: SaleRequest, chip: ChipData, card: CardRecord): boolean {
  const amount = toHex(chip.tags.get("9F02") ?? new Uint8Array(0));
  const currency = toHex(chip.tags.get("5F2A") ?? new Uint8Array(0));
  return (
    amount === (request.amount ?? 0n).toString().padStart(12, "0") &&
    currency === request.currency.padStart(4, "0") &&
    request.psn === card.psn
  );
}

function arqcCommand(context: BankContext, request: SaleRequest, chip: ChipData, card: CardRecord) {
  const key = context.keys.imkAc.get(card.scheme);
  const data = cryptogramData(card.cryptogramVersion, chip.tags);
  if (!key || !data) return undefined;
  const hex = (tag: string): string => toHex(chip.tags.get(tag) ?? new Uint8Array(0));
  return {
    do: "verify-arqc",
    key,
    pan: request.pan,
    psn: card.psn,
    cvn: card.cryptogramVersion,
    atc: hex("9F36"),
    unpredictableNumber: hex("9F37"),
    data,
    arqc: hex("9F26"),
  } as const;
}

async function judgePin(
  context: BankContext,
  request: SaleRequest,
  card: CardRecord,
  zpk: KeyBlock,
): Promise<PinFinding> {
  if (!request.pinBlock) return "not-sent";
  const answer = await context.module.run({
    do: "verify-pin",
    key: zpk,
    pvk: context.keys.pvk,
    pvki: card.pvki,
    block: request.pinBlock,
    pan: request.pan,
    format: PIN_FORMAT,
    pvv: card.pvv,
  });
  if (!answer.ok) return "unreadable";
  return answer.valid ? "valid" : "wrong";
}

/**
 * DE 55 of the answer: tag 91, by which the card knows that its issuer spoke (Book 2 §8.2).
 * Undefined where there was no valid cryptogram to answer.
 */
export async function issuerAuthentication(
  context: BankContext,
  request: SaleRequest,
  card: CardRecord,
  evidence: Evidence,
  responseCode: string,
): Promise<string | undefined> {
  if (!request.chip || evidence.cryptogram !== "valid") return undefined;
  const command = arqcCommand(context, request, request.chip, card);
  if (!command) return undefined;
  const answer = await context.module.run({ ...command, responseCode });
  if (!answer.ok || !answer.arpc) return undefined;
  return toHex(encodeTlv("91", answer.arpc));
}

/** An authorisation code of six digits (DE 38) from four random bytes. */
export function authorisationCode(random: Uint8Array): string {
  const number = new DataView(random.buffer, random.byteOffset, 4).getUint32(0);
  return String(number % 1_000_000).padStart(6, "0");
}

export const NO_CARD: Evidence = { cryptogram: "not-sent", pin: "not-sent" };
