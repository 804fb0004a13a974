/** The acquirer's link to the card network: requests matched with their replies by 7+11+32+33. */
import { cups, responseMti, type Decoded, type Message } from "@tillway/iso8583";
import type { KeyBlock } from "@tillway/keys";
import {
  createPending,
  encodeWithMac,
  hasValidMac,
  openMember,
  type MacKey,
  type MemberKeys,
  type MemberOptions,
} from "@tillway/link";
import { networkKeyOf } from "../payments/index.ts";

/** A message of the network and whether its MAC was right. */
export type Heard = { readonly message: Decoded; readonly authentic: boolean };

/** What came of a request: the reply, silence after sending, or nothing was sent. */
export type Exchanged =
  | ({ readonly kind: "reply" } & Heard)
  | { readonly kind: "silent"; readonly reason: "timeout" | "link-lost" }
  | { readonly kind: "unreachable" };

export type NetworkLinkOptions = Omit<MemberOptions, "onMessage" | "onDown"> & {
  /** MAC keys of earlier sign-ons, the newest first, for answers that come late. */
  readonly earlierZaks: readonly KeyBlock[];
  readonly onLate: (heard: Heard) => Promise<void>;
};

export type NetworkLink = {
  /** The keys of the present sign-on; undefined while the link is not signed on. */
  readonly keys: () => MemberKeys | undefined;
  /** Sends a message with its MAC and waits for the reply. */
  readonly exchange: (message: Message) => Promise<Exchanged>;
  readonly close: () => void;
};

/** What a reply and its request have in common. */
const matchOf = (mti: string, fields: Message["fields"]): string =>
  `${mti}/${networkKeyOf(fields)}`;

/** Opens the link; it connects, signs on and probes by itself until it is closed. */
export function openNetworkLink(options: NetworkLinkOptions): NetworkLink {
  const { clock, module, mac: algorithm, replyMs, onLate } = options;
  const pending = createPending<Heard>(clock);
  let zaks: readonly MacKey[] = options.earlierZaks.map((key) => ({ key, algorithm }));
  const member = openMember({
    ...options,
    keep: async (usage, key, kcv) => {
      await options.keep(usage, key, kcv);
      if (usage === "zak") zaks = [{ key, algorithm }, ...zaks].slice(0, 2);
    },
    onMessage: async (received) => {
      const { message } = received;
      const heard = { message, authentic: await hasValidMac(module, cups, received, zaks) };
      if (!heard.authentic) member.doubt();
      if (!pending.settle(matchOf(message.mti, message.fields), heard)) await onLate(heard);
    },
    onDown: pending.abandon,
  });
  const exchange = async (message: Message): Promise<Exchanged> => {
    const line = member.line();
    if (!line) return { kind: "unreachable" };
    const payload = await encodeWithMac(module, cups, message, line.keys.zak);
    if (member.line() !== line) return { kind: "unreachable" };
    const reply = pending.expect(matchOf(responseMti(message.mti), message.fields), replyMs);
    // A link that fails at the send may have taken part of the message: it counts as sent.
    line.send(payload);
    const waited = await reply;
    if (waited.kind === "reply") return { kind: "reply", ...waited.reply };
    return { kind: "silent", reason: waited.kind === "timeout" ? "timeout" : "link-lost" };
  };
  return { keys: () => member.line()?.keys, exchange, close: member.close };
}
