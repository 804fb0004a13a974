/** What the terminal answers to the card's data object lists (Book 3 §5.4, §9.2.2). */
import { createHash } from "node:crypto";
import { fromHex } from "@tillway/bytes";
import { buildDol, dolLength, parseDol } from "../dol.ts";
import type { DolEntry } from "../dol.ts";
import { TlvError } from "../tlv.ts";
import { setTvr, valuesOf } from "./state.ts";
import type { Session } from "./state.ts";

/** The longest data a short command takes. */
const LONGEST = 255;

/** The entries of a list, or undefined where it is malformed. */
export function readDol(list: Uint8Array): DolEntry[] | undefined {
  try {
    return parseDol(list);
  } catch (cause) {
    if (cause instanceof TlvError) return undefined;
    throw cause;
  }
}

/** The values a list asks for; undefined where it is malformed or asks for more than 255 bytes. */
export function answerDol(session: Session, list: Uint8Array): Uint8Array | undefined {
  const entries = readDol(list);
  if (entries === undefined || dolLength(entries) > LONGEST) return undefined;
  return buildDol(entries, valuesOf(session));
}

/** Whether a list asks for a tag. */
export function asksFor(list: Uint8Array | undefined, tag: string): boolean {
  return readDol(list ?? new Uint8Array(0))?.some((entry) => entry.tag === tag) ?? false;
}

/**
 * Marks that the terminal's own TDOL serves, before action analysis looks at the TVR
 * (Book 3 §9.2.2): where a CDOL asks for the hash and the card has no TDOL.
 */
export function noteDefaultTdol(session: Session): void {
  const asked = asksFor(session.card.get("8C"), "98");
  if (asked && !session.card.has("97")) setTvr(session, "defaultTdolUsed");
}

/** Sets the TC hash value (98) where the list asks for it; false where the TDOL is malformed. */
export function setTcHash(session: Session, list: Uint8Array): boolean {
  if (!asksFor(list, "98")) return true;
  const own = session.selected?.application.defaultTdol ?? "";
  const tdol = session.card.get("97") ?? fromHex(own);
  const data = answerDol(session, tdol);
  if (data === undefined) return false;
  session.terminal.set("98", new Uint8Array(createHash("sha1").update(data).digest()));
  return true;
}
