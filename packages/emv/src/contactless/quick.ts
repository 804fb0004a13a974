/**
 * Kernels 3 (Visa qVSDC, Book C-3) and 7 (UnionPay qPBOC, Book C-7): the card decides in its answer
 * to GET PROCESSING OPTIONS; the reader checks what it can and follows. Both use the same
 * qualifiers, 9F66 of the terminal and 9F6C of the card.
 */
import { concat, fromHex, toHex } from "@tillway/bytes";
import { verifyDda } from "../oda/recover.ts";
import { century } from "../kernel/dates.ts";
import { asksFor } from "../kernel/dol-answer.ts";
import { iccKeyOf } from "../kernel/keys.ts";
import { bitOf, setTsi } from "../kernel/state.ts";
import type { Cryptogram } from "../kernel/steps.ts";
import { settleIdentity } from "./identity.ts";
import { conclude, declined, endApplication, useContact } from "./outcome.ts";
import { verifyHolder } from "./qualifiers.ts";
import type { Tap, TapSession, TapTurn } from "./state.ts";

const NOTHING = new Uint8Array(0);

/** Lengths of the data objects without which no decision can be read (C-3 table 4-1). */
const MANDATORY: readonly (readonly [string, number])[] = [
  ["9F26", 8],
  ["9F36", 2],
];

/** All data are read: what did the card decide, and may it? */
export function decideQuick(session: TapSession, tap: Tap): TapTurn {
  const { emv } = tap;
  const complete = MANDATORY.every(([tag, length]) => emv.card.get(tag)?.length === length);
  const type = decisionOf(emv.card.get("9F27"), emv.card.get("9F10"));
  if (!complete || type === undefined || !settleIdentity(tap)) {
    return endApplication(session, "card-error");
  }
  emv.card.set("9F27", Uint8Array.of({ AAC: 0x00, TC: 0x40, ARQC: 0x80 }[type]));
  emv.cryptogram = { type, value: toHex(emv.card.get("9F26") ?? NOTHING) };
  setTsi(emv, "cardRiskManagementPerformed");
  // No rule of a list was followed: there are no results, unless the card was given some.
  if (!asksFor(emv.card.get("9F38"), "9F34")) emv.terminal.delete("9F34");
  const ttq = fromHex(tap.candidate.offer.ttq);
  switch (type) {
    case "AAC":
      return declined(session, "declined-by-card");
    case "ARQC":
      if (bitOf(ttq, 1, 4)) return declined(session, "unable-to-go-online");
      return verified(session, tap, "online-request");
    case "TC":
      // A card may be stricter than it was asked to be, never milder.
      if (bitOf(ttq, 2, 8)) return declined(session, "card-error");
      return decideOffline(session, tap);
  }
}

/**
 * The type of cryptogram: from 9F27, else from the card verification results inside 9F10, where it
 * stands in bits 6 and 5 of their first byte after the length (formats 06… and 07…).
 */
export function decisionOf(
  information: Uint8Array | undefined,
  iad: Uint8Array | undefined,
): Cryptogram["type"] | undefined {
  const [cid] = information ?? [];
  const results = iad?.[3] === 0x03 ? iad[4] : undefined;
  const bits = cid === undefined ? results && (results >> 4) & 0x03 : cid >> 6;
  switch (bits) {
    case 0:
      return "AAC";
    case 1:
      return "TC";
    case 2:
      return "ARQC";
    case undefined:
    default:
      return undefined;
  }
}

/** The card approved offline: only with a signature of its own, in time, is that believed. */
function decideOffline(session: TapSession, tap: Tap): TapTurn {
  const { emv } = tap;
  const ctq = emv.card.get("9F6C");
  const expiry = toHex(emv.card.get("5F24") ?? NOTHING);
  if (century(expiry) < century(session.transaction.date)) {
    // CTQ byte 1 bit 4: go online if the application expired.
    return bitOf(ctq, 1, 4) && onlineCapable(tap)
      ? verified(session, tap, "online-request")
      : declined(session, "expired");
  }
  if (authenticate(tap)) return verified(session, tap, "approved");
  // CTQ byte 1 bit 6: go online if authentication failed; bit 5: take the contacts instead.
  if (bitOf(ctq, 1, 6) && onlineCapable(tap)) return verified(session, tap, "online-request");
  if (bitOf(ctq, 1, 5) && bitOf(fromHex(tap.candidate.offer.ttq), 1, 5)) {
    return useContact(session);
  }
  return declined(session, "authentication-failed");
}

function onlineCapable(tap: Tap): boolean {
  return !bitOf(fromHex(tap.candidate.offer.ttq), 1, 4);
}

/** Fast DDA (C-3 §5.5): the signature came with the decision and covers this transaction. */
function authenticate(tap: Tap): boolean {
  const { emv } = tap;
  const signature = emv.card.get("9F4B");
  const possible = bitOf(emv.card.get("82"), 1, 6) && signature !== undefined;
  const iccKey = possible ? iccKeyOf(emv) : undefined;
  const result =
    iccKey && signature && verifyDda({ iccKey, signature, ddolData: fastDdaData(tap) });
  tap.authentication = { method: "fdda", result: result?.ok === true ? "passed" : "failed" };
  setTsi(emv, "authenticationPerformed");
  if (result?.ok !== true) return false;
  emv.iccKey = iccKey;
  emv.card.set("9F4C", result.iccDynamicNumber);
  return true;
}

/**
 * What the signature covers: the terminal's number alone (version 00), or with amount, currency and
 * the card's own data 9F69 (version 01, C-3 §5.5.1).
 */
export function fastDdaData({ emv }: Tap): Uint8Array {
  const of = (tag: string): Uint8Array => emv.terminal.get(tag) ?? NOTHING;
  const related = emv.card.get("9F69");
  if (related === undefined || related[0] !== 0x01) return of("9F37");
  return concat(of("9F37"), of("9F02"), of("5F2A"), related);
}

/** The cardholder's part: card and reader say in their qualifiers what is needed (C-3 §5.7). */
function verified(session: TapSession, tap: Tap, kind: "approved" | "online-request"): TapTurn {
  const { offer } = tap.candidate;
  tap.cvm = verifyHolder({
    ttq: fromHex(offer.ttq),
    ctq: tap.emv.card.get("9F6C"),
    related: tap.emv.card.get("9F69"),
    offline: kind === "approved",
    waived: offer.waived,
  });
  if (tap.cvm === "failed") return declined(session, "verification-failed");
  // A PIN that only the issuer can check takes the transaction to the issuer (C-3 §5.7.1.2).
  if (tap.cvm === "online-pin") {
    return onlineCapable(tap)
      ? conclude(session, { kind: "online-request" })
      : declined(session, "verification-failed");
  }
  return conclude(session, { kind });
}
