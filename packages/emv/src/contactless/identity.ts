/** Whose card it is, from whichever data object tells. */
import { fromHex, toHex } from "@tillway/bytes";
import type { Tap } from "./state.ts";

const NOTHING = new Uint8Array(0);

/**
 * PAN and expiry from the track where the card gives them nowhere else, as the parts that follow
 * look for 5A and 5F24. False where both are there and differ, or neither is (C-3 §5.4.1).
 */
export function settleIdentity({ emv }: Tap): boolean {
  const hex = (tag: string): string => toHex(emv.card.get(tag) ?? NOTHING);
  const track = /^(\d{8,19})D(\d\d(?:0[1-9]|1[0-2]))/.exec(hex("57"));
  const pan = hex("5A").replace(/F+$/, "");
  if (pan === "") {
    if (track === null) return false;
    const digits = track[1] ?? "";
    emv.card.set("5A", fromHex(digits.length % 2 === 0 ? digits : `${digits}F`));
  } else if (!/^\d{8,19}$/.test(pan) || (track !== null && track[1] !== pan)) {
    return false;
  }
  if (!emv.card.has("5F24") && track !== null) emv.card.set("5F24", fromHex(`${track[2]}31`));
  return /^\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$/.test(hex("5F24"));
}
