/** Data objects as the messages around the card want them (unionpay-pos §2.7). */
import { concat, toHex } from "@tillway/bytes";
import { encodeTlv } from "../tlv.ts";
import { valuesOf } from "./state.ts";
import type { Session } from "./state.ts";
import type { AnyVerification, OnlineRequest } from "./steps.ts";

const REQUEST =
  "9F26 9F27 9F10 9F37 9F36 95 9A 9C 9F02 5F2A 82 9F1A 9F03 9F33 9F34 9F35 9F1E 84 9F09 9F41 9F63 9F6C";
const REVERSAL = "9F36 95 9F1E 9F10 DF31";
const SCRIPT_NOTICE = "95 9F10 9F26 9F36 82 DF31 9F1A 9A 9F33 9F37 9F1E";
const ADVICE = `${REQUEST} 8A`;

/** Card data in the text forms of ISO 8583 fields. */
export function panOf(session: Session): string {
  return hexOf(session, "5A").replace(/F+$/, "");
}

export function psnOf(session: Session): string | undefined {
  return session.card.has("5F34") ? hexOf(session, "5F34") : undefined;
}

function hexOf(session: Session, tag: string): string {
  return toHex(session.card.get(tag) ?? new Uint8Array(0));
}

function collect(session: Session, tags: string): Uint8Array {
  const values = valuesOf(session);
  return concat(
    ...tags.split(" ").map((tag) => {
      const value = values.get(tag);
      return value === undefined ? new Uint8Array(0) : encodeTlv(tag, value);
    }),
  );
}

/** What the authorisation request is made of, after the first cryptogram. */
export function onlineRequest(session: Session): OnlineRequest<AnyVerification> {
  const psn = psnOf(session);
  return {
    pan: panOf(session),
    ...(psn === undefined ? {} : { psn }),
    expiry: hexOf(session, "5F24").slice(0, 4),
    track2: hexOf(session, "57").replace(/F+$/, ""),
    aid: hexOf(session, "84"),
    label: session.selected?.label ?? "",
    data: collect(session, REQUEST),
    cvm: session.cvm,
    store: valuesOf(session),
  };
}

/** DE 55 of what may follow the answer: reversal, script notice, offline advice. */
export function followingData(session: Session): {
  readonly reversal: Uint8Array;
  readonly scriptNotice: Uint8Array;
  readonly advice: Uint8Array;
} {
  return {
    reversal: collect(session, REVERSAL),
    scriptNotice: collect(session, SCRIPT_NOTICE),
    advice: collect(session, ADVICE),
  };
}
