/** Batches of terminals: what was told, what was counted, where the two differ. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type, type Static } from "typebox";
import type { Database } from "../db/index.ts";
import { listBatches, readBatch, type BatchRow, type Totals } from "../settlement/index.ts";
import { refusals, refuse } from "./problems.ts";

const OrNull = Type.Union([Type.String(), Type.Null()]);
const TotalsSchema = Type.Object({
  debitAmount: Type.String({ description: "minor units" }),
  debitCount: Type.Integer(),
  creditAmount: Type.String({ description: "minor units" }),
  creditCount: Type.Integer(),
});
const BatchSchema = Type.Object({
  terminal: Type.String(),
  batch: Type.String(),
  merchant: Type.String(),
  state: Type.String({ description: "balanced, unbalanced or closed" }),
  told: TotalsSchema,
  counted: TotalsSchema,
  uploaded: Type.Integer({ description: "records of the upload that are kept" }),
  differences: Type.Array(
    Type.Object({
      trace: Type.String(),
      what: Type.String({ description: "only-terminal, only-acquirer, amount or card" }),
      terminal: OrNull,
      acquirer: OrNull,
    }),
  ),
  settledAt: Type.String(),
  closedAt: OrNull,
});
const Tid = Type.String({ pattern: "^[ -~]{8}$" });

const totalsView = (totals: Totals): Static<typeof TotalsSchema> => ({
  ...totals,
  debitAmount: totals.debitAmount.toString(),
  creditAmount: totals.creditAmount.toString(),
});

function batchView(row: BatchRow): Static<typeof BatchSchema> {
  const { terminal, batch, merchant, state, uploaded, differences, settledAt, closedAt } = row;
  const sides = { told: totalsView(row.told), counted: totalsView(row.counted) };
  const shown = differences.map((one) => ({ ...one }));
  const times = { settledAt, closedAt };
  return { terminal, batch, merchant, state, uploaded, differences: shown, ...sides, ...times };
}

export function batchRoutes(database: Database): FastifyPluginAsyncTypebox {
  return async (server) => {
    const listSchema = {
      summary: "Settled batches, newest first",
      tags: ["batches"],
      querystring: Type.Object({
        terminal: Type.Optional(Tid),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
      }),
      response: { 200: Type.Object({ items: Type.Array(BatchSchema) }), ...refusals },
    };
    server.get("/batches", { schema: listSchema }, async ({ query }) => {
      const { terminal, limit = 50 } = query;
      const rows = await database.use((sql) => listBatches(sql, { terminal, limit }));
      return { items: rows.map(batchView) };
    });
    const oneSchema = {
      summary: "The report of one batch",
      tags: ["batches"],
      params: Type.Object({ terminal: Tid, batch: Type.String({ pattern: "^[0-9]{6}$" }) }),
      response: { 200: BatchSchema, ...refusals },
    };
    server.get("/batches/:terminal/:batch", { schema: oneSchema }, async ({ params }, reply) => {
      const row = await database.use((sql) => readBatch(sql, params.terminal, params.batch));
      return row ? batchView(row) : refuse(reply, "not-found", "this batch was not settled");
    });
  };
}
