/** What makes two messages with one key the same message. */
import { createHash } from "node:crypto";
import type { Decoded, MessageFields } from "@tillway/iso8583";

// Not the PIN block, the tracks and the MAC: a repeat may carry them under another session's keys.
const REQUEST = ["3", "4", "14", "22", "23", "25", "42", "49", "60"];
// Not the reason (DE 39): it changes between the attempts of one reversal (spec §2.5).
const REVERSAL = ["3", "4", "42", "49", "60"];
const CHIP_TAGS = ["82", "84", "95", "9A", "9C", "5F2A", "9F02", "9F10", "9F26", "9F36", "9F37"];

function digest(parts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

const content = (fields: MessageFields, numbers: readonly string[]): (string | null)[] =>
  numbers.map((number) => fields[number] ?? null);

/** Of a request. The card stands in it as its keyed token: nothing can be guessed from a digest. */
export function requestDigest(panToken: string, message: Decoded): string {
  const chip = message.parsed["55"] ?? {};
  return digest([panToken, content(message.fields, REQUEST), content(chip, CHIP_TAGS)]);
}

/** Of a reversal, which may come without a card number. */
export function reversalDigest(message: Decoded): string {
  return digest(content(message.fields, REVERSAL));
}
