/** Terminals over HTTP: state, binding, parameters, tasks. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type, type Static } from "typebox";
import {
  isParameter,
  parameters,
  scopes,
  tasks,
  terminalStates,
  wrongValue,
  type Management,
} from "../terminals/index.ts";
import { ProblemSchema, refuse } from "./problems.ts";

/** One word of a closed list. */
const words = <const W extends string>(list: readonly W[]) =>
  Type.Unsafe<W>(Type.Union(list.map((word) => Type.Literal(word))));

const Tid = Type.String({ pattern: "^[ -~]{8}$" });
const PlaceSchema = Type.Object({
  latitude: Type.Integer({ minimum: -90_000_000, maximum: 90_000_000 }),
  longitude: Type.Integer({ minimum: -180_000_000, maximum: 180_000_000 }),
  radiusMetres: Type.Integer({ minimum: 1, maximum: 100_000 }),
});
const Nullable = Type.Union([Type.String(), Type.Null()]);

const TerminalSchema = Type.Object({
  tid: Type.String(),
  mid: Type.String(),
  merchantName: Type.String(),
  store: Nullable,
  serial: Type.String(),
  state: words(terminalStates),
  status: Type.String(),
  batch: Type.String(),
  place: Type.Union([PlaceSchema, Type.Null()], {
    description: "millionths of a degree; null where it may be anywhere",
  }),
  software: Nullable,
  wantedSoftware: Nullable,
  hardware: Nullable,
  seenAt: Nullable,
  tasks: Type.Array(words(tasks)),
});

const ParameterSchema = Type.Object({
  name: Type.String(),
  value: Type.String(),
  from: Type.String({ description: "the scope that sets it, or default" }),
  meaning: Type.String(),
});

const refusals = {
  400: ProblemSchema,
  401: ProblemSchema,
  404: ProblemSchema,
  409: ProblemSchema,
};
const tags = ["terminals"];
const OfTerminal = Type.Object({ tid: Tid });

type Managed = Awaited<ReturnType<Management["get"]>>;

function view(terminal: NonNullable<Managed>): Static<typeof TerminalSchema> {
  const { seenAt, tasks: pending, ...rest } = terminal;
  const at = seenAt === null ? null : new Date(seenAt).toISOString();
  return { ...rest, tasks: [...pending], seenAt: at };
}

export function terminalRoutes(management: Management): FastifyPluginAsyncTypebox {
  return async (server) => {
    await server.register(readRoutes(management));
    await server.register(stateRoutes(management));
    await server.register(parameterRoutes(management));
  };
}

function readRoutes(management: Management): FastifyPluginAsyncTypebox {
  return async (server) => {
    const list = {
      summary: "Terminals, by number",
      tags,
      querystring: Type.Object({
        cursor: Type.Optional(Tid),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
        merchant: Type.Optional(Type.String({ pattern: "^[ -~]{15}$" })),
      }),
      response: {
        200: Type.Object({ items: Type.Array(TerminalSchema), nextCursor: Nullable }),
        ...refusals,
      },
    };
    server.get("/terminals", { schema: list }, async ({ query }) => {
      const { cursor: after = "", limit = 50, merchant: mid } = query;
      const found = await management.page({ after, limit: limit + 1, mid });
      const items = found.slice(0, limit).map(view);
      return { items, nextCursor: found.length > limit ? (items.at(-1)?.tid ?? null) : null };
    });
    const one = {
      summary: "One terminal",
      tags,
      params: OfTerminal,
      response: { 200: TerminalSchema, ...refusals },
    };
    server.get("/terminals/:tid", { schema: one }, async ({ params }, reply) => {
      const found = await management.get(params.tid);
      return found ? view(found) : refuse(reply, "not-found");
    });
  };
}

function stateRoutes(management: Management): FastifyPluginAsyncTypebox {
  return async (server) => {
    const changed = async (tid: string) => {
      const found = await management.get(tid);
      return found && view(found);
    };
    const of = (summary: string) => ({
      summary,
      tags,
      params: OfTerminal,
      response: { 200: TerminalSchema, ...refusals },
    });
    for (const action of ["lock", "unlock"] as const) {
      const schema = of(`${action === "lock" ? "Refuses" : "Takes"} every payment of a terminal`);
      server.post(`/terminals/:tid/${action}`, { schema }, async ({ params }, reply) => {
        const done = await management.lock(params.tid, action === "lock");
        if (done === "unknown") return refuse(reply, "not-found");
        if (done === "not-so") return refuse(reply, "conflict", `it cannot be ${action}ed now`);
        return (await changed(params.tid)) ?? refuse(reply, "not-found");
      });
    }
    server.put(
      "/terminals/:tid/place",
      {
        schema: {
          ...of("Binds a terminal to a place; null frees it"),
          body: Type.Object({ place: Type.Union([PlaceSchema, Type.Null()]) }),
        },
      },
      async ({ params, body }, reply) => {
        await management.place(params.tid, body.place);
        return (await changed(params.tid)) ?? refuse(reply, "not-found");
      },
    );
    server.post(
      "/terminals/:tid/tasks",
      {
        schema: {
          ...of("Asks a terminal to do something, with its next reply"),
          body: Type.Object({ task: words(tasks) }),
        },
      },
      async ({ params, body }, reply) => {
        await management.ask(params.tid, body.task);
        return (await changed(params.tid)) ?? refuse(reply, "not-found");
      },
    );
    server.put(
      "/terminals/:tid/software",
      {
        schema: {
          ...of("The version that a terminal should have"),
          body: Type.Object({ version: Type.String({ pattern: "^[ -~]{1,20}$" }) }),
        },
      },
      async ({ params, body }, reply) => {
        await management.wantSoftware(params.tid, body.version);
        return (await changed(params.tid)) ?? refuse(reply, "not-found");
      },
    );
  };
}

function parameterRoutes(management: Management): FastifyPluginAsyncTypebox {
  return async (server) => {
    const list = {
      summary: "The parameters of a terminal, each with the scope that sets it",
      tags,
      params: OfTerminal,
      response: { 200: Type.Object({ items: Type.Array(ParameterSchema) }), ...refusals },
    };
    server.get("/terminals/:tid/parameters", { schema: list }, async ({ params }, reply) => {
      if (!(await management.get(params.tid))) return refuse(reply, "not-found");
      const resolved = await management.parameters(params.tid);
      const items = resolved.map((one) => ({ ...one, meaning: parameters[one.name].meaning }));
      return { items };
    });
    const put = {
      summary: "Sets a parameter for all terminals below a scope; null takes it away",
      tags,
      params: Type.Object({
        scope: words(scopes),
        owner: Type.String({
          maxLength: 40,
          description: "- for the institution, else the number of the merchant, store or terminal",
        }),
        name: Type.String({ maxLength: 40 }),
      }),
      body: Type.Object({ value: Nullable }),
      response: {
        200: Type.Object({ scope: Type.String(), name: Type.String(), value: Nullable }),
        ...refusals,
      },
    };
    server.put("/parameters/:scope/:owner/:name", { schema: put }, async (request, reply) => {
      const { scope, name } = request.params;
      const owner = request.params.owner === "-" ? "" : request.params.owner;
      const { value } = request.body;
      if (!isParameter(name)) return refuse(reply, "not-found", "there is no such parameter");
      const wrong = value === null ? undefined : wrongValue(name, value);
      if (wrong !== undefined) return refuse(reply, "bad-request", wrong);
      const set = await management.setParameter(scope, owner, name, value);
      return set ? { scope, name, value } : refuse(reply, "not-found");
    });
  };
}
