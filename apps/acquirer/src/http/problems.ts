/** Errors of the API: RFC 9457 problem details, each with a stable code. */
import type { FastifyReply } from "fastify";
import { Type } from "typebox";

export const problems = {
  unauthorised: { status: 401, title: "An API key is needed: Authorization: Bearer tw_…" },
  "not-found": { status: 404, title: "There is nothing at this address" },
  "bad-request": { status: 400, title: "The request is not of the described form" },
  conflict: { status: 409, title: "It is not in the state that this needs" },
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
