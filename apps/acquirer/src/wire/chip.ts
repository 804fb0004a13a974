/** What the chip data of a request (DE 55) prove to the acquirer. */
import { fieldParts, unionpayPos, type Decoded } from "@tillway/iso8583";

function tagsOf(message: Decoded): ReadonlyMap<string, string> {
  const parts = fieldParts(unionpayPos, message, "55") ?? [];
  return new Map(parts.map(({ key, text }) => [key, text.toUpperCase()]));
}

/**
 * Whether a phone verified its owner: bit 8 of the card's second qualifier (9F6C, C-3 §5.7.1.3, C-7
 * §3.9), or the verification's result as a reader of kernel 2 sets it (9F34, C-2 §6.10).
 */
export function verifiedOnDevice(message: Decoded): boolean {
  if (!/^(?:07|91|98)/.test(message.fields["22"] ?? "")) return false;
  const tags = tagsOf(message);
  return /^..[89A-F]/.test(tags.get("9F6C") ?? "") || tags.get("9F34") === "010002";
}

/** Authorisation response codes of an offline approval: Y1, and Y3 where the host was out of reach. */
const OFFLINE = ["5931", "5933"];

/** Whether the card itself approved: the code of an offline approval, and a TC (9F27 = 40). */
export function approvedOffline(message: Decoded): boolean {
  const tags = tagsOf(message);
  return OFFLINE.includes(tags.get("8A") ?? "") && tags.get("9F27") === "40";
}
