/** The line of one device to the acquirer: it is kept open, and asks one thing at a time. */
import { decode, encode, MessageError, responseMti, unionpayPos } from "@tillway/iso8583";
import type { Decoded, Frame, Message } from "@tillway/iso8583";
import type { SecurityModule } from "@tillway/keys";
import {
  createPending,
  encodeWithMac,
  hasValidMac,
  openLink,
  type Clock,
  type MacKey,
  type Received,
  type Socket,
} from "@tillway/link";

/**
 * What came of a request. `authentic`: the answer has a MAC and it is right. `silent`: it was sent,
 * and nobody knows what became of it. `unsent`: nothing left the device.
 */
export type HostAnswer =
  | { readonly kind: "answered"; readonly reply: Decoded; readonly authentic: boolean }
  | { readonly kind: "silent" }
  | { readonly kind: "unsent" };

export type HostLink = {
  readonly up: () => boolean;
  /**
   * Sends a request and waits for its answer. With a MAC key the request gets DE 64 and the answer's
   * is checked. Throws MessageError where the request cannot be encoded: a defect.
   */
  readonly exchange: (request: Message, mac?: MacKey) => Promise<HostAnswer>;
  readonly close: () => void;
};

export type HostLinkOptions = {
  readonly connect: () => Socket;
  readonly clock: Clock;
  readonly module: SecurityModule;
  readonly tpdu: string;
  readonly header: string;
  /** How long an answer may take (ms). */
  readonly replyMs: number;
  readonly onUp: () => void;
  readonly onDown: () => void;
  /** Digit 6 of an answer's header where it is not 0: what the host wants done (spec §2.1). */
  readonly onRequirement: (digit: string) => void;
  /** Something worth a line in the log: a word, never a message's content. */
  readonly onNotice: (what: "late-answer" | "bad-message") => void;
};

const limits = { maximum: 4096, idleMs: 2_147_000_000, stallMs: 10_000, unsent: 65_536 };

/**
 * What ties an answer to its request (spec §3.3): kind, terminal, merchant, trace and, but for
 * management messages, whose answers may bring a new one, the batch.
 */
function keyOf(mti: string, fields: Message["fields"]): string {
  const management = ["03", "05", "08"].includes(mti.slice(0, 2));
  const batch = management ? "" : (fields["60"]?.slice(2, 8) ?? "");
  return [mti, fields["41"] ?? "", fields["42"] ?? "", fields["11"] ?? "", batch].join("|");
}

export function openHostLink(options: HostLinkOptions): HostLink {
  const pending = createPending<Received<Decoded>>(options.clock);
  const hear = (frame: Frame): void => {
    const { payload } = frame;
    let message: Decoded;
    try {
      message = decode(unionpayPos, payload);
    } catch (error) {
      if (!(error instanceof MessageError)) throw error;
      options.onNotice("bad-message");
      return;
    }
    if (!pending.settle(keyOf(message.mti, message.fields), { payload, message })) {
      options.onNotice("late-answer");
      return;
    }
    const requirement = frame.header?.charAt(5) ?? "0";
    if (requirement !== "0") options.onRequirement(requirement);
  };
  const link = openLink({
    connect: options.connect,
    framing: "2be-tpdu-header6",
    limits,
    clock: options.clock,
    onUp: options.onUp,
    onFrame: hear,
    onDown: () => {
      pending.abandon();
      options.onDown();
    },
  });

  const exchange = async (request: Message, mac?: MacKey): Promise<HostAnswer> => {
    const { module } = options;
    const payload = mac
      ? await encodeWithMac(module, unionpayPos, request, mac)
      : encode(unionpayPos, request);
    if (!link.up()) return { kind: "unsent" };
    const key = keyOf(responseMti(request.mti), request.fields);
    const waiting = pending.expect(key, options.replyMs);
    // A link that fails at the send may have taken part of it: only "down before" counts as unsent.
    link.send({ tpdu: options.tpdu, header: options.header, payload });
    const waited = await waiting;
    if (waited.kind !== "reply") return { kind: "silent" };
    const macs = mac ? [mac] : [];
    const authentic = await hasValidMac(module, unionpayPos, waited.reply, macs);
    return { kind: "answered", reply: waited.reply.message, authentic };
  };
  const close = (): void => {
    link.close();
    pending.abandon();
  };
  return { up: link.up, exchange, close };
}
