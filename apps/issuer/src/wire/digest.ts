import { hash } from "node:crypto";
import type { MessageFields } from "@tillway/iso8583";

// The PIN block is not among them: a repeat may carry it under another session key.
const BUSINESS_FIELDS = "3 4 12 13 22 23 25 37 38 41 42 49 54 55 60 90 122".split(" ");

/** Keyed tokens of the card and of the one that a transfer goes to. */
export type Tokens = {
  readonly token: string;
  readonly receiver?: { readonly token: string } | undefined;
};

/**
 * What makes two requests with the same key the same request: SHA-256 over their business content.
 * The cards stand in it as their keyed tokens, so that nothing can be guessed from the digest.
 */
export function businessDigest(cards: Tokens, fields: MessageFields): string {
  const content = BUSINESS_FIELDS.map((number) => [number, fields[number] ?? null]);
  return hash("sha256", JSON.stringify([cards.token, cards.receiver?.token ?? null, content]));
}
