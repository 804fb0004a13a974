/** Cardholder verification by qualifiers: terminal's 9F66 and card's 9F6C (C-3 §5.7, C-7 §3.9). */
import { equal } from "@tillway/bytes";
import { bitOf } from "../kernel/state.ts";
import type { TapVerification } from "./steps.ts";

/** `related` is tag 9F69, which repeats the card's qualifiers under its signature. */
export type HolderInput = {
  readonly ttq: Uint8Array;
  readonly ctq: Uint8Array | undefined;
  readonly related: Uint8Array | undefined;
  /** Whether the card approved by itself. */
  readonly offline: boolean;
  /** Whether the small amount needs neither PIN nor signature. */
  readonly waived: boolean;
};

/** How the cardholder is verified, or that nobody is where somebody must be. */
export function verifyHolder(input: HolderInput): TapVerification {
  const { ttq, ctq, waived } = input;
  const required = bitOf(ttq, 2, 7);
  const onlinePin = bitOf(ttq, 1, 3);
  const signature = bitOf(ttq, 1, 2);
  if (ctq === undefined || ctq.length < 2) {
    if (!required) return "none";
    return signature ? "signature" : onlinePin ? "online-pin" : "failed";
  }
  if (bitOf(ctq, 2, 8)) return onDevice(input, ctq);
  if (waived) return "none";
  if (bitOf(ctq, 1, 8) && onlinePin) return "online-pin";
  if (bitOf(ctq, 1, 7) && signature) return "signature";
  return required ? "failed" : "none";
}

/** The phone says it verified its owner: believed online, or where it signed so (C-3 §5.7.1.3). */
function onDevice({ related, offline }: HolderInput, ctq: Uint8Array): TapVerification {
  // Five bytes of it, as some cards have, say nothing of the qualifiers.
  if (related === undefined || related.length < 7) return offline ? "failed" : "on-device";
  return equal(related.slice(5, 7), ctq.slice(0, 2)) ? "on-device" : "failed";
}
