/** Errors of the local API as RFC 9457 problem details with a stable `code`. */
import type { FastifyReply } from "fastify";

export const problems = {
  "not-paired": [401, "Pair this screen first: POST /terminals/pair with the pairing code"],
  "foreign-origin": [403, "This page may not speak to the terminal"],
  "wrong-code": [403, "The pairing code is not right"],
  "too-many-attempts": [429, "Too many wrong pairing codes: wait a minute"],
  "unknown-terminal": [404, "There is no such terminal here"],
  "not-found": [404, "There is no such address"],
  "bad-request": [400, "The request has not the expected form"],
  busy: [409, "A payment is running at this terminal: wait until it is over"],
  "bad-amount": [400, "The amount is a whole number of minor units above 0, as text"],
  "bad-currency": [400, "The currency is three letters of ISO 4217"],
  "bad-order": [400, "This type takes no such order: see the fields it needs"],
  "bad-card-number": [400, "The card number or its expiry is not right"],
  "unknown-original": [404, "The original is not known here: give its reference or its numbers"],
  "wrong-original": [409, "The original is of another type, or does not stand"],
  "card-needed": [409, "The original's card is not known here any more: read it again"],
  "not-allowed": [403, "The merchant's parameters do not allow this"],
  "unknown-transaction": [404, "There is no such transaction here"],
  "unknown-card": [404, "There is no such card in the tray"],
  "in-use": [409, "This card, or the slot, is in use"],
  "wrong-key": [422, "The key block does not open under this transport key"],
  "not-built": [503, "The till's page is not built: run npm start"],
  internal: [500, "The terminal failed; its log says why"],
} as const satisfies Record<string, readonly [number, string]>;

export type ProblemCode = keyof typeof problems;

/** Answers with a problem; `detail` says more and never repeats what was sent. */
export function problem(reply: FastifyReply, code: ProblemCode, detail?: string): FastifyReply {
  const [status, title] = problems[code];
  return reply
    .code(status)
    .type("application/problem+json")
    .send({
      type: "about:blank",
      title,
      status,
      code,
      ...(detail === undefined ? {} : { detail }),
    });
}
