/** The HTTP server: API, health, metrics, and the way through to the terminal's till. */
import proxy from "@fastify/http-proxy";
import swagger from "@fastify/swagger";
import { TypeBoxValidatorCompiler, type TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import Fastify, { type FastifyInstance } from "fastify";
import type { Registry } from "prom-client";
import { refuse } from "./problems.ts";
import { apiRoutes, type ApiParts } from "./routes.ts";

export type HttpOptions = ApiParts & {
  readonly host: string;
  readonly port: number;
  /** Other processes may listen on the same port. */
  readonly reusePort: boolean;
  /** Where the terminal serves its till, for the newcomer who knows port 8080 only. */
  readonly terminal: string;
  readonly registry: Registry;
  /** What keeps the acquirer from authorising, in words; empty where it can. */
  readonly hindrances: () => Promise<readonly string[]>;
  readonly onFault: (what: string, error: unknown) => void;
};

const PASSED_ON = ["/till", "/terminals"];

/** Listens. Resolves when the port is open; rejects where it is taken. */
export async function openHttp(
  options: HttpOptions,
): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const server = Fastify({ forceCloseConnections: true }).withTypeProvider<TypeBoxTypeProvider>();
  server.setValidatorCompiler(TypeBoxValidatorCompiler);
  server.setNotFoundHandler((_request, reply) => refuse(reply, "not-found"));
  server.setErrorHandler((error, _request, reply) => {
    const status: unknown =
      typeof error === "object" && error !== null && "statusCode" in error ? error.statusCode : 500;
    if (typeof status === "number" && status >= 400 && status < 500) {
      return refuse(reply, "bad-request", error instanceof Error ? error.message : undefined);
    }
    options.onFault("an HTTP request failed", error);
    return refuse(reply, "internal");
  });
  await server.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "Tillway acquirer", version: "1" },
      components: { securitySchemes: { key: { type: "http", scheme: "bearer" } } },
      security: [{ key: [] }],
    },
  });
  addOperations(server, options);
  await server.register(apiRoutes(options), { prefix: "/api/v1" });
  for (const prefix of PASSED_ON) {
    await server.register(proxy, {
      upstream: options.terminal,
      prefix,
      rewritePrefix: prefix,
      websocket: true,
    });
  }
  // Passed on to node:net as it is; the types of Fastify do not know reusePort.
  const { host, port: wanted, reusePort } = options;
  const address = { host, port: wanted, reusePort };
  await server.listen(address);
  const bound = server.server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : wanted;
  return { port, close: () => server.close() };
}

function addOperations(server: FastifyInstance, options: HttpOptions): void {
  const hidden = { schema: { hide: true } };
  server.get("/", hidden, (_request, reply) => reply.redirect("/till"));
  server.get("/healthz", hidden, () => ({ status: "ok" }));
  server.get("/readyz", hidden, async (_request, reply) => {
    const hindrances = await options.hindrances();
    const ready = hindrances.length === 0;
    return reply
      .code(ready ? 200 : 503)
      .send({ status: ready ? "ready" : "not ready", hindrances });
  });
  server.get("/metrics", hidden, async (_request, reply) => {
    const text = await options.registry.metrics();
    return reply.type(options.registry.contentType).send(text);
  });
  server.get("/api/openapi.json", hidden, () => server.swagger());
}
