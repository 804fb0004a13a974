/** The new PIN in a script command (Book 3 §6.5.10), as each scheme hides it. */
import { concat, fromHex, toHex, xor } from "@tillway/bytes";
import { decodePinBlock, isPin, schemeRules } from "@tillway/keys";
import type { AnyCryptogramVersion } from "./versions.ts";

const BLOCK = 8;

/**
 * The PIN out of a deciphered block of eight bytes, undefined where it holds none. `current` is the
 * present PIN where the command says that it is mixed in (P2 01), which only Visa's block can.
 */
export function readNewPin(
  version: AnyCryptogramVersion,
  acKey: Uint8Array,
  block: Uint8Array,
  current: string | undefined,
): string | undefined {
  if (block.length !== BLOCK) return undefined;
  if (current === undefined && schemeRules[version].newPin === "format-2") {
    const decoded = decodePinBlock(2, block, "");
    return decoded.ok ? decoded.pin : undefined;
  }
  // Four bytes of the card's key hide the block, and the present PIN where it is mixed in.
  const ownKey = concat(new Uint8Array(4), acKey.subarray(4, 8));
  const mask = current === undefined ? ownKey : xor(ownKey, fromHex(current.padEnd(16, "0")));
  const text = toHex(xor(block, mask));
  const length = Number.parseInt(text.charAt(1), 16);
  const pin = text.slice(2, 2 + length);
  const right = text.startsWith("0") && isPin(pin) && /^F*$/.test(text.slice(2 + length));
  return right ? pin : undefined;
}
