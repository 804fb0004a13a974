/** What every message at the desk needs: who sent it, and how it is answered. */
import {
  encode,
  keptFields,
  unionpayPos,
  type Decoded,
  type Frame,
  type Message,
} from "@tillway/iso8583";
import type { MacAlgorithm, SecurityModule } from "@tillway/keys";
import { encodeWithMac, type Clock } from "@tillway/link";
import { localParts, type BusinessCalendar } from "@tillway/money";
import type { Kept, Numbers, Payments, Store } from "../payments/index.ts";
import type { Batches } from "../settlement/index.ts";
import {
  withRequirement,
  type KeySession,
  type Management,
  type Terminal,
  type Terminals,
  type TerminalSide,
} from "../terminals/index.ts";
import type { NetworkLink } from "./network-link.ts";
import type { Facts, Reason, Refusal } from "./refusals.ts";
import { replyFrame, replyTo } from "./replies.ts";

export type DeskOptions = {
  readonly module: SecurityModule;
  readonly terminals: Terminals;
  readonly management: TerminalSide & Pick<Management, "seen">;
  readonly payments: Payments;
  readonly store: Pick<Store, "original" | "note" | "keepSignature" | "signatureOf">;
  readonly batches: Batches;
  /** An advice was stored: it is to be sent. */
  readonly onAdvice: () => void;
  readonly numbers: Numbers;
  readonly link: NetworkLink;
  readonly clock: Clock;
  readonly calendar: BusinessCalendar;
  readonly today: () => string;
  readonly mac: MacAlgorithm;
  readonly acquirer: string;
  readonly network: string;
  readonly panKeys: { readonly token: string; readonly seal: string };
};

/** A refusal as it is counted and written down. */
export type RefusedAtDesk = {
  readonly reason: Reason;
  readonly responseCode: string;
  readonly mti: string | null;
  readonly terminal: string | null;
  readonly merchant: string | null;
  readonly message: Kept | null;
};

/** What goes back: a frame, nothing (let the terminal's own timer decide), or the end. */
export type DeskAnswer =
  | {
      readonly kind: "reply";
      readonly frame: Frame;
      readonly mti: string;
      readonly code: string;
      readonly refused?: RefusedAtDesk;
    }
  | { readonly kind: "nothing" }
  | { readonly kind: "close"; readonly reason: string };

/** A message with what was found out about its sender. */
export type Read = {
  readonly frame: Frame;
  readonly message: Decoded;
  /** The kind of message, where it is complete: "sale", "reversal", "sign-in", "echo". */
  readonly kind: string | undefined;
  readonly facts: Facts;
  readonly terminal: Terminal | undefined;
  readonly session: KeySession | undefined;
};

/** A terminal's message as a journal may keep it. */
export function keptOf(message: Decoded): Kept {
  return { spec: "unionpay-pos", mti: message.mti, ...keptFields(unionpayPos, message) };
}

/** DE 12 and 13: the acquirer's local time. */
export function clockFields(options: DeskOptions): {
  readonly "12": string;
  readonly "13": string;
} {
  const { date, time } = localParts(options.clock.now(), options.calendar.zone);
  return { "12": time.replaceAll(":", ""), "13": date.slice(5).replace("-", "") };
}

/** A reply with these fields: with a MAC where the request's kind has one, and there is a key. */
export async function answer(
  options: DeskOptions,
  read: Read,
  own: Message["fields"],
  plain = false,
): Promise<DeskAnswer> {
  const { frame, message, session } = read;
  const reply = replyTo(message, own);
  const key = session?.mak;
  const payload =
    plain || key === undefined || message.fields["64"] === undefined
      ? encode(unionpayPos, reply)
      : await encodeWithMac(options.module, unionpayPos, reply, { key, algorithm: options.mac });
  const { mti } = reply;
  const { header, ...back } = replyFrame(frame, payload);
  const asked = withRequirement(header, read.terminal?.requirement ?? "0");
  return { kind: "reply", frame: { ...back, header: asked }, mti, code: own["39"] ?? "" };
}

/** The reply that refuses, with what is to be counted and written down. */
export async function refuse(
  options: DeskOptions,
  read: Read,
  refusal: Refusal,
): Promise<DeskAnswer> {
  const { message } = read;
  const { reason, code } = refusal;
  const refused: RefusedAtDesk = {
    reason,
    responseCode: code,
    mti: message.mti,
    terminal: message.fields["41"] ?? null,
    merchant: message.fields["42"] ?? null,
    message: keptOf(message),
  };
  const fields = { ...clockFields(options), "39": code };
  const said = await answer(options, read, fields, refusal.plain === true);
  return said.kind === "reply" ? { ...said, refused } : said;
}
