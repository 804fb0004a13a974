/** The few ways in which a phase ends its turn. */
import { encodeCommand } from "../apdu.ts";
import type { Command } from "../apdu.ts";
import { parseTlv, readTag, TlvError } from "../tlv.ts";
import type { Tlv } from "../tlv.ts";
import type { CardWait, Decision, Phase, Session, Turn } from "./state.ts";

/** Sends a command to the card and waits for its answer. */
export function transmit(session: Session, wait: CardWait, command: Command): Turn {
  return transmitBytes(session, wait, encodeCommand(command));
}

export function transmitBytes(session: Session, wait: CardWait, apdu: Uint8Array): Turn {
  session.wait = wait;
  session.command = apdu;
  session.collected = new Uint8Array(0);
  session.fetches = 0;
  return { type: "transmit", apdu };
}

/**
 * Sends a command that holds a PIN. Nothing of it is kept: such a command has no expected length
 * and is never repeated.
 */
export function transmitSecret(session: Session, wait: CardWait, apdu: Uint8Array): Turn {
  transmitBytes(session, wait, apdu.slice(0, 4));
  return { type: "transmit", apdu, secret: true };
}

/** Goes on with another part of the transaction. */
export function enter(phase: Phase): Turn {
  return { type: "enter", phase };
}

/** Overwrites a PIN that was not used or is used no more. */
export function forgetPin(session: Session): void {
  session.pin?.block.fill(0);
  session.pin?.padding.fill(0);
  session.pin = undefined;
}

/** Ends the transaction; what was decided before stays decided. */
export function end(session: Session, decision: Decision): Turn {
  session.decision ??= decision;
  forgetPin(session);
  return enter("finish");
}

/** The card did what no correct card does: the transaction stops (Book 3 §6.3.5, §7.5). */
export function cardError(session: Session): Turn {
  const result = session.hostAnswered ? "declined" : "terminated";
  return end(session, { result, reason: "card-error" });
}

/** The data objects of a byte string, or undefined where they are malformed. */
export function readTlv(bytes: Uint8Array): Tlv[] | undefined {
  try {
    return parseTlv(bytes);
  } catch (cause) {
    if (cause instanceof TlvError) return undefined;
    throw cause;
  }
}

/** The only data object of a byte string where it has this tag, or undefined. */
export function readTemplate(bytes: Uint8Array, tag: string): Tlv | undefined {
  const [node, ...rest] = readTlv(bytes) ?? [];
  return node?.tag === tag && rest.length === 0 ? node : undefined;
}

/** The first of several data objects with this tag, not looked for in depth. */
export function child(nodes: readonly Tlv[], tag: string): Tlv | undefined {
  return nodes.find((node) => node.tag === tag);
}

/** A data object whose inside has not been looked at. */
export type Flat = { readonly tag: string; readonly value: Uint8Array };

/**
 * The outermost data objects up to the first malformed one. The host's data are read this way, so
 * that a script spoilt inside takes neither its neighbours nor the issuer's authentication with it.
 */
export function readOutermost(bytes: Uint8Array): Flat[] {
  const objects: Flat[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = tagAt(bytes, at);
    if (tag === undefined) break;
    // Issuer data fit one ISO 8583 field of 255 bytes: lengths of one or two bytes.
    const first = bytes[tag.next] ?? 0;
    const from = tag.next + (first === 0x81 ? 2 : 1);
    const length = first === 0x81 ? bytes[tag.next + 1] : first;
    if (length === undefined || first > 0x81 || first === 0x80) break;
    if (from + length > bytes.length) break;
    objects.push({ tag: tag.text, value: bytes.slice(from, from + length) });
    at = from + length;
  }
  return objects;
}

function tagAt(bytes: Uint8Array, at: number): { text: string; next: number } | undefined {
  try {
    return readTag(bytes, at, bytes.length);
  } catch (cause) {
    if (cause instanceof TlvError) return undefined;
    throw cause;
  }
}

/** The first of these with this tag. */
export function outermost(objects: readonly Flat[], tag: string): Uint8Array | undefined {
  return objects.find((entry) => entry.tag === tag)?.value;
}
