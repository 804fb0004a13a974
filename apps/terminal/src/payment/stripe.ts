/** What a magnetic stripe says, and what may be done with it (ISO/IEC 7813). */
import type { CardData } from "./card.ts";
import type { Payment } from "./flow.ts";

export type Stripe = {
  readonly track: string;
  readonly pan: string;
  /** YYMM. */
  readonly expiry: string;
  /** Three digits: interchange and technology, authorisation, services and PIN. */
  readonly service: string;
};

/** Track 2; undefined where it is none. */
export function readStripe(track: string): Stripe | undefined {
  const [, pan, expiry, service] = /^(\d{12,19})[D=](\d{4})(\d{3})\d*F?$/.exec(track) ?? [];
  if (pan === undefined || expiry === undefined || service === undefined) return undefined;
  return { track, pan, expiry, service };
}

/** UnionPay's own numbers. */
export const isDomestic = (pan: string): boolean => pan.startsWith("62");

/** What becomes of a swiped card: taken, or its chip is to be used. */
export function stripeRule(
  { pan, service }: Stripe,
  { fallback }: Payment,
  chipFailed: boolean,
): "take" | "fallback" | "use-chip" {
  const hasChip = /^[26]/.test(service);
  if (!hasChip) return "take";
  // A domestic card never falls back; a foreign one only after its chip failed here.
  return chipFailed && fallback && !isDomestic(pan) ? "fallback" : "use-chip";
}

/** Whether the stripe's third digit, or the card's country, asks for a PIN. */
export function stripeWantsPin({ pan, service }: Stripe): boolean {
  return isDomestic(pan) || ["0", "3", "5", "6", "7"].includes(service.charAt(2));
}

export function stripeData({ track, pan, expiry }: Stripe, fallback: boolean): CardData {
  return {
    entry: "swipe",
    mode: fallback ? "80" : "02",
    chipFailed: fallback,
    pan,
    expiry,
    track,
    chip: new Uint8Array(0),
    reversal: new Uint8Array(0),
  };
}
