/** The API's routes. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type, type Static } from "typebox";
import type { Access } from "../access/index.ts";
import type { Database } from "../db/index.ts";
import { transactionOf } from "@tillway/transactions";
import { checkBooks, entriesOf, receivables, receivableSign, type Check } from "../ledger/index.ts";
import {
  hopsOf,
  listTransactions,
  readTransaction,
  standing,
  stands,
  states,
  type TransactionRow,
} from "../payments/index.ts";
import type { Management } from "../terminals/index.ts";
import { ProblemSchema, refuse } from "./problems.ts";
import { terminalRoutes } from "./terminal-routes.ts";
import {
  messageView,
  TransactionDetailSchema,
  TransactionSchema,
  transactionView,
} from "./view.ts";

export type ApiParts = {
  readonly database: Database;
  readonly access: Access;
  readonly management: Management;
};

const Id = Type.String({
  pattern: "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
});
const refusals = { 400: ProblemSchema, 401: ProblemSchema, 404: ProblemSchema };

const ListQuery = Type.Object({
  cursor: Type.Optional(Id),
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 200, description: "50 where left out" }),
  ),
  terminal: Type.Optional(Type.String({ pattern: "^[ -~]{8}$" })),
  merchant: Type.Optional(Type.String({ pattern: "^[ -~]{15}$" })),
  state: Type.Optional(Type.Union(states.map((state) => Type.Literal(state)))),
  rrn: Type.Optional(Type.String({ pattern: "^[0-9A-Za-z]{12}$" })),
  businessDate: Type.Optional(Type.String({ format: "date" })),
});

const PageSchema = Type.Object({
  items: Type.Array(TransactionSchema),
  nextCursor: Type.Union([Type.String(), Type.Null()]),
});

const AuditSchema = Type.Object({
  checks: Type.Array(
    Type.Object({
      name: Type.String(),
      ok: Type.Boolean(),
      checked: Type.Integer(),
      why: Type.Optional(Type.String()),
    }),
  ),
  transactions: Type.Array(
    Type.Object({
      rrn: Type.String(),
      state: Type.String(),
      amount: Type.String(),
      terminal: Type.String(),
      stan: Type.String(),
      batch: Type.String(),
    }),
  ),
});

/** Everything under /api/v1. Each request needs an API key. */
export function apiRoutes({ database, access, management }: ApiParts): FastifyPluginAsyncTypebox {
  return async (server) => {
    server.addHook("onRequest", async (request, reply) => {
      const allowed = await access.allows(request.headers.authorization);
      return allowed ? undefined : refuse(reply, "unauthorised");
    });
    await server.register(transactionRoutes(database));
    await server.register(terminalRoutes(management));
    const schema = {
      summary: "Proves the books, and lists every transaction for comparison with other parties",
      tags: ["audit"],
      response: { 200: AuditSchema, ...refusals },
    };
    server.get("/audit", { schema }, () => audit(database));
  };
}

function transactionRoutes(database: Database): FastifyPluginAsyncTypebox {
  return async (server) => {
    const listSchema = {
      summary: "Transactions, newest first",
      tags: ["transactions"],
      querystring: ListQuery,
      response: { 200: PageSchema, ...refusals },
    };
    server.get("/transactions", { schema: listSchema }, async ({ query }) => {
      const { cursor, limit = 50, ...filter } = query;
      const rows = await database.use((sql) =>
        listTransactions(sql, { ...filter, before: cursor, limit: limit + 1 }),
      );
      const items = rows.slice(0, limit);
      const nextCursor = rows.length > limit ? (items.at(-1)?.id ?? null) : null;
      return { items: items.map(transactionView), nextCursor };
    });
    const detailSchema = {
      summary: "One transaction: events, entries, and each hop's message as it was kept",
      tags: ["transactions"],
      params: Type.Object({ id: Id }),
      response: { 200: TransactionDetailSchema, ...refusals },
    };
    server.get("/transactions/:id", { schema: detailSchema }, async ({ params }, reply) => {
      const detail = await readDetail(database, params.id);
      return detail ?? refuse(reply, "not-found", "no transaction has this id");
    });
  };
}

function readDetail(
  database: Database,
  id: string,
): Promise<Static<typeof TransactionDetailSchema> | undefined> {
  return database.use(async (sql) => {
    const row = await readTransaction(sql, id);
    if (!row) return undefined;
    const { events, messages } = await hopsOf(sql, row);
    const entries = await entriesOf(sql, row.bucket, row.id);
    return {
      ...transactionView(row),
      events: events.map(({ at, ...event }) => ({ ...event, at: new Date(at).toISOString() })),
      messages: messages.map(messageView),
      entries: entries.map((entry) => ({ ...entry, amount: entry.amount.toString() })),
    };
  });
}

/** Whether the books are balanced and hold exactly the transactions that stand. */
async function audit(database: Database) {
  const { books, booked, all } = await database.use(async (sql) => {
    // One snapshot, so that a payment made meanwhile is in all of it or in none.
    await sql.query("begin isolation level repeatable read read only");
    try {
      const books = await checkBooks(sql);
      const booked = await receivables(sql);
      return { books, booked, all: await standing(sql) };
    } finally {
      await sql.query("commit");
    }
  });
  const transactions = all.map(({ rrn, state, amount, terminal, stan, batch }) => ({
    rrn,
    state,
    amount: amount.toString(),
    terminal,
    stan,
    batch,
  }));
  return { checks: [...books, agreement(all, booked)], transactions };
}

/** What stands is in the books with what its type posts; anything else leaves nothing there. */
export function agreement(
  all: readonly TransactionRow[],
  booked: ReadonlyMap<string, bigint>,
): Check {
  const wrong = all.filter(({ id, kind, state, moved }) => {
    const name = transactionOf(kind);
    const should = name && stands(state) ? moved * receivableSign(name) : 0n;
    return (booked.get(id) ?? 0n) !== should;
  });
  const name = "the books hold exactly the approved transactions";
  const known = new Set(all.map(({ id }) => id));
  const strangers = [...booked.keys()].filter((id) => !known.has(id));
  const ok = wrong.length + strangers.length === 0;
  const why = `${wrong.length} differ, first RRN ${wrong[0]?.rrn ?? "none"}; ${strangers.length} unknown`;
  return { name, ok, checked: all.length, ...(ok ? {} : { why }) };
}
