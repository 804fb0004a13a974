/** What the card answers to GENERATE AC (Book 3 §6.5.5.4), with or without a signature (Book 2 §6.6). */
import { toHex } from "@tillway/bytes";
import { SW } from "../apdu.ts";
import type { Response } from "../apdu.ts";
import { checkCombined } from "../oda/combined.ts";
import { setTsi, setTvr } from "./state.ts";
import type { Session } from "./state.ts";
import type { Cryptogram } from "./steps.ts";
import { child, readTemplate } from "./turn.ts";

/** `proven` is false where a signature was asked for and none, or a wrong one, came. */
export type Answer = { readonly type: Cryptogram["type"]; readonly proven: boolean };

/** Keeps what the card answered; undefined where it is malformed. */
export function readAnswer(session: Session, { data, sw }: Response): Answer | undefined {
  if (sw !== SW.ok) return undefined;
  const parts = readPlain(data) ?? readTagged(data);
  if (parts === undefined) return undefined;
  const type = typeOf(parts.information);
  if (type === undefined) return undefined;
  // An AAC comes without a signature, whatever was asked for.
  if (session.signatureAsked && type !== "AAC") return readSigned(session, data, parts);
  return parts.value === undefined ? undefined : keep(session, type, parts.value, parts, true);
}

function typeOf(information: number): Cryptogram["type"] | undefined {
  switch (information & 0xc0) {
    case 0x00:
      return "AAC";
    case 0x40:
      return "TC";
    case 0x80:
      return "ARQC";
    default:
      return undefined;
  }
}

/**
 * An answer that should be signed. Where the signature itself is right, the cryptogram type inside
 * counts (Book 4 §6.3.2); the cryptogram is known only from there.
 */
function readSigned(session: Session, data: Uint8Array, parts: Parts): Answer | undefined {
  const { iccKey } = session;
  const answer = readTemplate(data, "77")?.value ?? new Uint8Array(0);
  const checked =
    iccKey &&
    checkCombined({
      iccKey,
      unpredictableNumber: session.terminal.get("9F37") ?? new Uint8Array(0),
      said: { pdol: session.pdolData, cdols: session.cdolData },
      answer,
    });
  const told = checked?.proven;
  const type = typeOf(told?.cid ?? parts.information);
  if (type === undefined) return undefined;
  if (told === undefined || checked?.ok !== true) {
    setTvr(session, "cdaFailed");
    session.combined = "failed";
    return keep(session, type, told?.cryptogram ?? parts.value, parts, false);
  }
  session.card.set("9F4C", told.iccDynamicNumber);
  return keep(session, type, told.cryptogram, parts, true);
}

function keep(
  session: Session,
  type: Cryptogram["type"],
  value: Uint8Array | undefined,
  parts: Parts,
  proven: boolean,
): Answer {
  setTsi(session, "cardRiskManagementPerformed");
  session.card.set("9F27", Uint8Array.of(parts.information));
  session.card.set("9F36", parts.counter);
  put(session, "9F26", value);
  put(session, "9F10", parts.issuerData);
  if (value !== undefined) session.cryptogram = { type, value: toHex(value) };
  return { type, proven };
}

function put(session: Session, tag: string, value: Uint8Array | undefined): void {
  if (value === undefined) session.card.delete(tag);
  else session.card.set(tag, value);
}

type Parts = {
  readonly information: number;
  readonly counter: Uint8Array;
  /** Absent where it is only inside a signature. */
  readonly value: Uint8Array | undefined;
  readonly issuerData: Uint8Array | undefined;
};

function readPlain(data: Uint8Array): Parts | undefined {
  const value = readTemplate(data, "80")?.value;
  const information = value?.[0];
  if (value === undefined || information === undefined) return undefined;
  if (value.length < 11 || value.length > 43) return undefined;
  return {
    information,
    counter: value.slice(1, 3),
    value: value.slice(3, 11),
    issuerData: value.length > 11 ? value.slice(11) : undefined,
  };
}

function readTagged(data: Uint8Array): Parts | undefined {
  const nodes = readTemplate(data, "77")?.children ?? [];
  const [information, ...more] = child(nodes, "9F27")?.value ?? [];
  const counter = child(nodes, "9F36")?.value;
  const value = child(nodes, "9F26")?.value;
  const issuerData = child(nodes, "9F10")?.value;
  if (information === undefined || more.length > 0 || counter?.length !== 2) return undefined;
  if (value !== undefined && value.length !== 8) return undefined;
  if (issuerData !== undefined && issuerData.length > 32) return undefined;
  return { information, counter, value, issuerData };
}
