/** Transactions: lists, one with all that belongs to it, its signature. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type, type Static } from "typebox";
import type { Database } from "../db/index.ts";
import { entriesOf } from "../ledger/index.ts";
import {
  followedOf,
  hopsOf,
  listTransactions,
  readTransaction,
  states,
} from "../payments/index.ts";
import { signatureContext, type DeskOptions } from "../wire/index.ts";
import { Id, refusals, refuse } from "./problems.ts";
import {
  followedView,
  messageView,
  TransactionDetailSchema,
  TransactionSchema,
  transactionView,
} from "./view.ts";

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

const SignatureSchema = Type.Object({
  characteristicCode: Type.String({ description: "printed into the image: 8 hex digits" }),
  image: Type.String({ description: "as it was uploaded, in base64" }),
  receivedAt: Type.String(),
});

export function transactionRoutes(
  database: Database,
  desk: DeskOptions,
): FastifyPluginAsyncTypebox {
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
    const signatureSchema = {
      summary: "The cardholder's signature as the terminal uploaded it",
      tags: ["transactions"],
      params: Type.Object({ id: Id }),
      response: { 200: SignatureSchema, ...refusals },
    };
    server.get(
      "/transactions/:id/signature",
      { schema: signatureSchema },
      async (request, reply) => {
        const found = await readSignature(database, desk, request.params.id);
        return found ?? refuse(reply, "not-found", "no signature is kept of this transaction");
      },
    );
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
      ...followedView(row, await followedOf(sql, row)),
      events: events.map(({ at, ...event }) => ({ ...event, at: new Date(at).toISOString() })),
      messages: messages.map(messageView),
      entries: entries.map((entry) => ({ ...entry, amount: entry.amount.toString() })),
    };
  });
}

async function readSignature(
  database: Database,
  desk: DeskOptions,
  id: string,
): Promise<Static<typeof SignatureSchema> | undefined> {
  const row = await database.use((sql) => readTransaction(sql, id));
  const place = row && { bucket: row.bucket, transaction: id, businessDate: row.businessDate };
  const found = place && (await desk.store.signatureOf(place));
  if (!found) return undefined;
  const opened = await desk.module.run({
    do: "open-data",
    key: desk.panKeys.seal,
    context: signatureContext(id),
    sealed: found.sealed,
  });
  if (!opened.ok) throw new Error(opened.message);
  return {
    characteristicCode: found.code,
    image: Buffer.from(opened.data).toString("base64"),
    receivedAt: new Date(found.at).toISOString(),
  };
}
