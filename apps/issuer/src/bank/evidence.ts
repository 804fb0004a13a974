/** What a request proves: cryptogram, stripe and PIN, judged by the module. */
import { toHex } from "@tillway/bytes";
import { cryptogramData, readIad } from "@tillway/emv";
import type { KeyBlock } from "@tillway/keys";
import { catalogue } from "@tillway/transactions";
import type { CardRecord } from "../cards/index.ts";
import type { BankContext } from "./context.ts";
import type { CryptogramFinding, PinFinding, StripeFinding } from "./precedence.ts";
import type { BankRequest, ChipData } from "./request.ts";

/** Findings but for the counter, which is held against the card under its lock. */
export type Evidence = {
  readonly cryptogram: Exclude<CryptogramFinding, "replayed">;
  readonly stripe: StripeFinding;
  readonly pin: PinFinding;
  /** Tag 91 of an approval (00), which most decisions are; made in one go with the check. */
  readonly approval?: Uint8Array | undefined;
};

export const NO_CARD: Evidence = { cryptogram: "not-sent", stripe: "not-sent", pin: "not-sent" };

/** PIN blocks of links are of format 0, made with the card number (ISO 9564-1). */
const PIN_FORMAT = 0;

/** Cryptogram information data: bits 8 and 7 say which cryptogram it is (Book 3 §6.5.5.4). */
const ARQC = 0x80;
const TC = 0x40;

/** The code of an approval, as the chip is told it. */
export const APPROVED = "00";

/** Judges a request against the card that it names. `zpk` is the link's PIN key. */
export async function examine(
  context: BankContext,
  request: BankRequest,
  card: CardRecord,
  zpk: KeyBlock,
): Promise<Evidence> {
  const [{ cryptogram, approval }, stripe, pin] = await Promise.all([
    judgeCryptogram(context, request, card),
    judgeStripe(context, request, card),
    judgePin(context, request, card, zpk),
  ]);
  const offline = pin === "not-sent" && cryptogram === "valid" && pinFoundRight(request, card);
  return { cryptogram, approval, stripe, pin: offline ? "offline" : pin };
}

async function judgeCryptogram(
  context: BankContext,
  request: BankRequest,
  card: CardRecord,
): Promise<Pick<Evidence, "cryptogram" | "approval">> {
  const { chip, type } = request;
  const offline = type === "offline chip sale";
  const follows = catalogue[type].follows.length > 0;
  // Other advices only tell what was done: the chip is not asked again for them.
  if (!chip || (catalogue[type].undo === "repeat" && follows)) {
    return { cryptogram: "not-sent" };
  }
  const command = cryptogramCommand(context, request, chip, card);
  const asked = (chip.tags.get("9F27")?.[0] ?? 0) & 0xc0;
  // What names its original may be read from the chip without asking it to sign.
  if (follows && asked !== ARQC) return { cryptogram: "not-sent" };
  if (!command || asked !== (offline ? TC : ARQC)) return { cryptogram: "wrong" };
  const answer = await context.module.run({ ...command, responseCode: APPROVED });
  if (!answer.ok || !answer.valid) return { cryptogram: "wrong" };
  // The amount of what names its original is held against that one's.
  if (!follows && !sameTransaction(request, chip, card)) return { cryptogram: "other-transaction" };
  return { cryptogram: "valid", approval: answer.arpc };
}

/** Whether the card signed what the message says: amount, currency, card sequence number. */
function sameTransaction(request: BankRequest, chip: ChipData, card: CardRecord): boolean {
  const amount = toHex(chip.tags.get("9F02") ?? new Uint8Array(0));
  const currency = toHex(chip.tags.get("5F2A") ?? new Uint8Array(0));
  return (
    amount === (request.amount ?? 0n).toString().padStart(12, "0") &&
    currency === request.currency.padStart(4, "0") &&
    request.psn === card.psn
  );
}

/** The module's check of a cryptogram, or undefined where its data are not whole. */
export function cryptogramCommand(
  context: BankContext,
  request: BankRequest,
  chip: ChipData,
  card: CardRecord,
) {
  const key = context.keys.masterKeys.get(card.scheme)?.ac;
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

/** The card's verification results of an offline PIN: tried, and right. */
function pinFoundRight({ chip }: BankRequest, { cryptogramVersion }: CardRecord): boolean {
  const iad = chip?.tags.get("9F10");
  const read = iad && readIad(cryptogramVersion, iad);
  if (!read) return false;
  if (cryptogramVersion === "mchip-10") return ((read.cvr[0] ?? 0) & 0x05) === 0x05;
  return ((read.cvr[1] ?? 0) & 0x06) === 0x04;
}

/** Discretionary data of our stripes: five digits, then the card verification value. */
const CVV_AT = 5;

async function judgeStripe(
  { module, keys }: BankContext,
  { stripe, pan }: BankRequest,
  card: CardRecord,
): Promise<StripeFinding> {
  if (!stripe) return "not-sent";
  const { expiry, serviceCode, discretionary } = stripe;
  if (expiry !== card.expiry || serviceCode !== card.serviceCode) return "wrong";
  const cvv = discretionary.slice(CVV_AT, CVV_AT + 3);
  if (cvv.length !== 3) return "wrong";
  const answer = await module.run({
    do: "verify-cvv",
    key: keys.cvk,
    pan,
    expiry,
    serviceCode,
    cvv,
  });
  return answer.ok && answer.valid ? "valid" : "wrong";
}

async function judgePin(
  { module, keys }: BankContext,
  request: BankRequest,
  card: CardRecord,
  zpk: KeyBlock,
): Promise<PinFinding> {
  if (!request.pinBlock) return "not-sent";
  const answer = await module.run({
    do: "verify-pin",
    key: zpk,
    pvk: keys.pvk,
    pvki: card.pvki,
    block: request.pinBlock,
    pan: request.pan,
    format: PIN_FORMAT,
    pvv: card.pvv,
  });
  if (!answer.ok) return "unreadable";
  return answer.valid ? "valid" : "wrong";
}

/** An authorisation code of six digits (DE 38) from four random bytes. */
export function authorisationCode(random: Uint8Array): string {
  const number = new DataView(random.buffer, random.byteOffset, 4).getUint32(0);
  return String(number % 1_000_000).padStart(6, "0");
}
