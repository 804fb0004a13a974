/** What makes two messages with one key the same message. */
import { hash } from "node:crypto";
import { fieldParts, unionpayPos, type Decoded, type MessageFields } from "@tillway/iso8583";

// Not the PIN block, the tracks and the MAC: a repeat may carry them under another session's keys.
const REQUEST = ["3", "4", "14", "22", "23", "25", "37", "38", "42", "48", "49", "60", "61"];
// Not the reason (DE 39): it changes between the attempts of one reversal (spec §2.5).
const REVERSAL = ["3", "4", "42", "49", "60"];
const CHIP_TAGS = ["82", "84", "95", "9A", "9C", "5F2A", "9F02", "9F10", "9F26", "9F36", "9F37"];

function digest(parts: readonly unknown[]): string {
  return hash("sha256", JSON.stringify(parts));
}

const content = (fields: MessageFields, numbers: readonly string[]): (string | null)[] =>
  numbers.map((number) => fields[number] ?? null);

/**
 * Of a request. The cards stand in it as their keyed tokens: nothing can be guessed from a digest.
 * `more` is what else of its content is no card's: the plan of an instalment sale.
 */
export function requestDigest(
  tokens: readonly string[],
  message: Decoded,
  more: string | null = null,
): string {
  const parts = fieldParts(unionpayPos, message, "55") ?? [];
  const chip = Object.fromEntries(parts.map(({ key, text }) => [key, text]));
  const rest = more === null ? [] : [more];
  return digest([tokens, content(message.fields, REQUEST), content(chip, CHIP_TAGS), ...rest]);
}

/** Of a reversal, which may come without a card number. */
export function reversalDigest(message: Decoded): string {
  return digest(content(message.fields, REVERSAL));
}
