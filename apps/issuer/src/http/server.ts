/** The issuer's HTTP face: health, metrics, and what an administrator may ask for. */
import { createHash, timingSafeEqual } from "node:crypto";
import Fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import type { Registry } from "prom-client";
import type { CardView } from "../cards/index.ts";
import type { Audit } from "../ledger/index.ts";
import type { Address } from "../wire/index.ts";

export type HttpParts = {
  readonly token: string;
  readonly registry: Registry;
  /** What keeps the issuer from working, in words; empty where it can. */
  readonly problems: () => Promise<readonly string[]>;
  readonly cards: () => Promise<CardView[]>;
  /** Names of the cards that were set back; undefined where the bank is not provisioned. */
  readonly reset: () => Promise<string[] | undefined>;
  readonly audit: () => Promise<Audit>;
  /** Orders a script for a card's chip: its number, or what is wrong with the order. */
  readonly order: (card: string, body: unknown) => Promise<number | "bad-request" | "not-found">;
  readonly ordered: (card: string) => Promise<readonly object[] | undefined>;
};

/** Errors of this API: RFC 9457 problem details with a stable code. */
const PROBLEMS = {
  unauthorised: { status: 401, title: "The administrator's token is missing or wrong" },
  "not-provisioned": { status: 409, title: "The issuer is not provisioned yet" },
  "not-found": { status: 404, title: "There is nothing at this address" },
  "bad-request": { status: 400, title: "The request cannot be understood" },
  internal: { status: 500, title: "The issuer could not do this" },
} as const;

function refuse(reply: FastifyReply, code: keyof typeof PROBLEMS): FastifyReply {
  const { status, title } = PROBLEMS[code];
  return reply
    .code(status)
    .type("application/problem+json")
    .send({ type: "about:blank", code, title, status });
}

/** Listens for HTTP. Resolves when the port is open; rejects where it is taken. */
export async function openHttp(
  parts: HttpParts,
  address: Address,
): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const server = Fastify({ forceCloseConnections: true });
  server.setNotFoundHandler((_request, reply) => refuse(reply, "not-found"));
  server.setErrorHandler((error, _request, reply) => {
    const status = error instanceof Error && "statusCode" in error ? error.statusCode : 500;
    const known = typeof status === "number" && status < 500;
    return refuse(reply, known ? "bad-request" : "internal");
  });
  addHealth(server, parts);
  await server.register(async (admin) => addAdministration(admin, parts), { prefix: "/admin" });
  await server.listen({ host: address.host, port: address.port });
  const bound = server.server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : address.port;
  return { port, close: () => server.close() };
}

function addHealth(server: FastifyInstance, parts: HttpParts): void {
  server.get("/healthz", () => ({ status: "ok" }));
  server.get("/readyz", async (_request, reply) => {
    const problems = await parts.problems();
    return reply.code(problems.length === 0 ? 200 : 503).send({
      status: problems.length === 0 ? "ready" : "not ready",
      problems,
    });
  });
  server.get("/metrics", async (_request, reply) =>
    reply.type(parts.registry.contentType).send(await parts.registry.metrics()),
  );
}

function addAdministration(server: FastifyInstance, parts: HttpParts): void {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  const expected = digest(`Bearer ${parts.token}`);
  server.addHook("onRequest", async (request, reply) => {
    const given = digest(request.headers.authorization ?? "");
    if (!timingSafeEqual(given, expected)) return refuse(reply, "unauthorised");
    return undefined;
  });
  server.get("/cards", () => parts.cards());
  server.post("/cards/reset", async (_request, reply) => {
    const cards = await parts.reset();
    return cards ? reply.send({ cards }) : refuse(reply, "not-provisioned");
  });
  server.post<{ Params: { card: string } }>("/cards/:card/scripts", async (request, reply) => {
    const made = await parts.order(request.params.card, request.body);
    return typeof made === "number" ? reply.code(201).send({ id: made }) : refuse(reply, made);
  });
  server.get<{ Params: { card: string } }>("/cards/:card/scripts", async (request, reply) => {
    const scripts = await parts.ordered(request.params.card);
    return scripts ? reply.send({ scripts }) : refuse(reply, "not-found");
  });
  server.get("/audit", () => parts.audit());
}
