/** The API's routes. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { Access } from "../access/index.ts";
import type { Database } from "../db/index.ts";
import type { DeskOptions } from "../wire/index.ts";
import type { Management } from "../terminals/index.ts";
import { auditRoutes } from "./audit.ts";
import { batchRoutes } from "./batch-routes.ts";
import { followUpRoutes } from "./follow-up-routes.ts";
import { refuse } from "./problems.ts";
import { terminalRoutes } from "./terminal-routes.ts";
import { transactionRoutes } from "./transaction-routes.ts";

export type ApiParts = {
  readonly database: Database;
  readonly access: Access;
  readonly desk: DeskOptions;
  readonly management: Management;
};

/** Everything under /api/v1. Each request needs an API key. */
export function apiRoutes(parts: ApiParts): FastifyPluginAsyncTypebox {
  const { database, access, desk, management } = parts;
  return async (server) => {
    server.addHook("onRequest", async (request, reply) => {
      const allowed = await access.allows(request.headers.authorization);
      return allowed ? undefined : refuse(reply, "unauthorised");
    });
    await server.register(transactionRoutes(database, desk));
    await server.register(followUpRoutes(database, desk));
    await server.register(batchRoutes(database));
    await server.register(terminalRoutes(management));
    await server.register(auditRoutes(database));
  };
}
