/** Errors of the API: RFC 9457 problem details, each with a stable code. */
import type { FastifyReply } from "fastify";
import { Type } from "typebox";

export const problems = {
  unauthorised: { status: 401, title: "An API key is needed: Authorization: Bearer tw_…" },
  "not-found": { status: 404, title: "There is nothing at this address" },
  "bad-request": { status: 400, title: "The request is not of the described form" },
  conflict: { status: 409, title: "It is not in the state that this needs" },
  "not-possible": { status: 422, title: "Nothing of this kind can follow that transaction" },
  busy: { status: 503, title: "Not now: nothing was done, ask again with the same key" },
  "no-answer": { status: 504, title: "The outcome is not known yet: ask again with the same key" },
  internal: { status: 500, title: "The acquirer could not do this" },
} as const;
export type ProblemCode = keyof typeof problems;

export const ProblemSchema = Type.Object(
  {
    type: Type.String(),
    code: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.Optional(Type.String()),
  },
  { $id: "Problem" },
);

/** What any route may be refused with. */
export const refusals = { 400: ProblemSchema, 401: ProblemSchema, 404: ProblemSchema };

/** A transaction's id in an address. */
export const Id = Type.String({
  pattern: "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
});

/** Answers with a problem. */
export function refuse(reply: FastifyReply, code: ProblemCode, detail?: string): FastifyReply {
  const { status, title } = problems[code];
  return reply
    .code(status)
    .type("application/problem+json")
    .send({
      type: "about:blank",
      code,
      title,
      status,
      ...(detail === undefined ? {} : { detail }),
    });
}
