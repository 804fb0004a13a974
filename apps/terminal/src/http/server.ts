/** The HTTP server of a terminal process: the local API and the till's page, same origin. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import fastifyWebsocket from "@fastify/websocket";
import Fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import { Type } from "@fastify/type-provider-typebox";
import type { Logger } from "pino";
import type { Device } from "../device.ts";
import type { Access } from "./access.ts";
import { backupRoutes, type Snapshots } from "./backup.ts";
import { problem } from "./problems.ts";
import {
  cardRoutes,
  deviceRoutes,
  keyRoutes,
  managementRoutes,
  padSocket,
  screenRoutes,
  transactionRoutes,
} from "./routes.ts";

export type ServerOptions = {
  readonly devices: ReadonlyMap<string, Device>;
  readonly access: Access;
  /** The folder of the built till. */
  readonly till: string;
  readonly snapshots: Snapshots;
  readonly log: Logger;
};

/** What every page and answer says about itself. */
const headers = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
} as const;

const tillPolicy = [
  "default-src 'self'",
  "img-src 'self' data:",
  "style-src 'self' 'unsafe-inline'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const { devices, access, log } = options;
  const app = Fastify({
    logger: false,
    bodyLimit: 262_144,
    forceCloseConnections: true,
  }).withTypeProvider<TypeBoxTypeProvider>();
  await app.register(fastifyWebsocket, { options: { maxPayload: 262_144 } });

  app.addHook("onSend", async (_request, reply) => {
    reply.headers(headers);
  });
  app.setNotFoundHandler((_request, reply) => problem(reply, "not-found"));
  app.setErrorHandler((error, _request, reply) => answerError(error, reply, log));
  app.get("/healthz", () => ({ ok: true, terminals: devices.size }));
  app.post(
    "/terminals/pair",
    { schema: { body: Type.Object({ code: Type.String({ maxLength: 64 }) }) } },
    (request, reply) => {
      if (!access.knownOrigin(request)) return problem(reply, "foreign-origin");
      const paired = access.pair(request.body.code);
      if (paired === "wrong") return problem(reply, "wrong-code");
      if (paired === "too-many") return problem(reply, "too-many-attempts");
      return reply.header("set-cookie", paired.cookie).code(204).send();
    },
  );
  await app.register(padSocket, { devices, access });
  await app.register(async (paired) => {
    paired.addHook("onRequest", async (request, reply) => {
      if (!access.knownOrigin(request)) return problem(reply, "foreign-origin");
      if (!access.allowed(request)) return problem(reply, "not-paired");
      return undefined;
    });
    await paired.register(deviceRoutes, { devices, access });
    await paired.register(backupRoutes, { snapshots: options.snapshots });
    await paired.register(transactionRoutes, { devices, access });
    await paired.register(managementRoutes, { devices, access });
    await paired.register(keyRoutes, { devices, access });
    await paired.register(screenRoutes, { devices, access });
    await paired.register(cardRoutes, { devices, access });
  });
  await app.register(till, { folder: options.till });
  return app;
}

/** The till's page, where it is built. */
async function till(app: FastifyInstance, { folder }: { readonly folder: string }): Promise<void> {
  if (!existsSync(join(folder, "index.html"))) {
    for (const path of ["/till", "/till/*"]) {
      app.get(path, (_request, reply) => problem(reply, "not-built"));
    }
    return;
  }
  await app.register(fastifyStatic, {
    root: folder,
    prefix: "/till/",
    setHeaders: (reply) => {
      reply.header("content-security-policy", tillPolicy);
    },
  });
  for (const path of ["/", "/till"]) app.get(path, (_request, reply) => reply.redirect("/till/"));
}

function answerError(error: unknown, reply: FastifyReply, log: Logger): FastifyReply {
  const status: unknown = error instanceof Error ? Reflect.get(error, "statusCode") : undefined;
  if (typeof status === "number" && status < 500) return problem(reply, "bad-request");
  log.error({ err: error }, "request failed");
  return problem(reply, "internal");
}
