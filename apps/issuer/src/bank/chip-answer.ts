/**
 * DE 55 of an answer: issuer authentication (tag 91) and scripts (72). Both follow from the request
 * and the decision, so a repeat gets the same again without their being kept.
 */
import { concat, fromHex, toHex } from "@tillway/bytes";
import { encodeTlv, SCRIPT_INS } from "@tillway/emv";
import type { CardRecord } from "../cards/index.ts";
import type { Script } from "./authorisation.ts";
import type { BankContext } from "./context.ts";
import { APPROVED, cryptogramCommand, type Evidence } from "./evidence.ts";
import type { BankRequest, ChipData } from "./request.ts";

/** Bytes of MAC that end each script command. */
const MAC = 8;
/** Secure messaging with a MAC (Book 3 §6.5: CLA 84). */
const CLA = 0x84;

const INSTRUCTIONS: Readonly<Record<Script["command"], number>> = {
  block: SCRIPT_INS.applicationBlock,
  unblock: SCRIPT_INS.applicationUnblock,
  "block-card": SCRIPT_INS.cardBlock,
  "unblock-pin": SCRIPT_INS.pinChangeUnblock,
  "put-data": SCRIPT_INS.putData,
};

/** What the chip is told; undefined where there was no valid cryptogram to answer. */
export async function chipAnswer(
  context: BankContext,
  request: BankRequest,
  card: CardRecord,
  evidence: Evidence,
  decided: { readonly code: string; readonly scripts: readonly Script[] },
): Promise<string | undefined> {
  const { chip } = request;
  // Nobody waits at the card any more when an offline approval is told.
  if (!chip || evidence.cryptogram !== "valid" || request.type === "offline chip sale") {
    return undefined;
  }
  const authentication =
    decided.code === APPROVED && evidence.approval
      ? evidence.approval
      : await authenticationOf(context, request, chip, card, decided.code);
  if (!authentication) return undefined;
  const parts = [encodeTlv("91", authentication)];
  for (const [at, script] of decided.scripts.entries()) {
    parts.push(await scriptTemplate(context, request, chip, card, { script, at }));
  }
  return toHex(concat(...parts));
}

/** Tag 91 for a response code, by which the card knows that its issuer spoke (Book 2 §8.2). */
async function authenticationOf(
  context: BankContext,
  request: BankRequest,
  chip: ChipData,
  card: CardRecord,
  responseCode: string,
): Promise<Uint8Array | undefined> {
  const command = cryptogramCommand(context, request, chip, card);
  if (!command) return undefined;
  const answer = await context.module.run({ ...command, responseCode });
  return answer.ok ? answer.arpc : undefined;
}

/** One script (Book 3 §10.10): its identifier (9F18), which its result names, and its command. */
async function scriptTemplate(
  context: BankContext,
  request: BankRequest,
  chip: ChipData,
  card: CardRecord,
  { script, at }: { readonly script: Script; readonly at: number },
): Promise<Uint8Array> {
  const key = context.keys.masterKeys.get(card.scheme)?.smi;
  if (!key) throw new Error(`no script key for cards of ${card.scheme}`);
  const data = fromHex(script.value ?? "");
  const place = fromHex((script.tag ?? "0000").padStart(4, "0"));
  const instruction = INSTRUCTIONS[script.command];
  const header = concat(Uint8Array.of(CLA, instruction), place, Uint8Array.of(data.length + MAC));
  const made = await context.module.run({
    do: "script-mac",
    key,
    pan: request.pan,
    psn: card.psn,
    cvn: card.cryptogramVersion,
    atc: toHex(chip.tags.get("9F36") ?? new Uint8Array(0)),
    arqc: countedUp(chip.tags.get("9F26") ?? new Uint8Array(8), card, at),
    header,
    data,
  });
  if (!made.ok) throw new Error(made.message);
  return encodeTlv(
    "72",
    concat(
      encodeTlv("9F18", fromHex(scriptIdentifier(script.id))),
      encodeTlv("86", concat(header, data, made.mac)),
    ),
  );
}

/** M/Chip counts the cryptogram up by one for each command of the transaction. */
function countedUp(cryptogram: Uint8Array, card: CardRecord, at: number): string {
  const hex = toHex(cryptogram);
  if (!card.cryptogramVersion.startsWith("mchip")) return hex;
  const sum = (BigInt(`0x${hex}`) + BigInt(at)) & 0xffff_ffff_ffff_ffffn;
  return sum.toString(16).toUpperCase().padStart(16, "0");
}

/** Tag 9F18 of a script: four bytes in hex. */
export const scriptIdentifier = (id: number): string =>
  id.toString(16).toUpperCase().padStart(8, "0");
