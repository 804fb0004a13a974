import { createHash } from "node:crypto";
import type { MessageFields } from "@tillway/iso8583";

// The PIN block is not among them: a repeat may carry it under another session key.
const BUSINESS_FIELDS = [
  "3",
  "4",
  "12",
  "13",
  "22",
  "23",
  "25",
  "37",
  "41",
  "42",
  "49",
  "55",
  "60",
];

/**
 * What makes two requests with the same key the same request: SHA-256 over their business content.
 * The card stands in it as its keyed token, so that nothing can be guessed from the digest.
 */
export function businessDigest(cardToken: string, fields: MessageFields): string {
  const content = [...BUSINESS_FIELDS, "90"].map((number) => [number, fields[number] ?? null]);
  return createHash("sha256")
    .update(JSON.stringify([cardToken, content]))
    .digest("hex");
}
