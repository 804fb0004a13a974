/** The card numbers of a message: sealed beside it, never in it. */
import type { MessageFields } from "@tillway/iso8583";
import type { NetworkContext } from "./context.ts";

export type SealedCards = {
  readonly token: string;
  readonly cipher: string;
  /** The card that a transfer goes to (DE 103). */
  readonly receiver: { readonly token: string; readonly cipher: string } | undefined;
};

/** Tokens and ciphers of a message's card numbers; undefined where one is no card number. */
export async function sealedCards(
  { module, panKeys }: NetworkContext,
  pan: string,
  receiver: string | undefined,
): Promise<SealedCards | undefined> {
  const own = await module.run({ do: "seal-pan", ...panKeys, pan });
  if (!own.ok) return undefined;
  const { token, cipher } = own;
  if (receiver === undefined) return { token, cipher, receiver };
  const other = await module.run({ do: "seal-pan", ...panKeys, pan: receiver });
  if (!other.ok) return undefined;
  return { token, cipher, receiver: { token: other.token, cipher: other.cipher } };
}

/** What of a message rests beside its sealed card numbers. */
export function withoutCards(fields: MessageFields): MessageFields {
  const { "2": _card, "103": _receiver, "128": _mac, ...rest } = fields;
  return rest;
}
