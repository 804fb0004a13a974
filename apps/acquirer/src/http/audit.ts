/** What proves the books, and every transaction for comparison with other parties. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { transactionOf } from "@tillway/transactions";
import { Type } from "typebox";
import type { Database } from "../db/index.ts";
import { checkBooks, receivables, receivableSign, type Check } from "../ledger/index.ts";
import { standing, stands, type TransactionRow } from "../payments/index.ts";
import { isVirtual } from "../wire/index.ts";
import { refusals } from "./problems.ts";

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
      kind: Type.String(),
      state: Type.String(),
      amount: Type.String(),
      terminal: Type.String(),
      stan: Type.String(),
      batch: Type.String(),
      tip: Type.String({ description: "added to it by a tip, in minor units" }),
      channel: Type.String({ description: "terminal, or api: no terminal knows of it" }),
    }),
  ),
});

export function auditRoutes(database: Database): FastifyPluginAsyncTypebox {
  return async (server) => {
    const schema = {
      summary: "Proves the books, and lists every transaction for comparison with other parties",
      tags: ["audit"],
      response: { 200: AuditSchema, ...refusals },
    };
    server.get("/audit", { schema }, () => audit(database));
  };
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
  const transactions = all.map(
    ({ rrn, kind, state, amount, terminal, stan, batch, markedTip }) => ({
      tip: markedTip.toString(),
      channel: isVirtual(batch) ? "api" : "terminal",
      rrn,
      kind,
      state,
      amount: amount.toString(),
      terminal,
      stan,
      batch,
    }),
  );
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
